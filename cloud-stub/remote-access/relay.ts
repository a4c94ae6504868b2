// Carries the bytes of one session between its two legs, through the protocol's stream, with back-pressure both ways.
import type { Clock } from "#hardware/ports.ts";
import type { ClientMessage, CloudMessage } from "#protocol/session-channel.ts";
import type { Leg, LegEnd, LegOwner } from "./leg.ts";
import type { ProtocolStream, StreamEnds, StreamFailure } from "./protocols/protocol-stream.ts";

/** Whom the relay tells what it sees; these are events of the session's machine. */
export interface RelayOwner {
  /** The first bytes of the panel are here. */
  deviceSpoke(): void;
  clientText(text: string): void;
  deviceText(): void;
  clientEnded(end: LegEnd): void;
  deviceEnded(end: LegEnd): void;
  handshakeDone(): void;
  handshakeFailed(failure: StreamFailure): void;
  streamEnded(end: StreamFailure): void;
  /** A person is asked, or not any more. */
  asking(isAsking: boolean): void;
  /** To be sent on the session channel. */
  say(message: CloudMessage): void;
  /** Whether the client has the session channel. */
  readonly hasChannel: boolean;
  /** Something threw that must not: a bug of ours. Nothing passes any more. */
  broken(error: unknown): void;
}

/** Bytes that may come from one side before the tunnel stands; more are held back in the sender's connection, in bytes. */
export const earlyBytesMax = 64 * 1024;

/**
 * `waiting`: what comes early is kept; `flowing`; `cut`: nothing passes any more, though a failure may still be told.
 *
 * What a session holds stays below `heldBytesMax`, whatever the two ends do: early bytes, or for each direction the high
 * mark of the far leg and what the near leg's connection had read when it was paused (split-socket.ts: two read buffers
 * of 64 KiB and one piece of 32 KiB).
 */
type Mode = "waiting" | "flowing" | "cut";

class EarlyBytes {
  readonly chunks: Uint8Array[] = [];
  length = 0;

  keep(bytes: Uint8Array): void {
    this.chunks.push(bytes);
    this.length += bytes.length;
  }

  takeAll(): readonly Uint8Array[] {
    this.length = 0;
    return this.chunks.splice(0);
  }
}

export class Relay {
  readonly #clock: Clock;
  readonly #stream: ProtocolStream;
  readonly #owner: RelayOwner;
  readonly #ends: StreamEnds;
  readonly #earlyUp = new EarlyBytes();
  readonly #earlyDown = new EarlyBytes();
  #client: Leg | undefined;
  #device: Leg | undefined;
  readonly #failureTold = Promise.withResolvers<void>();
  #mode: Mode = "waiting";
  #isClientOver = false;
  #isBroken = false;
  #hasDeviceSpoken = false;
  #bytesUp = 0;
  #bytesDown = 0;
  #activeAtMs: number;

  constructor(deps: { readonly clock: Clock; readonly stream: ProtocolStream; readonly owner: RelayOwner }) {
    this.#clock = deps.clock;
    this.#stream = deps.stream;
    this.#owner = deps.owner;
    this.#ends = this.#makeEnds(deps.owner);
    this.#activeAtMs = deps.clock.monotonicMs();
  }

  /** Bytes given to the panel's side. */
  get bytesUp(): number {
    return this.#bytesUp;
  }

  /** Bytes given to the client. */
  get bytesDown(): number {
    return this.#bytesDown;
  }

  /** When somebody at the client did or saw something last, on the clock's monotonic time. What the relay answers by itself is not it. */
  get activeAtMs(): number {
    return this.#activeAtMs;
  }

  /** Whether the tunnel stood and nothing has cut it since. */
  get isFlowing(): boolean {
    return this.#mode === "flowing";
  }

  get hasDeviceSpoken(): boolean {
    return this.#hasDeviceSpoken;
  }

  /** Bytes in all queues of the session. */
  get heldBytes(): number {
    return (
      (this.#client?.heldBytes ?? 0) +
      (this.#device?.heldBytes ?? 0) +
      this.#earlyUp.length +
      this.#earlyDown.length +
      this.#stream.heldBytes
    );
  }

  /** Gives the client's leg to the relay, and what it tells in return. */
  attachClient(leg: Leg): void {
    this.#client = leg;
  }

  attachDevice(leg: Leg): void {
    this.#device = leg;
  }

  // What a leg tells comes from a socket's own turn: an exception there would end the process.
  readonly clientOwner: LegOwner = {
    received: (bytes) => this.attempt(() => this.#fromClient(bytes)),
    receivedText: (text) => this.attempt(() => this.#owner.clientText(text)),
    drained: () => this.attempt(() => this.#regulate()),
    ended: (end) =>
      this.attempt(() => {
        this.#isClientOver = true;
        this.#checkFailureTold();
        this.#owner.clientEnded(end);
        this.#regulate();
      }),
  };

  readonly deviceOwner: LegOwner = {
    received: (bytes) => this.attempt(() => this.#fromPanel(bytes)),
    receivedText: () => this.attempt(() => this.#owner.deviceText()),
    drained: () => this.attempt(() => this.#regulate()),
    ended: (end) =>
      this.attempt(() => {
        this.#owner.deviceEnded(end);
        this.#regulate();
      }),
  };

  /** The tunnel stands: lets flow what came early and all that follows. */
  start(): void {
    if (this.#mode !== "waiting") return;
    this.#mode = "flowing";
    this.#activeAtMs = this.#clock.monotonicMs();
    this.attempt(() => {
      this.#stream.start(this.#ends);
      for (const bytes of this.#earlyDown.takeAll()) this.#fromPanel(bytes);
      for (const bytes of this.#earlyUp.takeAll()) this.#fromClient(bytes);
      this.#regulate();
    });
  }

  /** Runs what must not throw; if it does, that is told once and nothing passes any more. */
  attempt(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.breakOff(error);
    }
  }

  /** Lets nothing pass any more because of a bug, and tells of it, once. */
  breakOff(error: unknown): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#mode = "cut";
    this.#earlyUp.takeAll();
    this.#earlyDown.takeAll();
    this.#client?.resume();
    this.#device?.resume();
    this.#owner.broken(error);
  }

  /** Gives the stream a message of the session channel. */
  fromChannel(message: ClientMessage): void {
    this.#activeAtMs = this.#clock.monotonicMs();
    this.#stream.fromChannel?.(message);
    this.#regulate();
  }

  /** Lets nothing more pass. */
  cut(): void {
    this.#mode = "cut";
    this.#earlyUp.takeAll();
    this.#earlyDown.takeAll();
    this.#regulate();
  }

  /** Cuts, and tells the client why in its own protocol where that can be done; settles once it has been told. */
  async fail(text: string): Promise<void> {
    this.cut();
    // A stream that has thrown knows no longer what it has said.
    if (this.#isBroken) return;
    this.#stream.fail(this.#ends, text);
    this.#checkFailureTold();
    await this.#failureTold.promise;
  }

  #checkFailureTold(): void {
    if (this.#mode === "cut" && (this.#stream.isFailureTold || this.#isClientOver)) this.#failureTold.resolve();
  }

  #makeEnds(owner: RelayOwner): StreamEnds {
    // A stream may give bytes on a turn of its own.
    return {
      toPanel: (bytes) => this.attempt(() => this.#toPanel(bytes)),
      toClient: (bytes) => this.attempt(() => this.#toClient(bytes)),
      handshakeDone: () => owner.handshakeDone(),
      handshakeFailed: (failure) => owner.handshakeFailed(failure),
      ended: (end) => owner.streamEnded(end),
      hasChannel: owner.hasChannel,
      say: (message) => owner.say(message),
      asking: (isAsking) => owner.asking(isAsking),
      regulate: () => this.attempt(() => this.#regulate()),
      attempt: (run) => this.attempt(run),
    };
  }

  #toPanel(bytes: Uint8Array): void {
    if (this.#mode === "cut" || this.#device === undefined) return;
    this.#bytesUp += bytes.length;
    this.#device.send(bytes);
    this.#regulate();
  }

  #toClient(bytes: Uint8Array): void {
    if (this.#client === undefined || this.#isClientOver) return;
    this.#bytesDown += bytes.length;
    this.#activeAtMs = this.#clock.monotonicMs();
    this.#client.send(bytes);
    this.#regulate();
  }

  #fromClient(bytes: Uint8Array): void {
    this.#activeAtMs = this.#clock.monotonicMs();
    if (this.#mode === "waiting") this.#earlyUp.keep(bytes);
    else if (this.#isBroken) return;
    else if (this.#mode === "flowing" || !this.#stream.isFailureTold) this.#stream.fromClient(bytes);
    this.#checkFailureTold();
    this.#regulate();
  }

  #fromPanel(bytes: Uint8Array): void {
    if (this.#mode === "waiting") this.#earlyDown.keep(bytes);
    else if (this.#mode === "flowing") this.#stream.fromPanel(bytes);
    if (!this.#hasDeviceSpoken) {
      this.#hasDeviceSpoken = true;
      this.#owner.deviceSpoke();
    }
    this.#regulate();
  }

  /** Reads from a side only while its bytes can go on; what is not to go on is read and dropped. */
  #regulate(): void {
    if (this.#mode === "cut") {
      this.#client?.resume();
      this.#device?.resume();
      return;
    }
    const isWaiting = this.#mode === "waiting";
    const mayNotGoUp = isFull(this.#device) || this.#stream.holdsClient === true;
    hold(this.#client, isWaiting ? this.#earlyUp.length >= earlyBytesMax : mayNotGoUp);
    // What the panel says may have to be answered: while too much waits for it, it is not listened to either.
    const isAnswerHeld =
      this.#stream.holdsPanel === true || (this.#device?.isWritable === true && this.#device.isOverfull);
    const mayNotGoDown = (!this.#isClientOver && isFull(this.#client)) || isAnswerHeld;
    hold(this.#device, isWaiting ? this.#earlyDown.length >= earlyBytesMax : mayNotGoDown);
  }
}

/** A leg that nothing can be sent to any more swallows what is meant for it. */
function isFull(leg: Leg | undefined): boolean {
  return leg?.isWritable === true && leg.isFull;
}

function hold(leg: Leg | undefined, isHeld: boolean): void {
  if (isHeld) leg?.pause();
  else leg?.resume();
}
