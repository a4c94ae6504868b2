// Makes a failing plan small: first fewer faults and sessions (delta debugging), then gentler and shorter ones.
import { findFaultKind } from "../faults/catalogue.ts";
import { strengthen } from "../faults/fault-kind.ts";
import {
  type FaultEvent,
  isFaultOrRestart,
  type PlanEvent,
  type SwarmPlan,
  usualSite,
  withEvents,
} from "./swarm-plan.ts";

export interface ShrinkOptions {
  /** Whether a plan fails in the same way. */
  readonly fails: (plan: SwarmPlan) => Promise<boolean>;
  /** Runs at most; what is smallest by then is the answer. */
  readonly runsMax?: number;
  readonly onSmaller?: (plan: SwarmPlan, runs: number) => void;
}

export interface Shrunk {
  readonly plan: SwarmPlan;
  readonly runs: number;
}

const defaultRunsMax = 200;

/** `plan` must fail; so does what comes back. */
export async function shrinkPlan(plan: SwarmPlan, options: ShrinkOptions): Promise<Shrunk> {
  const search = new Search(plan, options);
  // Faults first: without them the rest is quick to judge.
  for (let before = -1; before !== search.size; ) {
    before = search.size;
    await search.dropEvents(isFaultOrRestart);
    await search.dropEvents((event) => !isFaultOrRestart(event));
  }
  await search.dropPanels();
  await search.shorten();
  await search.soften();
  return { plan: search.plan, runs: search.runs };
}

class Search {
  plan: SwarmPlan;
  runs = 0;
  readonly #options: ShrinkOptions;

  constructor(plan: SwarmPlan, options: ShrinkOptions) {
    this.plan = plan;
    this.#options = options;
  }

  get size(): number {
    return this.plan.events.length;
  }

  /** Zeller's ddmin over the events of one sort: halves, quarters, ... until no single one can go. */
  async dropEvents(isOfSort: (event: PlanEvent) => boolean): Promise<void> {
    let chunks = 1;
    while (true) {
      const events = this.plan.events.filter(isOfSort);
      if (events.length === 0) return;
      const size = Math.ceil(events.length / chunks);
      const hasDropped = await this.#dropAnyOf(events, size);
      if (!hasDropped && size === 1) return;
      chunks = hasDropped ? Math.max(1, chunks - 1) : Math.min(events.length, chunks * 2);
    }
  }

  async #dropAnyOf(events: readonly PlanEvent[], size: number): Promise<boolean> {
    let hasDropped = false;
    for (let at = 0; at < events.length; at += size) {
      const gone = new Set(events.slice(at, at + size));
      const rest = this.plan.events.filter((event) => !gone.has(event));
      if (rest.length < this.plan.events.length && (await this.#takes(withEvents(this.plan, rest)))) hasDropped = true;
    }
    return hasDropped;
  }

  /** Without what nobody uses; at least one panel stays for the proof of life. */
  async dropPanels(): Promise<void> {
    const used = JSON.stringify(this.plan.events);
    const isUsed = (name: string): boolean => used.includes(`"${name}"`);
    const vncPanels = this.plan.vncPanels.filter(isUsed);
    const bytePanels = this.plan.bytePanels.filter((name, at) => at === 0 || isUsed(name));
    // The second of them behaves as such: it stays the second.
    const sshPanels = this.plan.sshPanels.slice(0, 1 + this.plan.sshPanels.findLastIndex(isUsed));
    const telnetPanels = this.plan.telnetPanels.filter(isUsed);
    await this.#takes({ ...this.plan, bytePanels, vncPanels, sshPanels, telnetPanels });
    await this.#takes({ ...this.plan, ...usualSite });
  }

  /** Begins soon, tries half of each duration, and ends the run soon after the last thing that happens. */
  async shorten(): Promise<void> {
    await this.#beginSooner();
    await this.#endSooner();
    await this.#halve();
    await this.#endSooner();
  }

  async #beginSooner(): Promise<void> {
    const firstMs = Math.min(...this.plan.events.flatMap((event) => (isFaultOrRestart(event) ? [] : [event.atMs])));
    const byMs = Number.isFinite(firstMs) ? Math.max(0, firstMs - shortestMs) : 0;
    const events = this.plan.events.map((event) => ({ ...event, atMs: Math.max(0, event.atMs - byMs) }));
    await this.#takes(withEvents(this.plan, events));
  }

  async #endSooner(): Promise<void> {
    const lastMs = Math.max(0, ...this.plan.events.map(({ atMs }) => atMs));
    for (const spareMs of [1000, 10_000, 60_000, 180_000]) {
      const lastsMs = lastMs + spareMs;
      const events = this.plan.events.map((event) =>
        "forMs" in event ? { ...event, forMs: Math.min(event.forMs, lastsMs - event.atMs) } : event,
      );
      if (lastsMs < this.plan.lastsMs && (await this.#takes({ ...this.plan, lastsMs, events }))) return;
    }
  }

  async #halve(): Promise<void> {
    for (let at = 0; at < this.plan.events.length; at += 1) {
      for (let isShorter = true; isShorter; ) isShorter = await this.#changes(at, halved);
    }
  }

  /** Each fault as gentle as still fails: by its own range from severe to gentle. */
  async soften(): Promise<void> {
    for (let at = 0; at < this.plan.events.length; at += 1) {
      for (const strength of [0, 0.25, 0.5]) {
        if (await this.#changes(at, (event) => (event.kind === "fault" ? softened(event, strength) : undefined))) break;
      }
    }
  }

  async #changes(at: number, change: (event: PlanEvent) => PlanEvent | undefined): Promise<boolean> {
    const event = this.plan.events[at];
    const changed = event === undefined ? undefined : change(event);
    if (changed === undefined) return false;
    return this.#takes({
      ...this.plan,
      events: this.plan.events.map((other, place) => (place === at ? changed : other)),
    });
  }

  /** Keeps the plan if it fails in the same way. */
  async #takes(plan: SwarmPlan): Promise<boolean> {
    const { fails, runsMax = defaultRunsMax, onSmaller } = this.#options;
    if (this.runs >= runsMax || JSON.stringify(plan) === JSON.stringify(this.plan)) return false;
    this.runs += 1;
    if (!(await fails(plan))) return false;
    this.plan = plan;
    onSmaller?.(plan, this.runs);
    return true;
  }
}

const shortestMs = 500;

function halved(event: PlanEvent): PlanEvent | undefined {
  if (!("forMs" in event) || event.forMs < 2 * shortestMs) return undefined;
  return { ...event, forMs: Math.round(event.forMs / 2) };
}

/** Words that were drawn stay; numbers move towards the gentle end. */
function softened(event: FaultEvent, strength: number): FaultEvent {
  const gentle = strengthen(findFaultKind(event.fault).parameters, strength);
  const parameters = Object.fromEntries(
    Object.entries(event.parameters).map(([name, value]) => [
      name,
      typeof value === "number" ? (gentle[name] ?? value) : value,
    ]),
  );
  return { ...event, parameters };
}
