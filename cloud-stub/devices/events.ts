// Events: what a device said happened.
import type { Clock } from "#hardware/ports.ts";
import type { EventRow } from "../store/schema.ts";
import type { Store } from "../store/store.ts";
import type { Fragments } from "./device-registry.ts";

export interface DeviceEvent {
  readonly id: string;
  readonly deviceId: string;
  readonly type: string;
  readonly text: string;
  readonly fragments: Fragments;
  /** When it happened, as the device said. */
  readonly timeMs: number;
  readonly createdAtMs: number;
}

export interface EventFilter {
  readonly deviceId?: string;
  readonly type?: string;
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly isOldestFirst?: boolean;
  readonly skip: number;
  readonly take: number;
}

/** Events that are kept for each device; the oldest go first. */
export const eventsPerDeviceMax = 5_000;

/** Longest text that is kept, in UTF-16 units. */
const textLengthMax = 2_000;

export class Events {
  readonly #clock: Clock;
  readonly #store: Store;

  constructor(deps: { readonly clock: Clock; readonly store: Store }) {
    this.#clock = deps.clock;
    this.#store = deps.store;
  }

  /** `timeMs` defaults to now. */
  async create(event: {
    readonly deviceId: string;
    readonly type: string;
    readonly text: string;
    readonly fragments?: Fragments;
    readonly timeMs?: number;
  }): Promise<DeviceEvent> {
    const nowMs = Math.floor(this.#clock.nowMs());
    const row = await this.#store.db
      .insertInto("events")
      .values({
        device_id: event.deviceId,
        type: event.type.slice(0, textLengthMax),
        text: event.text.slice(0, textLengthMax),
        fragments: JSON.stringify(event.fragments ?? {}),
        time_ms: event.timeMs ?? nowMs,
        created_at_ms: nowMs,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    await this.#forgetOld(event.deviceId);
    return toEvent(row);
  }

  async get(eventId: string): Promise<DeviceEvent | undefined> {
    if (!/^[1-9][0-9]{0,14}$/.test(eventId)) return undefined;
    const row = await this.#store.db
      .selectFrom("events")
      .selectAll()
      .where("number", "=", Number(eventId))
      .executeTakeFirst();
    return row === undefined ? undefined : toEvent(row);
  }

  /** Newest first, as Cumulocity gives them. */
  async list(filter: EventFilter): Promise<{ readonly events: readonly DeviceEvent[]; readonly total: number }> {
    let query = this.#store.db.selectFrom("events");
    if (filter.deviceId !== undefined) query = query.where("device_id", "=", filter.deviceId);
    if (filter.type !== undefined) query = query.where("type", "=", filter.type);
    if (filter.fromMs !== undefined) query = query.where("time_ms", ">=", filter.fromMs);
    if (filter.toMs !== undefined) query = query.where("time_ms", "<=", filter.toMs);
    const count = await query.select((select) => select.fn.countAll<number>().as("total")).executeTakeFirstOrThrow();
    const rows = await query
      .selectAll()
      .orderBy("number", filter.isOldestFirst === true ? "asc" : "desc")
      .limit(filter.take)
      .offset(filter.skip)
      .execute();
    return { events: rows.map(toEvent), total: count.total };
  }

  /** Takes these fragments off the newest event of that type; false if there is none. */
  async removeFragments(deviceId: string, type: string, names: readonly string[]): Promise<boolean> {
    const { events } = await this.list({ deviceId, type, skip: 0, take: 1 });
    const [event] = events;
    if (event === undefined) return false;
    const kept = Object.entries(event.fragments).filter(([name]) => !names.includes(name));
    await this.#store.db
      .updateTable("events")
      .set({ fragments: JSON.stringify(Object.fromEntries(kept)) })
      .where("number", "=", Number(event.id))
      .execute();
    return true;
  }

  async #forgetOld(deviceId: string): Promise<void> {
    const oldestKept = this.#store.db
      .selectFrom("events")
      .select("number")
      .where("device_id", "=", deviceId)
      .orderBy("number", "desc")
      .offset(eventsPerDeviceMax - 1)
      .limit(1);
    await this.#store.db
      .deleteFrom("events")
      .where("device_id", "=", deviceId)
      .where("number", "<", oldestKept)
      .execute();
  }
}

function toEvent(row: EventRow): DeviceEvent {
  return {
    id: String(row.number),
    deviceId: row.device_id,
    type: row.type,
    text: row.text,
    fragments: JSON.parse(row.fragments) as Fragments,
    timeMs: row.time_ms,
    createdAtMs: row.created_at_ms,
  };
}
