// One relayed TCP connection: two sockets, and a pipe with faults for each direction between them.

import { Socket } from "node:net";
import { type Duplex, duplexPair } from "node:stream";
import type { Random } from "#hardware/ports.ts";
import type { DeliveryKind, StandIn } from "../faults/fault.ts";
import type { Link } from "../network/link.ts";
import type { CarriedConnection } from "./link-carrier.ts";
import { RelayPipe, type TurningClock } from "./relay-pipe.ts";

export type Side = "client" | "server";

/** How a connection attempt ends when it reaches the far host. */
export type Decision =
  | { readonly kind: "pass" }
  | { readonly kind: "refuse" }
  | { readonly kind: "reset" }
  | { readonly kind: "serve"; readonly standIn: StandIn };

/** Something that has reached one side. */
export interface RelayArrival {
  readonly at: Side;
  readonly kind: DeliveryKind;
  readonly bytes: Uint8Array;
}

export interface RelayConnectionOptions {
  readonly clock: TurningClock;
  readonly random: Random;
  readonly link: Link;
  readonly client: { readonly host: string; readonly port: number };
  readonly server: { readonly host: string; readonly port: number };
  readonly heldBytesMax?: number;
  /** The dialler's socket, accepted and not read yet. */
  readonly socket: Socket;
  /** Opens a socket to the target. */
  readonly dial: () => Socket;
  /** Asked when the attempt reaches the far host. */
  readonly decide: () => Decision;
  /** Speaks with a program that stands in for the target. */
  readonly serve: (standIn: StandIn, stream: Duplex) => void;
  readonly arrived: (connection: RelayConnection, arrival: RelayArrival) => void;
  readonly ended: (connection: RelayConnection) => void;
}

/** A half-closed socket that nobody ends is no leak of ours: its program holds it. */
export class RelayConnection implements CarriedConnection {
  readonly client: RelayConnectionOptions["client"];
  readonly server: RelayConnectionOptions["server"];
  readonly #options: RelayConnectionOptions;
  readonly #pipes: Readonly<Record<Side, RelayPipe>>;
  readonly #sockets: Partial<Record<Side, Duplex>> = {};
  readonly #strays = new Set<Socket>();
  /** Sides whose system has forgotten the connection, by a fault. */
  readonly #vanished = new Set<Side>();
  /** Sides that were told by a reset: what they sent goes no further. */
  readonly #told = new Set<Side>();
  readonly #deliveredBytes: Record<Side, number> = { client: 0, server: 0 };
  #isDialling = true;
  #isAccepted = false;
  #isEnded = false;

  constructor(options: RelayConnectionOptions) {
    this.#options = options;
    this.client = options.client;
    this.server = options.server;
    // A pipe is named by the side that sends.
    this.#pipes = { client: this.#pipe("client"), server: this.#pipe("server") };
    this.#take("client", options.socket);
    this.#pipes.client.send("open");
  }

  get name(): string {
    const state = this.#isAccepted ? "" : " (connecting)";
    const gone = [...this.#vanished].map((side) => ` (${this[side].host} has forgotten it)`).join("");
    return `${this.client.host}:${this.client.port} > ${this.server.host}:${this.server.port}${state}${gone}`;
  }

  /** Whether one end has forgotten the connection and the other has not heard of it. */
  get isHalfOpen(): boolean {
    return this.#vanished.size > 0;
  }

  /** Whether the far end has accepted. */
  get isAccepted(): boolean {
    return this.#isAccepted;
  }

  /** Bytes passed on so far: up to the server, down to the client. */
  get bytes(): { readonly up: number; readonly down: number } {
    return { up: this.#deliveredBytes.server, down: this.#deliveredBytes.client };
  }

  /** Bytes read and held back. */
  get held(): { readonly up: number; readonly down: number } {
    return { up: this.#pipes.client.heldBytes, down: this.#pipes.server.heldBytes };
  }

  breakOff(): void {
    if (!this.#isGone("server") || this.#isDialling) this.#pipes.client.send("reset");
    if (!this.#isGone("client")) this.#pipes.server.send("reset");
  }

  /**
   * The side's own program, if it still runs, sees a reset: no relay can take a socket from it in silence. The other side
   * is told nothing, and hears of it by a reset when it sends.
   */
  endVanishes(side: Side): void {
    const socket = this.#sockets[side];
    if (socket === undefined || this.#isGone(side)) return;
    this.#vanished.add(side);
    resetSocket(socket);
  }

  /** Ends both sides at once. */
  destroy(): void {
    for (const socket of this.#strays) socket.destroy();
    for (const side of ["client", "server"] as const) {
      const socket = this.#sockets[side];
      if (socket !== undefined && !socket.destroyed) resetSocket(socket);
    }
    this.#end();
  }

  #pipe(side: Side): RelayPipe {
    const { clock, random, link, heldBytesMax } = this.#options;
    const to = otherSide(side);
    return new RelayPipe({
      clock,
      random,
      link,
      from: this.#options[side].host,
      ...(heldBytesMax === undefined ? {} : { heldBytesMax }),
      deliver: (kind, bytes) => this.#deliver(to, kind, bytes),
      stray: () => this.#dialAgain(),
      roomChanged: () => this.#setReading(side),
    });
  }

  #deliver(to: Side, kind: DeliveryKind, bytes: Uint8Array): boolean {
    if (this.#isEnded) return true;
    this.#options.arrived(this, { at: to, kind, bytes });
    if (this.#vanished.has(to)) {
      this.#answerForVanished(to, kind);
      return true;
    }
    switch (kind) {
      case "open":
        this.#open();
        return true;
      case "accept":
        this.#isAccepted = true;
        this.#setReading("client");
        return true;
      case "refuse":
      case "reset":
        this.#reset(to);
        return true;
      case "end":
        this.#sockets[to]?.end();
        return true;
      case "bytes":
        return this.#write(to, bytes);
      default:
        return kind satisfies never;
    }
  }

  #write(to: Side, bytes: Uint8Array): boolean {
    const socket = this.#sockets[to];
    if (socket === undefined || !socket.writable) return true;
    this.#deliveredBytes[to] += bytes.length;
    if (socket.write(bytes)) return true;
    socket.once("drain", () => this.#pipes[otherSide(to)].resume());
    return false;
  }

  /** A system that does not know the connection answers what comes with a RST; a RST it takes without a word. */
  #answerForVanished(side: Side, kind: DeliveryKind): void {
    if (kind === "reset") this.#reset(otherSide(side));
    else this.#pipes[side].send("reset");
  }

  #open(): void {
    const decision = this.#options.decide();
    if (decision.kind === "refuse" || decision.kind === "reset") {
      this.#isDialling = false;
      if (decision.kind === "reset") this.#pipes.server.send("accept");
      this.#pipes.server.send(decision.kind);
      return;
    }
    if (decision.kind === "serve") {
      const [near, far] = duplexPair({ allowHalfOpen: true });
      this.#options.serve(decision.standIn, far);
      this.#connected(near);
      return;
    }
    const socket = this.#options.dial();
    const refused = (): void => {
      this.#isDialling = false;
      this.#pipes.server.send("refuse");
      this.#endIfOver();
    };
    socket.once("error", refused);
    socket.once("connect", () => {
      socket.off("error", refused);
      this.#connected(socket);
    });
    this.#sockets.server = socket;
  }

  #connected(socket: Duplex): void {
    this.#isDialling = false;
    if (this.#isEnded) {
      resetSocket(socket);
      return;
    }
    this.#take("server", socket);
    this.#pipes.server.send("accept");
    this.#setReading("server");
  }

  #take(side: Side, socket: Duplex): void {
    this.#sockets[side] = socket;
    const pipe = this.#pipes[side];
    const isMine = (): boolean => !this.#vanished.has(side) && !this.#told.has(side);
    let isOver = false;
    const over = (kind: "end" | "reset"): void => {
      if (isOver || !isMine()) return;
      isOver = kind === "reset";
      pipe.send(kind);
    };
    socket.on("data", (bytes: Uint8Array) => {
      if (isMine()) pipe.send("bytes", bytes);
      this.#setReading(side);
    });
    socket.on("end", () => over("end"));
    socket.on("error", () => over("reset"));
    socket.once("close", () => {
      // Whatever still comes for it finds nobody.
      this.#pipes[otherSide(side)].resume();
      this.#endIfOver();
    });
    socket.pause();
  }

  #setReading(side: Side): void {
    const socket = this.#sockets[side];
    if (socket === undefined || socket.destroyed) return;
    const isReady = side === "server" ? !this.#isDialling : this.#isAccepted;
    const wanted = isReady && this.#pipes[side].canRead;
    if (wanted === !socket.isPaused()) return;
    if (wanted) socket.resume();
    else socket.pause();
  }

  #reset(side: Side): void {
    const socket = this.#sockets[side];
    this.#told.add(side);
    if (socket !== undefined && !socket.destroyed) resetSocket(socket);
    this.#endIfOver();
  }

  /** The attempt comes a second time: accepted by the target, and reset as nobody is behind it. */
  #dialAgain(): void {
    if (this.#isEnded || this.#options.decide().kind !== "pass") return;
    const socket = this.#options.dial();
    this.#strays.add(socket);
    socket.on("error", () => undefined);
    socket.once("connect", () => socket.resetAndDestroy());
    socket.once("close", () => {
      this.#strays.delete(socket);
      this.#endIfOver();
    });
  }

  #isGone(side: Side): boolean {
    return this.#vanished.has(side) || this.#sockets[side]?.destroyed !== false;
  }

  #endIfOver(): void {
    const isOpen = (["client", "server"] as const).some((side) => this.#sockets[side]?.destroyed === false);
    // What a side sent before it closed may still be on its way, and needs no ends to be counted.
    if (isOpen || this.#isDialling || this.#strays.size > 0) return;
    this.#end();
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#isDialling = false;
    for (const pipe of Object.values(this.#pipes)) pipe.close();
    this.#options.ended(this);
  }
}

function otherSide(side: Side): Side {
  return side === "client" ? "server" : "client";
}

/** RST where it is a socket. While our end of stream is being sent libuv refuses it (EINVAL) and Node would leak the socket. */
function resetSocket(socket: Duplex): void {
  if (socket.destroyed) return;
  if (!(socket instanceof Socket)) {
    socket.destroy();
  } else if (socket.connecting) {
    socket.destroy();
  } else if (socket.writableEnded && socket.writableLength === 0 && !socket.writableFinished) {
    socket.once("finish", () => resetSocket(socket));
  } else {
    socket.resetAndDestroy();
  }
}
