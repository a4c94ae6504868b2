// One direction of one relayed connection: what was read and not yet passed on, by the same plan as in memory, on any clock.
import type { Clock, Random, TimerHandle } from "#hardware/ports.ts";
import type { Delivery, DeliveryKind } from "../faults/fault.ts";
import type { Link } from "../network/link.ts";
import { PlannedDeliveries, type Sent, undeliveredBytes } from "../network/planned-deliveries.ts";

/** What a relay holds of one direction of a connection before it stops reading, in bytes; one read may go beyond it. */
export const heldBytesMax = 1024 * 1024;

/** A clock that can also wait for no more than the next turn. */
export type TurningClock = Pick<Clock, "monotonicMs" | "setTimeout" | "clearTimeout"> & {
  soon(name: string, run: () => void): TimerHandle;
};

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
  readonly #flight: PlannedDeliveries;
  #timer: TimerHandle | undefined;
  readonly #strays = new Set<TimerHandle>();
  #heldBytes = 0;
  #isPaused = false;
  #isClosed = false;

  constructor(options: RelayPipeOptions) {
    this.#options = options;
    const { link, from, clock } = options;
    this.#flight = new PlannedDeliveries({
      link,
      from,
      nowMs: () => clock.monotonicMs(),
      stray: (delivery) => this.#expectStray(delivery),
    });
    this.#unwatch = link.watch(() => this.#linkChanged());
  }

  /** Bytes that were read and not passed on. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Bytes that were read, from the beginning. */
  get sentBytes(): number {
    return this.#flight.sentBytes;
  }

  /** Nothing waits to be passed on. */
  get isEmpty(): boolean {
    return this.#flight.isEmpty;
  }

  /** False while the sender is to be left alone: too much is held, or the wire is dark and its system must notice. */
  get canRead(): boolean {
    const { heldBytesMax: max = heldBytesMax } = this.#options;
    return !this.#isClosed && this.#heldBytes < max && !this.#flight.isHeld;
  }

  /** `bytes` must not change afterwards. */
  send(kind: DeliveryKind, bytes: Uint8Array = nothing): void {
    if (this.#isClosed) return;
    this.#heldBytes += bytes.length;
    this.#lose(this.#flight.send(kind, bytes, this.#options.random.fraction()));
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
    this.#flight.clear();
    this.#heldBytes = 0;
  }

  #linkChanged(): void {
    this.#forgetStrays();
    this.#lose(this.#flight.replan());
    this.#arm();
    this.#options.roomChanged();
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
    for (const sent of lost) this.#heldBytes -= undeliveredBytes(sent);
    this.#options.roomChanged();
  }

  #arm(): void {
    const { clock } = this.#options;
    clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    const { next } = this.#flight;
    if (this.#isClosed || this.#isPaused || next === undefined) return;
    if (next.delivery.atMs === Number.POSITIVE_INFINITY) return;
    const delayMs = next.delivery.atMs - clock.monotonicMs();
    const run = (): void => this.#deliverNext();
    this.#timer = delayMs > 0 ? clock.setTimeout(run, Math.ceil(delayMs)) : clock.soon("relay", run);
  }

  /** One delivery a turn, as a network would do it. */
  #deliverNext(): void {
    this.#timer = undefined;
    const { next } = this.#flight;
    if (next === undefined) return;
    // The machine's timers may come a little early.
    if (next.delivery.atMs > this.#options.clock.monotonicMs()) {
      this.#arm();
      return;
    }
    this.#flight.shift();
    const { kind, bytes } = next.delivery;
    this.#heldBytes -= bytes.length;
    if (!this.#options.deliver(kind, bytes)) this.#isPaused = true;
    this.#arm();
    if (!this.#isClosed) this.#options.roomChanged();
  }
}
