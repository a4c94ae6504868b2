// The soak: many simulated hours of trouble and calm over many seeds, and after each trouble the gateway must come back.
import { type CoverageCounts, MachineCoverage, neverTaken } from "../record/machine-coverage.ts";
import { WorkerProcess } from "../swarm/worker-process.ts";
import type { SoakOutcome } from "./run-soak.ts";
import { drawForm, type SoakForm } from "./soak-form.ts";
import { soakFaultKinds } from "./soak-plan.ts";
import type { SoakAnswer, SoakTask } from "./soak-worker.ts";

export interface SoakOptions {
  /** Simulated hours over all seeds together. */
  readonly hours: number;
  /** The first seed; 1 by default. */
  readonly from?: number;
  /** Simulated hours of one seed; 20 by default. */
  readonly hoursEach?: number;
  /** Processes side by side; 1 by default. The outcome does not depend on it. */
  readonly jobs?: number;
  readonly onProgress?: (outcome: SoakOutcome, hoursDone: number) => void;
}

export interface SoakReport {
  readonly from: number;
  readonly seeds: number;
  readonly hours: number;
  readonly spells: number;
  readonly visits: number;
  /** Ascending, in ms of simulated time. */
  readonly recoveriesMs: readonly number[];
  readonly failures: readonly {
    readonly seed: number;
    readonly form: SoakForm;
    readonly message: string;
    readonly atMs: number;
  }[];
  /** How often each fault was laid over a site; 0 for those that never were. */
  readonly injected: Readonly<Record<string, number>>;
  readonly coverage: CoverageCounts;
  /** States and transitions that no run took. */
  readonly never: readonly string[];
}

export const soakHoursEach = 20;
/** Real time for the run of one seed. */
const runMs = 900_000;

/** Rejects only if the soak itself breaks. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { hours, from = 1, hoursEach = soakHoursEach, jobs = 1, onProgress } = options;
  const seeds = Math.ceil(hours / hoursEach);
  const outcomes: SoakOutcome[] = [];
  let next = from;
  const work = async (): Promise<void> => {
    const program = new URL("./soak-worker.ts", import.meta.url);
    const worker = new WorkerProcess<SoakTask, SoakAnswer>({ program, limitMs: () => runMs });
    try {
      while (next < from + seeds) {
        const seed = next;
        next += 1;
        const outcome = await runIn(worker, { seed, hours: hoursEach });
        outcomes.push(outcome);
        onProgress?.(
          outcome,
          outcomes.reduce((sum, each) => sum + each.hours, 0),
        );
      }
    } finally {
      worker.end();
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(jobs, seeds)) }, work));
  return reportOf(from, outcomes);
}

/** A process that dies under a run is that run's failure. */
async function runIn(worker: WorkerProcess<SoakTask, SoakAnswer>, task: SoakTask): Promise<SoakOutcome> {
  try {
    return (await worker.does(task)).outcome;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const nothing = { hours: 0, spells: 0, recoveriesMs: [], visits: 0, injected: {}, refused: [], coverage: {} };
    return { seed: task.seed, form: drawForm(task.seed), ...nothing, failure: { message, atMs: 0 } };
  }
}

function reportOf(from: number, outcomes: readonly SoakOutcome[]): SoakReport {
  const coverage = new MachineCoverage();
  const injected: Record<string, number> = { "gateway-restart": 0 };
  for (const { name } of soakFaultKinds) injected[name] = 0;
  const sorted = outcomes.toSorted((one, other) => one.seed - other.seed);
  for (const outcome of sorted) {
    coverage.add(outcome.coverage);
    for (const [name, count] of Object.entries(outcome.injected)) injected[name] = (injected[name] ?? 0) + count;
  }
  const counts = coverage.counts();
  const sum = (value: (outcome: SoakOutcome) => number): number =>
    sorted.reduce((total, each) => total + value(each), 0);
  return {
    from,
    seeds: sorted.length,
    hours: sum((each) => each.hours),
    spells: sum((each) => each.recoveriesMs.length),
    visits: sum((each) => each.visits),
    recoveriesMs: sorted.flatMap(({ recoveriesMs }) => recoveriesMs).toSorted((one, other) => one - other),
    failures: sorted.flatMap(({ seed, form, failure }) => (failure === undefined ? [] : [{ seed, form, ...failure }])),
    injected,
    coverage: counts,
    never: neverTaken(counts),
  };
}
