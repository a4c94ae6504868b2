// Puts the services of one cloud together over its store: who needs whom.
import type { Clock, Random } from "#hardware/ports.ts";
import { createHostPolicy, type HostPolicy } from "./api/host-policy.ts";
import { Audit } from "./audit/audit.ts";
import { DeviceRegistry } from "./devices/device-registry.ts";
import { Events } from "./devices/events.ts";
import { Operations } from "./devices/operations.ts";
import { Registration } from "./devices/registration.ts";
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
  readonly registration: Registration;
  readonly options: TenantOptions;
  readonly subscriptions: Subscriptions;
  readonly accountChanges: AccountChanges;
  readonly people: People;
  readonly groups: Groups;
  readonly authentication: Authentication;
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
    registration: new Registration({ tenantId, clock, store, vault, accounts, audit, log }),
    options: new TenantOptions({ store, vault }),
    subscriptions: new Subscriptions({ store }),
    accountChanges: changes,
    people: new People({ tenantId, clock, random, store, hasher, audit, changes }),
    groups: new Groups({ tenantId, store, audit, changes }),
    authentication: new Authentication({ clock, random, tenantId, accounts, tokens, devices, hosts, hasher, log }),
  };
}
