// `postern sim swarm` and `postern sim replay`: many seeds, and one of them again.

import { duration } from "../report/words.ts";
import { ScenarioError } from "../scenario/scenario-error.ts";
import { parsePlan } from "../swarm/plan-file.ts";
import { replaySwarm, runSwarm, type SwarmProgress } from "../swarm/run-swarm.ts";
import { swarmReportLines } from "../swarm/swarm-words.ts";
import { type CommandIo, type SimExitCode, simExitCodes } from "./command-io.ts";
import { wordsOf } from "./find-target.ts";
import { isMistake } from "./run-scenarios.ts";

export interface SwarmCommandOptions {
  readonly seeds: number;
  readonly from: number;
  readonly jobs: number;
  /** Folder for the plans of what fails, and for the report. */
  readonly out: string;
}

export async function runSwarmCommand(
  io: CommandIo,
  { seeds, from, jobs, out }: SwarmCommandOptions,
): Promise<SimExitCode> {
  io.say(`Seeds ${from} to ${from + seeds - 1} in ${jobs === 1 ? "one process" : `${jobs} processes`}`);
  const report = await runSwarm({ seeds, from, jobs, onProgress: (progress) => sayProgress(io, progress) });
  const folder = out.replace(/\/$/, "");
  const lines = swarmReportLines(report);
  io.writeFile(io.absolute(`${folder}/swarm.txt`), `${lines.join("\n")}\n`);
  for (const line of lines.slice(0, 2)) io.say(line);
  for (const { seed, failure, file, faults } of report.failures) {
    const path = `${folder}/seed-${seed}.json`;
    io.writeFile(io.absolute(path), file);
    io.say(`  seed ${seed} fails by ${failure.check}, shrunk to ${faults} faults: postern sim replay ${path}`);
  }
  io.say(
    `${report.never.length === 0 ? "Every state and transition was taken" : `${report.never.length} states and transitions were never taken`}; the whole report: ${folder}/swarm.txt`,
  );
  return report.failures.length === 0 ? simExitCodes.passed : simExitCodes.failed;
}

function sayProgress(io: CommandIo, progress: SwarmProgress): void {
  switch (progress.kind) {
    case "run": {
      const { seed, done, total, failure } = progress;
      if (failure !== undefined)
        io.say(`${done}/${total}  seed ${seed} FAILED: ${failure.check}: ${failure.message.split("\n")[0] ?? ""}`);
      else if (done % 10 === 0 || done === total) io.say(`${done}/${total}`);
      return;
    }
    case "shrinking":
      io.say(`  seed ${progress.seed}: looking for fewer faults that do it`);
      return;
    case "shrunk":
      io.say(`  seed ${progress.seed}: ${progress.faults} faults are enough (${progress.runs} runs)`);
      return;
    default:
      progress satisfies never;
  }
}

/** `what`: a seed, or a file with a plan. The record goes to a file if one is named. */
export async function replayCommandOf(
  io: CommandIo,
  what: string,
  options: { readonly record?: string },
): Promise<SimExitCode> {
  try {
    const outcome = await replaySwarm(sourceOf(io, what));
    const { failure, lines, virtualMs, sha256, seed } = outcome;
    if (options.record !== undefined) io.writeFile(io.absolute(options.record), outcome.text);
    io.say(`Seed ${seed}: ${duration(virtualMs)} of the site's time, ${lines} lines of record, SHA-256 ${sha256}`);
    if (options.record !== undefined) io.say(`Record: ${options.record}`);
    if (failure === undefined) {
      io.say("PASSED");
      return simExitCodes.passed;
    }
    io.say(`FAILED by ${failure.check}`);
    for (const line of failure.message.split("\n")) io.say(`  ${line}`);
    return simExitCodes.failed;
  } catch (error) {
    if (!isMistake(error)) throw error;
    io.complain(`postern sim replay: ${error.message}`);
    return simExitCodes.usage;
  }
}

function sourceOf(io: CommandIo, what: string): Parameters<typeof replaySwarm>[0] {
  if (/^\d{1,15}$/.test(what)) return { seed: Number(what) };
  if (!what.endsWith(".json")) {
    throw new ScenarioError(
      "scenario.bad-value",
      `"${what}" is neither a seed (a whole number) nor a plan's file (.json); scenarios run again with: postern sim run NAME --seed N`,
    );
  }
  try {
    return { plan: parsePlan(io.readText(io.absolute(what)), what) };
  } catch (error) {
    if (isMistake(error)) throw error;
    throw new ScenarioError("scenario.bad-file", `${what}: cannot be read: ${wordsOf(error)}`);
  }
}
