// The swarm: many seeds on several processes, failures shrunk to few faults, and a report of what was taken and what never was.
import { type CoverageCounts, MachineCoverage, neverTaken } from "../record/machine-coverage.ts";
import { drawPlan } from "./draw-plan.ts";
import { swarmFaultKinds } from "./fault-table.ts";
import { writePlan } from "./plan-file.ts";
import { type SwarmFailure, sortOfFailure } from "./swarm-failure.ts";
import type { SwarmPlan } from "./swarm-plan.ts";
import type { RunSummary, WorkerAnswer, WorkerTask } from "./worker-messages.ts";
import { WorkerProcess } from "./worker-process.ts";

export interface SwarmOptions {
  /** How many seeds, from `from` on. */
  readonly seeds: number;
  /** The first seed; 1 by default. */
  readonly from?: number;
  /** Processes side by side; 1 by default. The outcome does not depend on it. */
  readonly jobs?: number;
  /** How long things happen in each run, in simulated ms; ten minutes by default. */
  readonly lastsMs?: number;
  /** Ends after so many failures; goes through all seeds by default. */
  readonly failuresMax?: number;
  /** Runs spent on making one failure smaller; 200 by default, 0 leaves it as it is. */
  readonly shrinkRunsMax?: number;
  readonly onProgress?: (progress: SwarmProgress) => void;
}

export type SwarmProgress =
  | {
      readonly kind: "run";
      readonly seed: number;
      readonly done: number;
      readonly total: number;
      readonly failure?: SwarmFailure;
    }
  | { readonly kind: "shrinking"; readonly seed: number }
  | { readonly kind: "shrunk"; readonly seed: number; readonly faults: number; readonly runs: number };

export interface FoundFailure {
  readonly seed: number;
  readonly failure: SwarmFailure;
  /** The smallest plan found that fails in the same way; the drawn one if nothing smaller does. */
  readonly plan: SwarmPlan;
  /** The plan as the text of a file that `postern sim replay FILE` takes. */
  readonly file: string;
  /** Faults in it. */
  readonly faults: number;
  /** Runs that shrinking took. */
  readonly shrinkRuns: number;
}

export interface SwarmReport {
  readonly from: number;
  readonly seeds: number;
  /** Of each run, in the order of the seeds: the same for the same seeds whatever the number of jobs. */
  readonly runs: readonly Pick<RunSummary, "seed" | "sha256" | "lines" | "virtualMs" | "heldBytesPeak">[];
  readonly failures: readonly FoundFailure[];
  readonly virtualMs: number;
  readonly coverage: CoverageCounts;
  /** States and transitions that no run took. */
  readonly never: readonly string[];
  /** How often each fault was laid over a site; 0 for those that never were. */
  readonly injected: Readonly<Record<string, number>>;
}

const defaultShrinkRunsMax = 200;
/** Real time for one task. */
const taskMs = { run: 300_000, shrink: 1_800_000 } as const;

type SwarmWorker = WorkerProcess<WorkerTask, WorkerAnswer>;

function startWorker(): SwarmWorker {
  return new WorkerProcess({
    program: new URL("./swarm-worker.ts", import.meta.url),
    limitMs: ({ task }) => taskMs[task],
  });
}

/** Rejects only if the swarm itself breaks; what the programs under test do wrong is in the report. */
export async function runSwarm(options: SwarmOptions): Promise<SwarmReport> {
  const { seeds, from = 1, jobs = 1, failuresMax = Number.POSITIVE_INFINITY, onProgress } = options;
  const summaries: RunSummary[] = [];
  const failures: FoundFailure[] = [];
  let next = from;
  const work = async (): Promise<void> => {
    const worker = startWorker();
    try {
      while (next < from + seeds && failures.length < failuresMax) {
        const seed = next;
        next += 1;
        const plan = planOf(seed, options);
        const summary = await runIn(worker, plan, false);
        summaries.push(summary);
        const { failure } = summary;
        const progress = { kind: "run", seed, done: summaries.length, total: seeds } as const;
        onProgress?.(failure === undefined ? progress : { ...progress, failure });
        if (failure !== undefined) failures.push(await shrinkIn(worker, plan, failure, options));
      }
    } finally {
      worker.end();
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(jobs, seeds)) }, work));
  return reportOf(from, seeds, summaries, failures);
}

export interface ReplayOutcome extends RunSummary {
  readonly plan: SwarmPlan;
  /** The whole record: byte for byte what the same seed gave in a swarm. */
  readonly text: string;
}

/** Runs one seed, or one plan as `parsePlan` reads it, again. */
export async function replaySwarm(
  what: { readonly seed: number } | { readonly plan: SwarmPlan },
): Promise<ReplayOutcome> {
  const plan = "plan" in what ? what.plan : drawPlan(what.seed);
  const worker = startWorker();
  try {
    const summary = await runIn(worker, plan, true);
    return { ...summary, plan, text: summary.text ?? "" };
  } finally {
    worker.end();
  }
}

function planOf(seed: number, { lastsMs }: SwarmOptions): SwarmPlan {
  return drawPlan(seed, lastsMs === undefined ? {} : { lastsMs });
}

/** A process that dies under a run is that run's failure. */
async function runIn(worker: SwarmWorker, plan: SwarmPlan, wantsText: boolean): Promise<RunSummary> {
  try {
    const answer = await worker.does({ task: "run", plan, wantsText });
    if (answer.answer === "run") return answer.summary;
    throw new Error(`must hold: a run is answered by a run, not by ${answer.answer}`);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return {
      seed: plan.seed,
      failure: { check: "crash", message, atMs: 0 },
      sha256: "",
      lines: 0,
      virtualMs: 0,
      injected: {},
      refused: [],
      coverage: {},
      heldBytesPeak: 0,
    };
  }
}

async function shrinkIn(
  worker: SwarmWorker,
  plan: SwarmPlan,
  failure: SwarmFailure,
  { shrinkRunsMax: runsMax = defaultShrinkRunsMax, onProgress }: SwarmOptions,
): Promise<FoundFailure> {
  const found = { seed: plan.seed, failure, plan, shrinkRuns: 0 };
  if (runsMax === 0) return withFile(found);
  onProgress?.({ kind: "shrinking", seed: plan.seed });
  try {
    const answer = await worker.does({ task: "shrink", plan, sort: sortOfFailure(failure), runsMax });
    if (answer.answer !== "shrink") return withFile(found);
    const { shrunk } = answer;
    const smaller = withFile({ seed: plan.seed, failure: shrunk.failure, plan: shrunk.plan, shrinkRuns: shrunk.runs });
    onProgress?.({ kind: "shrunk", seed: plan.seed, faults: smaller.faults, runs: shrunk.runs });
    return smaller;
  } catch {
    // A failure that kills its process is told as it was drawn.
    return withFile(found);
  }
}

function withFile(found: Omit<FoundFailure, "file" | "faults">): FoundFailure {
  const faults = found.plan.events.filter(({ kind }) => kind === "fault" || kind === "restart").length;
  return { ...found, faults, file: writePlan(found.plan) };
}

function reportOf(
  from: number,
  seeds: number,
  summaries: readonly RunSummary[],
  failures: readonly FoundFailure[],
): SwarmReport {
  const coverage = new MachineCoverage();
  const injected: Record<string, number> = { "gateway-restart": 0 };
  for (const { name } of swarmFaultKinds) injected[name] = 0;
  const sorted = [...summaries].sort((one, other) => one.seed - other.seed);
  for (const summary of sorted) {
    coverage.add(summary.coverage);
    for (const [name, count] of Object.entries(summary.injected)) injected[name] = (injected[name] ?? 0) + count;
  }
  const counts = coverage.counts();
  return {
    from,
    seeds,
    runs: sorted.map(({ seed, sha256, lines, virtualMs, heldBytesPeak }) => ({
      seed,
      sha256,
      lines,
      virtualMs,
      heldBytesPeak,
    })),
    failures: [...failures].sort((one, other) => one.seed - other.seed),
    virtualMs: sorted.reduce((sum, run) => sum + run.virtualMs, 0),
    coverage: counts,
    never: neverTaken(counts),
    injected,
  };
}
