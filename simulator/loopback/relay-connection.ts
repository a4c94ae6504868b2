// One relayed TCP connection: two ends, and a pipe with faults for each direction between them.
import type { Socket } from "node:net";
import { type Duplex, duplexPair } from "node:stream";
import type { Random } from "#hardware/ports.ts";
import type { DeliveryKind, StandIn } from "../faults/fault.ts";
import type { Link } from "../network/link.ts";
import type { CarriedConnection } from "./link-carrier.ts";
import { RelayEnd } from "./relay-end.ts";
import { RelayPipe, type TurningClock } from "./relay-pipe.ts";
import { resetSocket } from "./reset-socket.ts";
import { StrayDials } from "./stray-dials.ts";

export type Side = "client" | "server";

const sides: readonly Side[] = ["client", "server"];

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
  readonly #ends: Readonly<Record<Side, RelayEnd>>;
  readonly #strays = new StrayDials(() => this.#endIfOver());
  #isDialling = true;
  #isAccepted = false;
  #isEnded = false;

  constructor(options: RelayConnectionOptions) {
    this.#options = options;
    this.client = options.client;
    this.server = options.server;
    // A pipe is named by the side that sends.
    this.#pipes = { client: this.#pipe("client"), server: this.#pipe("server") };
    this.#ends = { client: this.#makeEnd("client"), server: this.#makeEnd("server") };
    this.#ends.client.take(options.socket);
    this.#pipes.client.send("open");
  }

  get name(): string {
    const state = this.#isAccepted ? "" : " (connecting)";
    const gone = this.#vanished.map((side) => ` (${this[side].host} has forgotten it)`).join("");
    return `${this.client.host}:${this.client.port} > ${this.server.host}:${this.server.port}${state}${gone}`;
  }

  /** Whether one end has forgotten the connection and the other has not heard of it. */
  get isHalfOpen(): boolean {
    return this.#vanished.length > 0;
  }

  /** Whether the far end has accepted. */
  get isAccepted(): boolean {
    return this.#isAccepted;
  }

  /** Bytes passed on so far: up to the server, down to the client. */
  get bytes(): { readonly up: number; readonly down: number } {
    return { up: this.#ends.server.deliveredBytes, down: this.#ends.client.deliveredBytes };
  }

  /** Bytes read and held back. */
  get held(): { readonly up: number; readonly down: number } {
    return { up: this.#pipes.client.heldBytes, down: this.#pipes.server.heldBytes };
  }

  breakOff(): void {
    if (!this.#ends.server.isGone || this.#isDialling) this.#pipes.client.send("reset");
    if (!this.#ends.client.isGone) this.#pipes.server.send("reset");
  }

  /**
   * The side's own program, if it still runs, sees a reset: no relay can take a socket from it in silence. The other side
   * is told nothing, and hears of it by a reset when it sends.
   */
  endVanishes(side: Side): void {
    this.#ends[side].vanish();
  }

  /** Ends both sides at once. */
  destroy(): void {
    this.#strays.destroy();
    for (const side of sides) this.#ends[side].drop();
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
      roomChanged: () => this.#ends[side].setReading(),
    });
  }

  #makeEnd(side: Side): RelayEnd {
    return new RelayEnd({
      pipe: this.#pipes[side],
      isReady: () => (side === "server" ? !this.#isDialling : this.#isAccepted),
      takesMore: () => this.#pipes[otherSide(side)].resume(),
      closed: () => this.#endIfOver(),
    });
  }

  get #vanished(): readonly Side[] {
    return sides.filter((side) => this.#ends[side].hasVanished);
  }

  #deliver(to: Side, kind: DeliveryKind, bytes: Uint8Array): boolean {
    if (this.#isEnded) return true;
    this.#options.arrived(this, { at: to, kind, bytes });
    if (this.#ends[to].hasVanished) {
      this.#answerForVanished(to, kind);
      return true;
    }
    switch (kind) {
      case "open":
        this.#open();
        return true;
      case "accept":
        this.#isAccepted = true;
        this.#ends.client.setReading();
        return true;
      case "refuse":
      case "reset":
        this.#reset(to);
        return true;
      case "end":
        this.#ends[to].end();
        return true;
      case "bytes":
        return this.#ends[to].write(bytes);
      default:
        return kind satisfies never;
    }
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
    this.#ends.server.dials(socket);
  }

  #connected(socket: Duplex): void {
    this.#isDialling = false;
    if (this.#isEnded) {
      resetSocket(socket);
      return;
    }
    this.#ends.server.take(socket);
    this.#pipes.server.send("accept");
    this.#ends.server.setReading();
  }

  #reset(side: Side): void {
    this.#ends[side].reset();
    this.#endIfOver();
  }

  /** The attempt comes a second time: accepted by the target, and reset as nobody is behind it. */
  #dialAgain(): void {
    if (this.#isEnded || this.#options.decide().kind !== "pass") return;
    this.#strays.add(this.#options.dial());
  }

  #endIfOver(): void {
    const isOpen = sides.some((side) => this.#ends[side].isOpen);
    // What a side sent before it closed may still be on its way, and needs no ends to be counted.
    if (isOpen || this.#isDialling || this.#strays.count > 0) return;
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
