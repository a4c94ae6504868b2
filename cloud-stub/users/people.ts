// The accounts of people: who they are, their own roles and their groups. Devices have accounts too, but not here.
import { sql, type Transaction } from "kysely";
import type { Clock, Random } from "#hardware/ports.ts";
import type { Audit } from "../audit/audit.ts";
import type { Database, UserRow } from "../store/schema.ts";
import type { Store } from "../store/store.ts";
import type { AccountChanges } from "./account-changes.ts";
import { AccountError } from "./account-error.ts";
import { newStamp, passwordLengthMin } from "./accounts.ts";
import { type GroupSummary, groupsOf } from "./group-rows.ts";
import type { PasswordHasher } from "./password-hasher.ts";
import { isRole, type Role, withImplied } from "./principal.ts";

export interface Person {
  readonly name: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
  readonly isEnabled: boolean;
  readonly ownRoles: readonly string[];
  readonly groups: readonly GroupSummary[];
  /** Own ones, those of the groups, and what they imply. */
  readonly effectiveRoles: readonly string[];
  readonly createdAtMs: number;
  /** Undefined for an account made before this was kept. */
  readonly passwordChangedAtMs: number | undefined;
}

export interface PersonDetails {
  readonly firstName?: string | undefined;
  readonly lastName?: string | undefined;
  readonly email?: string | undefined;
  readonly isEnabled?: boolean | undefined;
  readonly password?: string | undefined;
}

/** What an audit record says of a change. */
interface AccountEvent {
  readonly activity: string;
  readonly text: string;
}

/** People that a tenant may have. */
export const peopleMax = 5_000;
/** Longest password, in UTF-16 units. */
export const passwordLengthMax = 1_024;

/** Names of people; those of devices begin with `device_`, whatever the case. */
const namePattern = /^(?!device_)[A-Za-z0-9][A-Za-z0-9_.@-]{0,99}$/i;

export class People {
  readonly #tenantId: string;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #store: Store;
  readonly #hasher: PasswordHasher;
  readonly #audit: Audit;
  readonly #changes: AccountChanges;

  constructor(deps: {
    readonly tenantId: string;
    readonly clock: Clock;
    readonly random: Random;
    readonly store: Store;
    readonly hasher: PasswordHasher;
    readonly audit: Audit;
    readonly changes: AccountChanges;
  }) {
    this.#tenantId = deps.tenantId;
    this.#clock = deps.clock;
    this.#random = deps.random;
    this.#store = deps.store;
    this.#hasher = deps.hasher;
    this.#audit = deps.audit;
    this.#changes = deps.changes;
  }

  async get(name: string): Promise<Person | undefined> {
    const row = await this.#rows().selectAll().where("name", "=", name).executeTakeFirst();
    return row === undefined ? undefined : this.#person(row);
  }

  /** By name. */
  async list(filter: {
    readonly namePrefix?: string;
    readonly groupId?: string;
    readonly skip: number;
    readonly take: number;
  }): Promise<{ readonly people: readonly Person[]; readonly total: number }> {
    const { namePrefix, groupId } = filter;
    let query = this.#rows();
    if (namePrefix !== undefined) query = query.where(sql`substr(name, 1, length(${namePrefix}))`, "=", namePrefix);
    if (groupId !== undefined) {
      query = query.where("name", "in", (members) =>
        members
          .selectFrom("group_members")
          .select("user_name")
          .where("tenant_id", "=", this.#tenantId)
          .where("group_number", "=", Number(groupId)),
      );
    }
    const { total } = await query
      .select((select) => select.fn.countAll<number>().as("total"))
      .executeTakeFirstOrThrow();
    const rows = await query.selectAll().orderBy("name").limit(filter.take).offset(filter.skip).execute();
    return { people: await Promise.all(rows.map((row) => this.#person(row))), total };
  }

  /** Throws AccountError; rejects with HasherBusyError when too many passwords wait. */
  async create(
    wanted: PersonDetails & { readonly name: string; readonly password: string; readonly groupIds?: readonly string[] },
    by: string,
  ): Promise<Person> {
    const { name, groupIds = [] } = wanted;
    if (!namePattern.test(name)) {
      throw invalid(
        "userName: must be 1 to 100 letters, digits and _ . @ -, begin with a letter or digit, and not with device_",
      );
    }
    checkPassword(wanted.password);
    const passwordHash = await this.#hasher.hash(wanted.password);
    const nowMs = this.#nowMs();
    await this.#changes.run(async (transaction) => {
      await this.#checkRoom(transaction, name);
      await transaction
        .insertInto("users")
        .values({
          tenant_id: this.#tenantId,
          name,
          kind: "user",
          password_hash: passwordHash,
          stamp: newStamp(this.#random),
          roles: "[]",
          is_enabled: wanted.isEnabled === false ? 0 : 1,
          device_external_id: null,
          created_at_ms: nowMs,
          first_name: wanted.firstName ?? "",
          last_name: wanted.lastName ?? "",
          email: wanted.email ?? "",
          password_changed_at_ms: nowMs,
        })
        .execute();
      for (const groupId of groupIds) {
        const member = { tenant_id: this.#tenantId, group_number: Number(groupId), user_name: name };
        await transaction.insertInto("group_members").values(member).execute();
      }
      const groups = (await groupsOf(transaction, this.#tenantId, name)).map((group) => group.name).join(", ");
      const text = `User '${name}' created${groups === "" ? "" : ` in group ${groups}`}.`;
      await this.#record(transaction, { activity: "User created", text }, by);
    });
    return this.#one(name);
  }

  /** Changes what is given. A new password or disabling drops every login; sessions are told by who watches the changes. */
  async change(name: string, details: PersonDetails, by: string): Promise<Person> {
    if (details.password !== undefined) checkPassword(details.password);
    // Before the transaction: it takes a third of a second, and nobody else could write meanwhile.
    await this.#one(name);
    const passwordHash = details.password === undefined ? undefined : await this.#hasher.hash(details.password);
    await this.#update(
      name,
      (before) => {
        const isDisabled = details.isEnabled === false && before.isEnabled;
        const set = {
          ...(details.firstName === undefined ? {} : { first_name: details.firstName }),
          ...(details.lastName === undefined ? {} : { last_name: details.lastName }),
          ...(details.email === undefined ? {} : { email: details.email }),
          ...(details.isEnabled === undefined ? {} : { is_enabled: details.isEnabled ? (1 as const) : (0 as const) }),
          ...(passwordHash === undefined ? {} : { password_hash: passwordHash, password_changed_at_ms: this.#nowMs() }),
          ...(passwordHash === undefined && !isDisabled ? {} : { stamp: newStamp(this.#random) }),
        };
        return Object.keys(set).length === 0 ? undefined : { set, events: whatChanged(before, details) };
      },
      by,
    );
    return this.#one(name);
  }

  async remove(name: string, by: string): Promise<void> {
    await this.#changes.run(async (transaction) => {
      const result = await transaction
        .deleteFrom("users")
        .where("tenant_id", "=", this.#tenantId)
        .where("kind", "=", "user")
        .where("name", "=", name)
        .executeTakeFirst();
      if (result.numDeletedRows === 0n) throw unknownPerson(name);
      await this.#record(transaction, { activity: "User deleted", text: `User '${name}' deleted.` }, by);
    });
  }

  /** A role of the person's own; having it already is fine. */
  async giveRole(name: string, role: string, by: string): Promise<Role> {
    if (!isRole(role)) throw invalid(`role: there is no role ${JSON.stringify(role.slice(0, 100))}`);
    await this.#update(
      name,
      ({ ownRoles }) => {
        if (ownRoles.includes(role)) return undefined;
        const text = `Role ${role} given to user '${name}'.`;
        return {
          set: { roles: JSON.stringify([...ownRoles, role].sort()) },
          events: [{ activity: "User updated", text }],
        };
      },
      by,
    );
    return role;
  }

  /** False if the person does not have it as an own one. */
  async takeRole(name: string, role: string, by: string): Promise<boolean> {
    return this.#update(
      name,
      ({ ownRoles }) => {
        if (!ownRoles.includes(role)) return undefined;
        const text = `Role ${role} taken from user '${name}'.`;
        return {
          set: { roles: JSON.stringify(ownRoles.filter((own) => own !== role)) },
          events: [{ activity: "User updated", text }],
        };
      },
      by,
    );
  }

  #rows() {
    return this.#store.db.selectFrom("users").where("tenant_id", "=", this.#tenantId).where("kind", "=", "user");
  }

  async #one(name: string): Promise<Person> {
    const person = await this.get(name);
    if (person === undefined) throw unknownPerson(name);
    return person;
  }

  /**
   * `work` is told how the account is in the transaction of the change itself, so that of two changes each builds on the
   * other; undefined leaves it as it is. Whether it was changed.
   */
  async #update(name: string, work: (before: Before) => AccountUpdate | undefined, by: string): Promise<boolean> {
    return this.#changes.run(async (transaction) => {
      const row = await transaction
        .selectFrom("users")
        .selectAll()
        .where("tenant_id", "=", this.#tenantId)
        .where("kind", "=", "user")
        .where("name", "=", name)
        .executeTakeFirst();
      if (row === undefined) throw unknownPerson(name);
      const update = work(toBefore(row));
      if (update === undefined) return false;
      await transaction
        .updateTable("users")
        .set(update.set)
        .where("tenant_id", "=", this.#tenantId)
        .where("name", "=", name)
        .execute();
      for (const event of update.events) await this.#record(transaction, event, by);
      return true;
    });
  }

  async #checkRoom(transaction: Transaction<Database>, name: string): Promise<void> {
    const sameName = await transaction
      .selectFrom("users")
      .select("name")
      .where("tenant_id", "=", this.#tenantId)
      .where((where) => where(where.fn("lower", ["name"]), "=", name.toLowerCase()))
      .executeTakeFirst();
    if (sameName !== undefined) {
      throw new AccountError("account.exists", `userName: there is a user ${sameName.name} already`);
    }
    const { count } = await transaction
      .selectFrom("users")
      .select((select) => select.fn.countAll<number>().as("count"))
      .where("tenant_id", "=", this.#tenantId)
      .where("kind", "=", "user")
      .executeTakeFirstOrThrow();
    if (count >= peopleMax)
      throw new AccountError("account.too-many", `There are ${count} users; no more are allowed.`);
  }

  async #person(row: UserRow): Promise<Person> {
    const groups = await groupsOf(this.#store.db, this.#tenantId, row.name);
    const before = toBefore(row);
    return {
      ...before,
      groups,
      effectiveRoles: withImplied([...before.ownRoles, ...groups.flatMap((group) => group.roles)]),
      createdAtMs: row.created_at_ms,
      passwordChangedAtMs: row.password_changed_at_ms ?? undefined,
    };
  }

  /** In the transaction of the change: neither is there without the other. */
  async #record(transaction: Transaction<Database>, event: AccountEvent, by: string): Promise<void> {
    await this.#audit.record({ type: "User", ...event, userName: by }, transaction);
  }

  #nowMs(): number {
    return Math.floor(this.#clock.nowMs());
  }
}

/** What a change may build on. */
type Before = Pick<Person, "name" | "firstName" | "lastName" | "email" | "isEnabled" | "ownRoles">;

interface AccountUpdate {
  readonly set: Partial<Omit<UserRow, "tenant_id" | "name" | "kind" | "device_external_id" | "created_at_ms">>;
  readonly events: readonly AccountEvent[];
}

function toBefore(row: UserRow): Before {
  return {
    name: row.name,
    firstName: row.first_name,
    lastName: row.last_name,
    email: row.email,
    isEnabled: row.is_enabled === 1,
    ownRoles: JSON.parse(row.roles) as string[],
  };
}

function whatChanged(before: Before, details: PersonDetails): readonly AccountEvent[] {
  const { name } = before;
  const { isEnabled = before.isEnabled } = details;
  const state = isEnabled ? "enabled" : "disabled";
  const isOther = (["firstName", "lastName", "email"] as const).some(
    (field) => details[field] !== undefined && details[field] !== before[field],
  );
  return [
    ...(details.password === undefined
      ? []
      : [{ activity: "Password changed", text: `Password of user '${name}' changed.` }]),
    ...(isEnabled === before.isEnabled ? [] : [{ activity: `User ${state}`, text: `User '${name}' ${state}.` }]),
    ...(isOther ? [{ activity: "User updated", text: `Name or address of user '${name}' changed.` }] : []),
  ];
}

/** Throws AccountError `account.invalid`. */
export function checkPassword(password: string): void {
  if (password.length < passwordLengthMin || password.length > passwordLengthMax) {
    throw invalid(`password: must have ${passwordLengthMin} to ${passwordLengthMax} characters`);
  }
}

function invalid(message: string): AccountError {
  return new AccountError("account.invalid", message);
}

export function unknownPerson(name: string): AccountError {
  return new AccountError("account.unknown", `There is no user ${JSON.stringify(name.slice(0, 100))}.`);
}
