// A swarm's report as lines for people.
import type { CoverageCounts } from "../record/machine-coverage.ts";
import type { SwarmReport } from "./run-swarm.ts";

/** Lines without line feeds, in the order in which they are read. */
export function swarmReportLines(report: SwarmReport): readonly string[] {
  const { seeds, from, runs, virtualMs, failures } = report;
  const hours = (virtualMs / 3_600_000).toFixed(1);
  const lines = runs.reduce((sum, run) => sum + run.lines, 0);
  return [
    `${runs.length} of ${seeds} seeds from ${from} on: ${hours} simulated hours, ${lines} lines of record.`,
    failures.length === 0 ? "Nothing failed." : `${failures.length} failed:`,
    ...failures.flatMap(({ seed, failure, faults, shrinkRuns }) => [
      `  seed ${seed}: ${failure.check}, with ${faults} faults after ${shrinkRuns} smaller runs`,
      ...failure.message.split("\n").map((line) => `    ${line}`),
    ]),
    "Faults laid:",
    ...table(report.injected),
    ...coverageLines(report.coverage),
    report.never.length === 0 ? "Everything was taken at least once." : "Never taken:",
    ...report.never.map((name) => `  ${name}`),
  ];
}

function coverageLines(coverage: CoverageCounts): readonly string[] {
  return Object.entries(coverage).flatMap(([machine, { states, transitions }]) => [
    `Machine ${machine}, states entered:`,
    ...table(states),
    `Machine ${machine}, transitions taken:`,
    ...table(transitions),
  ]);
}

function table(counts: Readonly<Record<string, number>>): readonly string[] {
  return Object.entries(counts)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, count]) => `  ${String(count).padStart(8)}  ${name}`);
}
