// Changes of accounts and groups: each in one transaction, never so that nobody could manage accounts, and told to whoever watches.
import { type Kysely, sql, type Transaction } from "kysely";
import type { Database } from "../store/schema.ts";
import type { Store } from "../store/store.ts";
import { AccountError } from "./account-error.ts";
import type { Role } from "./principal.ts";

const administratorRole: Role = "ROLE_USER_MANAGEMENT_ADMIN";

/** Called once the change is durable; the change is answered when it has settled. */
type Listener = () => Promise<void>;

export class AccountChanges {
  readonly #tenantId: string;
  readonly #store: Store;
  readonly #listeners = new Set<Listener>();

  constructor(deps: { readonly tenantId: string; readonly store: Store }) {
    this.#tenantId = deps.tenantId;
    this.#store = deps.store;
  }

  /** Throws AccountError `account.last-administrator` if afterwards nobody could manage accounts; then nothing is changed. */
  async run<Result>(work: (transaction: Transaction<Database>) => Promise<Result>): Promise<Result> {
    const result = await this.#store.db.transaction().execute(async (transaction) => {
      const before = await countAdministrators(transaction, this.#tenantId);
      const outcome = await work(transaction);
      if (before > 0 && (await countAdministrators(transaction, this.#tenantId)) === 0) {
        throw new AccountError(
          "account.last-administrator",
          `Afterwards no enabled user would have the role ${administratorRole}; give it to somebody else first.`,
        );
      }
      return outcome;
    });
    for (const listener of [...this.#listeners]) await listener();
    return result;
  }

  /** Gives back how to stop. */
  watch(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** Enabled people of a tenant who may manage accounts. */
export async function countAdministrators(db: Kysely<Database>, tenantId: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from users
    where tenant_id = ${tenantId} and kind = 'user' and is_enabled = 1 and (
      exists (select 1 from json_each(users.roles) where value = ${administratorRole})
      or exists (
        select 1 from group_members
        join groups on groups.tenant_id = group_members.tenant_id and groups.number = group_members.group_number
        join json_each(groups.roles) as role
        where group_members.tenant_id = users.tenant_id and group_members.user_name = users.name
          and role.value = ${administratorRole}))
  `.execute(db);
  return rows[0]?.count ?? 0;
}
