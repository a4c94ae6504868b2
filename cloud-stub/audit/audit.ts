// The audit trail: who did what to which device, append-only.
import { type Kysely, sql } from "kysely";
import type { Clock } from "#hardware/ports.ts";
import type { AuditRow, Database } from "../store/schema.ts";
import type { Store } from "../store/store.ts";
import { firstPreviousHash } from "./audit-hash.ts";

/** Cumulocity's record types that we write (protocol.md 5.9). */
export type AuditType =
  | "Alarm"
  | "Event"
  | "Group"
  | "Inventory"
  | "Operation"
  | "Option"
  | "SYSTEM"
  | "Tenant"
  | "User"
  | "UserAuthentication";

export interface NewAuditRecord {
  readonly type: AuditType;
  /** Such as "Operation created". */
  readonly activity: string;
  /** One sentence for people, without secrets. */
  readonly text: string;
  /** Internal id of the device; the `source` of the record. */
  readonly deviceId?: string;
  readonly userName: string;
  /** Stand at the top level of the record as REST gives it, such as `postern_Session`. Without secrets. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface AuditRecord extends NewAuditRecord {
  readonly id: string;
  readonly timeMs: number;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Hashes of the chain, hex: the one of the record before, and its own over that and everything else. */
  readonly previousHash: string;
  readonly hash: string;
}

export interface AuditFilter {
  readonly deviceId?: string;
  readonly type?: string;
  readonly userName?: string;
  /** The word with which a remote-access session closed. */
  readonly reason?: string;
  readonly fromMs?: number;
  readonly toMs?: number;
  /** Newest first. */
  readonly isNewestFirst?: boolean;
}

export interface AuditPage extends AuditFilter {
  readonly skip: number;
  readonly take: number;
}

export class Audit {
  readonly #clock: Clock;
  readonly #store: Store;

  constructor(deps: { readonly clock: Clock; readonly store: Store }) {
    this.#clock = deps.clock;
    this.#store = deps.store;
  }

  /** Resolves once the record is durable; with a transaction, as soon as that is. */
  async record(record: NewAuditRecord, db: Kysely<Database> = this.#store.db): Promise<void> {
    const values = [
      record.type,
      record.activity,
      record.text,
      record.deviceId ?? null,
      record.userName,
      JSON.stringify(record.fields ?? {}),
      Math.floor(this.#clock.nowMs()),
    ].map((value) => sql`${value}`);
    // One statement, so that of several processes each record has its own predecessor.
    await sql`
      insert into audit_records
        (number, type, activity, text, device_id, user_name, fields, time_ms, previous_hash, hash)
      select next, ${sql.join(values)}, previous, audit_hash(next, ${sql.join(values)}, previous)
      from (select
        coalesce((select seq from sqlite_sequence where name = 'audit_records'), 0) + 1 as next,
        coalesce((select hash from audit_records order by number desc limit 1), ${firstPreviousHash}) as previous)
    `.execute(db);
  }

  async get(id: string): Promise<AuditRecord | undefined> {
    if (!/^[1-9][0-9]{0,14}$/.test(id)) return undefined;
    const query = this.#store.db.selectFrom("audit_records").selectAll().where("number", "=", Number(id));
    const row = await query.executeTakeFirst();
    return row === undefined ? undefined : toRecord(row);
  }

  /** Number of the newest record; 0 if there is none. */
  async lastNumber(): Promise<number> {
    const query = this.#store.db.selectFrom("audit_records").select((select) => select.fn.max("number").as("last"));
    return (await query.executeTakeFirst())?.last ?? 0;
  }

  /** Oldest first unless the filter says otherwise. */
  async list(filter: AuditPage): Promise<{ readonly records: readonly AuditRecord[]; readonly total: number }> {
    const query = this.#filtered(filter);
    const count = await query.select((select) => select.fn.countAll<number>().as("total")).executeTakeFirstOrThrow();
    const rows = await query
      .selectAll()
      .orderBy("number", filter.isNewestFirst === true ? "desc" : "asc")
      .limit(filter.take)
      .offset(filter.skip)
      .execute();
    return { records: rows.map(toRecord), total: count.total };
  }

  /** Every record of this moment, in the order of `list`, `batch` of them at a time: each costs the same wherever it stands. */
  async *all(filter: AuditFilter, batch: number): AsyncGenerator<readonly AuditRecord[]> {
    const last = await this.lastNumber();
    const isNewestFirst = filter.isNewestFirst === true;
    let after = isNewestFirst ? last + 1 : 0;
    for (;;) {
      const rows = await this.#filtered(filter)
        .selectAll()
        .where("number", "<=", last)
        .where("number", isNewestFirst ? "<" : ">", after)
        .orderBy("number", isNewestFirst ? "desc" : "asc")
        .limit(batch)
        .execute();
      const end = rows.at(-1);
      if (end === undefined) return;
      yield rows.map(toRecord);
      after = end.number;
    }
  }

  #filtered(filter: AuditFilter) {
    let query = this.#store.db.selectFrom("audit_records");
    if (filter.deviceId !== undefined) query = query.where("device_id", "=", filter.deviceId);
    if (filter.type !== undefined) query = query.where("type", "=", filter.type);
    if (filter.userName !== undefined) query = query.where("user_name", "=", filter.userName);
    if (filter.reason !== undefined) {
      query = query.where(sql`json_extract(fields, '$.postern_Session.reason')`, "=", filter.reason);
    }
    if (filter.fromMs !== undefined) query = query.where("time_ms", ">=", filter.fromMs);
    if (filter.toMs !== undefined) query = query.where("time_ms", "<=", filter.toMs);
    return query;
  }
}

function toRecord(row: AuditRow): AuditRecord {
  return {
    id: String(row.number),
    type: row.type as AuditType,
    activity: row.activity,
    text: row.text,
    ...(row.device_id === null ? {} : { deviceId: row.device_id }),
    userName: row.user_name,
    fields: JSON.parse(row.fields) as Record<string, unknown>,
    timeMs: row.time_ms,
    previousHash: row.previous_hash,
    hash: row.hash,
  };
}
