// One TCP connection between two hosts, from the first SYN until both ends have forgotten it.
import type { Random, TimerHandle } from "#hardware/ports.ts";
import type { DeliveryKind } from "../faults/fault.ts";
import type { SimulatedClock } from "../simulated-clock.ts";
import { Endpoint } from "./endpoint.ts";
import type { Link } from "./link.ts";
import { Pipe } from "./pipe.ts";

/** How long a survivor's system is silent before it asks whether the other end still exists, and then waits. */
const keepAliveMs = 60_000;
const keepAliveAnswerMs = 75_000;
/** The same for the system that dialled: how hardware/linux/connection.ts sets up its sockets. */
const diallerKeepAliveMs = 10_000;
/** How long a dialler's system probes a silent peer before it gives up, as hardware/linux/connection.ts sets it. */
const diallerGivesUpMs = 20_000;

export interface Party {
  readonly host: string;
  readonly address: string;
  readonly port: number;
  /** How the other end sees it, where an address is translated on the way. */
  readonly seenAs?: { readonly address: string; readonly port: number };
}

export type ConnectResult = "accepted" | "refused" | "reset";

export interface ConversationOptions {
  readonly clock: SimulatedClock;
  readonly random: Random;
  readonly link: Link;
  readonly client: Party;
  readonly server: Party;
  readonly isUp: (host: string) => boolean;
  /** Whether both ends' addresses are there and let something pass; otherwise what is sent is held. Yes by default. */
  readonly isCarried?: () => boolean;
  /** The SYN has arrived: calls `accept` or `refuse` of the conversation. */
  readonly arrived: (conversation: Conversation) => void;
  /** The SYN has arrived once more. */
  readonly doubled?: (conversation: Conversation) => void;
  readonly connected: (result: ConnectResult) => void;
  readonly ended: (conversation: Conversation) => void;
  /** Told of everything that reaches one side, as it does. */
  readonly delivered: (conversation: Conversation, arrival: Arrival) => void;
}

/** Something that reached one side of a connection. */
export interface Arrival {
  readonly at: "client" | "server";
  readonly kind: DeliveryKind;
  readonly bytes: Uint8Array;
}

export class Conversation {
  readonly client: Party;
  readonly server: Party;
  readonly link: Link;
  readonly #options: ConversationOptions;
  readonly #up: Pipe;
  readonly #down: Pipe;
  #clientEnd: Endpoint | undefined;
  #serverEnd: Endpoint | undefined;
  #state: "connecting" | "connected" | "abandoned" | "ended" = "connecting";
  #keepAlive: TimerHandle | undefined;
  #probing: TimerHandle | undefined;
  readonly #unwatch: () => void;
  #hasSynArrived = false;

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.client = options.client;
    this.server = options.server;
    this.link = options.link;
    this.#up = this.#pipe(options.client.host, "server");
    // On a loopback both parties are one host; the pipes differ by direction only.
    this.#down = this.#pipe(options.server.host, "client");
    this.#up.deliver = (kind) => {
      if (kind === "open") this.#synArrived();
      else this.#endClosed();
    };
    this.#down.deliver = (kind) => this.#answered(kind);
    this.#unwatch = options.link.watch(() => this.#probeWhileDark());
  }

  /** The dialler's system sends its SYN. */
  open(): void {
    this.#up.send("open");
  }

  /** As if the SYN had come from somewhere on the way and were there already. */
  openFromMidway(): void {
    this.#synArrived();
  }

  get name(): string {
    const state = this.#state === "connected" ? "" : ` (${this.#state})`;
    const half = this.#state === "connected" ? this.#halfOpenWords() : "";
    return `${this.client.host}:${this.client.port} > ${this.server.host}:${this.server.port}${state}${half}`;
  }

  get clientEnd(): Endpoint {
    if (this.#clientEnd === undefined) throw new Error("A connection has no client end before it is established");
    return this.#clientEnd;
  }

  /** The server's system takes the connection. */
  accept(): Endpoint {
    this.#serverEnd = new Endpoint({ outgoing: this.#down, incoming: this.#up }, () => this.#endClosed());
    this.#down.send("accept");
    this.#serverEnd.establish();
    return this.#serverEnd;
  }

  refuse(): void {
    this.#down.send("refuse");
  }

  /** Bytes sent by one side's system and what it knows of them. */
  delivery(side: "client" | "server"): ReturnType<Pipe["deliveryState"]> {
    return (side === "client" ? this.#up : this.#down).deliveryState();
  }

  /** The dialler does not want it any more: an answer that still comes is met with a RST. */
  abandon(): void {
    if (this.#state !== "connecting") return;
    this.#state = "abandoned";
    this.#up.send("reset");
    this.#endClosed();
  }

  /** The program at one end says something besides what it says by itself, as one that does not keep to its protocol. */
  says(side: "client" | "server", bytes: Uint8Array): void {
    (side === "client" ? this.#clientEnd : this.#serverEnd)?.write(bytes);
  }

  /** Both ends are told that the connection is broken. */
  breakOff(): void {
    if (this.#serverEnd !== undefined && !this.#serverEnd.isClosed) this.#up.send("reset");
    if (this.#clientEnd !== undefined && !this.#clientEnd.isClosed) this.#down.send("reset");
  }

  /** The host has lost its power: its end is gone and the other one is not told. */
  hostVanished(host: string): void {
    if (this.client.host === host) {
      if (this.#state === "connecting") {
        this.#state = "abandoned";
        this.#options.connected("reset");
      }
      this.#clientEnd?.vanish();
    }
    if (this.server.host === host) this.#serverEnd?.vanish();
    this.#oneEndVanished();
  }

  /** One end of a connection that stands is forgotten by its system, as by a restart; the other one is not told. */
  endVanishes(side: "client" | "server"): void {
    if (this.#state !== "connected") return;
    (side === "client" ? this.#clientEnd : this.#serverEnd)?.vanish();
    this.#oneEndVanished();
  }

  /** The program at one side closes in order, whatever it still wanted. */
  endCloses(side: "client" | "server"): void {
    (side === "client" ? this.#clientEnd : this.#serverEnd)?.destroy();
  }

  #oneEndVanished(): void {
    this.#endClosed();
    if (this.#state === "ended") return;
    this.#watchSurvivor(this.#clientEnd?.isClosed === false ? diallerKeepAliveMs : keepAliveMs);
  }

  #synArrived(): void {
    if (this.#hasSynArrived) return;
    this.#hasSynArrived = true;
    this.#options.arrived(this);
  }

  #answered(kind: string): void {
    if (this.#state !== "connecting") return;
    if (kind === "accept") {
      this.#state = "connected";
      this.#clientEnd = new Endpoint({ outgoing: this.#up, incoming: this.#down }, () => this.#endClosed());
      this.#clientEnd.establish();
      this.#options.connected("accepted");
      return;
    }
    this.#state = "abandoned";
    this.#options.connected(kind === "refuse" ? "refused" : "reset");
    this.#endClosed();
  }

  /** Ends the conversation when neither end is there any more. */
  #endClosed(): void {
    if (this.#state === "connecting" || this.#state === "ended") return;
    const isClientOpen = this.#clientEnd !== undefined && !this.#clientEnd.isClosed;
    const isServerOpen = this.#serverEnd !== undefined && !this.#serverEnd.isClosed;
    if (isClientOpen || isServerOpen) return;
    // An abandoned SYN may still be on its way and make a server end; one that can never arrive is forgotten.
    const isSynUnderWay = this.#state === "abandoned" && this.#serverEnd === undefined && !this.#up.isEmpty;
    if (isSynUnderWay && !this.#isDark(this.client.host)) return;
    this.#state = "ended";
    this.#unwatch();
    this.#options.clock.clearTimeout(this.#keepAlive);
    this.#options.clock.clearTimeout(this.#probing);
    this.#up.close();
    this.#down.close();
    this.#options.ended(this);
  }

  /** The dialler's keep-alive: does not probe while bytes are unacknowledged, as Linux does not either. */
  #probeWhileDark(): void {
    const { clock } = this.#options;
    const isDark = this.#isDark(this.client.host) || this.#isDark(this.server.host);
    if (!isDark || this.#clientEnd === undefined || this.#clientEnd.isClosed) {
      clock.clearTimeout(this.#probing);
      this.#probing = undefined;
      return;
    }
    this.#probing ??= clock.setNamedTimeout(
      `keep-alive probes ${this.link.name}`,
      () => {
        this.#probing = undefined;
        if (this.#clientEnd?.isClosed !== false || this.#up.deliveryState().unacknowledgedBytes > 0) return;
        this.#clientEnd.giveUp();
        if (this.#state !== "ended") this.#watchSurvivor(keepAliveMs);
      },
      diallerGivesUpMs,
    );
  }

  #watchSurvivor(waitMs: number): void {
    const { clock } = this.#options;
    clock.clearTimeout(this.#keepAlive);
    this.#keepAlive = clock.setNamedTimeout(
      `keep-alive ${this.link.name}`,
      () => {
        const survivor = [this.#clientEnd, this.#serverEnd].find((end) => end !== undefined && !end.isClosed);
        if (survivor === undefined) return;
        const isReachable = !this.#isDark(this.client.host) && !this.#isDark(this.server.host);
        if (isReachable) this.breakOff();
        else if (waitMs !== keepAliveAnswerMs) this.#watchSurvivor(keepAliveAnswerMs);
        else survivor.giveUp();
      },
      waitMs,
    );
  }

  #isDark(from: string): boolean {
    return this.link.isDark(from) || this.#options.isCarried?.() === false;
  }

  #halfOpenWords(): string {
    if (this.#clientEnd?.isClosed === true) return ` (only ${this.server.host} still has it)`;
    if (this.#serverEnd?.isClosed === true) return ` (only ${this.client.host} still has it)`;
    return "";
  }

  #pipe(from: string, at: Arrival["at"]): Pipe {
    const { clock, random, link, isUp, delivered } = this.#options;
    const arrived = (kind: DeliveryKind, bytes: Uint8Array): void => {
      delivered(this, { at, kind, bytes });
      if (kind === "open" && this.#hasSynArrived) this.#options.doubled?.(this);
    };
    const isCarried = (): boolean => this.#options.isCarried?.() ?? true;
    return new Pipe({ clock, random, link, from, isFromUp: () => isUp(from), isCarried, arrived });
  }
}
