// Alarms as rows of the store: found, filtered, forgotten.
import { type SelectQueryBuilder, sql, type Transaction } from "kysely";
import type { AlarmRow, Database } from "../store/schema.ts";
import type { Store } from "../store/store.ts";
import type { Alarm, AlarmFilter } from "./alarms.ts";
import type { Fragments } from "./device-registry.ts";

/** Undefined also for what is no id. */
export async function findAlarm(
  db: Transaction<Database> | Store["db"],
  alarmId: string,
): Promise<AlarmRow | undefined> {
  if (!/^[1-9][0-9]{0,14}$/.test(alarmId)) return undefined;
  return db.selectFrom("alarms").selectAll().where("number", "=", Number(alarmId)).executeTakeFirst();
}

/** All but so many: those that stand stay, there are fewer of them. */
export async function forgetOldAlarms(
  transaction: Transaction<Database>,
  deviceId: string,
  kept: number,
): Promise<void> {
  const tooOld = transaction
    .selectFrom("alarms")
    .select("number")
    .where("device_id", "=", deviceId)
    .orderBy(sql`status = 'CLEARED'`)
    .orderBy("number", "desc")
    .offset(kept)
    .limit(kept);
  await transaction.deleteFrom("alarms").where("number", "in", tooOld).execute();
}

/** Narrows a query to what the filter names. */
export function filteredAlarms<O>(
  all: SelectQueryBuilder<Database, "alarms", O>,
  filter: AlarmFilter,
): SelectQueryBuilder<Database, "alarms", O> {
  let query = all;
  if (filter.deviceId !== undefined) query = query.where("device_id", "=", filter.deviceId);
  if (filter.type !== undefined) query = query.where("type", "=", filter.type);
  if (filter.statuses !== undefined) query = query.where("status", "in", filter.statuses);
  if (filter.severities !== undefined) query = query.where("severity", "in", filter.severities);
  if (filter.fromMs !== undefined) query = query.where("time_ms", ">=", filter.fromMs);
  if (filter.toMs !== undefined) query = query.where("time_ms", "<=", filter.toMs);
  return query;
}

/** As the rest of the cloud knows it. */
export function toAlarm(row: AlarmRow): Alarm {
  return {
    id: String(row.number),
    deviceId: row.device_id,
    type: row.type,
    text: row.text,
    severity: row.severity,
    status: row.status,
    count: row.count,
    fragments: JSON.parse(row.fragments) as Fragments,
    firstTimeMs: row.first_time_ms,
    timeMs: row.time_ms,
    createdAtMs: row.created_at_ms,
    updatedAtMs: row.updated_at_ms,
  };
}
