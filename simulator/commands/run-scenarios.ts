// `postern sim run`: carries out scenarios one after the other, tells their steps as they happen, and writes reports.
import { FaultError } from "../faults/fault-error.ts";
import { writeCapture } from "../report/capture/capture-file.ts";
import { writeHtml } from "../report/html/page.ts";
import { type ReportedRun, writeJunit } from "../report/junit.ts";
import { replayCommand } from "../report/replay-command.ts";
import { duration, virtualTime } from "../report/words.ts";
import { lineText } from "../scenario/failure-line.ts";
import { runScenario, type ScenarioResult, type StartSite } from "../scenario/run-scenario.ts";
import { ScenarioError } from "../scenario/scenario-error.ts";
import { checkScenarioMode } from "../scenario.ts";
import type { SiteMode } from "../site-vocabulary.ts";
import { PlanError } from "../swarm/plan-file.ts";
import { type CommandIo, type SimExitCode, simExitCodes } from "./command-io.ts";
import { findTarget, type RunTarget } from "./find-target.ts";
import { runPlanTarget } from "./run-plan-target.ts";
import { siteStarter } from "./start-site.ts";

export type ReportKind = "junit" | "html";

export interface RunScenariosOptions {
  /** Names of scenarios, or files. */
  readonly targets: readonly string[];
  readonly seed?: number;
  readonly mode: SiteMode;
  readonly reports: readonly ReportKind[];
  /** Folder for the reports. */
  readonly out: string;
  /** File for a capture of the only target. */
  readonly pcap?: string;
  /** Ends the run in order; what has not begun does not begin. */
  readonly signal?: AbortSignal;
  /** File for the record of the only target, a line of JSON for each entry. */
  readonly record?: string;
}

/** Never rejects for a mistake of the person's or a failing scenario: that is what the exit code and the lines are for. */
export async function runScenarios(io: CommandIo, options: RunScenariosOptions): Promise<SimExitCode> {
  try {
    const targets = await checkTargets(io, options);
    const startSite = await siteStarter(options.mode);
    const runs: ReportedRun[] = [];
    for (const target of targets) {
      if (options.signal?.aborted === true) break;
      runs.push(await runOne(io, target, { ...options, start: startSite }));
    }
    writeReports(io, runs, options);
    const failed = runs.filter(({ result }) => result.outcome === "failed").length + targets.length - runs.length;
    if (targets.length > 1) io.say(`${targets.length - failed} passed, ${failed} failed.`);
    return failed === 0 ? simExitCodes.passed : simExitCodes.failed;
  } catch (error) {
    if (!isMistake(error)) throw error;
    io.complain(`postern sim run: ${error.message}`);
    return simExitCodes.usage;
  }
}

/** What a person can put right. */
export function isMistake(error: unknown): error is Error {
  return error instanceof ScenarioError || error instanceof PlanError || error instanceof FaultError;
}

/** Everything is looked at before anything runs. */
async function checkTargets(
  io: CommandIo,
  { targets, mode, pcap, record, seed }: RunScenariosOptions,
): Promise<readonly RunTarget[]> {
  if (targets.length > 1 && (pcap ?? record) !== undefined) {
    throw new ScenarioError(
      "scenario.bad-value",
      `${pcap === undefined ? "--record" : "--pcap"} is for one scenario, not for ${targets.length}`,
    );
  }
  if (pcap !== undefined && mode !== "memory") {
    const why = `a site on real sockets keeps no bytes; tcpdump on the loopback sees them`;
    throw new ScenarioError("scenario.bad-value", `--pcap is for the mode "memory", not for "${mode}": ${why}`);
  }
  const found: RunTarget[] = [];
  for (const word of targets) {
    const target = await findTarget(io, word);
    if (target.kind === "scenario") checkScenarioMode(target.scenario, mode);
    else if (mode !== "memory") throw planOnly(word, `a plan runs in the mode "memory" and not in "${mode}"`);
    else if (pcap !== undefined) throw planOnly(word, "a plan's run keeps no bytes: --pcap is for scenarios");
    else if (seed !== undefined)
      throw planOnly(word, "a plan has a seed of its own: change it in the file, and leave --seed out");
    found.push(target);
  }
  return found;
}

function planOnly(word: string, problem: string): ScenarioError {
  return new ScenarioError("scenario.bad-value", `${word}: ${problem}`);
}

async function runOne(
  io: CommandIo,
  target: RunTarget,
  options: RunScenariosOptions & { readonly start: StartSite },
): Promise<ReportedRun> {
  const { seed, mode, pcap, record, start, signal } = options;
  const result =
    target.kind === "plan"
      ? await runPlanTarget(io, target)
      : await tell(io, target, { seed, mode, keepBytes: pcap !== undefined, start, signal });
  const replay = target.kind === "plan" ? `postern sim run ${target.word}` : replayCommand(result, target.word);
  sayOutcome(io, result, replay);
  if (pcap !== undefined) {
    const { keptDeliveries, startedAtMs } = result;
    const { entries } = result.record;
    io.writeFile(
      io.absolute(pcap),
      writeCapture({ deliveries: keptDeliveries, entries, startedAtMs, title: result.scenario.title }),
    );
    io.say(`Capture: ${pcap}`);
  }
  if (record !== undefined) {
    io.writeFile(io.absolute(record), result.record.text());
    io.say(`Record: ${record}`);
  }
  return { result, replay };
}

function tell(
  io: CommandIo,
  { scenario }: Extract<RunTarget, { kind: "scenario" }>,
  options: {
    readonly seed: number | undefined;
    readonly mode: SiteMode;
    readonly keepBytes: boolean;
    readonly start: StartSite;
    readonly signal: AbortSignal | undefined;
  },
): Promise<ScenarioResult> {
  const { seed, mode, keepBytes, start, signal } = options;
  io.say(`${scenario.name}: ${scenario.title} (seed ${seed ?? scenario.seed}, ${mode})`);
  return runScenario(scenario, {
    ...(seed === undefined ? {} : { seed }),
    ...(signal === undefined ? {} : { signal }),
    ...{ mode, keepBytes, startSite: start },
    onStep: ({ atMs, text }) => io.say(`  ${virtualTime(atMs).padStart(11)}  ${text}`),
  });
}

function sayOutcome(
  io: CommandIo,
  { scenario, outcome, virtualMs, durationMs, failure }: ScenarioResult,
  replay: string,
): void {
  io.say(
    `${outcome.toUpperCase()} ${scenario.name}: ${duration(virtualMs)} of the site's time in ${duration(durationMs)}`,
  );
  if (failure === undefined) return;
  const [what = "", ...world] = failure.message.split("\n");
  io.say(`  ${what}`);
  if (failure.stackLine !== undefined) io.say(`  at ${lineText(failure.stackLine, io.folder)}`);
  if (failure.lastStep !== undefined) {
    io.say(`  behind the step at ${virtualTime(failure.lastStep.atMs)}: ${failure.lastStep.text}`);
  }
  io.say(`  again: ${replay}`);
  for (const line of world) io.say(`  | ${line}`);
}

function writeReports(io: CommandIo, runs: readonly ReportedRun[], { reports, out }: RunScenariosOptions): void {
  const write = (name: string, contents: string): void => {
    const path = `${out.replace(/\/$/, "")}/${name}`;
    io.writeFile(io.absolute(path), contents);
    io.say(`Report: ${path}`);
  };
  if (reports.includes("junit")) write("junit.xml", writeJunit(runs, io.folder));
  if (!reports.includes("html")) return;
  for (const run of runs) {
    const { scenario, seed } = run.result;
    write(`${scenario.name}-seed-${seed}.html`, writeHtml(run, io));
  }
}
