// One direction of one relayed connection: what was read and not yet passed on, by the same plan as in memory, on any clock.
import type { Clock, Random, TimerHandle } from "#hardware/ports.ts";
import type { Delivery, DeliveryKind } from "../faults/fault.ts";
import type { Link, Stages } from "../network/link.ts";

/** What a relay holds of one direction of a connection before it stops reading, in bytes; one read may go beyond it. */
export const heldBytesMax = 1024 * 1024;

/** A clock that can also wait for no more than the next turn. */
export type TurningClock = Pick<Clock, "monotonicMs" | "setTimeout" | "clearTimeout"> & {
  soon(name: string, run: () => void): TimerHandle;
};

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

export interface RelayPipeOptions {
  readonly clock: TurningClock;
  readonly random: Pick<Random, "fraction">;
  readonly link: Link;
  /** The host that sends. */
  readonly from: string;
  /** Default `heldBytesMax`. */
  readonly heldBytesMax?: number;
  /** Passes it on; false: the receiver takes no more until `resume` is called. */
  readonly deliver: (kind: DeliveryKind, bytes: Uint8Array) => boolean;
  /** A second copy of a connection attempt has come. */
  readonly stray: (kind: DeliveryKind) => void;
  /** `canRead` may have changed. */
  readonly roomChanged: () => void;
}

const nothing = new Uint8Array(0);

export class RelayPipe {
  readonly #options: RelayPipeOptions;
  readonly #unwatch: () => void;
  #sent: Sent[] = [];
  #planned: Planned[] = [];
  #stages: Stages = new Map();
  #sinces: Stages = new Map();
  #timer: TimerHandle | undefined;
  readonly #strays = new Set<TimerHandle>();
  #lastBytesAtMs = 0;
  #sentBytes = 0;
  #heldBytes = 0;
  #wasDark: boolean;
  #isPaused = false;
  #isClosed = false;

  constructor(options: RelayPipeOptions) {
    this.#options = options;
    this.#wasDark = options.link.isDark(options.from);
    this.#unwatch = options.link.watch(() => this.#linkChanged());
  }

  /** Bytes that were read and not passed on. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Bytes that were read, from the beginning. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Nothing waits to be passed on. */
  get isEmpty(): boolean {
    return this.#sent.length === 0;
  }

  /** False while the sender is to be left alone: too much is held, or the wire is dark and its system must notice. */
  get canRead(): boolean {
    const { link, from, heldBytesMax: max = heldBytesMax } = this.#options;
    return !this.#isClosed && this.#heldBytes < max && !link.isDark(from);
  }

  /** `bytes` must not change afterwards. */
  send(kind: DeliveryKind, bytes: Uint8Array = nothing): void {
    if (this.#isClosed) return;
    const sent: Sent = {
      kind,
      bytes,
      offsetBytes: this.#sentBytes,
      sentAtMs: this.#options.clock.monotonicMs(),
      draw: this.#options.random.fraction(),
      deliveredBytes: 0,
    };
    this.#sentBytes += bytes.length;
    this.#heldBytes += bytes.length;
    this.#sent.push(sent);
    if (this.#plan(sent) === 0) this.#lose([sent]);
    this.#arm();
  }

  /** The receiver takes more again. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#arm();
  }

  /** Drops everything under way and its timers. */
  close(): void {
    this.#isClosed = true;
    this.#unwatch();
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#forgetStrays();
    this.#sent = [];
    this.#planned = [];
    this.#heldBytes = 0;
  }

  #linkChanged(): void {
    // Where nothing passes no pace is kept up.
    const isDark = this.#options.link.isDark(this.#options.from);
    if (isDark || this.#wasDark) this.#sinces = new Map();
    this.#wasDark = isDark;
    this.#planned = [];
    this.#stages = new Map();
    this.#forgetStrays();
    this.#lose(this.#sent.filter((sent) => this.#plan(sent) === 0));
    this.#arm();
    this.#options.roomChanged();
  }

  /** Number of deliveries planned for it. */
  #plan(sent: Sent): number {
    const { clock, link, from } = this.#options;
    const bytes = sent.bytes.subarray(sent.deliveredBytes);
    const context = {
      nowMs: clock.monotonicMs(),
      offsetBytes: sent.offsetBytes + sent.deliveredBytes,
      previousAtMs: this.#lastBytesAtMs,
      draw: sent.draw,
    };
    const travelling = { kind: sent.kind, bytes, atMs: sent.sentAtMs };
    const deliveries = link.plan(from, travelling, context, this.#stages, this.#sinces);
    let previousAtMs = this.#planned.at(-1)?.delivery.atMs ?? 0;
    for (const delivery of deliveries) {
      if (delivery.isStray === true) {
        this.#expectStray(delivery);
        continue;
      }
      previousAtMs = Math.max(delivery.atMs, previousAtMs);
      this.#planned.push({ sent, delivery: { ...delivery, atMs: previousAtMs } });
    }
    return deliveries.length;
  }

  #expectStray({ kind, atMs }: Delivery): void {
    if (atMs === Number.POSITIVE_INFINITY) return;
    const { clock, stray } = this.#options;
    const timer = clock.setTimeout(
      () => {
        this.#strays.delete(timer);
        stray(kind);
      },
      Math.max(0, Math.ceil(atMs - clock.monotonicMs())),
    );
    this.#strays.add(timer);
  }

  #forgetStrays(): void {
    for (const timer of this.#strays) this.#options.clock.clearTimeout(timer);
    this.#strays.clear();
  }

  /** A chunk for which nothing is planned was lost on purpose. */
  #lose(lost: readonly Sent[]): void {
    if (lost.length === 0) return;
    this.#sent = this.#sent.filter((sent) => !lost.includes(sent));
    for (const { bytes, deliveredBytes } of lost) this.#heldBytes -= bytes.length - deliveredBytes;
    this.#options.roomChanged();
  }

  #arm(): void {
    const { clock } = this.#options;
    clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    const next = this.#planned[0];
    if (this.#isClosed || this.#isPaused || next === undefined) return;
    if (next.delivery.atMs === Number.POSITIVE_INFINITY) return;
    const delayMs = next.delivery.atMs - clock.monotonicMs();
    const run = (): void => this.#deliverNext();
    this.#timer = delayMs > 0 ? clock.setTimeout(run, Math.ceil(delayMs)) : clock.soon("relay", run);
  }

  /** One delivery a turn, as a network would do it. */
  #deliverNext(): void {
    this.#timer = undefined;
    const next = this.#planned[0];
    if (next === undefined) return;
    // The machine's timers may come a little early.
    if (next.delivery.atMs > this.#options.clock.monotonicMs()) {
      this.#arm();
      return;
    }
    this.#planned.shift();
    const { kind, bytes } = next.delivery;
    if (kind === "bytes") this.#lastBytesAtMs = this.#options.clock.monotonicMs();
    next.sent.deliveredBytes += bytes.length;
    this.#heldBytes -= bytes.length;
    if (this.#planned[0]?.sent !== next.sent) this.#sent.shift();
    if (!this.#options.deliver(kind, bytes)) this.#isPaused = true;
    this.#arm();
    if (!this.#isClosed) this.#options.roomChanged();
  }
}
