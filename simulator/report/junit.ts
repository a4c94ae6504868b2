// Results of scenarios as JUnit XML: a suite for each run, with its seed and the command that replays it.
import { lineText, type StackLine } from "../scenario/failure-line.ts";
import type { ScenarioFailure, ScenarioResult } from "../scenario/run-scenario.ts";
import { seconds, virtualTime } from "./words.ts";
import { xmlText } from "./xml-text.ts";

export interface ReportedRun {
  readonly result: ScenarioResult;
  readonly replay: string;
}

/** `folder`: paths in failures are told from there on. */
export function writeJunit(runs: readonly ReportedRun[], folder: string): string {
  const failures = runs.filter(({ result }) => result.outcome === "failed").length;
  const time = runs.reduce((sum, { result }) => sum + result.durationMs, 0);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="postern sim" tests="${runs.length}" failures="${failures}" errors="0" time="${seconds(time)}">`,
    ...runs.flatMap((run) => suite(run, folder)),
    "</testsuites>",
    "",
  ].join("\n");
}

function suite({ result, replay }: ReportedRun, folder: string): readonly string[] {
  const { scenario, seed, mode, failure, durationMs, virtualMs, appliedFaults } = result;
  const properties = [
    ["seed", String(seed)],
    ["mode", mode],
    ["replay", replay],
    ["site-time-ms", String(virtualMs)],
    ["faults", appliedFaults.join(" ")],
    ["profiles", scenario.profiles.join(" ")],
  ] as const;
  const counts = `tests="1" failures="${failure === undefined ? 0 : 1}" errors="0" skipped="0" time="${seconds(durationMs)}"`;
  return [
    `  <testsuite name="${xmlText(scenario.name)}" ${counts}>`,
    "    <properties>",
    ...properties.map(([name, value]) => `      <property name="${name}" value="${xmlText(value)}"/>`),
    "    </properties>",
    `    <testcase name="${xmlText(scenario.title)}" classname="simulator.scenarios.${xmlText(scenario.name)}" time="${seconds(durationMs)}">`,
    ...(failure === undefined ? [] : [failureElement(failure, folder)]),
    `      <system-out>${xmlText(systemOut(result, replay))}</system-out>`,
    "    </testcase>",
    "  </testsuite>",
  ];
}

function failureElement(failure: ScenarioFailure, folder: string): string {
  const [first = ""] = failure.message.split("\n");
  const body = [failure.message, "", ...whereLines(failure.stackLine, folder), failure.stack].join("\n");
  return `      <failure type="scenario.failed" message="${xmlText(first)}">${xmlText(body)}</failure>`;
}

function whereLines(line: StackLine | undefined, folder: string): readonly string[] {
  return line === undefined ? [] : [`At ${lineText(line, folder)}`, ""];
}

function systemOut({ seed, record, world, outcome }: ScenarioResult, replay: string): string {
  const steps = record.entries.flatMap((entry) =>
    entry.kind === "step" ? [`${virtualTime(entry.atMs)}  ${entry.text}`] : [],
  );
  return [`Seed ${seed}. Replay: ${replay}`, ...steps, ...(outcome === "failed" ? ["", world] : [])].join("\n");
}
