// One direction of one connection: what was sent and is under way, the window that bounds it, and what is acknowledged.
import type { DeliveryState, Random, TimerHandle } from "#hardware/ports.ts";
import type { Delivery, DeliveryKind } from "../faults/fault.ts";
import type { SimulatedClock } from "../simulated-clock.ts";
import type { Link, Stages } from "./link.ts";

/** Bytes under way and not yet taken by the receiving program: a receiver that does not read stops its sender here. */
export const windowBytes = 64 * 1024;
/** Age of the oldest unacknowledged byte at which a system retransmits for the first time; doubles with each more. */
const firstRetransmitMs = 1000;

interface Sent {
  readonly kind: DeliveryKind;
  readonly bytes: Uint8Array;
  readonly offsetBytes: number;
  readonly sentAtMs: number;
  readonly draw: number;
  deliveredBytes: number;
}

interface Planned {
  readonly sent: Sent;
  readonly delivery: Delivery;
}

export interface PipeOptions {
  readonly clock: SimulatedClock;
  readonly random: Random;
  readonly link: Link;
  readonly from: string;
  readonly isFromUp: () => boolean;
  /** False while the address of one end is gone: what is sent is held. */
  readonly isCarried?: () => boolean;
  /** Told of everything that reaches the far host, as it does. */
  readonly arrived: (kind: DeliveryKind, bytes: Uint8Array) => void;
}

export class Pipe {
  /** Receives what arrives; set by the far end. */
  deliver: (kind: DeliveryKind, bytes: Uint8Array, isCorrupt: boolean) => void = () => undefined;
  /** Told when `roomBytes` has grown. */
  hasRoom: () => void = () => undefined;
  readonly #options: PipeOptions;
  readonly #unwatch: () => void;
  #sent: Sent[] = [];
  #planned: Planned[] = [];
  #acknowledgements: { readonly endBytes: number; readonly sentAtMs: number }[] = [];
  #timer: TimerHandle | undefined;
  readonly #strays = new Set<TimerHandle>();
  #newStrays: Delivery[] = [];
  #stages: Stages = new Map();
  #sinces: Stages = new Map();
  #lastBytesAtMs = 0;
  #sentBytes = 0;
  #deliveredBytes = 0;
  #acknowledgedBytes = 0;
  #consumedBytes = 0;
  #windowStartBytes = 0;
  /** Whether no acknowledgement came back since the link changed last. */
  #wasDark: boolean;
  #wasHeld = false;

  constructor(options: PipeOptions) {
    this.#options = options;
    this.#unwatch = options.link.watch(() => this.#linkChanged());
    this.#wasDark = this.#isDark();
  }

  /** How many more bytes may be sent now. */
  get roomBytes(): number {
    return Math.max(0, windowBytes - (this.#sentBytes - this.#windowStartBytes));
  }

  get isEmpty(): boolean {
    return this.#sent.length === 0;
  }

  /** `bytes` must not change afterwards and must fit `roomBytes`. */
  send(kind: DeliveryKind, bytes: Uint8Array = new Uint8Array(0)): void {
    const { clock, random, isFromUp } = this.#options;
    clock.noteActivity();
    if (!isFromUp()) return;
    const sentAtMs = clock.nowMs();
    const sent: Sent = {
      kind,
      bytes,
      offsetBytes: this.#sentBytes,
      sentAtMs,
      draw: random.fraction(),
      deliveredBytes: 0,
    };
    this.#sentBytes += bytes.length;
    if (bytes.length > 0) this.#acknowledgements.push({ endBytes: this.#sentBytes, sentAtMs });
    this.#sent.push(sent);
    if (this.#plan(sent) === 0) this.#lose([sent]);
    this.#arm();
  }

  /** The receiving program has taken `count` bytes. */
  consumed(count: number): void {
    this.#consumedBytes += count;
    this.#options.clock.noteActivity();
    this.#hearBack();
  }

  /** What the sender's system knows. */
  deliveryState(): DeliveryState {
    const isDark = this.#isDark();
    if (!isDark) this.#acknowledge(this.#takenBytes());
    const oldest = this.#acknowledgements[0];
    const ageMs = oldest === undefined ? 0 : this.#options.clock.nowMs() - oldest.sentAtMs;
    const firstMs = isDark ? firstRetransmitMs : this.#planned[0]?.delivery.retransmitMs;
    const isSentAgain = firstMs !== undefined && oldest !== undefined && ageMs >= firstMs;
    const retransmits = isSentAgain ? 1 + Math.floor(Math.log2(ageMs / firstMs)) : 0;
    return { unacknowledgedBytes: this.#sentBytes - this.#acknowledgedBytes, retransmits };
  }

  /** Drops everything under way and its timer. */
  close(): void {
    this.#unwatch();
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#forgetStrays();
    this.#sent = [];
    this.#planned = [];
  }

  #linkChanged(): void {
    // What the far system has had so far stays acknowledged, whatever becomes of the link.
    if (!this.#wasDark) this.#acknowledge(this.#takenBytes());
    // Where nothing passes no pace is kept up.
    const isHeld = this.#isHeld();
    if (isHeld || this.#wasHeld) this.#sinces = new Map();
    this.#wasHeld = isHeld;
    this.#wasDark = this.#isDark();
    this.#planned = [];
    this.#stages = new Map();
    this.#forgetStrays();
    this.#lose(this.#sent.filter((sent) => this.#plan(sent) === 0));
    this.#arm();
    this.#hearBack();
  }

  /** Number of deliveries planned for it. */
  #plan(sent: Sent): number {
    const { clock, link, from } = this.#options;
    const rest = sent.bytes.subarray(sent.deliveredBytes);
    const context = {
      nowMs: clock.nowMs(),
      offsetBytes: sent.offsetBytes + sent.deliveredBytes,
      previousAtMs: this.#lastBytesAtMs,
      draw: sent.draw,
    };
    const travelling = { kind: sent.kind, bytes: rest, atMs: sent.sentAtMs };
    const deliveries = this.#isCarried()
      ? link.plan(from, travelling, context, this.#stages, this.#sinces)
      : [{ ...travelling, atMs: Number.POSITIVE_INFINITY }];
    let previousAtMs = this.#planned.at(-1)?.delivery.atMs ?? 0;
    for (const delivery of deliveries) {
      if (delivery.isStray === true) {
        this.#newStrays.push(delivery);
        continue;
      }
      previousAtMs = Math.max(delivery.atMs, previousAtMs);
      this.#planned.push({ sent, delivery: { ...delivery, atMs: previousAtMs } });
    }
    return deliveries.length;
  }

  #expectStray({ kind, bytes, atMs }: Delivery): void {
    if (atMs === Number.POSITIVE_INFINITY) return;
    const { clock, link, arrived } = this.#options;
    const timer = clock.setNamedTimeout(
      `link ${link.name}`,
      () => {
        this.#strays.delete(timer);
        arrived(kind, bytes);
      },
      Math.max(0, atMs - clock.nowMs()),
    );
    this.#strays.add(timer);
  }

  #forgetStrays(): void {
    for (const timer of this.#strays) this.#options.clock.clearTimeout(timer);
    this.#strays.clear();
    this.#newStrays = [];
  }

  /** A chunk for which nothing is planned was lost on purpose; to the sender it looks taken. */
  #lose(lost: readonly Sent[]): void {
    if (lost.length === 0) return;
    this.#sent = this.#sent.filter((sent) => !lost.includes(sent));
    for (const sent of lost) {
      const bytes = sent.bytes.length - sent.deliveredBytes;
      this.#deliveredBytes += bytes;
      this.consumed(bytes);
    }
  }

  #arm(): void {
    this.#armNext();
    // Behind the timer of what they are copies of, should both be due at one time.
    for (const stray of this.#newStrays.splice(0)) this.#expectStray(stray);
  }

  #armNext(): void {
    const { clock, link } = this.#options;
    clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    const next = this.#planned[0];
    if (next === undefined || next.delivery.atMs === Number.POSITIVE_INFINITY) return;
    const delayMs = next.delivery.atMs - clock.nowMs();
    const name = `link ${link.name}`;
    const run = (): void => this.#deliverNext();
    this.#timer = delayMs > 0 ? clock.setNamedTimeout(name, run, delayMs) : clock.soon(name, run);
  }

  /** One delivery a turn, as a network would do it; the next one due gets a timer of its own. */
  #deliverNext(): void {
    this.#timer = undefined;
    const next = this.#planned.shift();
    if (next === undefined) return;
    const { kind, bytes, isCorrupt = false } = next.delivery;
    if (kind === "bytes") this.#lastBytesAtMs = this.#options.clock.nowMs();
    next.sent.deliveredBytes += bytes.length;
    if (this.#planned[0]?.sent !== next.sent) this.#sent.shift();
    this.#deliveredBytes += bytes.length;
    this.#options.clock.noteActivity();
    this.#hearBack();
    this.#arm();
    this.#options.arrived(kind, bytes);
    this.deliver(kind, bytes, isCorrupt);
  }

  /** Acknowledgements and window updates come back unless the way back is dark. */
  #hearBack(): void {
    if (this.#isReverseDark()) return;
    this.#acknowledge(0);
    if (this.#windowStartBytes === this.#consumedBytes) return;
    this.#windowStartBytes = this.#consumedBytes;
    this.hasRoom();
  }

  /** The far system has had what was delivered, and so many bytes more. */
  #acknowledge(takenBytes: number): void {
    this.#acknowledgedBytes = Math.max(this.#acknowledgedBytes, this.#deliveredBytes + takenBytes);
    while ((this.#acknowledgements[0]?.endBytes ?? Number.POSITIVE_INFINITY) <= this.#acknowledgedBytes) {
      this.#acknowledgements.shift();
    }
  }

  #isHeld(): boolean {
    const { link, from } = this.#options;
    return link.isDark(from) || !this.#isCarried();
  }

  /** In either direction: bytes do not arrive, or their acknowledgements do not. */
  #isDark(): boolean {
    return this.#isHeld() || this.#isReverseDark();
  }

  #isReverseDark(): boolean {
    const { link, from } = this.#options;
    return link.isDark(link.otherHost(from)) || !this.#isCarried();
  }

  #isCarried(): boolean {
    return this.#options.isCarried?.() ?? true;
  }

  /** What the far system has while its program has not: held on a link that is not dark, or waiting to be read. */
  #takenBytes(): number {
    const nowMs = this.#options.clock.nowMs();
    let taken = 0;
    for (const { delivery } of this.#planned) {
      const { atMs, takenAtMs = Number.POSITIVE_INFINITY } = delivery;
      if (atMs === Number.POSITIVE_INFINITY || takenAtMs <= nowMs) taken += delivery.bytes.length;
    }
    return taken;
  }
}
