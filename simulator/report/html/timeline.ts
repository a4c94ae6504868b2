// The run along one scale of time: steps, faults, states of machines, and bytes on each link.
import type { StampedEntry } from "../../record/event-log.ts";
import { byteCount, duration, virtualTime } from "../words.ts";
import { xmlText } from "../xml-text.ts";
import { bytesAlong, faultLanes, type Lane, linkTraffic, machineLanes, type Span } from "./lanes.ts";

const slots = 120;
/** Lanes of one machine that are shown; more are counted. */
const lanesMax = 40;

export function drawTimeline(entries: readonly StampedEntry[], endMs: number): string {
  const faults = faultLanes(entries, endMs);
  const machines = machineLanes(entries, endMs);
  return [
    axis(endMs),
    stepMarks(entries, endMs),
    group(
      "Faults",
      faults.length === 0
        ? '<p class="none">None.</p>'
        : faults.map((lane) => laneRow(lane, endMs, () => "fault", lane.on)).join(""),
    ),
    group("States", lanesOf(machines, endMs)),
    group("Bytes on each link", links(entries, endMs)),
  ].join("\n");
}

function lanesOf(lanes: readonly Lane[], endMs: number): string {
  const shown = lanes.slice(0, lanesMax).map((lane) => laneRow(lane, endMs, stateColour));
  const more = lanes.length - lanesMax;
  return shown.join("") + (more > 0 ? `<p class="none">${more} more are in the record.</p>` : "");
}

function group(title: string, body: string): string {
  return `<h3>${title}</h3>\n<div class="lanes">${body}</div>`;
}

function laneRow(lane: Lane, endMs: number, colour: (span: Span) => string, place = ""): string {
  const where = place === "" ? "" : ` <small>${xmlText(place)}</small>`;
  const bars = lane.spans.map((span) => bar(span, endMs, colour(span)));
  return `<div class="lane"><div class="lane-name">${xmlText(lane.name)}${where}</div><div class="track">${bars.join("")}</div></div>`;
}

function bar({ fromMs, toMs, label, detail }: Span, endMs: number, colour: string): string {
  const place = `left:${percent(fromMs, endMs)}%;width:${percent(toMs - fromMs, endMs)}%`;
  const title = `${detail}, ${virtualTime(fromMs)} to ${virtualTime(toMs)} (${duration(toMs - fromMs)})`;
  // What is too short for its words has them as a title only.
  const words = (toMs - fromMs) / Math.max(1, endMs) > 0.06 ? xmlText(label) : "";
  return `<span class="bar ${colour}" style="${place}" title="${xmlText(title)}">${words}</span>`;
}

const colours: readonly (readonly [RegExp, string])[] = [
  [/online|forwarding|established|^registered|operating|^paired/, "good"],
  [/offline|refus|fail|lost|waiting$/, "bad"],
  [/clos|finish|leav|stop|flush|drain|unregistered/, "done"],
];

function stateColour({ label }: Span): string {
  return colours.find(([words]) => words.test(label))?.[1] ?? "busy";
}

function axis(endMs: number): string {
  const step = niceStep(endMs / 6);
  const ticks: string[] = [];
  for (let atMs = 0; atMs <= endMs - step * 0.4; atMs += step) {
    ticks.push(
      `<span class="tick" style="left:${percent(atMs, endMs)}%">${virtualTime(atMs).replace(/\.000$/, "")}</span>`,
    );
  }
  return `<div class="lane axis"><div class="lane-name"></div><div class="track">${ticks.join("")}</div></div>`;
}

/** 1, 2 or 5 times a power of ten in ms, or a round number of minutes. */
function niceStep(roughMs: number): number {
  const steps = [
    100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000,
  ];
  return steps.find((step) => step >= roughMs) ?? Math.ceil(roughMs / 3_600_000) * 3_600_000;
}

function stepMarks(entries: readonly StampedEntry[], endMs: number): string {
  const steps = entries.flatMap((entry) => (entry.kind === "step" ? [entry] : []));
  const marks = steps.map(
    ({ atMs, text }, at) =>
      `<span class="mark" style="left:${percent(atMs, endMs)}%" title="${xmlText(`${virtualTime(atMs)} ${text}`)}">${at + 1}</span>`,
  );
  return `<div class="lane steps"><div class="lane-name">steps</div><div class="track">${marks.join("")}</div></div>`;
}

function links(entries: readonly StampedEntry[], endMs: number): string {
  const traffic = linkTraffic(entries);
  const names = [...new Set(traffic.map(({ link }) => link))];
  return names
    .map((link) => {
      const [up, down] = traffic.filter((row) => row.link === link);
      if (up === undefined) return "";
      const one = bytesAlong(entries, up, endMs, slots);
      const other = down === undefined ? [] : bytesAlong(entries, down, endMs, slots);
      const words = [up, down]
        .flatMap((row) => (row === undefined ? [] : [`${row.from} ${byteCount(row.bytes)}`]))
        .join(" \u00b7 ");
      return `<div class="lane tall"><div class="lane-name">${xmlText(link)} <small>${xmlText(words)}</small></div><div class="track">${histogram(one, other)}</div></div>`;
    })
    .join("");
}

/** One direction upwards, the other downwards, on a scale of roots so that a key press is seen beside a picture. */
function histogram(up: readonly number[], down: readonly number[]): string {
  const most = Math.max(1, ...up, ...down);
  const bars = (values: readonly number[], isUp: boolean): readonly string[] =>
    values.flatMap((bytes, at) => {
      if (bytes === 0) return [];
      const height = Math.max(1, 19 * Math.sqrt(bytes / most));
      return [
        `<rect class="${isUp ? "up" : "down"}" x="${at}" y="${(isUp ? 20 - height : 20).toFixed(1)}" width="0.9" height="${height.toFixed(1)}"/>`,
      ];
    });
  return `<svg class="histogram" viewBox="0 0 ${slots} 40" preserveAspectRatio="none" aria-hidden="true"><line class="zero" x1="0" y1="20" x2="${slots}" y2="20"/>${bars(up, true).join("")}${bars(down, false).join("")}</svg>`;
}

function percent(ms: number, endMs: number): string {
  return Math.max(0, Math.min(100, (ms / Math.max(1, endMs)) * 100)).toFixed(3);
}
