// Groups of people: each gives its roles to its members.
import { type Kysely, sql, type Transaction } from "kysely";
import type { Audit } from "../audit/audit.ts";
import type { Database } from "../store/schema.ts";
import type { Store } from "../store/store.ts";
import type { AccountChanges } from "./account-changes.ts";
import { AccountError } from "./account-error.ts";
import { type GroupSummary, toGroup } from "./group-rows.ts";
import { unknownPerson } from "./people.ts";
import { isRole, type Role } from "./principal.ts";

/** Groups that a tenant may have. */
export const groupsMax = 200;
/** Longest name, and longest description, in UTF-16 units. */
export const groupNameLengthMax = 100;
export const groupDescriptionLengthMax = 500;

export class Groups {
  readonly #tenantId: string;
  readonly #store: Store;
  readonly #audit: Audit;
  readonly #changes: AccountChanges;

  constructor(deps: {
    readonly tenantId: string;
    readonly store: Store;
    readonly audit: Audit;
    readonly changes: AccountChanges;
  }) {
    this.#tenantId = deps.tenantId;
    this.#store = deps.store;
    this.#audit = deps.audit;
    this.#changes = deps.changes;
  }

  /** By id. */
  async list(page: { readonly skip: number; readonly take: number }): Promise<{
    readonly groups: readonly GroupSummary[];
    readonly total: number;
  }> {
    const query = this.#store.db.selectFrom("groups").where("tenant_id", "=", this.#tenantId);
    const { total } = await query
      .select((select) => select.fn.countAll<number>().as("total"))
      .executeTakeFirstOrThrow();
    const rows = await query.selectAll().orderBy("number").limit(page.take).offset(page.skip).execute();
    return { groups: rows.map(toGroup), total };
  }

  async get(id: string): Promise<GroupSummary | undefined> {
    return find(this.#store.db, this.#tenantId, "number", numberOf(id));
  }

  async byName(name: string): Promise<GroupSummary | undefined> {
    return find(this.#store.db, this.#tenantId, "name", name);
  }

  /** Throws AccountError. */
  async create(
    wanted: { readonly name: string; readonly description: string; readonly roles?: readonly Role[] },
    by: string,
  ): Promise<GroupSummary> {
    checkName(wanted.name);
    const group = await this.#changes.run(async (transaction) => {
      await this.#checkRoom(transaction, wanted.name);
      const { last } = await transaction
        .insertInto("counters")
        .values({ name: `groups ${this.#tenantId}`, last: 1 })
        .onConflict((conflict) =>
          conflict.column("name").doUpdateSet((update) => ({ last: update("counters.last", "+", 1) })),
        )
        .returning("last")
        .executeTakeFirstOrThrow();
      const { name, description, roles = [] } = wanted;
      const row = { tenant_id: this.#tenantId, number: last, name, description, roles: JSON.stringify(roles) };
      await transaction.insertInto("groups").values(row).execute();
      return toGroup(row);
    });
    await this.#record("Group created", `Group '${group.name}' created.`, by);
    return group;
  }

  /** Throws AccountError. */
  async change(
    id: string,
    details: { readonly name?: string | undefined; readonly description?: string | undefined },
    by: string,
  ): Promise<GroupSummary> {
    if (details.name !== undefined) checkName(details.name);
    const changed = await this.#changes.run(async (transaction) => {
      const before = await this.#one(transaction, id);
      const { name = before.name, description = before.description } = details;
      const sameName = await find(transaction, this.#tenantId, "name", name);
      if (sameName !== undefined && sameName.id !== id) throw nameTaken(name);
      await this.#update(transaction, id, { name, description });
      return { before, after: { ...before, name, description } };
    });
    const { before, after } = changed;
    const asWhat = before.name === after.name ? "" : ` and is now '${after.name}'`;
    await this.#record("Group updated", `Group '${before.name}' changed${asWhat}.`, by);
    return after;
  }

  /** Throws AccountError. */
  async remove(id: string, by: string): Promise<void> {
    const removed = await this.#changes.run(async (transaction) => {
      const group = await this.#one(transaction, id);
      await transaction
        .deleteFrom("groups")
        .where("tenant_id", "=", this.#tenantId)
        .where("number", "=", numberOf(id))
        .execute();
      return group;
    });
    await this.#record("Group deleted", `Group '${removed.name}' deleted.`, by);
  }

  /** Being a member already is fine. Throws AccountError. */
  async addMember(id: string, userName: string, by: string): Promise<void> {
    const group = await this.#changes.run(async (transaction) => {
      const found = await this.#one(transaction, id);
      const person = await transaction
        .selectFrom("users")
        .select("name")
        .where("tenant_id", "=", this.#tenantId)
        .where("kind", "=", "user")
        .where("name", "=", userName)
        .executeTakeFirst();
      if (person === undefined) throw unknownPerson(userName);
      const result = await transaction
        .insertInto("group_members")
        .values({ tenant_id: this.#tenantId, group_number: numberOf(id), user_name: userName })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      return result.numInsertedOrUpdatedRows === 0n ? undefined : found;
    });
    if (group === undefined) return;
    await this.#record("Group updated", `User '${userName}' added to group '${group.name}'.`, by);
  }

  /** False if the user is no member. Throws AccountError. */
  async removeMember(id: string, userName: string, by: string): Promise<boolean> {
    const group = await this.#changes.run(async (transaction) => {
      const found = await this.#one(transaction, id);
      const result = await transaction
        .deleteFrom("group_members")
        .where("tenant_id", "=", this.#tenantId)
        .where("group_number", "=", numberOf(id))
        .where("user_name", "=", userName)
        .executeTakeFirst();
      return result.numDeletedRows === 0n ? undefined : found;
    });
    if (group === undefined) return false;
    await this.#record("Group updated", `User '${userName}' removed from group '${group.name}'.`, by);
    return true;
  }

  /** Having it already is fine. Throws AccountError. */
  async giveRole(id: string, role: string, by: string): Promise<Role> {
    if (!isRole(role)) {
      throw new AccountError("account.invalid", `role: there is no role ${JSON.stringify(role.slice(0, 100))}`);
    }
    const group = await this.#setRoles(id, (held) => (held.includes(role) ? undefined : [...held, role].sort()));
    if (group !== undefined) await this.#record("Group updated", `Role ${role} given to group '${group.name}'.`, by);
    return role;
  }

  /** False if the group does not have it. Throws AccountError. */
  async takeRole(id: string, role: string, by: string): Promise<boolean> {
    const group = await this.#setRoles(id, (held) =>
      held.includes(role) ? held.filter((one) => one !== role) : undefined,
    );
    if (group === undefined) return false;
    await this.#record("Group updated", `Role ${role} taken from group '${group.name}'.`, by);
    return true;
  }

  /** `next` gives undefined where there is nothing to change. */
  async #setRoles(
    id: string,
    next: (held: readonly string[]) => readonly string[] | undefined,
  ): Promise<GroupSummary | undefined> {
    return this.#changes.run(async (transaction) => {
      const group = await this.#one(transaction, id);
      const roles = next(group.roles);
      if (roles === undefined) return undefined;
      await this.#update(transaction, id, { roles: JSON.stringify(roles) });
      return group;
    });
  }

  async #one(db: Kysely<Database>, id: string): Promise<GroupSummary> {
    const group = await find(db, this.#tenantId, "number", numberOf(id));
    if (group === undefined) throw new AccountError("account.unknown", "There is no such group.");
    return group;
  }

  async #update(
    transaction: Transaction<Database>,
    id: string,
    set: { readonly name?: string; readonly description?: string; readonly roles?: string },
  ): Promise<void> {
    await transaction
      .updateTable("groups")
      .set(set)
      .where("tenant_id", "=", this.#tenantId)
      .where("number", "=", numberOf(id))
      .execute();
  }

  async #checkRoom(transaction: Transaction<Database>, name: string): Promise<void> {
    if ((await find(transaction, this.#tenantId, "name", name)) !== undefined) throw nameTaken(name);
    const { count } = await transaction
      .selectFrom("groups")
      .select(sql<number>`count(*)`.as("count"))
      .where("tenant_id", "=", this.#tenantId)
      .executeTakeFirstOrThrow();
    if (count < groupsMax) return;
    throw new AccountError("account.too-many", `There are ${count} groups; no more are allowed.`);
  }

  async #record(activity: string, text: string, by: string): Promise<void> {
    await this.#audit.record({ type: "Group", activity, text, userName: by });
  }
}

async function find(
  db: Kysely<Database>,
  tenantId: string,
  column: "number" | "name",
  value: number | string,
): Promise<GroupSummary | undefined> {
  const row = await db
    .selectFrom("groups")
    .selectAll()
    .where("tenant_id", "=", tenantId)
    .where(column, "=", value)
    .executeTakeFirst();
  return row === undefined ? undefined : toGroup(row);
}

/** -1 for what is no id: there is no such group. */
function numberOf(id: string): number {
  return /^[1-9][0-9]{0,8}$/.test(id) ? Number(id) : -1;
}

function checkName(name: string): void {
  if (/^[^\s/\\\p{C}](?:[^/\\\p{C}]*[^\s/\\\p{C}])?$/u.test(name) && name.length <= groupNameLengthMax) return;
  throw new AccountError(
    "account.invalid",
    `name: must be 1 to ${groupNameLengthMax} characters without slashes and control characters`,
  );
}

function nameTaken(name: string): AccountError {
  return new AccountError("account.exists", `name: there is a group ${JSON.stringify(name)} already`);
}
