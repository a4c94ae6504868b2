// The tables of the store as Kysely sees them; migrations.ts makes them. Times are ms since the Unix epoch, ids decimal texts.
import type { ColumnType, Generated, Insertable, Selectable } from "kysely";
import type { OperationStatus } from "../devices/operations.ts";

/** Set when the row is made, never changed afterwards. */
type Fixed<T> = ColumnType<T, T, never>;
/** A JSON text, written and read by the service that owns the table. */
type JsonText = string;
/** SQLite has no booleans. */
type Flag = 0 | 1;

export interface Database {
  readonly settings: SettingsTable;
  readonly counters: CountersTable;
  readonly users: UsersTable;
  readonly logins: LoginsTable;
  readonly devices: DevicesTable;
  readonly device_requests: DeviceRequestsTable;
  readonly operations: OperationsTable;
  readonly events: EventsTable;
  readonly measurements: MeasurementsTable;
  readonly alarms: AlarmsTable;
  readonly files: FilesTable;
  readonly file_contents: FileContentsTable;
  readonly audit_records: AuditRecordsTable;
  readonly endpoints: EndpointsTable;
  readonly sessions: SessionsTable;
  readonly groups: GroupsTable;
  readonly group_members: GroupMembersTable;
  readonly tenant_options: TenantOptionsTable;
  readonly subscriptions: SubscriptionsTable;
  readonly trusted_certificates: TrustedCertificatesTable;
  readonly enrolments: EnrolmentsTable;
}

/** Single values: the check of the master key, sealed private keys, certificates. */
export interface SettingsTable {
  readonly name: Fixed<string>;
  readonly value: string;
}

/** Last number given out under a name, so that an id is never used twice, even after a removal. */
export interface CountersTable {
  readonly name: Fixed<string>;
  readonly last: number;
}

export interface UsersTable {
  readonly tenant_id: Fixed<string>;
  readonly name: Fixed<string>;
  readonly kind: Fixed<"user" | "device" | "bootstrap">;
  readonly password_hash: string;
  /** Random; changes with every change of the user, which drops remembered logins and tokens. */
  readonly stamp: string;
  readonly roles: JsonText;
  readonly is_enabled: Flag;
  /** External id of the device whose login this is. */
  readonly device_external_id: Fixed<string | null>;
  readonly created_at_ms: Fixed<number>;
  readonly first_name: Generated<string>;
  readonly last_name: Generated<string>;
  readonly email: Generated<string>;
  /** Null for an account made before this was kept. */
  readonly password_changed_at_ms: number | null;
}

/** Groups of people; each gives its roles to its members. */
export interface GroupsTable {
  readonly tenant_id: Fixed<string>;
  /** Never used again after a removal. */
  readonly number: Fixed<number>;
  readonly name: string;
  readonly description: string;
  readonly roles: JsonText;
}

export interface GroupMembersTable {
  readonly tenant_id: Fixed<string>;
  readonly group_number: Fixed<number>;
  readonly user_name: Fixed<string>;
}

/** Exactly one of the two values is there; those of `credentials.` keys are sealed. */
export interface TenantOptionsTable {
  readonly category: Fixed<string>;
  readonly key: Fixed<string>;
  readonly value: string | null;
  readonly sealed_value: string | null;
}

/** The applications that the tenant has subscribed to. */
export interface SubscriptionsTable {
  readonly application: Fixed<string>;
}

/** Cookie and bearer logins that have not been logged out. */
export interface LoginsTable {
  readonly id: Fixed<string>;
  readonly tenant_id: Fixed<string>;
  readonly user_name: Fixed<string>;
  readonly user_stamp: Fixed<string>;
  /** SHA-256 of the XSRF token, hex. */
  readonly xsrf_hash: Fixed<string>;
  readonly created_at_ms: Fixed<number>;
  readonly expires_at_ms: Fixed<number>;
  /** Of a device that showed a certificate: the public key's hash of the authority that vouched for it. */
  readonly anchor_key_hash: Generated<string | null>;
}

export interface DevicesTable {
  readonly id: Fixed<string>;
  readonly external_id: Fixed<string>;
  readonly name: string;
  readonly type: string;
  /** User name of the owner, such as `device_gw-0001`. */
  readonly owner: Fixed<string>;
  readonly fragments: JsonText;
  /** Number of the endpoint made last on this device, so that an id is never used twice. */
  readonly last_endpoint_number: Generated<number>;
  readonly created_at_ms: Fixed<number>;
  readonly updated_at_ms: number;
  readonly last_message_at_ms: number | null;
}

export interface DeviceRequestsTable {
  readonly id: Fixed<string>;
  readonly status: "WAITING_FOR_CONNECTION" | "PENDING_ACCEPTANCE" | "ACCEPTED" | "BLOCKED";
  readonly type: Fixed<string | null>;
  readonly group_id: Fixed<string | null>;
  readonly owner: Fixed<string>;
  /** The password handed to the device, under the vault, until its first login proves that it arrived. */
  readonly sealed_password: string | null;
  /** The security token that the device sent, under the vault. */
  readonly sealed_token: Generated<string | null>;
  /** Wrong security tokens so far. */
  readonly token_failures: Generated<number>;
  readonly created_at_ms: Fixed<number>;
}

/** Authorities whose devices may come in by certificate. */
export interface TrustedCertificatesTable {
  /** SHA-1 of the certificate in lower-case hex, as Cumulocity names it. */
  readonly fingerprint: Fixed<string>;
  readonly name: string;
  readonly pem: Fixed<string>;
  readonly key_hash: Fixed<string>;
  readonly is_enabled: Flag;
  readonly is_auto_registration: Flag;
  readonly is_tenant_authority: Flag;
  /** Who put it in has shown that the private key is theirs. */
  readonly is_proven: Flag;
  readonly verification_code: string;
  readonly code_until_ms: number;
  readonly created_at_ms: Fixed<number>;
}

/** Devices that may get their first certificate with a one-time password; a row goes with the first login by that certificate. */
export interface EnrolmentsTable {
  readonly device_external_id: Fixed<string>;
  readonly sealed_password: string;
  readonly failures: number;
  readonly is_blocked: Flag;
  readonly key_hash: string | null;
  readonly created_at_ms: Fixed<number>;
}

export interface OperationsTable {
  /** The id as a number: ids ascend. */
  readonly number: Generated<number>;
  readonly device_id: Fixed<string>;
  readonly description: Fixed<string>;
  readonly user_name: Fixed<string>;
  readonly status: OperationStatus;
  readonly failure_reason: string | null;
  /** Names of the fragments between commas with one at each end, for the "oldest with that fragment" rule. */
  readonly fragment_names: Fixed<string>;
  /** Without secrets. */
  readonly fragments: JsonText;
  /** The connection key under the vault; null once the operation has ended. */
  readonly sealed_key: string | null;
  readonly created_at_ms: Fixed<number>;
  readonly updated_at_ms: number;
}

export interface EventsTable {
  readonly number: Generated<number>;
  readonly device_id: Fixed<string>;
  readonly type: Fixed<string>;
  readonly text: Fixed<string>;
  readonly fragments: Generated<JsonText>;
  readonly time_ms: Fixed<number>;
  readonly created_at_ms: Fixed<number>;
}

export interface MeasurementsTable {
  readonly number: Generated<number>;
  readonly device_id: Fixed<string>;
  readonly type: Fixed<string>;
  readonly fragments: Fixed<JsonText>;
  readonly time_ms: Fixed<number>;
  readonly created_at_ms: Fixed<number>;
}

export interface AlarmsTable {
  readonly number: Generated<number>;
  readonly device_id: Fixed<string>;
  readonly type: Fixed<string>;
  readonly text: string;
  readonly severity: "CRITICAL" | "MAJOR" | "MINOR" | "WARNING";
  readonly status: "ACTIVE" | "ACKNOWLEDGED" | "CLEARED";
  /** How often it was raised since it stands. */
  readonly count: number;
  readonly fragments: JsonText;
  /** When it was raised first, and last, as the device said. */
  readonly first_time_ms: Fixed<number>;
  readonly time_ms: number;
  readonly created_at_ms: Fixed<number>;
  readonly updated_at_ms: number;
}

/** What is known of a file; its content is in a table of its own, so that a list reads none. */
export interface FilesTable {
  /** From the sequence of the devices' ids: a file is a managed object, too. */
  readonly id: Fixed<string>;
  /** The device that sent it; null for a person's. */
  readonly device_id: Fixed<string | null>;
  /** The event to which it is attached. */
  readonly event_number: Fixed<number | null>;
  /** Who sent it. */
  readonly owner: Fixed<string>;
  readonly name: string;
  readonly type: string;
  readonly bytes: number;
  readonly created_at_ms: Fixed<number>;
}

export interface FileContentsTable {
  readonly file_id: Fixed<string>;
  readonly content: Uint8Array;
}

/** Append-only: triggers refuse any change. */
export interface AuditRecordsTable {
  readonly number: Generated<number>;
  readonly type: Fixed<string>;
  readonly activity: Fixed<string>;
  readonly text: Fixed<string>;
  readonly device_id: Fixed<string | null>;
  readonly user_name: Fixed<string>;
  readonly fields: Fixed<JsonText>;
  readonly time_ms: Fixed<number>;
  /** SHA-256 of the record before this one, hex. */
  readonly previous_hash: Fixed<string>;
  /** SHA-256 of this record with `previous_hash`, hex (audit/audit-hash.ts). */
  readonly hash: Fixed<string>;
}

export interface EndpointsTable {
  /** "1", "2", ... per device, never used again. */
  readonly id: Fixed<string>;
  readonly device_id: Fixed<string>;
  readonly name: string;
  readonly hostname: string;
  readonly port: number;
  readonly protocol: string;
  readonly credentials_type: string;
  readonly username: string | null;
  readonly sealed_password: string | null;
  readonly sealed_private_key: string | null;
  readonly sealed_certificate: string | null;
  /** Of the private key, in OpenSSH's form; not a secret. */
  readonly public_key: string | null;
  /** Keys by which the panel is known, one a line in OpenSSH's form. */
  readonly host_key: string | null;
  readonly attrs: JsonText | null;
  readonly created_at_ms: Fixed<number>;
  readonly updated_at_ms: number;
}

/** Remote-access sessions, so that a start can close what a crash left open. */
export interface SessionsTable {
  readonly id: Fixed<string>;
  readonly device_id: Fixed<string>;
  readonly endpoint_id: Fixed<string>;
  readonly operation_id: Fixed<string>;
  readonly user_name: Fixed<string>;
  readonly client_address: Fixed<string>;
  readonly protocol: Fixed<string>;
  readonly requested_at_ms: Fixed<number>;
  readonly opened_at_ms: number | null;
  readonly closed_at_ms: number | null;
  readonly reason: string | null;
  readonly bytes_up: number;
  readonly bytes_down: number;
}

export type UserRow = Selectable<UsersTable>;
export type DeviceRow = Selectable<DevicesTable>;
export type DeviceRequestRow = Selectable<DeviceRequestsTable>;
export type TrustedCertificateRow = Selectable<TrustedCertificatesTable>;
export type EnrolmentRow = Selectable<EnrolmentsTable>;
export type OperationRow = Selectable<OperationsTable>;
export type EventRow = Selectable<EventsTable>;
export type MeasurementRow = Selectable<MeasurementsTable>;
export type AlarmRow = Selectable<AlarmsTable>;
export type FileRow = Selectable<FilesTable>;
export type AuditRow = Selectable<AuditRecordsTable>;
export type EndpointRow = Selectable<EndpointsTable>;
export type NewEndpointRow = Insertable<EndpointsTable>;
export type SessionRow = Selectable<SessionsTable>;
export type GroupRow = Selectable<GroupsTable>;
export type TenantOptionRow = Selectable<TenantOptionsTable>;
export type NewSessionRow = Insertable<SessionsTable>;
