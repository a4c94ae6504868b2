// Files that people and devices put into the cloud: configurations to be fetched, and what is attached to events. They rest in the store.
import { type Kysely, sql, type Transaction } from "kysely";
import type { Clock } from "#hardware/ports.ts";
import type { Audit } from "../audit/audit.ts";
import type { Database, FileRow } from "../store/schema.ts";
import type { Store } from "../store/store.ts";

export interface StoredFile {
  /** From the sequence of the devices' ids. */
  readonly id: string;
  /** The device that sent it; undefined for a person's. */
  readonly deviceId: string | undefined;
  /** The event to which it is attached. */
  readonly eventId: string | undefined;
  /** User name of who sent it. */
  readonly owner: string;
  readonly name: string;
  /** Media type, as the sender said. */
  readonly type: string;
  readonly bytes: number;
  readonly createdAtMs: number;
}

export interface NewFile {
  readonly deviceId?: string;
  readonly eventId?: string;
  readonly owner: string;
  readonly name: string;
  readonly type: string;
  readonly content: Uint8Array;
}

export interface FileLimits {
  /** Largest file, in bytes. */
  readonly fileBytesMax: number;
  /** All files that devices sent, for each device, in bytes: the oldest go first. */
  readonly deviceBytesMax: number;
  /** The same in files: small ones of one device must not take the place of everybody's. */
  readonly deviceFilesMax: number;
  /** All files of the tenant, in bytes. */
  readonly tenantBytesMax: number;
  /** All files of the tenant. */
  readonly filesMax: number;
}

const mebibyte = 1024 * 1024;

export const defaultFileLimits: FileLimits = {
  fileBytesMax: 10 * mebibyte,
  deviceBytesMax: 50 * mebibyte,
  deviceFilesMax: 200,
  tenantBytesMax: 1024 * mebibyte,
  filesMax: 10_000,
};

/** `exists`: the event has a file already; `full`: a limit of the tenant. */
export type FileRefusal = "too-large" | "exists" | "full";

/** Longest name and media type, in UTF-16 units. */
const nameLengthMax = 256;
const typeLengthMax = 128;

export class Files {
  readonly limits: FileLimits;
  readonly #clock: Clock;
  readonly #store: Store;
  readonly #audit: Audit;

  constructor(deps: {
    readonly clock: Clock;
    readonly store: Store;
    readonly audit: Audit;
    readonly limits?: FileLimits;
  }) {
    this.#clock = deps.clock;
    this.#store = deps.store;
    this.#audit = deps.audit;
    this.limits = deps.limits ?? defaultFileLimits;
  }

  /** Keeps a file. For a device that has no more room its oldest ones make it. */
  async create(file: NewFile): Promise<StoredFile | FileRefusal> {
    const bytes = file.content.length;
    if (bytes > this.limits.fileBytesMax) return "too-large";
    return this.#store.db.transaction().execute(async (transaction) => {
      if (file.eventId !== undefined && (await ofEvent(transaction, file.eventId)) !== undefined) return "exists";
      if (file.deviceId !== undefined) await this.#makeRoom(transaction, file.deviceId, bytes);
      const all = await total(transaction);
      if (all.bytes + bytes > this.limits.tenantBytesMax || all.count >= this.limits.filesMax) return "full";
      const row = await this.#insert(transaction, file);
      if (file.deviceId === undefined) await this.#record(transaction, row, "File added", file.owner);
      return toFile(row);
    });
  }

  async get(fileId: string): Promise<StoredFile | undefined> {
    const row = await this.#store.db.selectFrom("files").selectAll().where("id", "=", fileId).executeTakeFirst();
    return row === undefined ? undefined : toFile(row);
  }

  async ofEvent(eventId: string): Promise<StoredFile | undefined> {
    const row = await ofEvent(this.#store.db, eventId);
    return row === undefined ? undefined : toFile(row);
  }

  /** Undefined if it was removed meanwhile. */
  async content(fileId: string): Promise<Buffer | undefined> {
    const row = await this.#store.db
      .selectFrom("file_contents")
      .select("content")
      .where("file_id", "=", fileId)
      .executeTakeFirst();
    return row === undefined ? undefined : Buffer.from(row.content);
  }

  /** Those that are attached to no event, newest first; with `deviceId` that device's. */
  async list(filter: { readonly deviceId?: string; readonly skip: number; readonly take: number }): Promise<{
    readonly files: readonly StoredFile[];
    readonly total: number;
  }> {
    let query = this.#store.db.selectFrom("files").where("event_number", "is", null);
    if (filter.deviceId !== undefined) query = query.where("device_id", "=", filter.deviceId);
    const { count } = await query
      .select((select) => select.fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow();
    const rows = await query
      .selectAll()
      .orderBy(sql`cast(id as integer)`, "desc")
      .limit(filter.take)
      .offset(filter.skip)
      .execute();
    return { files: rows.map(toFile), total: count };
  }

  /** False if there is none. `by`: the person who removes it, for the audit record. */
  async remove(fileId: string, by?: string): Promise<boolean> {
    return this.#store.db.transaction().execute(async (transaction) => {
      const row = await transaction.deleteFrom("files").where("id", "=", fileId).returningAll().executeTakeFirst();
      if (row === undefined) return false;
      if (by !== undefined) await this.#record(transaction, row, "File removed", by);
      return true;
    });
  }

  async #insert(transaction: Transaction<Database>, file: NewFile): Promise<FileRow> {
    const counter = await transaction
      .insertInto("counters")
      .values({ name: "devices", last: 1001 })
      .onConflict((conflict) => conflict.column("name").doUpdateSet({ last: sql<number>`last + 1` }))
      .returning("last")
      .executeTakeFirstOrThrow();
    const row = await transaction
      .insertInto("files")
      .values({
        id: String(counter.last),
        device_id: file.deviceId ?? null,
        event_number: file.eventId === undefined ? null : Number(file.eventId),
        owner: file.owner,
        name: file.name.slice(0, nameLengthMax),
        type: file.type.slice(0, typeLengthMax),
        bytes: file.content.length,
        created_at_ms: Math.floor(this.#clock.nowMs()),
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    await transaction.insertInto("file_contents").values({ file_id: row.id, content: file.content }).execute();
    return row;
  }

  /** Of a device's own files the oldest go until there is room for one more of so many bytes. */
  async #makeRoom(transaction: Transaction<Database>, deviceId: string, bytes: number): Promise<void> {
    const rows = await transaction
      .selectFrom("files")
      .select(["id", "bytes"])
      .where("device_id", "=", deviceId)
      .orderBy(sql`cast(id as integer)`)
      .execute();
    const { deviceBytesMax, deviceFilesMax } = this.limits;
    let held = rows.reduce((sum, row) => sum + row.bytes, 0);
    for (const [gone, row] of rows.entries()) {
      if (held + bytes <= deviceBytesMax && rows.length - gone < deviceFilesMax) return;
      await transaction.deleteFrom("files").where("id", "=", row.id).execute();
      held -= row.bytes;
    }
  }

  async #record(transaction: Transaction<Database>, row: FileRow, activity: string, userName: string): Promise<void> {
    const text = `${activity}: '${row.name}' (${row.bytes} bytes).`;
    const deviceId = row.device_id === null ? {} : { deviceId: row.device_id };
    await this.#audit.record({ type: "Inventory", activity, text, userName, ...deviceId }, transaction);
  }
}

async function ofEvent(db: Kysely<Database>, eventId: string): Promise<FileRow | undefined> {
  if (!/^[1-9][0-9]{0,14}$/.test(eventId)) return undefined;
  return db.selectFrom("files").selectAll().where("event_number", "=", Number(eventId)).executeTakeFirst();
}

async function total(db: Kysely<Database>): Promise<{ readonly bytes: number; readonly count: number }> {
  return db
    .selectFrom("files")
    .select((select) => [
      select.fn.countAll<number>().as("count"),
      select.fn.coalesce(select.fn.sum<number>("bytes"), sql<number>`0`).as("bytes"),
    ])
    .executeTakeFirstOrThrow();
}

function toFile(row: FileRow): StoredFile {
  return {
    id: row.id,
    deviceId: row.device_id ?? undefined,
    eventId: row.event_number === null ? undefined : String(row.event_number),
    owner: row.owner,
    name: row.name,
    type: row.type,
    bytes: row.bytes,
    createdAtMs: row.created_at_ms,
  };
}
