// Puts the services of one cloud together over its store: who needs whom.
import type { Clock, Random } from "#hardware/ports.ts";
import { createHostPolicy, type HostPolicy } from "./api/host-policy.ts";
import { Audit } from "./audit/audit.ts";
import { TenantAuthority } from "./certificates/tenant-authority.ts";
import { TrustedCertificates } from "./certificates/trusted-certificates.ts";
import { Alarms } from "./devices/alarms.ts";
import { BulkRegistration } from "./devices/bulk-registration.ts";
import { CertificateIssue } from "./devices/certificate-issue.ts";
import { CertificateLogins } from "./devices/certificate-login.ts";
import { DeviceRegistry } from "./devices/device-registry.ts";
import { DeviceTokens } from "./devices/device-tokens.ts";
import { Enrolments } from "./devices/enrolment.ts";
import { Events } from "./devices/events.ts";
import { Files } from "./devices/files.ts";
import { Measurements } from "./devices/measurements.ts";
import { Operations } from "./devices/operations.ts";
import { PointedFiles } from "./devices/pointed-files.ts";
import { Registration } from "./devices/registration.ts";
import { SecurityTokens } from "./devices/security-token.ts";
import type { CloudLog } from "./log.ts";
import type { Vault } from "./remote-access/vault.ts";
import { readSealedSetting } from "./store/settings.ts";
import type { Store } from "./store/store.ts";
import { Subscriptions } from "./tenant/subscriptions.ts";
import { TenantOptions } from "./tenant/tenant-options.ts";
import { AccountChanges } from "./users/account-changes.ts";
import { Accounts } from "./users/accounts.ts";
import { Authentication } from "./users/authentication.ts";
import { Groups } from "./users/groups.ts";
import { LoginRateLimit } from "./users/login-rate-limit.ts";
import type { PasswordHasher } from "./users/password-hasher.ts";
import { People } from "./users/people.ts";
import { Tokens } from "./users/tokens.ts";

export interface Services {
  readonly clock: Clock;
  readonly random: Random;
  readonly tenantId: string;
  readonly store: Store;
  readonly vault: Vault;
  readonly log: CloudLog;
  readonly hosts: HostPolicy;
  readonly audit: Audit;
  readonly accounts: Accounts;
  readonly tokens: Tokens;
  readonly devices: DeviceRegistry;
  readonly operations: Operations;
  readonly events: Events;
  readonly measurements: Measurements;
  readonly alarms: Alarms;
  readonly files: Files;
  readonly pointedFiles: PointedFiles;
  readonly registration: Registration;
  readonly options: TenantOptions;
  readonly subscriptions: Subscriptions;
  readonly accountChanges: AccountChanges;
  readonly people: People;
  readonly groups: Groups;
  readonly authentication: Authentication;
  readonly trustedCertificates: TrustedCertificates;
  readonly tenantAuthority: TenantAuthority;
  readonly enrolments: Enrolments;
  readonly certificateLogins: CertificateLogins;
  readonly deviceTokens: DeviceTokens;
  readonly certificateIssue: CertificateIssue;
  readonly securityTokens: SecurityTokens;
  readonly bulkRegistration: BulkRegistration;
  /** Of one-time passwords: their holders have no account yet. */
  readonly enrolmentRateLimit: LoginRateLimit;
}

export async function createServices(base: {
  readonly clock: Clock;
  readonly random: Random;
  readonly tenantId: string;
  readonly store: Store;
  readonly vault: Vault;
  readonly hasher: PasswordHasher;
  readonly log: CloudLog;
  readonly allowedHosts: readonly string[];
}): Promise<Services> {
  const { clock, random, tenantId, store, vault, hasher, log } = base;
  const hosts = createHostPolicy(base.allowedHosts);
  const audit = new Audit({ clock, store });
  const accounts = new Accounts({ clock, random, store, hasher });
  const key = await readSealedSetting(store, vault, "token-key", () => random.bytes(32));
  const tokens = new Tokens({ clock, random, store, accounts, key });
  const changes = new AccountChanges({ tenantId, store });
  const devices = new DeviceRegistry({ clock, store, log });
  const options = new TenantOptions({ store, vault });
  const trustedCertificates = new TrustedCertificates({ clock, random, store, audit });
  const securityTokens = new SecurityTokens({ store, vault, audit, log, options });
  const registration = new Registration({ tenantId, clock, store, vault, accounts, audit, log, securityTokens });
  const authorityDeps = { tenantId, clock, random, store, vault, options, audit, trustedCertificates };
  const tenantAuthority = new TenantAuthority(authorityDeps);
  const enrolments = new Enrolments({ clock, store, vault, audit, log });
  trustedCertificates.watch(async () => {
    const standing = (await trustedCertificates.list()).filter(({ isEnabled }) => isEnabled);
    await tokens.endWithoutAnchor(standing.map(({ keyHash }) => keyHash));
  });
  return {
    clock,
    random,
    tenantId,
    store,
    vault,
    log,
    hosts,
    audit,
    accounts,
    tokens,
    devices,
    operations: new Operations({ clock, store, vault, audit, log }),
    events: new Events({ clock, store }),
    measurements: new Measurements({ clock, store, audit }),
    alarms: new Alarms({ clock, store, audit }),
    files: new Files({ clock, store, audit }),
    pointedFiles: new PointedFiles({ store }),
    registration,
    options,
    subscriptions: new Subscriptions({ store }),
    accountChanges: changes,
    people: new People({ tenantId, clock, random, store, hasher, audit, changes }),
    groups: new Groups({ tenantId, store, audit, changes }),
    authentication: new Authentication({ clock, random, tenantId, accounts, tokens, devices, hosts, hasher, log }),
    trustedCertificates,
    tenantAuthority,
    enrolments,
    certificateLogins: new CertificateLogins({
      tenantId,
      store,
      accounts,
      audit,
      log,
      trustedCertificates,
      enrolments,
    }),
    deviceTokens: new DeviceTokens({ tenantId, clock, accounts, options, tokens }),
    certificateIssue: new CertificateIssue({ clock, audit, log, tenantAuthority, enrolments }),
    securityTokens,
    bulkRegistration: new BulkRegistration({ tenantId, store, accounts, devices, registration, enrolments, audit }),
    enrolmentRateLimit: new LoginRateLimit(clock),
  };
}
