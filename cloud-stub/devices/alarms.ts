// Alarms: what is wrong with a device, as it says. One stands per device and type; raised again, it counts up.
import { sql, type Transaction } from "kysely";
import type { Clock } from "#hardware/ports.ts";
import type { AlarmSeverity } from "#protocol/smartrest/parse-data.ts";
import type { Audit } from "../audit/audit.ts";
import type { AlarmRow, Database } from "../store/schema.ts";
import type { Store } from "../store/store.ts";
import { filteredAlarms, findAlarm, forgetOldAlarms, toAlarm } from "./alarm-rows.ts";
import type { Fragments } from "./device-registry.ts";

export const alarmStatuses = ["ACTIVE", "ACKNOWLEDGED", "CLEARED"] as const;
export type AlarmStatus = (typeof alarmStatuses)[number];

export interface Alarm {
  readonly id: string;
  readonly deviceId: string;
  readonly type: string;
  readonly text: string;
  readonly severity: AlarmSeverity;
  readonly status: AlarmStatus;
  /** How often it was raised since it stands. */
  readonly count: number;
  readonly fragments: Fragments;
  /** When it was raised first, and last, as the device said. */
  readonly firstTimeMs: number;
  readonly timeMs: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export interface AlarmFilter {
  readonly deviceId?: string;
  readonly type?: string;
  readonly statuses?: readonly AlarmStatus[];
  readonly severities?: readonly AlarmSeverity[];
  readonly fromMs?: number;
  readonly toMs?: number;
}

export interface AlarmPage extends AlarmFilter {
  readonly isOldestFirst?: boolean;
  readonly skip: number;
  readonly take: number;
}

export interface AlarmChange {
  readonly status?: AlarmStatus;
  readonly severity?: AlarmSeverity;
  readonly text?: string;
}

/** `exists`: another alarm of the device and type stands already, so a cleared one cannot stand again. */
export type ChangeOutcome = "changed" | "unknown" | "exists";

/** Alarms that may stand at a time on one device. */
export const standingPerDeviceMax = 200;

/** Alarms that are kept for each device; the cleared ones that were raised first go first. */
export const alarmsPerDeviceMax = 1_000;

/** Longest type and text that are kept, in UTF-16 units. */
const typeLengthMax = 256;
const textLengthMax = 2_000;

export class Alarms {
  readonly #clock: Clock;
  readonly #store: Store;
  readonly #audit: Audit;

  constructor(deps: { readonly clock: Clock; readonly store: Store; readonly audit: Audit }) {
    this.#clock = deps.clock;
    this.#store = deps.store;
    this.#audit = deps.audit;
  }

  /**
   * Raises an alarm. If one of its device and type stands (acknowledged or not), that one counts up and takes the time,
   * and nothing else of it changes. `full`: `standingPerDeviceMax` stand already. `timeMs` defaults to now.
   */
  async raise(wanted: {
    readonly deviceId: string;
    readonly type: string;
    readonly text: string;
    readonly severity: AlarmSeverity;
    readonly status?: "ACTIVE" | "ACKNOWLEDGED";
    readonly fragments?: Fragments;
    readonly timeMs?: number;
  }): Promise<Alarm | "full"> {
    const nowMs = Math.floor(this.#clock.nowMs());
    const timeMs = wanted.timeMs ?? nowMs;
    const { deviceId } = wanted;
    const type = wanted.type.slice(0, typeLengthMax);
    return this.#store.db.transaction().execute(async (transaction) => {
      const again = await transaction
        .updateTable("alarms")
        .set({ count: sql<number>`count + 1`, time_ms: timeMs, updated_at_ms: nowMs })
        .where("device_id", "=", deviceId)
        .where("type", "=", type)
        .where("status", "<>", "CLEARED")
        .returningAll()
        .executeTakeFirst();
      if (again !== undefined) return toAlarm(again);
      if (
        (await this.#count(transaction, { deviceId, statuses: ["ACTIVE", "ACKNOWLEDGED"] })) >= standingPerDeviceMax
      ) {
        return "full";
      }
      const row = await transaction
        .insertInto("alarms")
        .values({
          device_id: deviceId,
          type,
          text: (wanted.text === "" ? `Alarm of type ${type} raised` : wanted.text).slice(0, textLengthMax),
          severity: wanted.severity,
          status: wanted.status ?? "ACTIVE",
          count: 1,
          fragments: JSON.stringify(wanted.fragments ?? {}),
          first_time_ms: timeMs,
          time_ms: timeMs,
          created_at_ms: nowMs,
          updated_at_ms: nowMs,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      await forgetOldAlarms(transaction, deviceId, alarmsPerDeviceMax);
      return toAlarm(row);
    });
  }

  async get(alarmId: string): Promise<Alarm | undefined> {
    const row = await findAlarm(this.#store.db, alarmId);
    return row === undefined ? undefined : toAlarm(row);
  }

  /** The one of that device and type that is not cleared. */
  async standing(deviceId: string, type: string): Promise<Alarm | undefined> {
    const row = await this.#store.db
      .selectFrom("alarms")
      .selectAll()
      .where("device_id", "=", deviceId)
      .where("type", "=", type.slice(0, typeLengthMax))
      .where("status", "<>", "CLEARED")
      .executeTakeFirst();
    return row === undefined ? undefined : toAlarm(row);
  }

  /** Newest first unless the filter says otherwise. */
  async list(filter: AlarmPage): Promise<{ readonly alarms: readonly Alarm[]; readonly total: number }> {
    const rows = await filteredAlarms(this.#store.db.selectFrom("alarms"), filter)
      .selectAll()
      .orderBy("number", filter.isOldestFirst === true ? "asc" : "desc")
      .limit(filter.take)
      .offset(filter.skip)
      .execute();
    return { alarms: rows.map(toAlarm), total: await this.count(filter) };
  }

  async count(filter: AlarmFilter): Promise<number> {
    return this.#count(this.#store.db, filter);
  }

  /** `by`: the person who changes it, for the audit record; what devices say of themselves has none. */
  async change(alarmId: string, change: AlarmChange, by?: string): Promise<ChangeOutcome> {
    return this.#store.db.transaction().execute(async (transaction) => {
      const before = await findAlarm(transaction, alarmId);
      if (before === undefined) return "unknown";
      const { status = before.status, severity = before.severity, text = before.text } = change;
      if (before.status === "CLEARED" && status !== "CLEARED") {
        const filter = { deviceId: before.device_id, type: before.type, statuses: ["ACTIVE", "ACKNOWLEDGED"] } as const;
        if ((await this.#count(transaction, filter)) > 0) return "exists";
      }
      const updatedAtMs = Math.floor(this.#clock.nowMs());
      await transaction
        .updateTable("alarms")
        .set({ status, severity, text: text.slice(0, textLengthMax), updated_at_ms: updatedAtMs })
        .where("number", "=", before.number)
        .execute();
      if (by !== undefined) await this.#record(transaction, before, { status, severity, text }, by);
      return "changed";
    });
  }

  /** Takes these fragments off. */
  async removeFragments(alarm: Alarm, names: readonly string[]): Promise<void> {
    const kept = Object.entries(alarm.fragments).filter(([name]) => !names.includes(name));
    await this.#store.db
      .updateTable("alarms")
      .set({ fragments: JSON.stringify(Object.fromEntries(kept)), updated_at_ms: Math.floor(this.#clock.nowMs()) })
      .where("number", "=", Number(alarm.id))
      .execute();
  }

  async #count(db: Transaction<Database> | Store["db"], filter: AlarmFilter): Promise<number> {
    const { count } = await filteredAlarms(db.selectFrom("alarms"), filter)
      .select((select) => select.fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow();
    return count;
  }

  async #record(
    transaction: Transaction<Database>,
    before: AlarmRow,
    after: Required<AlarmChange>,
    userName: string,
  ): Promise<void> {
    const changes = (["status", "severity", "text"] as const).filter((name) => before[name] !== after[name]);
    if (changes.length === 0) return;
    const what = changes.map((name) => `${name}='${after[name]}'`).join(", ");
    const text = `Alarm updated: '${before.text}' (${before.type}): ${what}.`;
    const record = { type: "Alarm", activity: "Alarm updated", text, deviceId: before.device_id, userName } as const;
    await this.#audit.record(record, transaction);
  }
}
