// The steps that bring a database of any earlier version to the present one; steps are never edited, only added.
import type { Database } from "better-sqlite3";
import { chainAuditRecords } from "./chain-audit.ts";
import { giveNewRoles } from "./give-new-roles.ts";

export interface Migration {
  /** 1, 2, ... without gaps; the database keeps the last one in `user_version`. */
  readonly version: number;
  readonly what: string;
  readonly sql: string;
  /** What SQL alone cannot do; runs after `sql`, in the same transaction. */
  readonly run?: (database: Database) => void;
}

export const migrations: readonly Migration[] = [
  {
    version: 1,
    what: "accounts, devices, operations, events, audit, endpoints and sessions",
    sql: `
create table settings (name text primary key, value text not null) strict;
create table counters (name text primary key, last integer not null) strict;
create table users (
  tenant_id text not null,
  name text not null,
  kind text not null check (kind in ('user', 'device', 'bootstrap')),
  password_hash text not null,
  stamp text not null,
  roles text not null,
  is_enabled integer not null check (is_enabled in (0, 1)),
  device_external_id text,
  created_at_ms integer not null,
  primary key (tenant_id, name)
) strict;
create table logins (
  id text primary key,
  tenant_id text not null,
  user_name text not null,
  user_stamp text not null,
  xsrf_hash text not null,
  created_at_ms integer not null,
  expires_at_ms integer not null,
  foreign key (tenant_id, user_name) references users (tenant_id, name) on delete cascade
) strict;
create index logins_of_user on logins (tenant_id, user_name);
create table devices (
  id text primary key,
  external_id text not null unique,
  name text not null,
  type text not null,
  owner text not null,
  fragments text not null,
  last_endpoint_number integer not null default 0,
  created_at_ms integer not null,
  updated_at_ms integer not null,
  last_message_at_ms integer
) strict;
create table device_requests (
  id text primary key,
  status text not null check (status in ('WAITING_FOR_CONNECTION', 'PENDING_ACCEPTANCE', 'ACCEPTED', 'BLOCKED')),
  type text,
  group_id text,
  owner text not null,
  sealed_password text,
  created_at_ms integer not null
) strict;
create table operations (
  number integer primary key autoincrement,
  device_id text not null,
  description text not null,
  user_name text not null,
  status text not null check (status in ('PENDING', 'EXECUTING', 'SUCCESSFUL', 'FAILED')),
  failure_reason text,
  fragment_names text not null,
  fragments text not null,
  sealed_key text,
  created_at_ms integer not null,
  updated_at_ms integer not null,
  check (sealed_key is null or status in ('PENDING', 'EXECUTING'))
) strict;
create index operations_of_device on operations (device_id, status);
create trigger operations_end_once before update on operations
when old.status in ('SUCCESSFUL', 'FAILED')
begin select raise(abort, 'an ended operation never changes'); end;
create table events (
  number integer primary key autoincrement,
  device_id text not null references devices (id) on delete cascade,
  type text not null,
  text text not null,
  time_ms integer not null,
  created_at_ms integer not null
) strict;
create index events_of_device on events (device_id);
create table audit_records (
  number integer primary key autoincrement,
  type text not null,
  activity text not null,
  text text not null,
  device_id text,
  user_name text not null,
  fields text not null,
  time_ms integer not null
) strict;
create index audit_of_device on audit_records (device_id);
create trigger audit_is_not_changed before update on audit_records
begin select raise(abort, 'audit records never change'); end;
create trigger audit_is_not_removed before delete on audit_records
begin select raise(abort, 'audit records are never removed'); end;
create table endpoints (
  device_id text not null references devices (id) on delete cascade,
  id text not null,
  name text not null,
  hostname text not null,
  port integer not null,
  protocol text not null,
  credentials_type text not null,
  username text,
  sealed_password text,
  attrs text,
  created_at_ms integer not null,
  updated_at_ms integer not null,
  primary key (device_id, id)
) strict;
create table sessions (
  id text primary key,
  device_id text not null,
  endpoint_id text not null,
  operation_id text not null,
  user_name text not null,
  client_address text not null,
  protocol text not null,
  requested_at_ms integer not null,
  opened_at_ms integer,
  closed_at_ms integer,
  reason text,
  bytes_up integer not null,
  bytes_down integer not null
) strict;
create index sessions_open on sessions (id) where closed_at_ms is null;
`,
  },
  {
    version: 2,
    what: "people, groups, tenant options and subscriptions",
    sql: `
alter table users add column first_name text not null default '';
alter table users add column last_name text not null default '';
alter table users add column email text not null default '';
alter table users add column password_changed_at_ms integer;
create table groups (
  tenant_id text not null,
  number integer not null,
  name text not null,
  description text not null,
  roles text not null,
  primary key (tenant_id, number),
  unique (tenant_id, name)
) strict;
create table group_members (
  tenant_id text not null,
  group_number integer not null,
  user_name text not null,
  primary key (tenant_id, group_number, user_name),
  foreign key (tenant_id, group_number) references groups (tenant_id, number) on delete cascade,
  foreign key (tenant_id, user_name) references users (tenant_id, name) on delete cascade
) strict;
create index groups_of_user on group_members (tenant_id, user_name);
create table tenant_options (
  category text not null,
  key text not null,
  value text,
  sealed_value text,
  primary key (category, key),
  check ((value is null) <> (sealed_value is null))
) strict;
create table subscriptions (application text primary key) strict;
insert into subscriptions (application) values ('remote-access');
`,
  },
  {
    version: 3,
    what: "the hash chain of the audit records",
    sql: `
drop trigger audit_is_not_changed;
alter table audit_records add column previous_hash text;
alter table audit_records add column hash text;
create index audit_of_user on audit_records (user_name);
`,
    run(database) {
      chainAuditRecords(database);
      // Without the insert's rule a REPLACE would change a record and fire no trigger.
      database.exec(`
create trigger audit_is_not_changed before update on audit_records
begin select raise(abort, 'audit records never change'); end;
create trigger audit_only_grows before insert on audit_records
when new.hash is null
  or new.number <= coalesce((select max(number) from audit_records), 0)
  or new.previous_hash is not
    coalesce((select hash from audit_records order by number desc limit 1), '${"0".repeat(64)}')
begin select raise(abort, 'an audit record continues the chain'); end;
`);
    },
  },
  {
    version: 4,
    what: "keys and certificates of SSH endpoints",
    sql: `
alter table endpoints add column sealed_private_key text;
alter table endpoints add column sealed_certificate text;
alter table endpoints add column public_key text;
alter table endpoints add column host_key text;
`,
  },
  {
    version: 5,
    what: "measurements, alarms, files, fragments of events, and who may see them",
    sql: `
create table measurements (
  number integer primary key autoincrement,
  device_id text not null references devices (id) on delete cascade,
  type text not null,
  fragments text not null,
  time_ms integer not null,
  created_at_ms integer not null
) strict;
create index measurements_of_device on measurements (device_id, number);
create index measurements_by_time on measurements (device_id, time_ms);
create table alarms (
  number integer primary key autoincrement,
  device_id text not null references devices (id) on delete cascade,
  type text not null,
  text text not null,
  severity text not null check (severity in ('CRITICAL', 'MAJOR', 'MINOR', 'WARNING')),
  status text not null check (status in ('ACTIVE', 'ACKNOWLEDGED', 'CLEARED')),
  count integer not null,
  fragments text not null,
  first_time_ms integer not null,
  time_ms integer not null,
  created_at_ms integer not null,
  updated_at_ms integer not null
) strict;
create index alarms_of_device on alarms (device_id, number);
create unique index alarms_standing on alarms (device_id, type) where status <> 'CLEARED';
alter table events add column fragments text not null default '{}';
create table files (
  id text primary key,
  device_id text references devices (id) on delete cascade,
  event_number integer unique references events (number) on delete cascade,
  owner text not null,
  name text not null,
  type text not null,
  bytes integer not null,
  created_at_ms integer not null
) strict;
create index files_of_device on files (device_id);
create table file_contents (
  file_id text primary key references files (id) on delete cascade,
  content blob not null
) strict;
`,
    run: giveNewRoles,
  },
  {
    version: 6,
    what: "certificates of devices, one-time passwords and security tokens",
    sql: `
create table trusted_certificates (
  fingerprint text primary key,
  name text not null,
  pem text not null,
  /* SHA-256 of the public key: an authority that was renewed keeps it. */
  key_hash text not null,
  is_enabled integer not null check (is_enabled in (0, 1)),
  is_auto_registration integer not null check (is_auto_registration in (0, 1)),
  is_tenant_authority integer not null check (is_tenant_authority in (0, 1)),
  is_proven integer not null check (is_proven in (0, 1)),
  verification_code text not null,
  code_until_ms integer not null,
  created_at_ms integer not null
) strict;
create unique index one_tenant_authority on trusted_certificates (is_tenant_authority) where is_tenant_authority = 1;
create table enrolments (
  device_external_id text primary key,
  sealed_password text not null,
  failures integer not null,
  is_blocked integer not null check (is_blocked in (0, 1)),
  /* SHA-256 of the public key that was certified; null until then. */
  key_hash text,
  created_at_ms integer not null
) strict;
alter table device_requests add column sealed_token text;
alter table device_requests add column token_failures integer not null default 0;
alter table logins add column anchor_key_hash text;
`,
  },
];
