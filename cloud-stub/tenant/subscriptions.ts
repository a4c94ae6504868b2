// Which applications the tenant has subscribed to. Remote access is one; without it none of its paths is there.
import type { Transaction } from "kysely";
import type { Database } from "../store/schema.ts";
import type { Store } from "../store/store.ts";

export interface Application {
  /** Decimal. */
  readonly id: string;
  readonly name: string;
  readonly contextPath: string;
}

export const remoteAccessApplication: Application = { id: "1", name: "remote-access", contextPath: "remoteaccess" };

/** All that there are. */
export const applications: readonly Application[] = [remoteAccessApplication];

/** Written in the transaction of a change: neither is there without the other. */
type Along = (transaction: Transaction<Database>) => Promise<void>;

const nothingAlong: Along = async () => {};

type Listener = (changed: { readonly application: Application; readonly isSubscribed: boolean }) => void;

export class Subscriptions {
  readonly #store: Store;
  readonly #listeners = new Set<Listener>();

  constructor(deps: { readonly store: Store }) {
    this.#store = deps.store;
  }

  async has(application: Application): Promise<boolean> {
    const row = await this.#store.db
      .selectFrom("subscriptions")
      .select("application")
      .where("application", "=", application.name)
      .executeTakeFirst();
    return row !== undefined;
  }

  async list(): Promise<readonly Application[]> {
    const rows = await this.#store.db.selectFrom("subscriptions").select("application").execute();
    return applications.filter(({ name }) => rows.some((row) => row.application === name));
  }

  /** False if it was subscribed already. */
  async add(application: Application, along: Along = nothingAlong): Promise<boolean> {
    return this.#change(application, true, along, async (transaction) => {
      const result = await transaction
        .insertInto("subscriptions")
        .values({ application: application.name })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      return result.numInsertedOrUpdatedRows ?? 0n;
    });
  }

  /** False if it was not subscribed. */
  async remove(application: Application, along: Along = nothingAlong): Promise<boolean> {
    return this.#change(application, false, along, async (transaction) => {
      const result = await transaction
        .deleteFrom("subscriptions")
        .where("application", "=", application.name)
        .executeTakeFirst();
      return result.numDeletedRows;
    });
  }

  /** Calls back after each change that this process makes. Gives back how to stop. */
  watch(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #change(
    application: Application,
    isSubscribed: boolean,
    along: Along,
    write: (transaction: Transaction<Database>) => Promise<bigint>,
  ): Promise<boolean> {
    const isChanged = await this.#store.db.transaction().execute(async (transaction) => {
      if ((await write(transaction)) === 0n) return false;
      await along(transaction);
      return true;
    });
    if (isChanged) for (const listener of [...this.#listeners]) listener({ application, isSubscribed });
    return isChanged;
  }
}
