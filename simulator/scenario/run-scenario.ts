// Carries out one scenario on a site of its own and tells how it went: the outcome, the record, and where it failed.
import type { Clock } from "#hardware/ports.ts";
import { EventLog } from "../record/event-log.ts";
import type { KeptDelivery } from "../record/kept-deliveries.ts";
import { checkScenarioMode, type Scenario } from "../scenario.ts";
import { Site, type SiteOptions } from "../site.ts";
import type { SiteMode, SitePanels, SiteVocabulary } from "../site-vocabulary.ts";
import { appliedFaults } from "./applied-faults.ts";
import { framesMax, lineIn, type StackLine } from "./failure-line.ts";
import { namePanels } from "./named-panels.ts";

export interface ScenarioStep {
  /** Time since the site's start, in ms of the site's time. */
  readonly atMs: number;
  readonly text: string;
}

/** What runs: a site and its end. */
export type RunningSite = SiteVocabulary &
  AsyncDisposable & { readonly clock: Pick<Clock, "nowMs">; readonly keptDeliveries?: readonly KeptDelivery[] };
export type StartSite = (options: SiteOptions<SitePanels>) => Promise<RunningSite>;

export interface RunScenarioOptions {
  /** The scenario's own unless told otherwise. */
  readonly seed?: number;
  readonly mode?: SiteMode;
  /** True: the delivered bytes are kept for a capture, up to 64 MiB. */
  readonly keepBytes?: boolean;
  /** Told of each step as it happens. */
  readonly onStep?: (step: ScenarioStep) => void;
  /** Ends the run, in order and as a failure. */
  readonly signal?: AbortSignal;
  /** How a site of the mode is started; one in memory unless told otherwise. */
  readonly startSite?: StartSite;
}

/** What is read of a run's record. */
export type RunRecord = Pick<EventLog, "entries" | "text">;

export interface ScenarioFailure {
  readonly message: string;
  /** The line of the scenario's own file; undefined where the failure has none there. */
  readonly stackLine?: StackLine;
  readonly stack: string;
  /** The last step that the story had said. */
  readonly lastStep?: ScenarioStep;
}

export interface ScenarioResult {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly mode: SiteMode;
  readonly outcome: "passed" | "failed";
  /** Real time, in ms. */
  readonly durationMs: number;
  /** Time of the site, in ms: simulated in memory, real on loopback. */
  readonly virtualMs: number;
  /** Wall clock of the site at its start, in ms since the Unix epoch. */
  readonly startedAtMs: number;
  readonly record: RunRecord;
  /** Kinds of faults that began, by the record. */
  readonly appliedFaults: readonly string[];
  readonly failure?: ScenarioFailure;
  /** What the site looked like when the story ended. */
  readonly world: string;
  /** With `keepBytes`. */
  readonly keptDeliveries: readonly KeptDelivery[];
}

/** Rejects with a ScenarioError for what cannot run; what goes wrong in a run is its result's failure. */
export async function runScenario(scenario: Scenario, options: RunScenarioOptions = {}): Promise<ScenarioResult> {
  const { seed = scenario.seed, mode = "memory", keepBytes = false } = options;
  checkScenarioMode(scenario, mode);
  const startSite = options.startSite ?? Site.start;
  const stopwatch = startStopwatch();
  const frames = Error.stackTraceLimit;
  Error.stackTraceLimit = framesMax;
  const run = new Run(scenario, options);
  const uncaught = listenForCrashes((error) => run.failed(error));
  try {
    const { panels, site: settings } = scenario;
    await run.carriesOut(() => startSite({ ...settings, seed, panels, keepBytes }));
  } finally {
    uncaught();
    Error.stackTraceLimit = frames;
  }
  const { record, failure } = run;
  return {
    ...{ scenario, seed, mode, record },
    outcome: failure === undefined ? "passed" : "failed",
    durationMs: stopwatch(),
    virtualMs: run.virtualMs,
    startedAtMs: run.startedAtMs,
    appliedFaults: appliedFaults(record.entries),
    ...(failure === undefined ? {} : { failure }),
    world: run.world,
    keptDeliveries: run.kept,
  };
}

class Run {
  record: RunRecord = new EventLog(() => 0);
  failure: ScenarioFailure | undefined;
  world = "The site did not start.";
  /** Wall clock of the site at its start, in ms since the Unix epoch; 0 if it did not start. */
  startedAtMs = 0;
  kept: readonly KeptDelivery[] = [];
  readonly #scenario: Scenario;
  readonly #onStep: RunScenarioOptions["onStep"];
  readonly #signal: AbortSignal | undefined;
  #told = 0;
  #lastStep: ScenarioStep | undefined;

  constructor(scenario: Scenario, { onStep, signal }: RunScenarioOptions) {
    this.#scenario = scenario;
    this.#onStep = onStep;
    this.#signal = signal;
  }

  get virtualMs(): number {
    return this.record.entries.at(-1)?.atMs ?? 0;
  }

  /** Starts the site, tells the story, and ends the site whatever came of it. */
  async carriesOut(start: () => Promise<RunningSite>): Promise<void> {
    let site: RunningSite;
    try {
      site = await start();
    } catch (error) {
      this.failed(error);
      return;
    }
    this.record = site.record;
    this.startedAtMs = Math.round(site.clock.nowMs() - this.virtualMs);
    try {
      await this.#tells(site);
    } catch (error) {
      this.#look(site);
      this.failed(error);
    }
    this.#look(site);
    this.kept = site.keptDeliveries ?? [];
    try {
      await site[Symbol.asyncDispose]();
    } catch (error) {
      // After a failure what is left behind is no news.
      this.failed(error);
    }
    this.#tellSteps();
  }

  failed(error: unknown): void {
    if (this.failure !== undefined) return;
    const { file } = this.#scenario;
    const stackLine = file === undefined ? undefined : lineIn(error, file);
    this.failure = {
      message: messageOf(error),
      ...(stackLine === undefined ? {} : { stackLine }),
      stack: error instanceof Error ? (error.stack ?? error.message) : String(error),
      ...(this.#lastStep === undefined ? {} : { lastStep: this.#lastStep }),
    };
  }

  /** The wait for the story lets time pass, whatever the story itself waits for, and ends with its limit. */
  async #tells(site: RunningSite): Promise<void> {
    const { story, limitMs, panels } = this.#scenario;
    namePanels(site, panels);
    let ended: { readonly error?: unknown } | undefined;
    (story(site as never) as Promise<void>).then(
      () => (ended = {}),
      (error: unknown) => (ended = { error }),
    );
    await site.until(
      () => {
        this.#tellSteps();
        return ended !== undefined || this.failure !== undefined || this.#signal?.aborted === true;
      },
      { what: "the story to end", limitMs },
    );
    if (ended !== undefined && "error" in ended) throw (ended as { readonly error: unknown }).error;
    if (ended === undefined && this.#signal?.aborted === true) throw new Error("stopped by a signal before its end");
  }

  #tellSteps(): void {
    const { entries } = this.record;
    for (; this.#told < entries.length; this.#told += 1) {
      const entry = entries[this.#told];
      if (entry?.kind !== "step") continue;
      this.#lastStep = { atMs: entry.atMs, text: entry.text };
      this.#onStep?.(this.#lastStep);
    }
  }

  #look(site: RunningSite): void {
    if (this.failure === undefined) this.world = site.describe();
  }
}

/** What nobody caught is the run's failure and does not end the process. */
function listenForCrashes(crashed: (error: unknown) => void): () => void {
  process.on("uncaughtException", crashed);
  process.on("unhandledRejection", crashed);
  return () => {
    process.off("uncaughtException", crashed);
    process.off("unhandledRejection", crashed);
  };
}

/** Simulated time takes the place of every other clock of the process while a site runs. */
function startStopwatch(): () => number {
  const startedNs = process.hrtime.bigint();
  return () => Number((process.hrtime.bigint() - startedNs) / 1_000_000n);
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const inner = error instanceof AggregateError ? error.errors.map((each) => `\n  ${messageOf(each)}`).join("") : "";
  return `${error.message}${inner}`;
}
