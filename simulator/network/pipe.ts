// One direction of one connection: what was sent and is under way, the window that bounds it, and what is acknowledged.
import type { DeliveryState, Random, TimerHandle } from "#hardware/ports.ts";
import type { Delivery, DeliveryKind } from "../faults/fault.ts";
import type { SimulatedClock } from "../simulated-clock.ts";
import type { Link } from "./link.ts";
import { PlannedDeliveries, type Sent, undeliveredBytes } from "./planned-deliveries.ts";

/** Bytes under way and not yet taken by the receiving program: a receiver that does not read stops its sender here. */
export const windowBytes = 64 * 1024;
/** Age of the oldest unacknowledged byte at which a system retransmits for the first time; doubles with each more. */
const firstRetransmitMs = 1000;

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
  readonly #flight: PlannedDeliveries;
  #acknowledgements: { readonly endBytes: number; readonly sentAtMs: number }[] = [];
  #timer: TimerHandle | undefined;
  readonly #strays = new Set<TimerHandle>();
  #newStrays: Delivery[] = [];
  #deliveredBytes = 0;
  #acknowledgedBytes = 0;
  #consumedBytes = 0;
  #windowStartBytes = 0;
  /** Whether no acknowledgement came back since the link changed last. */
  #wasDark: boolean;

  constructor(options: PipeOptions) {
    this.#options = options;
    const { link, from, clock } = options;
    this.#flight = new PlannedDeliveries({
      link,
      from,
      nowMs: () => clock.nowMs(),
      isCarried: () => this.#isCarried(),
      stray: (delivery) => this.#newStrays.push(delivery),
    });
    this.#unwatch = link.watch(() => this.#linkChanged());
    this.#wasDark = this.#isDark();
  }

  /** How many more bytes may be sent now. */
  get roomBytes(): number {
    return Math.max(0, windowBytes - (this.#flight.sentBytes - this.#windowStartBytes));
  }

  get isEmpty(): boolean {
    return this.#flight.isEmpty;
  }

  /** `bytes` must not change afterwards and must fit `roomBytes`. */
  send(kind: DeliveryKind, bytes: Uint8Array = new Uint8Array(0)): void {
    const { clock, random, isFromUp } = this.#options;
    clock.noteActivity();
    if (!isFromUp()) return;
    const lost = this.#flight.send(kind, bytes, random.fraction());
    if (bytes.length > 0) {
      this.#acknowledgements.push({ endBytes: this.#flight.sentBytes, sentAtMs: clock.nowMs() });
    }
    this.#lose(lost);
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
    const firstMs = isDark ? firstRetransmitMs : this.#flight.next?.delivery.retransmitMs;
    const isSentAgain = firstMs !== undefined && oldest !== undefined && ageMs >= firstMs;
    const retransmits = isSentAgain ? 1 + Math.floor(Math.log2(ageMs / firstMs)) : 0;
    return { unacknowledgedBytes: this.#flight.sentBytes - this.#acknowledgedBytes, retransmits };
  }

  /** Drops everything under way and its timer. */
  close(): void {
    this.#unwatch();
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#forgetStrays();
    this.#flight.clear();
  }

  #linkChanged(): void {
    // What the far system has had so far stays acknowledged, whatever becomes of the link.
    if (!this.#wasDark) this.#acknowledge(this.#takenBytes());
    this.#wasDark = this.#isDark();
    this.#forgetStrays();
    this.#lose(this.#flight.replan());
    this.#arm();
    this.#hearBack();
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
    for (const sent of lost) {
      const bytes = undeliveredBytes(sent);
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
    const { next } = this.#flight;
    if (next === undefined || next.delivery.atMs === Number.POSITIVE_INFINITY) return;
    const delayMs = next.delivery.atMs - clock.nowMs();
    const name = `link ${link.name}`;
    const run = (): void => this.#deliverNext();
    this.#timer = delayMs > 0 ? clock.setNamedTimeout(name, run, delayMs) : clock.soon(name, run);
  }

  /** One delivery a turn, as a network would do it; the next one due gets a timer of its own. */
  #deliverNext(): void {
    this.#timer = undefined;
    const next = this.#flight.shift();
    if (next === undefined) return;
    const { kind, bytes, isCorrupt = false } = next;
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

  /** In either direction: bytes do not arrive, or their acknowledgements do not. */
  #isDark(): boolean {
    return this.#flight.isHeld || this.#isReverseDark();
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
    for (const { delivery } of this.#flight.planned) {
      const { atMs, takenAtMs = Number.POSITIVE_INFINITY } = delivery;
      if (atMs === Number.POSITIVE_INFINITY || takenAtMs <= nowMs) taken += delivery.bytes.length;
    }
    return taken;
  }
}
