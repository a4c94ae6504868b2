// Measurements: the numbers that devices sent, the newest of each device.
import { type SelectQueryBuilder, sql } from "kysely";
import type { Clock } from "#hardware/ports.ts";
import type { MeasuredValue } from "#protocol/smartrest/parse-data.ts";
import type { Audit } from "../audit/audit.ts";
import type { Database, MeasurementRow } from "../store/schema.ts";
import type { Store } from "../store/store.ts";
import type { Fragments } from "./device-registry.ts";

export interface Measurement {
  readonly id: string;
  readonly deviceId: string;
  readonly type: string;
  /** `{<fragment>: {<series>: {value, unit}}}` */
  readonly fragments: Fragments;
  /** When it was measured, as the device said. */
  readonly timeMs: number;
}

export interface MeasurementFilter {
  readonly deviceId?: string;
  readonly type?: string;
  readonly fragment?: string;
  readonly series?: string;
  readonly fromMs?: number;
  readonly toMs?: number;
}

export interface MeasurementPage extends MeasurementFilter {
  readonly isNewestFirst?: boolean;
  readonly skip: number;
  readonly take: number;
}

/** Measurements that are kept for each device; those that came first go first. A week, at one a minute. */
export const measurementsPerDeviceMax = 10_000;

/** So many go at a time: to look for the oldest costs some ms of everybody's time. */
const forgottenAtOnce = 100;

/** Longest type that is kept, in UTF-16 units. */
const typeLengthMax = 256;

export class Measurements {
  readonly #clock: Clock;
  readonly #store: Store;
  readonly #audit: Audit;
  /** How many of a device may still come before the oldest go. */
  readonly #roomOf = new Map<string, number>();

  constructor(deps: { readonly clock: Clock; readonly store: Store; readonly audit: Audit }) {
    this.#clock = deps.clock;
    this.#store = deps.store;
    this.#audit = deps.audit;
  }

  /** `timeMs` defaults to now. */
  async create(measurement: {
    readonly deviceId: string;
    readonly type: string;
    readonly fragments: Fragments;
    readonly timeMs?: number;
  }): Promise<Measurement> {
    const nowMs = Math.floor(this.#clock.nowMs());
    const row = await this.#store.db
      .insertInto("measurements")
      .values({
        device_id: measurement.deviceId,
        type: measurement.type.slice(0, typeLengthMax),
        fragments: JSON.stringify(measurement.fragments),
        time_ms: measurement.timeMs ?? nowMs,
        created_at_ms: nowMs,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    await this.#keepRoom(measurement.deviceId);
    return toMeasurement(row);
  }

  async get(measurementId: string): Promise<Measurement | undefined> {
    if (!/^[1-9][0-9]{0,14}$/.test(measurementId)) return undefined;
    const row = await this.#store.db
      .selectFrom("measurements")
      .selectAll()
      .where("number", "=", Number(measurementId))
      .executeTakeFirst();
    return row === undefined ? undefined : toMeasurement(row);
  }

  /** By the time of measuring, oldest first unless the filter says otherwise. */
  async list(filter: MeasurementPage): Promise<{
    readonly measurements: readonly Measurement[];
    readonly total: number;
  }> {
    const query = filtered(this.#store.db.selectFrom("measurements"), filter);
    const count = await query.select((select) => select.fn.countAll<number>().as("total")).executeTakeFirstOrThrow();
    const direction = filter.isNewestFirst === true ? "desc" : "asc";
    const rows = await query
      .selectAll()
      .orderBy("time_ms", direction)
      .orderBy("number", direction)
      .limit(filter.take)
      .offset(filter.skip)
      .execute();
    return { measurements: rows.map(toMeasurement), total: count.total };
  }

  /** Removes those of one device that the filter names, says how many, and leaves an audit record if there were any. */
  async remove(filter: MeasurementFilter & { readonly deviceId: string }, userName: string): Promise<number> {
    return this.#store.db.transaction().execute(async (transaction) => {
      const query = filtered(transaction.selectFrom("measurements"), filter);
      const rows = await query.select("number").execute();
      for (const { number } of rows) {
        await transaction.deleteFrom("measurements").where("number", "=", number).execute();
      }
      if (rows.length > 0) {
        const text = `Measurements removed: ${rows.length} of the device.`;
        const record = { type: "Inventory", activity: "Measurements removed", text, userName } as const;
        await this.#audit.record({ ...record, deviceId: filter.deviceId }, transaction);
      }
      return rows.length;
    });
  }

  /** False if there is no such measurement. */
  async removeOne(measurement: Measurement, userName: string): Promise<boolean> {
    return this.#store.db.transaction().execute(async (transaction) => {
      const result = await transaction
        .deleteFrom("measurements")
        .where("number", "=", Number(measurement.id))
        .executeTakeFirst();
      if (result.numDeletedRows === 0n) return false;
      const text = `Measurement removed: '${measurement.type}' of ${new Date(measurement.timeMs).toISOString()}.`;
      const record = { type: "Inventory", activity: "Measurements removed", text, userName } as const;
      await this.#audit.record({ ...record, deviceId: measurement.deviceId }, transaction);
      return true;
    });
  }

  async #keepRoom(deviceId: string): Promise<void> {
    const room = this.#roomOf.get(deviceId) ?? 0;
    this.#roomOf.set(deviceId, room > 0 ? room - 1 : forgottenAtOnce);
    if (room > 0) return;
    const oldestKept = this.#store.db
      .selectFrom("measurements")
      .select("number")
      .where("device_id", "=", deviceId)
      .orderBy("number", "desc")
      .offset(measurementsPerDeviceMax - forgottenAtOnce - 1)
      .limit(1);
    await this.#store.db
      .deleteFrom("measurements")
      .where("device_id", "=", deviceId)
      .where("number", "<", oldestKept)
      .execute();
  }
}

/** The values as the document has them. */
export function measuredFragments(values: readonly MeasuredValue[]): Fragments {
  const fragments = new Map<string, Map<string, { readonly value: number; readonly unit: string }>>();
  for (const { fragment, series, value, unit } of values) {
    const seriesOf = fragments.get(fragment) ?? new Map();
    fragments.set(fragment, seriesOf.set(series, { value, unit }));
  }
  return Object.fromEntries([...fragments].map(([name, series]) => [name, Object.fromEntries(series)]));
}

function filtered<O>(
  all: SelectQueryBuilder<Database, "measurements", O>,
  filter: MeasurementFilter,
): SelectQueryBuilder<Database, "measurements", O> {
  let query = all;
  if (filter.deviceId !== undefined) query = query.where("device_id", "=", filter.deviceId);
  if (filter.type !== undefined) query = query.where("type", "=", filter.type);
  if (filter.fragment !== undefined) {
    const series = filter.series === undefined ? "" : `.${JSON.stringify(filter.series)}`;
    const path = `$.${JSON.stringify(filter.fragment)}${series}`;
    query = query.where(sql<boolean>`json_type(fragments, ${path}) is not null`);
  }
  if (filter.fromMs !== undefined) query = query.where("time_ms", ">=", filter.fromMs);
  if (filter.toMs !== undefined) query = query.where("time_ms", "<=", filter.toMs);
  return query;
}

function toMeasurement(row: MeasurementRow): Measurement {
  return {
    id: String(row.number),
    deviceId: row.device_id,
    type: row.type,
    fragments: JSON.parse(row.fragments) as Fragments,
    timeMs: row.time_ms,
  };
}
