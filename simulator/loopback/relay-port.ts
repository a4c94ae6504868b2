// A listening port of loopback through which connections enter a link.
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Random } from "#hardware/ports.ts";
import type { StandIn } from "../faults/fault.ts";
import type { Link } from "../network/link.ts";
import type { CarriedPort, CarriedPortOptions } from "./link-carrier.ts";
import { type Decision, RelayConnection, type RelayConnectionOptions } from "./relay-connection.ts";
import type { TurningClock } from "./relay-pipe.ts";

/** The only address on which anything of a run on real sockets listens. */
export const loopback = "127.0.0.1";
/** Connections that a port relays at a time; more are reset. */
export const connectionsMax = 1024;

/** A port on loopback could not be had. */
export class PortError extends Error {
  readonly code: "port-taken" | "not-permitted" | "address-unavailable";

  constructor(code: PortError["code"], message: string) {
    super(message);
    this.name = "PortError";
    this.code = code;
  }
}

export interface RelayPortOptions extends CarriedPortOptions {
  readonly clock: TurningClock;
  readonly random: Random;
  readonly link: Link;
  readonly heldBytesMax?: number;
  /** What becomes of a connection attempt; `draw`: from 0 to below 1, drawn by the network if left out. */
  readonly decide: (draw?: number) => Decision;
  readonly serve: (standIn: StandIn, stream: Duplex) => void;
  readonly arrived: RelayConnectionOptions["arrived"];
  readonly closed: (port: RelayPort) => void;
}

/** Nearly one: with the other end of all draws it shows whether luck plays a part. */
const worstDraw = 1 - Number.EPSILON;

export class RelayPort implements CarriedPort {
  readonly from: string;
  readonly to: string;
  readonly connections = new Set<RelayConnection>();
  readonly #options: RelayPortOptions;
  #server: Server | undefined;
  #port = 0;
  #working: Promise<void> = Promise.resolve();
  #isClosed = false;
  #opened = 0;
  #past = { up: 0, down: 0 };

  private constructor(options: RelayPortOptions) {
    this.#options = options;
    this.from = options.from;
    this.to = options.to;
  }

  /** Rejects with PortError. */
  static async open(options: RelayPortOptions): Promise<RelayPort> {
    const port = new RelayPort(options);
    await port.#listen(options.listenPort ?? 0);
    return port;
  }

  get port(): number {
    return this.#port;
  }

  /** Whether it listens now: not while every connection is refused. */
  get isListening(): boolean {
    return this.#server !== undefined;
  }

  /** Connections that were taken so far. */
  get connectionsTotal(): number {
    return this.#opened;
  }

  /** Bytes passed on so far by all connections, those that have ended included. */
  get bytes(): { readonly up: number; readonly down: number } {
    let { up, down } = this.#past;
    for (const { bytes } of this.connections) {
      up += bytes.up;
      down += bytes.down;
    }
    return { up, down };
  }

  forgetCounts(): void {
    const { up, down } = this.bytes;
    this.#opened = 0;
    this.#past = { up: this.#past.up - up, down: this.#past.down - down };
  }

  /** What was laid over the link has changed: what is refused for sure is refused by the system, as nothing listens. */
  refresh(): Promise<void> {
    this.#working = this.#working
      .catch(() => undefined)
      .then(async () => {
        if (this.#isClosed) return;
        if (this.#isRefusedForSure()) this.#stopListening();
        else if (this.#server === undefined) await this.#listen(this.#port);
      });
    return this.#working;
  }

  settled(): Promise<void> {
    return this.#working;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopListening();
    for (const connection of [...this.connections]) connection.destroy();
    await this.#working.catch(() => undefined);
    this.#stopListening();
    this.#options.closed(this);
  }

  #isRefusedForSure(): boolean {
    return [0, worstDraw].every((draw) => this.#options.decide(draw).kind === "refuse");
  }

  #stopListening(): void {
    const server = this.#server;
    this.#server = undefined;
    // Its connections live on; `close` waits for them, and nobody waits for `close`.
    server?.close();
  }

  #listen(port: number): Promise<void> {
    const settings = { allowHalfOpen: true, pauseOnConnect: true, noDelay: true };
    const server = createServer(settings, (socket) => this.#take(socket));
    return new Promise((resolve, reject) => {
      server.on("error", (error: NodeJS.ErrnoException) => reject(portError(port, error)));
      server.listen({ host: loopback, port, exclusive: true }, () => {
        this.#server = server;
        this.#port = (server.address() as AddressInfo).port;
        resolve();
      });
    });
  }

  #take(socket: Socket): void {
    socket.on("error", () => undefined); // `close` follows
    if (this.connections.size >= connectionsMax || this.#isClosed) {
      socket.resetAndDestroy();
      return;
    }
    const { clock, random, link, heldBytesMax, serve, arrived, target, servicePort } = this.#options;
    this.#opened += 1;
    const connection = new RelayConnection({
      clock,
      random,
      link,
      client: { host: this.from, port: socket.remotePort ?? 0 },
      server: { host: this.to, port: servicePort ?? target().port },
      ...(heldBytesMax === undefined ? {} : { heldBytesMax }),
      socket,
      dial: () => dial(target()),
      decide: () => this.#options.decide(),
      serve,
      arrived,
      ended: (ended) => this.#ended(ended),
    });
    this.connections.add(connection);
  }

  #ended(connection: RelayConnection): void {
    if (!this.connections.delete(connection)) return;
    const { up, down } = connection.bytes;
    this.#past = { up: this.#past.up + up, down: this.#past.down + down };
  }
}

function dial({ host, port }: { readonly host: string; readonly port: number }): Socket {
  return connect({ host, port, allowHalfOpen: true, noDelay: true });
}

const words: Readonly<Record<string, readonly [PortError["code"], string]>> = {
  EADDRINUSE: ["port-taken", "is taken by another program; name a free one, or 0 for any"],
  EACCES: ["not-permitted", "may not be used by this user; take one from 1024 up"],
};

function portError(port: number, error: NodeJS.ErrnoException): PortError {
  const [code, text] = words[error.code ?? ""] ?? (["address-unavailable", `cannot be had: ${error.message}`] as const);
  return new PortError(code, `port ${port} of ${loopback} ${text}`);
}
