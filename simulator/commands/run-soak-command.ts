// `postern sim soak`: many simulated hours of trouble, and how long the gateway took to come back.

import { soak } from "../soak/soak.ts";
import { soakReportLines } from "../soak/soak-words.ts";
import { type CommandIo, type SimExitCode, simExitCodes } from "./command-io.ts";

export interface SoakCommandOptions {
  readonly hours: number;
  readonly from: number;
  readonly jobs: number;
  /** Folder for the report. */
  readonly out: string;
}

/** Seeds between two words of progress. */
const saysEvery = 20;

export async function runSoakCommand(
  io: CommandIo,
  { hours, from, jobs, out }: SoakCommandOptions,
): Promise<SimExitCode> {
  io.say(`${hours} simulated hours from seed ${from} on, in ${jobs === 1 ? "one process" : `${jobs} processes`}`);
  let seeds = 0;
  const report = await soak({
    hours,
    from,
    jobs,
    onProgress: ({ seed, failure }, hoursDone) => {
      seeds += 1;
      if (failure !== undefined) io.say(`  seed ${seed} FAILED: ${failure.message.split("\n")[0] ?? ""}`);
      if (seeds % saysEvery === 0) io.say(`  ${Math.round(hoursDone)} of ${hours} hours`);
    },
  });
  const lines = soakReportLines(report);
  const file = `${out.replace(/\/$/, "")}/soak.txt`;
  io.writeFile(io.absolute(file), `${lines.join("\n")}\n`);
  for (const line of lines.slice(0, 2)) io.say(line);
  io.say(
    `${report.never.length === 0 ? "Every state and transition was taken" : `${report.never.length} states and transitions were never taken`}; the whole report: ${file}`,
  );
  return report.failures.length === 0 ? simExitCodes.passed : simExitCodes.failed;
}
