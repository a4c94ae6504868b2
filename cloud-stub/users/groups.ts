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
    return this.#changes.run(async (transaction) => {
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
      await this.#record(transaction, { activity: "Group created", text: `Group '${name}' created.` }, by);
      return toGroup(row);
    });
  }

  /** Throws AccountError. */
  async change(
    id: string,
    details: { readonly name?: string | undefined; readonly description?: string | undefined },
    by: string,
  ): Promise<GroupSummary> {
    if (details.name !== undefined) checkName(details.name);
    return this.#changes.run(async (transaction) => {
      const before = await this.#one(transaction, id);
      const { name = before.name, description = before.description } = details;
      const sameName = await find(transaction, this.#tenantId, "name", name);
      if (sameName !== undefined && sameName.id !== id) throw nameTaken(name);
      await this.#update(transaction, id, { name, description });
      const asWhat = before.name === name ? "" : ` and is now '${name}'`;
      await this.#recordUpdate(transaction, `Group '${before.name}' changed${asWhat}.`, by);
      return { ...before, name, description };
    });
  }

  /** Throws AccountError. */
  async remove(id: string, by: string): Promise<void> {
    await this.#changes.run(async (transaction) => {
      const group = await this.#one(transaction, id);
      await transaction
        .deleteFrom("groups")
        .where("tenant_id", "=", this.#tenantId)
        .where("number", "=", numberOf(id))
        .execute();
      await this.#record(transaction, { activity: "Group deleted", text: `Group '${group.name}' deleted.` }, by);
    });
  }

  /** Being a member already is fine. Throws AccountError. */
  async addMember(id: string, userName: string, by: string): Promise<void> {
    await this.#changes.run(async (transaction) => {
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
      if (result.numInsertedOrUpdatedRows === 0n) return;
      await this.#recordUpdate(transaction, `User '${userName}' added to group '${found.name}'.`, by);
    });
  }

  /** False if the user is no member. Throws AccountError. */
  async removeMember(id: string, userName: string, by: string): Promise<boolean> {
    return this.#changes.run(async (transaction) => {
      const found = await this.#one(transaction, id);
      const result = await transaction
        .deleteFrom("group_members")
        .where("tenant_id", "=", this.#tenantId)
        .where("group_number", "=", numberOf(id))
        .where("user_name", "=", userName)
        .executeTakeFirst();
      if (result.numDeletedRows === 0n) return false;
      await this.#recordUpdate(transaction, `User '${userName}' removed from group '${found.name}'.`, by);
      return true;
    });
  }

  /** Having it already is fine. Throws AccountError. */
  async giveRole(id: string, role: string, by: string): Promise<Role> {
    if (!isRole(role)) {
      throw new AccountError("account.invalid", `role: there is no role ${JSON.stringify(role.slice(0, 100))}`);
    }
    await this.#changes.run(async (transaction) => {
      const group = await this.#one(transaction, id);
      if (group.roles.includes(role)) return;
      await this.#update(transaction, id, { roles: JSON.stringify([...group.roles, role].sort()) });
      await this.#recordUpdate(transaction, `Role ${role} given to group '${group.name}'.`, by);
    });
    return role;
  }

  /** False if the group does not have it. Throws AccountError. */
  async takeRole(id: string, role: string, by: string): Promise<boolean> {
    return this.#changes.run(async (transaction) => {
      const group = await this.#one(transaction, id);
      if (!group.roles.includes(role)) return false;
      await this.#update(transaction, id, { roles: JSON.stringify(group.roles.filter((one) => one !== role)) });
      await this.#recordUpdate(transaction, `Role ${role} taken from group '${group.name}'.`, by);
      return true;
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

  async #recordUpdate(transaction: Transaction<Database>, text: string, by: string): Promise<void> {
    await this.#record(transaction, { activity: "Group updated", text }, by);
  }

  /** In the transaction of the change: neither is there without the other. */
  async #record(
    transaction: Transaction<Database>,
    event: { readonly activity: string; readonly text: string },
    by: string,
  ): Promise<void> {
    await this.#audit.record({ type: "Group", ...event, userName: by }, transaction);
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
