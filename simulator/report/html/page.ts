// A run as one HTML file that needs nothing else: for a ticket, a phone and a printer.
import { lineText } from "../../scenario/failure-line.ts";
import type { ScenarioFailure, ScenarioResult } from "../../scenario/run-scenario.ts";
import type { ReportedRun } from "../junit.ts";
import { byteCount, counted, duration, virtualTime } from "../words.ts";
import { xmlText } from "../xml-text.ts";
import { faultSpans, linkTraffic } from "./lanes.ts";
import { sequenceRows } from "./sequence-rows.ts";
import { drawSequence, hostOrder } from "./sequence-svg.ts";
import { reportStyle } from "./style.ts";
import { drawTimeline } from "./timeline.ts";

/** Of what the world looked like: where it stood, faults in force, connections. */
const worldLinesShown = 3;
/** Lines of the programs' logs that a report has, the last ones. */
const logLinesMax = 200;

export interface ReportContext {
  /** Paths in failures are told from there on. */
  readonly folder: string;
  /** What made it: "Postern 0.1.0". */
  readonly program: string;
}

export function writeHtml({ result, replay }: ReportedRun, context: ReportContext): string {
  const { scenario, outcome, record, failure, world } = result;
  const { entries } = record;
  const endMs = Math.max(1, result.virtualMs);
  const title = `${scenario.title}: ${outcome}`;
  return [
    "<!doctype html>",
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${xmlText(title)}</title><style>${reportStyle}</style></head><body><main>`,
    `<header><h1>${xmlText(scenario.title)} <span class="badge ${outcome}">${outcome.toUpperCase()}</span></h1>`,
    `<p class="summary">${xmlText(scenario.summary)}</p></header>`,
    ...(failure === undefined ? [] : [failureSection(failure, world, context.folder)]),
    factsSection(result, replay),
    `<section><h2>Along time</h2>${drawTimeline(entries, endMs)}${stepList(result)}</section>`,
    sequenceSection(result),
    trafficSection(result),
    logSection(result),
    `<footer>${xmlText(context.program)}, postern sim. ${counted(entries.length, "record entry").replace("entrys", "entries")}; times count from the site's start.</footer>`,
    "</main></body></html>",
    "",
  ].join("\n");
}

function failureSection(
  { message, stackLine, lastStep, stack }: ScenarioFailure,
  world: string,
  folder: string,
): string {
  const [what = "", ...more] = message.split("\n");
  const where = stackLine === undefined ? "" : `<p>At <code>${xmlText(lineText(stackLine, folder))}</code></p>`;
  const after =
    lastStep === undefined ? "" : `<p>Behind the step at ${virtualTime(lastStep.atMs)}: ${xmlText(lastStep.text)}</p>`;
  const lines = more.length > 0 ? more : world.split("\n");
  const [shown, folded] = [lines.slice(0, worldLinesShown), lines.slice(worldLinesShown)];
  const rest = folded.length === 0 ? "" : details("The programs' last words", folded.join("\n"));
  return `<section class="failure"><p class="what">${xmlText(what)}</p>${where}${after}<pre>${xmlText(shown.join("\n"))}</pre>${rest}${details("Stack", stack)}</section>`;
}

function details(summary: string, text: string): string {
  return `<details><summary>${xmlText(summary)}</summary><pre>${xmlText(text)}</pre></details>`;
}

function factsSection(
  { scenario, seed, mode, virtualMs, durationMs, appliedFaults, startedAtMs }: ScenarioResult,
  replay: string,
): string {
  const facts = [
    ["Scenario", scenario.name],
    ["Seed", String(seed)],
    ["Mode", mode],
    ["Site's time", duration(virtualMs)],
    ["Real time", duration(durationMs)],
    ["Site's clock at start", new Date(startedAtMs).toISOString().replace(".000Z", "Z")],
    ["Panels", Object.keys(scenario.panels).join(", ") || "none"],
    ["Faults applied", appliedFaults.join(", ") || "none"],
    ["Profiles", scenario.profiles.join(", ") || "none"],
  ] as const;
  const rows = facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${xmlText(value)}</dd></div>`);
  return `<section><dl class="facts">${rows.join("")}</dl><div class="replay"><dt>Run it again</dt><pre>${xmlText(replay)}</pre></div></section>`;
}

function stepList({ record }: ScenarioResult): string {
  const items = record.entries.flatMap((entry) =>
    entry.kind === "step"
      ? [`<li><time>${virtualTime(entry.atMs)}</time><span>${xmlText(entry.text)}</span></li>`]
      : [],
  );
  return `<h3>Steps</h3><ol class="steps-list">${items.join("")}</ol>`;
}

function sequenceSection({ record, scenario }: ScenarioResult): string {
  const { entries } = record;
  const rows = sequenceRows(entries);
  const named = linkTraffic(entries).flatMap(({ from, to }) => [from, to]);
  const hosts = hostOrder([...Object.keys(scenario.panels), ...named]);
  const pictures = drawSequence(rows, hosts, faultSpans(entries, entries.at(-1)?.atMs ?? 0));
  const legend = [
    ['<i style="background:#1f5fa8"></i>', "bytes between two hosts, both ways where there are two heads"],
    ['<i style="background:#c8452f"></i>', "refused or reset"],
    ['<i style="background:#b3261e;opacity:.2"></i>', "a fault is in force here"],
  ].map(([mark, words]) => `<span>${mark}${words}</span>`);
  return `<section><h2>Sequence</h2><p class="legend">${legend.join("")}</p><div class="sequence">${pictures.join("\n")}</div></section>`;
}

function trafficSection({ record }: ScenarioResult): string {
  const rows = linkTraffic(record.entries).map(
    ({ from, to, bytes, deliveries, connections, resets }) =>
      `<tr><td>${xmlText(from)} \u2192 ${xmlText(to)}</td><td class="number" title="${bytes} bytes">${byteCount(bytes)}</td><td class="number">${deliveries}</td><td class="number">${connections}</td><td class="number">${resets}</td></tr>`,
  );
  const head =
    '<tr><th>Direction</th><th class="number">Bytes</th><th class="number">Deliveries</th><th class="number">Connections</th><th class="number">Resets</th></tr>';
  return `<section><h2>Bytes on each link</h2><div class="wide"><table>${head}${rows.join("")}</table></div></section>`;
}

function logSection({ record }: ScenarioResult): string {
  const lines = record.entries.flatMap((entry) => (entry.kind === "log" ? [entry] : []));
  const shown = lines.slice(-logLinesMax);
  const left = lines.length - shown.length;
  const rows = shown.map(({ atMs, program, level, event, fields }) => {
    const words = Object.entries(fields).map(
      ([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
    );
    return `<tr class="${xmlText(level)}"><td class="number">${virtualTime(atMs)}</td><td>${program}</td><td>${xmlText(event)}</td><td class="fields">${xmlText(words.join(" "))}</td></tr>`;
  });
  const note = left > 0 ? `<p class="none">The first ${left} lines are left out.</p>` : "";
  return `<section><h2>What the programs logged</h2><details><summary>${counted(shown.length, "line")} of gateway and cloud</summary>${note}<div class="wide"><table>${rows.join("")}</table></div></details></section>`;
}
