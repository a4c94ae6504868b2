// Which applications the tenant has subscribed to. Remote access is one; without it none of its paths is there.
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
  async add(application: Application): Promise<boolean> {
    const result = await this.#store.db
      .insertInto("subscriptions")
      .values({ application: application.name })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    return this.#changed(result.numInsertedOrUpdatedRows ?? 0n, application, true);
  }

  /** False if it was not subscribed. */
  async remove(application: Application): Promise<boolean> {
    const result = await this.#store.db
      .deleteFrom("subscriptions")
      .where("application", "=", application.name)
      .executeTakeFirst();
    return this.#changed(result.numDeletedRows, application, false);
  }

  /** Calls back after each change that this process makes. Gives back how to stop. */
  watch(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #changed(rows: bigint, application: Application, isSubscribed: boolean): boolean {
    if (rows === 0n) return false;
    for (const listener of [...this.#listeners]) listener({ application, isSubscribed });
    return true;
  }
}
