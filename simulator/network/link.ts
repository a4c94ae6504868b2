// The wire between two hosts: its latency and the faults laid over it, newest last.
import type { Delivery, LinkFault, PlanContext } from "../faults/fault.ts";
import { FaultError } from "../faults/fault-error.ts";

interface AppliedFault {
  readonly fault: LinkFault;
  /** Host whose sending it bears on; undefined for both directions. */
  readonly from: string | undefined;
  /** Gives each fault its own luck from a chunk's one draw. */
  readonly turn: number;
}

/** When each fault let go the last chunk of one direction of one connection; kept by that direction, from an empty map on. */
export type Stages = Map<unknown, number>;

/** Steps of this size through [0, 1) stay far from one another, however many are taken. */
const goldenFraction = 0.6180339887498949;

export class Link {
  readonly hosts: readonly [string, string];
  readonly latencyMs: number;
  readonly #isUp: (host: string) => boolean;
  readonly #listeners = new Set<() => void>();
  #faults: readonly AppliedFault[] = [];
  #turn = 0;

  constructor(hosts: readonly [string, string], latencyMs: number, isUp: (host: string) => boolean) {
    this.hosts = hosts;
    this.latencyMs = latencyMs;
    this.#isUp = isUp;
  }

  get name(): string {
    return this.hosts.join("-");
  }

  /** Names of the faults in force, for the text of a failure. */
  get faultNames(): readonly string[] {
    return this.#faults.map(({ fault, from }) => (from === undefined ? fault.name : `${fault.name} from ${from}`));
  }

  otherHost(host: string): string {
    return host === this.hosts[0] ? this.hosts[1] : this.hosts[0];
  }

  /** Lays a fault over one direction or both, until the returned function is called. */
  apply(fault: LinkFault, from?: string): () => void {
    if (fault.isOneWay === true && from === undefined) {
      const [one, other] = this.hosts;
      const text = `"${fault.name}" has a direction: site.from("${one}").to("${other}") or the other way round`;
      throw new FaultError("fault.wrong-place", text);
    }
    this.#turn += 1;
    const applied: AppliedFault = { fault, from, turn: this.#turn };
    this.#faults = [...this.#faults, applied];
    this.changed();
    return () => {
      if (!this.#faults.includes(applied)) return;
      this.#faults = this.#faults.filter((other) => other !== applied);
      this.changed();
    };
  }

  /** Whether nothing that `from` sends reaches the other host's system. */
  isDark(from: string): boolean {
    return !this.#isUp(this.otherHost(from)) || this.#faultsFrom(from).some(({ fault }) => fault.isDark === true);
  }

  /**
   * Runs one chunk, as it was sent, through the latency and all faults; order is kept. Each fault sees when it let the last
   * chunk go itself, and not what later faults made of it: a thin line before a long one stays as thin as it is. `sinces`
   * is kept for as long as the link is not dark, `stages` from one change of its faults to the next.
   */
  plan(
    from: string,
    sent: Delivery,
    context: PlanContext,
    stages: Stages = new Map(),
    sinces: Stages = new Map(),
  ): readonly Delivery[] {
    const atMs = this.#isUp(this.otherHost(from)) ? sent.atMs + this.latencyMs : Number.POSITIVE_INFINITY;
    let deliveries: readonly Delivery[] = [{ ...sent, atMs }];
    for (const applied of this.#faultsFrom(from)) {
      const draw = (context.draw + applied.turn * goldenFraction) % 1;
      const previousAtMs = stages.get(applied) ?? context.previousAtMs;
      const sinceMs = sinces.get(applied) ?? context.nowMs;
      sinces.set(applied, sinceMs);
      deliveries = planEach(applied.fault, deliveries, { ...context, draw, previousAtMs, sinceMs });
      const last = deliveries.findLast(({ isStray }) => isStray !== true);
      if (last !== undefined) stages.set(applied, last.atMs);
    }
    return deliveries;
  }

  /** Tells everything that travels on this link that it may travel differently now. */
  changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #faultsFrom(from: string): readonly AppliedFault[] {
    return this.#faults.filter((applied) => applied.from === undefined || applied.from === from);
  }
}

function planEach(fault: LinkFault, deliveries: readonly Delivery[], context: PlanContext): readonly Delivery[] {
  const planned: Delivery[] = [];
  let { offsetBytes, previousAtMs } = context;
  for (const delivery of deliveries) {
    for (const piece of fault.plan(delivery, { ...context, offsetBytes, previousAtMs })) {
      const atMs = Math.max(piece.atMs, previousAtMs);
      planned.push({ ...piece, atMs });
      previousAtMs = atMs;
    }
    offsetBytes += delivery.bytes.length;
  }
  return planned;
}
