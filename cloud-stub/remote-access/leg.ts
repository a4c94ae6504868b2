// One side of a session: a websocket with counted queues, frames of a limited size, and a watch for a lost or stalled peer.
import type { Clock, TimerHandle } from "#hardware/ports.ts";
import { type CloseReason, closeCode } from "#protocol/close-reason.ts";
import { sessionMessageLengthMax } from "#protocol/session-channel.ts";
import type { SessionLimits } from "./limits.ts";
import type { PatientWebSocket } from "./patient-websocket.ts";
import type { SplitSocket } from "./split-socket.ts";

/** How a leg ended: by a close frame, or by what was found wrong with it. */
export type LegEnd =
  | { readonly kind: "said"; readonly code: number | undefined; readonly text: string }
  | { readonly kind: "broken" | "lost" | "stalled" | "malformed" | "too-large" };

/** Whom a leg tells; all of it happens on later turns than the call that caused it. */
export interface LegOwner {
  /** Bytes of the stream, at most `messageBytesMax` at once. */
  received(bytes: Uint8Array): void;
  receivedText(text: string): void;
  /** The queue towards the peer went below the low mark after it was above the high one. */
  drained(): void;
  /** Once. Sending is still possible after a close frame, until `close`. */
  ended(end: LegEnd): void;
}

/** Longest message that is taken from a peer, in bytes; it is never gathered whole. */
export const messageBytesMax = 1024 * 1024;
/** Longest text message, which is gathered whole, in bytes: three for each UTF-16 unit that one of the channel may have. */
export const textBytesMax = 3 * sessionMessageLengthMax;
/** Longest frame that is sent, in bytes. */
export const frameBytesMax = 64 * 1024;
/** Part of `heldBytesMax` that may wait for one peer before the source of it is paused; the rest is for what comes after. */
const highWaterShare = 1 / 8;
/** Part of it at which nothing is made any more that would have to wait too, such as answers to the other side. */
const overfullShare = 3 / 8;
/** Part of it at which the source is resumed. */
const lowWaterShare = 1 / 32;
/** A peer that has been sent more than this without a word may be held up by it, and then answers no ping, in bytes. */
const unansweredBytesMax = 64 * 1024;
/** How often a leg is looked at, in ms: so much later than its limit an end may come. */
const lookEveryMs = 1_000;

export class Leg {
  readonly #websocket: PatientWebSocket;
  readonly #socket: SplitSocket;
  readonly #clock: Clock;
  readonly #limits: SessionLimits;
  readonly #owner: LegOwner;
  readonly #highWaterBytes: number;
  readonly #lowWaterBytes: number;
  readonly #over = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  #emptied: PromiseWithResolvers<void> | undefined;
  #lookTimer: TimerHandle | undefined;
  #closeTimer: TimerHandle | undefined;
  #isPaused = false;
  #isFull = false;
  #hasEnded = false;
  #isClosed = false;
  #heardAtMs: number;
  #takenAtMs: number;
  #pingedAtMs: number;
  /** When the first ping since the peer was last heard had left our queues. */
  #pingTakenAtMs: number | undefined;
  /** Payload handed to the websocket, and how much of it had left by the last look. */
  #handedBytes = 0;
  #takenBytes = 0;
  /** Payload handed over since the peer was last heard. */
  #unansweredBytes = 0;

  constructor(deps: {
    readonly websocket: PatientWebSocket;
    /** The stream below the websocket. */
    readonly socket: SplitSocket;
    readonly clock: Clock;
    readonly limits: SessionLimits;
    readonly owner: LegOwner;
  }) {
    this.#websocket = deps.websocket;
    this.#socket = deps.socket;
    this.#clock = deps.clock;
    this.#limits = deps.limits;
    this.#owner = deps.owner;
    this.#highWaterBytes = deps.limits.heldBytesMax * highWaterShare;
    this.#lowWaterBytes = deps.limits.heldBytesMax * lowWaterShare;
    const nowMs = this.#clock.monotonicMs();
    this.#heardAtMs = nowMs;
    this.#takenAtMs = nowMs;
    this.#pingedAtMs = nowMs;
    this.#listen();
    this.#lookLater();
  }

  /** Settles once the peer sent its close frame, or the leg ended otherwise: no more bytes come. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** Settles once the connection is gone. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Whether bytes can still be sent. */
  get isWritable(): boolean {
    return this.#websocket.readyState === this.#websocket.OPEN;
  }

  /** Bytes that wait to be taken by the peer's connection. */
  get waitingBytes(): number {
    return this.#isClosed ? 0 : this.#websocket.bufferedAmount - this.#socket.takenBytes;
  }

  /** Bytes in all queues of this leg, both directions. */
  get heldBytes(): number {
    return this.#isClosed ? 0 : this.waitingBytes + this.#socket.incomingBytes;
  }

  /** Whether the source of what is sent here should be paused; `drained` follows. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Whether even what is not the source's, but made on its way, must wait; `drained` follows. */
  get isOverfull(): boolean {
    return this.#isFull && this.waitingBytes >= this.#limits.heldBytesMax * overfullShare;
  }

  /** Sends bytes of the stream in frames of at most `frameBytesMax`; dropped if the websocket is no longer open. */
  send(bytes: Uint8Array): void {
    if (!this.isWritable) return;
    for (let start = 0; start < bytes.length; start += frameBytesMax) {
      const frame = bytes.subarray(start, start + frameBytesMax);
      this.#handedBytes += frame.length;
      this.#unansweredBytes += frame.length;
      this.#websocket.send(frame, () => this.#checkDrained());
    }
    if (this.waitingBytes >= this.#highWaterBytes) this.#isFull = true;
  }

  /** Sends one text frame. */
  sendText(text: string): void {
    if (this.isWritable) this.#websocket.send(text, () => this.#checkDrained());
  }

  /** Settles once everything sent has been taken, or the connection is gone. */
  async emptied(): Promise<void> {
    if (this.waitingBytes === 0) return;
    this.#emptied ??= Promise.withResolvers<void>();
    await this.#emptied.promise;
  }

  /** Stops reading: the peer is held back. What ws has taken in already still comes. */
  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#websocket.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    // While we did not read, silence meant nothing.
    this.#heard();
    this.#websocket.resume();
  }

  /** Sends the close frame behind everything sent before, and breaks the connection off after `limitMs` without an answer. */
  close(reason: CloseReason, limitMs: number): void {
    if (this.#isClosed || this.#closeTimer !== undefined) return;
    this.#stopLooking();
    // A paused leg would never see the answer.
    this.#isPaused = false;
    this.#websocket.resume();
    this.#websocket.sayClose(closeCode(reason), reason);
    this.#closeTimer = this.#clock.setTimeout(() => this.#websocket.terminate(), limitMs);
  }

  /** Breaks the connection off without a word. */
  terminate(): void {
    this.#hasEnded = true;
    this.#stopLooking();
    this.#over.resolve();
    this.#websocket.terminate();
  }

  #listen(): void {
    this.#websocket.binaryType = "nodebuffer";
    this.#websocket.on("message", (data, isBinary) => {
      if (!isBinary) this.#owner.receivedText(String(data));
      else if (data instanceof Uint8Array && data.length > 0) this.#owner.received(data);
    });
    this.#websocket.onPeerClose = (close) => this.#end({ kind: "said", ...close });
    this.#websocket.on("error", (error) => this.#end({ kind: kindOfError(error) }));
    this.#websocket.on("close", () => this.#onClosed());
    this.#socket.onEmptied = () => this.#checkDrained();
    // Any byte is a sign of life, also of a message that is not complete yet.
    this.#socket.on("data", this.#heard);
  }

  readonly #heard = (): void => {
    this.#heardAtMs = this.#clock.monotonicMs();
    this.#unansweredBytes = 0;
    this.#pingTakenAtMs = undefined;
  };

  #end(end: LegEnd): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#stopLooking();
    this.#over.resolve();
    this.#owner.ended(end);
  }

  #onClosed(): void {
    this.#isClosed = true;
    this.#stopLooking();
    this.#clock.clearTimeout(this.#closeTimer);
    this.#socket.off("data", this.#heard);
    this.#end({ kind: "broken" });
    this.#checkDrained();
    this.#closed.resolve();
  }

  #checkDrained(): void {
    if (this.waitingBytes === 0) {
      this.#emptied?.resolve();
      this.#emptied = undefined;
    }
    if (!this.#isFull || this.waitingBytes > this.#lowWaterBytes) return;
    this.#isFull = false;
    this.#owner.drained();
  }

  #lookLater(): void {
    this.#lookTimer = this.#clock.setTimeout(() => this.#look(), lookEveryMs);
  }

  #stopLooking(): void {
    this.#clock.clearTimeout(this.#lookTimer);
    this.#lookTimer = undefined;
  }

  #look(): void {
    const nowMs = this.#clock.monotonicMs();
    const waitingBytes = this.waitingBytes;
    const takenBytes = this.#handedBytes - waitingBytes;
    if (waitingBytes === 0 || takenBytes > this.#takenBytes) this.#takenAtMs = nowMs;
    this.#takenBytes = takenBytes;
    if (nowMs - this.#takenAtMs >= this.#limits.stalledAfterMs) this.#end({ kind: "stalled" });
    else if (this.#isLost(nowMs)) this.#end({ kind: "lost" });
    if (this.#hasEnded) return;
    if (
      nowMs - this.#pingedAtMs >= this.#limits.pingEveryMs &&
      waitingBytes < this.#highWaterBytes &&
      this.isWritable
    ) {
      this.#pingedAtMs = nowMs;
      this.#websocket.ping(undefined, undefined, () => this.#pingTaken());
    }
    this.#lookLater();
  }

  #pingTaken(): void {
    this.#pingTakenAtMs ??= this.#clock.monotonicMs();
    this.#checkDrained();
  }

  #isLost(nowMs: number): boolean {
    const { lostAfterMs, stalledAfterMs, pingEveryMs } = this.#limits;
    // We do not read, or it does not take: then a pong cannot come, and its absence proves nothing.
    if (this.#isPaused || nowMs - this.#takenAtMs >= pingEveryMs) return false;
    // What was sent may rest in buffers between us, with the peer held up by its own far side: it says so itself, later.
    const mayBeHeldUp = this.#unansweredBytes > unansweredBytesMax;
    const limitMs = mayBeHeldUp ? stalledAfterMs + pingEveryMs : lostAfterMs;
    // A ping that waited behind other bytes has had less time to be answered.
    const unansweredMs = nowMs - (this.#pingTakenAtMs ?? nowMs);
    return nowMs - this.#heardAtMs >= limitMs && unansweredMs >= limitMs - pingEveryMs;
  }
}

function kindOfError(error: Error & { readonly code?: string }): "broken" | "malformed" | "too-large" {
  if (error.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH") return "too-large";
  return error.code?.startsWith("WS_ERR_") === true ? "malformed" : "broken";
}
