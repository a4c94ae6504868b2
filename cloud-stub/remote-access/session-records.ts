// What a session leaves behind: its row, its two audit records and its log lines. A failing write never stops a session.
import type { Kysely, Transaction } from "kysely";
import type { Clock } from "#hardware/ports.ts";
import type { CloseReason } from "#protocol/close-reason.ts";
import type { Audit } from "../audit/audit.ts";
import { describeBug } from "../bug.ts";
import { type CloudLog, errorText } from "../log.ts";
import type { Database } from "../store/schema.ts";
import type { Store } from "../store/store.ts";
import type { Endpoint } from "./endpoints.ts";
import type { SessionEnd } from "./session.machine.ts";

export interface SessionFacts {
  /** UUID. */
  readonly id: string;
  readonly endpoint: Endpoint;
  readonly userName: string;
  readonly clientAddress: string;
}

export interface SessionCounts {
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly durationMs: number;
}

export interface RecordsDependencies {
  readonly clock: Clock;
  readonly store: Store;
  readonly audit: Audit;
  readonly log: CloudLog;
}

/** Type of the audit records: what Cumulocity has for a connection (protocol.md 5.9). */
const auditType = "Operation" as const;

export class SessionRecords {
  readonly #deps: RecordsDependencies;
  readonly #facts: SessionFacts;
  #operationId: string | undefined;
  #isMuted = false;

  constructor(deps: RecordsDependencies, facts: SessionFacts) {
    this.#deps = deps;
    this.#facts = facts;
  }

  /** The operation is created: the session has begun. */
  async requested(operationId: string): Promise<void> {
    this.#operationId = operationId;
    const { id, endpoint, userName, clientAddress } = this.#facts;
    const { deviceId } = endpoint;
    this.#deps.log.info("session.requested", this.#logFields());
    const row = {
      id,
      device_id: deviceId,
      endpoint_id: endpoint.id,
      operation_id: operationId,
      user_name: userName,
      client_address: clientAddress,
      protocol: endpoint.protocol,
      requested_at_ms: this.#nowMs(),
      opened_at_ms: null,
      closed_at_ms: null,
      reason: null,
      bytes_up: 0,
      bytes_down: 0,
    };
    const record = {
      type: auditType,
      activity: "Remote access session started",
      text: `Remote access session to '${endpoint.name}' (${endpoint.protocol}) started.`,
      deviceId,
      userName,
      fields: { postern_Session: this.#auditFields() },
    };
    await this.#together(async (transaction) => {
      await transaction.insertInto("sessions").values(row).execute();
      await this.#deps.audit.record(record, transaction);
    });
  }

  async opened(): Promise<void> {
    this.#deps.log.info("session.opened", this.#logFields());
    await this.#attempt("session row", () =>
      this.#deps.store.db
        .updateTable("sessions")
        .set({ opened_at_ms: this.#nowMs() })
        .where("id", "=", this.#facts.id)
        .execute(),
    );
  }

  async closed(end: SessionEnd, counts: SessionCounts): Promise<void> {
    const { id, endpoint, userName } = this.#facts;
    const { deviceId } = endpoint;
    const { reason } = end;
    this.#deps.log.info("session.closed", { ...this.#logFields(), reason, ...counts });
    const record = {
      type: auditType,
      activity: "Remote access session ended",
      text: `Remote access session to '${endpoint.name}' (${endpoint.protocol}) ended: ${reason}. ${end.text}`,
      deviceId,
      userName,
      fields: { postern_Session: { ...this.#auditFields(), reason, ...counts } },
    };
    await this.#together(async (transaction) => {
      await closeRow(transaction, id, { reason, atMs: this.#nowMs(), ...counts });
      await this.#deps.audit.record(record, transaction);
    });
  }

  /** Row and audit record stand both or neither: of a session that the audit does not know, the row must not say that it is over. */
  async #together(write: (transaction: Transaction<Database>) => Promise<void>): Promise<void> {
    await this.#attempt("session row and audit record", () => this.#deps.store.db.transaction().execute(write));
  }

  /** Something of the session could not be done; the session goes on. */
  failed(what: string, why: string): void {
    if (!this.#isMuted) this.#deps.log.error("session.failed", { session: this.#facts.id, what, why });
  }

  /** A bug of ours that ends the session. */
  broken(error: unknown): void {
    if (!this.#isMuted) {
      this.#deps.log.error("session.failed", { session: this.#facts.id, what: "exception", ...describeBug(error) });
    }
  }

  /** Says nothing more: the process is dying. */
  mute(): void {
    this.#isMuted = true;
  }

  async #attempt(what: string, write: () => Promise<unknown>): Promise<void> {
    try {
      await write();
    } catch (error) {
      this.failed(what, errorText(error));
    }
  }

  #auditFields() {
    const { id, endpoint, clientAddress } = this.#facts;
    return {
      session: id,
      ...(this.#operationId === undefined ? {} : { operation: this.#operationId }),
      endpoint: endpoint.id,
      endpointName: endpoint.name,
      protocol: endpoint.protocol,
      clientAddress,
    };
  }

  #logFields() {
    return {
      session: this.#facts.id,
      operation: this.#operationId,
      device: this.#facts.endpoint.deviceId,
      endpoint: this.#facts.endpoint.id,
      user: this.#facts.userName,
    };
  }

  #nowMs(): number {
    return Math.floor(this.#deps.clock.nowMs());
  }
}

async function closeRow(
  db: Kysely<Database>,
  id: string,
  closed: { readonly reason: CloseReason; readonly atMs: number; readonly bytesUp: number; readonly bytesDown: number },
): Promise<void> {
  await db
    .updateTable("sessions")
    .set({
      closed_at_ms: closed.atMs,
      reason: closed.reason,
      bytes_up: closed.bytesUp,
      bytes_down: closed.bytesDown,
    })
    .where("id", "=", id)
    .execute();
}

/** The word for sessions that were open when the cloud ended without a word; their bytes were not counted. */
export const reasonAfterCrash: CloseReason = "cloud.lost";

/** At the cloud's start: closes the rows that a crash left open and says so where an end is said. */
export async function closeLeftoverSessions(deps: RecordsDependencies): Promise<void> {
  const rows = await deps.store.db.selectFrom("sessions").selectAll().where("closed_at_ms", "is", null).execute();
  const nowMs = Math.floor(deps.clock.nowMs());
  for (const row of rows) {
    deps.log.warn("session.closed", {
      session: row.id,
      operation: row.operation_id,
      device: row.device_id,
      endpoint: row.endpoint_id,
      user: row.user_name,
      reason: reasonAfterCrash,
    });
    const record = {
      type: auditType,
      activity: "Remote access session ended",
      text: `Remote access session (${row.protocol}) ended: ${reasonAfterCrash}. The cloud stopped without closing it.`,
      deviceId: row.device_id,
      userName: row.user_name,
      fields: {
        postern_Session: {
          session: row.id,
          operation: row.operation_id,
          endpoint: row.endpoint_id,
          protocol: row.protocol,
          clientAddress: row.client_address,
          reason: reasonAfterCrash,
        },
      },
    };
    await deps.store.db.transaction().execute(async (transaction) => {
      await closeRow(transaction, row.id, { reason: reasonAfterCrash, atMs: nowMs, bytesUp: 0, bytesDown: 0 });
      await deps.audit.record(record, transaction);
    });
  }
}
