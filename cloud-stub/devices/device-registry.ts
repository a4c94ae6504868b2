// The devices: their managed objects in the store, and which of them is connected now.
import { sql, type Transaction } from "kysely";
import type { Clock } from "#hardware/ports.ts";
import { type CloudLog, errorText } from "../log.ts";
import type { Database, DeviceRow } from "../store/schema.ts";
import type { Store } from "../store/store.ts";

export type Fragments = Readonly<Record<string, unknown>>;

export interface Device {
  /** Internal id: decimal, ascending, never used twice. */
  readonly id: string;
  /** External id of type c8y_Serial: the device identifier of its MQTT client. */
  readonly externalId: string;
  readonly name: string;
  readonly type: string;
  /** User name of the device's own login, such as `device_gw-0001`. */
  readonly owner: string;
  readonly fragments: Fragments;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly lastMessageAtMs: number | undefined;
}

export interface DeviceFilter {
  readonly fragmentType?: string;
  readonly type?: string;
  readonly owner?: string;
  readonly name?: string;
  readonly ids?: readonly string[];
  readonly skip: number;
  readonly take: number;
}

/** All fragments of one managed object together, in UTF-16 units of their JSON. */
export const fragmentsLengthMax = 524_288;

/** How often at most the time of a device's last message is written to the store, in ms. */
const lastMessageEveryMs = 60_000;

type ConnectionListener = (isOnline: boolean) => void;

export class DeviceRegistry {
  readonly #clock: Clock;
  readonly #store: Store;
  readonly #log: CloudLog;
  /** Live connections per device: during a takeover there are two for a moment. */
  readonly #connections = new Map<string, number>();
  readonly #connectionListeners = new Map<string, Set<ConnectionListener>>();
  readonly #removedListeners = new Set<(deviceId: string) => void>();
  readonly #lastMessages = new Map<string, { atMs: number; storedAtMs: number }>();

  constructor(deps: { readonly clock: Clock; readonly store: Store; readonly log: CloudLog }) {
    this.#clock = deps.clock;
    this.#store = deps.store;
    this.#log = deps.log;
  }

  async get(deviceId: string): Promise<Device | undefined> {
    const row = await this.#store.db.selectFrom("devices").selectAll().where("id", "=", deviceId).executeTakeFirst();
    return row === undefined ? undefined : this.#toDevice(row);
  }

  async byExternalId(externalId: string): Promise<Device | undefined> {
    const row = await this.#store.db
      .selectFrom("devices")
      .selectAll()
      .where("external_id", "=", externalId)
      .executeTakeFirst();
    return row === undefined ? undefined : this.#toDevice(row);
  }

  /** By ascending id. */
  async list(filter: DeviceFilter): Promise<{ readonly devices: readonly Device[]; readonly total: number }> {
    let query = this.#store.db.selectFrom("devices");
    if (filter.fragmentType !== undefined) {
      const path = `$.${JSON.stringify(filter.fragmentType)}`;
      query = query.where(sql<boolean>`json_type(fragments, ${path}) is not null`);
    }
    if (filter.type !== undefined) query = query.where("type", "=", filter.type);
    if (filter.owner !== undefined) query = query.where("owner", "=", filter.owner);
    if (filter.name !== undefined) query = query.where("name", "=", filter.name);
    if (filter.ids !== undefined) query = query.where("id", "in", filter.ids);
    const count = await query.select((select) => select.fn.countAll<number>().as("total")).executeTakeFirstOrThrow();
    const rows = await query
      .selectAll()
      .orderBy(sql`cast(id as integer)`)
      .limit(filter.take)
      .offset(filter.skip)
      .execute();
    return { devices: rows.map((row) => this.#toDevice(row)), total: count.total };
  }

  /**
   * Makes the managed object; undefined if the external id has one already. `onlyWithLogin`: also undefined if the device
   * has no login, so that a message that was on its way when the device was removed does not bring it back.
   */
  async create(device: {
    readonly externalId: string;
    readonly name: string;
    readonly type: string;
    readonly owner: string;
    readonly fragments: Fragments;
    readonly onlyWithLogin?: true;
  }): Promise<Device | undefined> {
    const nowMs = Math.floor(this.#clock.nowMs());
    return this.#store.db.transaction().execute(async (transaction) => {
      const existing = await transaction
        .selectFrom("devices")
        .select("id")
        .where("external_id", "=", device.externalId)
        .executeTakeFirst();
      if (existing !== undefined) return undefined;
      if (device.onlyWithLogin === true) {
        const login = await transaction
          .selectFrom("users")
          .select("name")
          .where("device_external_id", "=", device.externalId)
          .executeTakeFirst();
        if (login === undefined) return undefined;
      }
      const counter = await transaction
        .insertInto("counters")
        .values({ name: "devices", last: 1001 })
        .onConflict((conflict) => conflict.column("name").doUpdateSet({ last: sql<number>`last + 1` }))
        .returning("last")
        .executeTakeFirstOrThrow();
      const row = await transaction
        .insertInto("devices")
        .values({
          id: String(counter.last),
          external_id: device.externalId,
          name: device.name,
          type: device.type,
          owner: device.owner,
          fragments: JSON.stringify(device.fragments),
          created_at_ms: nowMs,
          updated_at_ms: nowMs,
          last_message_at_ms: null,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      return this.#toDevice(row);
    });
  }

  /**
   * Replaces the named fragments whole (null or undefined removes one); undefined if there is no such device. `along` is
   * written in the transaction of the change, and told how the device was before.
   */
  async update(
    deviceId: string,
    change: { readonly name?: string; readonly type?: string; readonly fragments?: Fragments },
    along: (transaction: Transaction<Database>, before: Device) => Promise<void> = async () => {},
  ): Promise<Device | undefined> {
    return this.#store.db.transaction().execute(async (transaction) => {
      const row = await transaction.selectFrom("devices").selectAll().where("id", "=", deviceId).executeTakeFirst();
      if (row === undefined) return undefined;
      const merged = { ...(JSON.parse(row.fragments) as Record<string, unknown>), ...change.fragments };
      const kept = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null));
      const updated = await transaction
        .updateTable("devices")
        .set({
          name: change.name ?? row.name,
          type: change.type ?? row.type,
          fragments: JSON.stringify(kept),
          updated_at_ms: Math.floor(this.#clock.nowMs()),
        })
        .where("id", "=", deviceId)
        .returningAll()
        .executeTakeFirstOrThrow();
      await along(transaction, this.#toDevice(row));
      return this.#toDevice(updated);
    });
  }

  /** Removes the managed object with its endpoints and events, then tells the removal listeners. False if unknown. */
  async remove(deviceId: string): Promise<boolean> {
    const tell = await this.#store.db.transaction().execute((transaction) => this.removeAlong(transaction, deviceId));
    tell?.();
    return tell !== undefined;
  }

  /**
   * As `remove`, as a part of a larger change. Gives back how to tell the listeners once that is committed; undefined if there
   * is no such device.
   */
  async removeAlong(transaction: Transaction<Database>, deviceId: string): Promise<(() => void) | undefined> {
    const result = await transaction.deleteFrom("devices").where("id", "=", deviceId).executeTakeFirst();
    if (result.numDeletedRows === 0n) return undefined;
    return () => {
      this.#lastMessages.delete(deviceId);
      for (const listener of [...this.#removedListeners]) listener(deviceId);
    };
  }

  /** Whether a logged-in MQTT connection of the device is up. */
  isOnline(deviceId: string): boolean {
    return this.#connections.has(deviceId);
  }

  /** Counts a connection of the device until the returned function is called (once). */
  connected(deviceId: string): () => void {
    this.#count(deviceId, 1);
    let isCounted = true;
    return () => {
      if (!isCounted) return;
      isCounted = false;
      this.#count(deviceId, -1);
      this.#storeLastMessage(deviceId);
    };
  }

  /** Calls back synchronously when the device comes online or goes offline, until the returned function is called. */
  watchConnection(deviceId: string, changed: ConnectionListener): () => void {
    const listeners = this.#connectionListeners.get(deviceId) ?? new Set();
    this.#connectionListeners.set(deviceId, listeners.add(changed));
    return () => {
      listeners.delete(changed);
      if (listeners.size === 0 && this.#connectionListeners.get(deviceId) === listeners) {
        this.#connectionListeners.delete(deviceId);
      }
    };
  }

  /** Calls back synchronously after a device was removed, until the returned function is called. */
  watchRemoved(removed: (deviceId: string) => void): () => void {
    this.#removedListeners.add(removed);
    return () => this.#removedListeners.delete(removed);
  }

  /** Remembers that the device was heard just now. */
  heardFrom(deviceId: string): void {
    const nowMs = Math.floor(this.#clock.nowMs());
    const last = this.#lastMessages.get(deviceId) ?? { atMs: nowMs, storedAtMs: Number.NEGATIVE_INFINITY };
    last.atMs = nowMs;
    this.#lastMessages.set(deviceId, last);
    if (Math.abs(nowMs - last.storedAtMs) >= lastMessageEveryMs) this.#storeLastMessage(deviceId);
  }

  #storeLastMessage(deviceId: string): void {
    const last = this.#lastMessages.get(deviceId);
    if (last === undefined || last.storedAtMs === last.atMs) return;
    last.storedAtMs = last.atMs;
    this.#store.db
      .updateTable("devices")
      .set({ last_message_at_ms: last.atMs })
      .where("id", "=", deviceId)
      .execute()
      .catch((error: unknown) =>
        this.#log.warn("store.failed", { what: "time of the last message", why: errorText(error) }),
      );
  }

  #count(deviceId: string, change: 1 | -1): void {
    const before = this.#connections.get(deviceId) ?? 0;
    const after = before + change;
    if (after > 0) this.#connections.set(deviceId, after);
    else this.#connections.delete(deviceId);
    if (before > 0 === after > 0) return;
    for (const listener of [...(this.#connectionListeners.get(deviceId) ?? [])]) listener(after > 0);
  }

  #toDevice(row: DeviceRow): Device {
    return {
      id: row.id,
      externalId: row.external_id,
      name: row.name,
      type: row.type,
      owner: row.owner,
      fragments: JSON.parse(row.fragments) as Fragments,
      createdAtMs: row.created_at_ms,
      updatedAtMs: row.updated_at_ms,
      lastMessageAtMs: this.#lastMessages.get(row.id)?.atMs ?? row.last_message_at_ms ?? undefined,
    };
  }
}
