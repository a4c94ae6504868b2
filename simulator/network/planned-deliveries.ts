// What was sent in one direction of a connection and is under way, with the times at which a link's faults let it arrive.
import type { Delivery, DeliveryKind } from "../faults/fault.ts";
import type { Link, Stages } from "./link.ts";

export interface Sent {
  readonly kind: DeliveryKind;
  readonly bytes: Uint8Array;
  readonly offsetBytes: number;
  readonly sentAtMs: number;
  readonly draw: number;
  deliveredBytes: number;
}

export interface Planned {
  readonly sent: Sent;
  readonly delivery: Delivery;
}

export interface PlannedDeliveriesOptions {
  readonly link: Link;
  /** The host that sends. */
  readonly from: string;
  readonly nowMs: () => number;
  /** False: nothing is carried at present, and all is held. */
  readonly isCarried?: () => boolean;
  /** A second copy is under way, which is no part of the stream. */
  readonly stray: (delivery: Delivery) => void;
}

export class PlannedDeliveries {
  readonly #options: PlannedDeliveriesOptions;
  #sent: Sent[] = [];
  #planned: Planned[] = [];
  #stages: Stages = new Map();
  #sinces: Stages = new Map();
  #lastBytesAtMs = 0;
  #sentBytes = 0;
  #wasHeld: boolean;

  constructor(options: PlannedDeliveriesOptions) {
    this.#options = options;
    this.#wasHeld = this.isHeld;
  }

  /** Bytes that were sent, from the beginning. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  get isEmpty(): boolean {
    return this.#sent.length === 0;
  }

  /** Nothing passes at present. */
  get isHeld(): boolean {
    const { link, from, isCarried } = this.#options;
    return link.isDark(from) || isCarried?.() === false;
  }

  /** What arrives next. */
  get next(): Planned | undefined {
    return this.#planned[0];
  }

  get planned(): readonly Planned[] {
    return this.#planned;
  }

  /** Gives what was lost on purpose: nothing is planned for it. */
  send(kind: DeliveryKind, bytes: Uint8Array, draw: number): readonly Sent[] {
    const offsetBytes = this.#sentBytes;
    const sent: Sent = { kind, bytes, offsetBytes, sentAtMs: this.#options.nowMs(), draw, deliveredBytes: 0 };
    this.#sentBytes += bytes.length;
    this.#sent.push(sent);
    return this.#planAll([sent]);
  }

  /** The link has changed: plans everything anew. Gives what was lost on purpose. */
  replan(): readonly Sent[] {
    // Where nothing passes no pace is kept up.
    const { isHeld } = this;
    if (isHeld || this.#wasHeld) this.#sinces = new Map();
    this.#wasHeld = isHeld;
    this.#planned = [];
    this.#stages = new Map();
    return this.#planAll(this.#sent);
  }

  /** Takes off what arrives now. */
  shift(): Delivery | undefined {
    const next = this.#planned.shift();
    if (next === undefined) return undefined;
    const { sent, delivery } = next;
    if (delivery.kind === "bytes") this.#lastBytesAtMs = this.#options.nowMs();
    sent.deliveredBytes += delivery.bytes.length;
    if (this.#planned[0]?.sent !== sent) this.#sent.shift();
    return delivery;
  }

  clear(): void {
    this.#sent = [];
    this.#planned = [];
  }

  #planAll(chunks: readonly Sent[]): readonly Sent[] {
    const lost = chunks.filter((sent) => this.#plan(sent) === 0);
    if (lost.length > 0) this.#sent = this.#sent.filter((sent) => !lost.includes(sent));
    return lost;
  }

  /** Number of deliveries planned for it. */
  #plan(sent: Sent): number {
    const { link, from, nowMs, isCarried, stray } = this.#options;
    const context = {
      nowMs: nowMs(),
      offsetBytes: sent.offsetBytes + sent.deliveredBytes,
      previousAtMs: this.#lastBytesAtMs,
      draw: sent.draw,
    };
    const travelling = { kind: sent.kind, bytes: sent.bytes.subarray(sent.deliveredBytes), atMs: sent.sentAtMs };
    const deliveries =
      isCarried?.() === false
        ? [{ ...travelling, atMs: Number.POSITIVE_INFINITY }]
        : link.plan(from, travelling, context, this.#stages, this.#sinces);
    let previousAtMs = this.#planned.at(-1)?.delivery.atMs ?? 0;
    for (const delivery of deliveries) {
      if (delivery.isStray === true) {
        stray(delivery);
        continue;
      }
      previousAtMs = Math.max(delivery.atMs, previousAtMs);
      this.#planned.push({ sent, delivery: { ...delivery, atMs: previousAtMs } });
    }
    return deliveries.length;
  }
}

/** Bytes of a lost chunk that had not arrived before. */
export function undeliveredBytes({ bytes, deliveredBytes }: Sent): number {
  return bytes.length - deliveredBytes;
}
