// Operations: what a device is asked to do. They end once and never change again; a connection key is sealed while they live.
import { type Kysely, sql, type Transaction } from "kysely";
import type { Clock } from "#hardware/ports.ts";
import type { Audit } from "../audit/audit.ts";
import { type CloudLog, errorText } from "../log.ts";
import type { Vault } from "../remote-access/vault.ts";
import type { Database, OperationRow } from "../store/schema.ts";
import type { Store } from "../store/store.ts";
import type { Fragments } from "./device-registry.ts";
import { resultOfParameters, withResult } from "./operation-result.ts";
import { OperationKeys, takeKey, toOperation } from "./operation-row.ts";

export const operationStatuses = ["PENDING", "EXECUTING", "SUCCESSFUL", "FAILED"] as const;
export type OperationStatus = (typeof operationStatuses)[number];

type UnfinishedStatus = "PENDING" | "EXECUTING";

export interface Operation {
  /** Decimal, ascending. */
  readonly id: string;
  readonly deviceId: string;
  readonly description: string;
  /** The user in whose name it was created. */
  readonly userName: string;
  readonly status: OperationStatus;
  readonly failureReason: string | undefined;
  /** A connection key in it reads `***`, except in what `forDevice` and `pendingForDevice` give. */
  readonly fragments: Fragments;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export interface NewOperation {
  readonly deviceId: string;
  readonly description: string;
  readonly fragments: Fragments;
  readonly userName: string;
}

export interface OperationFilter {
  readonly deviceId?: string;
  readonly status?: OperationStatus;
  readonly fragmentType?: string;
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly isNewestFirst?: boolean;
  readonly skip: number;
  readonly take: number;
}

/** `changed`; `unchanged`: it had that status already; `ended`: it had ended; `unknown`: no such operation (of that device). */
export type StatusOutcome = "changed" | "unchanged" | "ended" | "unknown";

export type OperationsErrorCode = "operations.too-many";

/** An operation could not be created. */
export class OperationsError extends Error {
  readonly code: OperationsErrorCode;

  constructor(code: OperationsErrorCode, message: string) {
    super(message);
    this.name = "OperationsError";
    this.code = code;
  }
}

/** Unfinished operations that a device may have. */
export const unfinishedPerDeviceMax = 500;

/** Longest failure reason that is stored, in UTF-16 units. */
export const failureReasonLengthMax = 1000;

type Listener = (operation: Operation) => void;

/** What the device gives with the end of an operation: the parameters of a SmartREST message, or fragments over REST. */
export type OperationResult = { readonly parameters: readonly string[] } | { readonly fragments: Fragments };

/** Which operations are failed together, and how. */
export interface FailAll {
  readonly deviceId?: string;
  readonly statuses: readonly UnfinishedStatus[];
  readonly fragment?: string;
  readonly failureReason: string;
  readonly userName?: string;
}

export class Operations {
  readonly #clock: Clock;
  readonly #store: Store;
  readonly #keys: OperationKeys;
  readonly #audit: Audit;
  readonly #log: CloudLog;
  readonly #watchers = new Map<string, Set<Listener>>();
  readonly #createdListeners = new Set<Listener>();

  constructor(deps: {
    readonly clock: Clock;
    readonly store: Store;
    readonly vault: Vault;
    readonly audit: Audit;
    readonly log: CloudLog;
  }) {
    this.#clock = deps.clock;
    this.#store = deps.store;
    this.#keys = new OperationKeys(deps.vault);
    this.#audit = deps.audit;
    this.#log = deps.log;
  }

  /** Stores a PENDING operation and has it forwarded to the device. Throws OperationsError at the limit of unfinished ones. */
  async create(wanted: NewOperation): Promise<Operation> {
    const nowMs = Math.floor(this.#clock.nowMs());
    const { open, key } = takeKey(wanted.fragments);
    const operation = await this.#store.db.transaction().execute(async (transaction) => {
      const unfinished = await transaction
        .selectFrom("operations")
        .select((select) => select.fn.countAll<number>().as("count"))
        .where("device_id", "=", wanted.deviceId)
        .where("status", "in", ["PENDING", "EXECUTING"])
        .executeTakeFirstOrThrow();
      if (unfinished.count >= unfinishedPerDeviceMax) {
        throw new OperationsError(
          "operations.too-many",
          `The device has ${unfinished.count} unfinished operations already; at most ${unfinishedPerDeviceMax} are allowed`,
        );
      }
      const row = await transaction
        .insertInto("operations")
        .values({
          device_id: wanted.deviceId,
          description: wanted.description,
          user_name: wanted.userName,
          status: "PENDING",
          failure_reason: null,
          fragment_names: `,${Object.keys(open).join(",")},`,
          fragments: JSON.stringify(open),
          sealed_key: key === undefined ? null : this.#keys.seal(key, wanted.deviceId),
          created_at_ms: nowMs,
          updated_at_ms: nowMs,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      const made = toOperation(row);
      await this.#record(transaction, made, { activity: "Operation created", what: `status='${made.status}'` });
      return made;
    });
    // Last: who awaits the creation and then watches must not miss what the device answers.
    for (const listener of [...this.#createdListeners]) listener(operation);
    return operation;
  }

  async get(operationId: string): Promise<Operation | undefined> {
    const row = await this.#row(operationId);
    return row === undefined ? undefined : toOperation(row);
  }

  /** By ascending id unless the filter says otherwise. */
  async list(filter: OperationFilter): Promise<{ readonly operations: readonly Operation[]; readonly total: number }> {
    let query = this.#store.db.selectFrom("operations");
    if (filter.deviceId !== undefined) query = query.where("device_id", "=", filter.deviceId);
    if (filter.status !== undefined) query = query.where("status", "=", filter.status);
    if (filter.fragmentType !== undefined) query = query.where(hasFragment(filter.fragmentType));
    if (filter.fromMs !== undefined) query = query.where("created_at_ms", ">=", filter.fromMs);
    if (filter.toMs !== undefined) query = query.where("created_at_ms", "<=", filter.toMs);
    const count = await query.select((select) => select.fn.countAll<number>().as("total")).executeTakeFirstOrThrow();
    const rows = await query
      .selectAll()
      .orderBy("number", filter.isNewestFirst === true ? "desc" : "asc")
      .limit(filter.take)
      .offset(filter.skip)
      .execute();
    return { operations: rows.map(toOperation), total: count.total };
  }

  /** The operation as only its device may read it: with the connection key. */
  async forDevice(operationId: string): Promise<Operation | undefined> {
    const row = await this.#row(operationId);
    return row === undefined ? undefined : this.#keys.withKey(row);
  }

  /** The device's PENDING operations with their connection keys, oldest first. */
  async pendingForDevice(deviceId: string): Promise<readonly Operation[]> {
    const rows = await this.#store.db
      .selectFrom("operations")
      .selectAll()
      .where("device_id", "=", deviceId)
      .where("status", "=", "PENDING")
      .orderBy("number")
      .execute();
    return rows.map((row) => this.#keys.withKey(row));
  }

  /**
   * Moves an operation on. An ended one stays as it is; `by.deviceId` restricts to operations of that device,
   * `by.userName` is who the audit record names (default: the creator), `by.result` goes into the operation.
   */
  async setStatus(
    operationId: string,
    status: Exclude<OperationStatus, "PENDING">,
    failureReason?: string,
    by: { readonly deviceId?: string; readonly userName?: string; readonly result?: OperationResult } = {},
  ): Promise<StatusOutcome> {
    const before = await this.#row(operationId);
    if (before === undefined || (by.deviceId !== undefined && before.device_id !== by.deviceId)) return "unknown";
    if (before.status === status) return isEnded(status) ? "ended" : "unchanged";
    // Somebody else's text may quote any key of the device. Our own sessions end by the hundred and know one each.
    const isForeign = by.userName !== undefined || by.deviceId !== undefined;
    const reason = isForeign
      ? await this.withoutKeys(before.device_id, failureReason ?? "")
      : this.#keys.removeFrom([before], failureReason ?? "");
    // Only what has ended takes one: before, a device could put into an operation whatever it wants to be asked for.
    const result = isEnded(status) ? await this.#resultFor(before, by.result) : undefined;
    const move = {
      from: ["PENDING", "EXECUTING"],
      to: status,
      failureReason: reason,
      userName: by.userName,
      result,
    } as const;
    return (await this.#move(before, move)) ? "changed" : "ended";
  }

  /** SmartREST 501 to 503: the device's oldest operation with that fragment in status `from`. Its id, or undefined if there is none. */
  async setStatusOfOldest(
    deviceId: string,
    fragment: string,
    move: {
      readonly from: UnfinishedStatus;
      readonly to: Exclude<OperationStatus, "PENDING">;
      readonly failureReason?: string;
      readonly userName: string;
      readonly result?: OperationResult;
    },
  ): Promise<string | undefined> {
    const oldest = await this.#store.db
      .selectFrom("operations")
      .selectAll()
      .where("device_id", "=", deviceId)
      .where("status", "=", move.from)
      .where(hasFragment(fragment))
      .orderBy("number")
      .limit(1)
      .executeTakeFirst();
    if (oldest === undefined) return undefined;
    const failureReason = await this.withoutKeys(deviceId, move.failureReason ?? "");
    const { from, to, userName } = move;
    const result = await this.#resultFor(oldest, move.result);
    const isMoved = await this.#move(oldest, { from: [from], to, failureReason, userName, result });
    return isMoved ? String(oldest.number) : undefined;
  }

  /** Fails every operation that `which` names, oldest first, and says how many. */
  async failAll(which: FailAll): Promise<number> {
    // All in one: either they all wait on, or all of them have ended.
    const failed = await this.#store.db.transaction().execute((transaction) => this.failAllAlong(transaction, which));
    failed.tell();
    return failed.count;
  }

  /** As `failAll`, as a part of a larger change. `tell` is to be called once that is committed. */
  async failAllAlong(
    transaction: Transaction<Database>,
    which: FailAll,
  ): Promise<{ readonly count: number; tell(): void }> {
    let query = transaction.selectFrom("operations").where("status", "in", which.statuses);
    if (which.deviceId !== undefined) query = query.where("device_id", "=", which.deviceId);
    if (which.fragment !== undefined) query = query.where(hasFragment(which.fragment));
    // Before the first of them ends, and its key is forgotten.
    const failureReason = await this.withoutKeys(which.deviceId, which.failureReason, transaction);
    const failed: Operation[] = [];
    for (const row of await query.selectAll().orderBy("number").execute()) {
      const how = { from: which.statuses, to: "FAILED", failureReason, userName: which.userName } as const;
      const moved = await this.#moveAlong(transaction, row, how);
      if (moved !== undefined) failed.push(moved);
    }
    return {
      count: failed.length,
      tell: () => {
        for (const operation of failed) this.#tell(operation);
      },
    };
  }

  /** A text of a device (undefined: of any) without the keys of its unfinished operations, wherever it quotes them. */
  async withoutKeys(
    deviceId: string | undefined,
    text: string,
    db: Kysely<Database> = this.#store.db,
  ): Promise<string> {
    let query = db.selectFrom("operations").where("status", "in", ["PENDING", "EXECUTING"]);
    if (deviceId !== undefined) query = query.where("device_id", "=", deviceId);
    const rows = await query.where("sealed_key", "is not", null).selectAll().execute();
    return this.#keys.removeFrom(rows, text);
  }

  /** Calls back synchronously after each committed change of the operation's status, until the returned function is called. */
  watch(operationId: string, changed: Listener): () => void {
    const listeners = this.#watchers.get(operationId) ?? new Set();
    this.#watchers.set(operationId, listeners.add(changed));
    return () => {
      listeners.delete(changed);
      if (listeners.size === 0 && this.#watchers.get(operationId) === listeners) this.#watchers.delete(operationId);
    };
  }

  /** Calls back synchronously after each creation, until the returned function is called. */
  watchCreated(created: Listener): () => void {
    this.#createdListeners.add(created);
    return () => this.#createdListeners.delete(created);
  }

  /** The fragments with what the device gave, which may quote keys as any text of a device. */
  async #resultFor(before: OperationRow, result: OperationResult | undefined): Promise<Fragments | undefined> {
    if (result === undefined) return undefined;
    const fragments = JSON.parse(before.fragments) as Fragments;
    const given = "parameters" in result ? resultOfParameters(fragments, result.parameters) : result.fragments;
    // A key consists of letters, digits and -._~ only: the text stays JSON without it.
    const clean = await this.withoutKeys(before.device_id, JSON.stringify(given));
    return withResult(fragments, JSON.parse(clean) as Fragments);
  }

  async #row(operationId: string): Promise<OperationRow | undefined> {
    if (!/^[1-9][0-9]{0,14}$/.test(operationId)) return undefined;
    return this.#store.db
      .selectFrom("operations")
      .selectAll()
      .where("number", "=", Number(operationId))
      .executeTakeFirst();
  }

  /** False if it was not in one of the statuses `from` any more. Watchers hear of it once it is committed. */
  async #move(before: OperationRow, move: Move): Promise<boolean> {
    const moved = await this.#store.db
      .transaction()
      .execute((transaction) => this.#moveAlong(transaction, before, move));
    if (moved !== undefined) this.#tell(moved);
    return moved !== undefined;
  }

  /** The one place that changes a status: conditional, so that of two that end an operation one wins. */
  async #moveAlong(
    transaction: Transaction<Database>,
    before: OperationRow,
    { from, to, failureReason, userName, result }: Move,
  ): Promise<Operation | undefined> {
    const row = await transaction
      .updateTable("operations")
      .set({
        status: to,
        updated_at_ms: Math.floor(this.#clock.nowMs()),
        ...(to === "FAILED" ? { failure_reason: failureReason.slice(0, failureReasonLengthMax) } : {}),
        ...(isEnded(to) ? { sealed_key: null } : {}),
        ...(result === undefined ? {} : { fragments: JSON.stringify(result) }),
      })
      .where("number", "=", before.number)
      .where("status", "in", from)
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const operation = toOperation(row);
    const why = operation.failureReason === undefined ? "" : `, failure reason='${operation.failureReason}'`;
    const what = `status='${operation.status}'${why}`;
    await this.#record(transaction, operation, { activity: "Operation updated", what, userName });
    return operation;
  }

  #tell(operation: Operation): void {
    for (const listener of [...(this.#watchers.get(operation.id) ?? [])]) listener(operation);
  }

  /** In the transaction of the change: neither is there without the other; the log keeps why. */
  async #record(
    transaction: Transaction<Database>,
    operation: Operation,
    event: { readonly activity: string; readonly what: string; readonly userName?: string | undefined },
  ): Promise<void> {
    const { activity, what, userName = operation.userName } = event;
    const record = {
      type: "Operation",
      activity,
      text: `${activity}: ${what}, description='${operation.description}'.`,
      deviceId: operation.deviceId,
      userName,
      fields: { postern_Operation: { operation: operation.id, status: operation.status } },
    } as const;
    try {
      await this.#audit.record(record, transaction);
    } catch (error) {
      this.#log.error("audit.failed", { operation: operation.id, activity, why: errorText(error) });
      throw error;
    }
  }
}

interface Move {
  readonly from: readonly UnfinishedStatus[];
  readonly to: Exclude<OperationStatus, "PENDING">;
  /** Holds no key. */
  readonly failureReason: string;
  readonly userName: string | undefined;
  /** The fragments as they are from then on; undefined if they stay. */
  readonly result?: Fragments | undefined;
}

function isEnded(status: OperationStatus): boolean {
  return status === "SUCCESSFUL" || status === "FAILED";
}

function hasFragment(name: string) {
  return sql<boolean>`instr(fragment_names, ${`,${name},`}) > 0`;
}
