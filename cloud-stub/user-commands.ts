// `postern cloud user add|enable|disable|list`: accounts of people, on the data folder of a stopped or running cloud.
import type { Clock, Random } from "#hardware/ports.ts";
import { Audit } from "./audit/audit.ts";
import { defaultTenantId } from "./cloud.ts";
import { CloudError } from "./cloud-error.ts";
import { adminUserName } from "./first-accounts.ts";
import { byCommandLine, readPassword } from "./set-user-password.ts";
import { databaseFileIn } from "./store/data-lock.ts";
import { openStore } from "./store/store.ts";
import { AccountChanges } from "./users/account-changes.ts";
import { ensureDefaultGroups } from "./users/default-groups.ts";
import { Groups } from "./users/groups.ts";
import { scryptHasher } from "./users/password-hasher.ts";
import { checkPassword, People, type Person } from "./users/people.ts";

export interface UserCommandOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly dataDir: string;
}

/** Reads the password as `postern cloud user password` does, unless it is given. Throws CloudError or AccountError. */
export async function addUser(
  options: UserCommandOptions & {
    readonly name: string;
    readonly groups: readonly string[];
    readonly password?: string;
  },
): Promise<void> {
  await onAccounts(options, async ({ people, groups }) => {
    const groupIds: string[] = [];
    for (const name of options.groups) groupIds.push(await groupIdOf(groups, name));
    const password = options.password ?? (await readPassword(`Password of ${options.name}: `));
    checkPassword(password);
    await people.create({ name: options.name, password, groupIds }, byCommandLine);
  });
}

/** A running cloud ends the sessions of a disabled account within a second. Throws CloudError or AccountError. */
export async function setUserEnabled(
  options: UserCommandOptions & { readonly name: string; readonly isEnabled: boolean },
): Promise<void> {
  await onAccounts(options, async ({ people }) => {
    await people.change(options.name, { isEnabled: options.isEnabled }, byCommandLine);
  });
}

/** One line for each account: name, state and groups. */
export async function listUsers(options: UserCommandOptions): Promise<readonly string[]> {
  return onAccounts(options, async ({ people }) => {
    const all = await people.list({ skip: 0, take: Number.MAX_SAFE_INTEGER });
    const width = Math.max(...all.people.map(({ name }) => name.length));
    return all.people.map((person) => lineOf(person, width));
  });
}

function lineOf(person: Person, width: number): string {
  const state = person.isEnabled ? "enabled " : "disabled";
  const groups = person.groups.map(({ name }) => name).join(", ");
  return `${person.name.padEnd(width)}  ${state}  ${groups}`.trimEnd();
}

async function groupIdOf(groups: Groups, name: string): Promise<string> {
  const group = await groups.byName(name);
  if (group !== undefined) return group.id;
  const all = (await groups.list({ skip: 0, take: 1_000 })).groups.map((one) => one.name).join(", ");
  throw new CloudError("cloud.bad-option", `There is no group ${name}; there are: ${all}`);
}

async function onAccounts<Result>(
  { clock, random, dataDir }: UserCommandOptions,
  work: (accounts: { readonly people: People; readonly groups: Groups }) => Promise<Result>,
): Promise<Result> {
  const store = openStore(databaseFileIn(dataDir));
  try {
    const tenantId = defaultTenantId;
    const audit = new Audit({ clock, store });
    const changes = new AccountChanges({ tenantId, store });
    const people = new People({ tenantId, clock, random, store, hasher: scryptHasher(random), audit, changes });
    const groups = new Groups({ tenantId, store, audit, changes });
    if ((await people.get(adminUserName)) !== undefined)
      await ensureDefaultGroups({ store, groups, people }, adminUserName);
    return await work({ people, groups });
  } finally {
    store.close();
  }
}
