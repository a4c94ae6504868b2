// What must hold at every moment of a run: looked at with each thing that is delivered and each line of the record.
import SqliteDatabase from "better-sqlite3";
import type { Arrival, Conversation } from "../network/conversation.ts";
import type { Site } from "../site.ts";
import { SwarmError } from "./swarm-failure.ts";

/** What a tunnel of the gateway may hold, its connections' own queues included. */
const heldBytesMax = 1024 * 1024;
/** Least simulated time between two looks at the operations. */
const lookEveryMs = 20;
/** A request line stands in the first so many characters of a connection, after the TLS handshake. */
const headCharactersMax = 4096;

const ranks: Readonly<Record<string, number>> = { PENDING: 0, EXECUTING: 1, SUCCESSFUL: 2, FAILED: 2 };

export interface OperationSeen {
  readonly id: string;
  readonly status: string;
}

/** Throws a SwarmError out of `check` as soon as something is seen that must not be. */
export class RunWatch {
  readonly #site: Site;
  readonly #database: SqliteDatabase.Database;
  readonly #select: SqliteDatabase.Statement;
  /** A number that is another one after each change by the cloud. */
  readonly #version: SqliteDatabase.Statement;
  #seenVersion: unknown;
  readonly #statuses = new Map<string, string>();
  /** Keys that the gateway has presented in its present run. */
  #keys = new Set<string>();
  #keysOfRun = 0;
  /** Beginnings of what the gateway sent on connections whose request has not been seen yet. */
  readonly #heads = new WeakMap<Conversation, string>();
  readonly #stopWatching: () => void;
  #lookedAtMs = 0;
  #failure: SwarmError | undefined;
  #heldBytesPeak = 0;

  constructor(site: Site) {
    this.#site = site;
    this.#database = new SqliteDatabase(site.databaseFile, { readonly: true });
    this.#select = this.#database.prepare("select number, status from operations order by number");
    this.#version = this.#database.prepare("pragma data_version").pluck();
    this.#stopWatching = site.network.watchArrivals((conversation, arrival) => this.#arrived(conversation, arrival));
  }

  get heldBytesPeak(): number {
    return this.#heldBytesPeak;
  }

  /** Throws what was seen so far. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** All operations of the site, oldest first. */
  operations(): readonly OperationSeen[] {
    const rows = this.#select.all() as {
      readonly number: number;
      readonly status: string;
    }[];
    return rows.map(({ number, status }) => ({ id: String(number), status }));
  }

  close(): void {
    this.#stopWatching();
    this.#database.close();
  }

  #arrived(conversation: Conversation, { at, kind, bytes }: Arrival): void {
    if (at === "server" && kind === "bytes" && conversation.client.host === "gateway") {
      this.#sawRequest(conversation, bytes);
    }
    const nowMs = this.#site.clock.monotonicMs();
    if (nowMs - this.#lookedAtMs < lookEveryMs) return;
    this.#lookedAtMs = nowMs;
    this.look();
  }

  look(): void {
    this.#lookAtTunnels();
    this.#lookAtOperations();
  }

  /** The device websocket's request line, in however many pieces it comes. */
  #sawRequest(conversation: Conversation, bytes: Uint8Array): void {
    const before = this.#heads.get(conversation) ?? "";
    if (before.length > headCharactersMax) return;
    const head = before + Buffer.from(bytes).toString("latin1");
    const key = /GET \/service\/remoteaccess\/device\/([^ /?]+) HTTP/.exec(head)?.[1];
    this.#heads.set(conversation, key === undefined ? head : " ".repeat(headCharactersMax + 1));
    if (key === undefined) return;
    // A gateway that was started anew cannot know what it presented before.
    const run = this.#site.gatewayLog.filter(({ event }) => event === "gateway.started").length;
    if (run !== this.#keysOfRun) this.#keys = new Set();
    this.#keysOfRun = run;
    if (this.#keys.has(key)) this.#fail("key-used-once", "the gateway presented a connection key a second time");
    this.#keys.add(key);
  }

  #lookAtTunnels(): void {
    if (!this.#site.isGatewayOn) return;
    for (const { operation, state, heldBytes } of this.#site.gateway.status().tunnels) {
      this.#heldBytesPeak = Math.max(this.#heldBytesPeak, heldBytes);
      if (heldBytes <= heldBytesMax) continue;
      this.#fail("held-bytes", `the tunnel of operation ${operation} (${state}) holds ${heldBytes} bytes`);
    }
  }

  #lookAtOperations(): void {
    const version = this.#version.get();
    if (version === this.#seenVersion) return;
    this.#seenVersion = version;
    for (const { id, status } of this.operations()) {
      const before = this.#statuses.get(id);
      if (before === status) continue;
      this.#statuses.set(id, status);
      const isLegal = before === undefined || (ranks[status] ?? -1) > (ranks[before] ?? -1);
      if (!isLegal) this.#fail("operation-order", `operation ${id} went from ${before} to ${status}`);
    }
  }

  #fail(check: "key-used-once" | "held-bytes" | "operation-order", message: string): void {
    this.#failure ??= new SwarmError(check, message);
  }
}
