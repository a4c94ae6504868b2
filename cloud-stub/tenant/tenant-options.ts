// Settings of the tenant by category and key; those whose key begins with `credentials.` rest under the vault (protocol.md 5.7).
import type { Transaction } from "kysely";
import type { Vault } from "../remote-access/vault.ts";
import type { Database, TenantOptionRow } from "../store/schema.ts";
import type { Store } from "../store/store.ts";

export interface TenantOption {
  readonly category: string;
  readonly key: string;
  /** Undefined for a secret one. */
  readonly value: string | undefined;
}

/** Options that a tenant may have. */
export const optionsMax = 1_000;
/** Longest value, in UTF-16 units. */
export const optionValueLengthMax = 20_000;
/** Categories and keys: no slash, because both stand in paths. */
export const optionNamePattern = /^[A-Za-z0-9_.-]{1,100}$/;

const secretPrefix = "credentials.";

/** Whether the value of that key is kept sealed and never shown. */
export function isSecretOption(key: string): boolean {
  return key.startsWith(secretPrefix);
}

/** Written in the transaction of a change: neither is there without the other. */
type Along = (transaction: Transaction<Database>) => Promise<void>;

const nothingAlong: Along = async () => {};

type Listener = (changed: { readonly category: string; readonly key: string }) => void;

export class TenantOptions {
  readonly #store: Store;
  readonly #vault: Vault;
  readonly #listeners = new Set<Listener>();

  constructor(deps: { readonly store: Store; readonly vault: Vault }) {
    this.#store = deps.store;
    this.#vault = deps.vault;
  }

  /** The value, a secret one in clear: for services only. Throws VaultError. */
  async get(category: string, key: string): Promise<string | undefined> {
    const row = await this.#row(category, key);
    if (row === undefined) return undefined;
    if (row.sealed_value === null) return row.value ?? undefined;
    return Buffer.from(this.#vault.open(row.sealed_value, contextOf(category, key))).toString("utf8");
  }

  /** As people may see it. */
  async find(category: string, key: string): Promise<TenantOption | undefined> {
    const row = await this.#row(category, key);
    return row === undefined ? undefined : toOption(row);
  }

  /** By category and key, without the secret values. */
  async list(category?: string): Promise<readonly TenantOption[]> {
    let query = this.#store.db.selectFrom("tenant_options").selectAll();
    if (category !== undefined) query = query.where("category", "=", category);
    return (await query.orderBy("category").orderBy("key").execute()).map(toOption);
  }

  /** Resolves once it is durable and the watchers know; `full` at `optionsMax`. */
  async set(category: string, key: string, value: string, along: Along = nothingAlong): Promise<"set" | "full"> {
    const values = isSecretOption(key)
      ? { value: null, sealed_value: this.#vault.seal(value, contextOf(category, key)) }
      : { value, sealed_value: null };
    const isFull = await this.#store.db.transaction().execute(async (transaction) => {
      await transaction
        .insertInto("tenant_options")
        .values({ category, key, ...values })
        .onConflict((conflict) => conflict.columns(["category", "key"]).doUpdateSet(values))
        .execute();
      const { count } = await transaction
        .selectFrom("tenant_options")
        .select((select) => select.fn.countAll<number>().as("count"))
        .executeTakeFirstOrThrow();
      if (count <= optionsMax) {
        await along(transaction);
        return false;
      }
      await transaction.deleteFrom("tenant_options").where("category", "=", category).where("key", "=", key).execute();
      return true;
    });
    if (isFull) return "full";
    this.#tell(category, key);
    return "set";
  }

  /** False if there was none. */
  async remove(category: string, key: string, along: Along = nothingAlong): Promise<boolean> {
    const isRemoved = await this.#store.db.transaction().execute(async (transaction) => {
      const result = await transaction
        .deleteFrom("tenant_options")
        .where("category", "=", category)
        .where("key", "=", key)
        .executeTakeFirst();
      if (result.numDeletedRows === 0n) return false;
      await along(transaction);
      return true;
    });
    if (isRemoved) this.#tell(category, key);
    return isRemoved;
  }

  /** Calls back after each change that this process makes. Gives back how to stop. */
  watch(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(category: string, key: string): void {
    for (const listener of [...this.#listeners]) listener({ category, key });
  }

  async #row(category: string, key: string): Promise<TenantOptionRow | undefined> {
    return this.#store.db
      .selectFrom("tenant_options")
      .selectAll()
      .where("category", "=", category)
      .where("key", "=", key)
      .executeTakeFirst();
  }
}

function contextOf(category: string, key: string): string {
  return `tenant option ${category}/${key}`;
}

function toOption(row: TenantOptionRow): TenantOption {
  return { category: row.category, key: row.key, value: row.value ?? undefined };
}
