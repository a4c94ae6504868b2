// When something was wrong on a site, as its record tells it: what happens in other times must go as if nothing ever were.
import { createFault } from "../faults/catalogue.ts";
import type { StampedEntry } from "../record/event-log.ts";
import { isMild } from "./fault-table.ts";
import { faultsOf, type SwarmPlan } from "./swarm-plan.ts";

/** What a fault held or broke is still under way for so long after it was lifted. */
const settleMs = 2_000;

interface Interval {
  readonly fromMs: number;
  toMs: number;
}

export class Disturbances {
  readonly #intervals: readonly Interval[];

  constructor(plan: SwarmPlan, entries: readonly StampedEntry[]) {
    const mild = new Set(
      faultsOf(plan).flatMap((event) =>
        event.kind === "fault" && isMild(event) ? [createFault(event.fault, event.parameters).name] : [],
      ),
    );
    this.#intervals = intervalsOf(entries, mild);
  }

  /** Whether anything but mild faults was in force, or had just been, at any moment between. */
  areBetween(fromMs: number, toMs: number): boolean {
    return this.#intervals.some((interval) => interval.fromMs <= toMs && interval.toMs + settleMs >= fromMs);
  }
}

function intervalsOf(entries: readonly StampedEntry[], mild: ReadonlySet<string>): readonly Interval[] {
  const intervals: Interval[] = [];
  const open = new Map<string, Interval[]>();
  const begin = (key: string, atMs: number): void => {
    const interval = { fromMs: atMs, toMs: Number.POSITIVE_INFINITY };
    intervals.push(interval);
    open.set(key, [...(open.get(key) ?? []), interval]);
  };
  const end = (key: string, atMs: number): void => {
    const interval = open.get(key)?.shift();
    if (interval !== undefined) interval.toMs = atMs;
  };
  for (const entry of entries) {
    if (entry.kind === "fault" && !mild.has(entry.name)) {
      if (entry.phase === "begin") begin(`${entry.name} ${entry.on}`, entry.atMs);
      else end(`${entry.name} ${entry.on}`, entry.atMs);
    }
    // Off and on again, whoever did it and however.
    if (entry.kind === "step" && /^the gateway('s power fails| is stopped)/.test(entry.text))
      begin("gateway", entry.atMs);
    if (entry.kind === "step" && entry.text === "the gateway is switched on") end("gateway", entry.atMs);
  }
  return intervals;
}
