// Draws the rows of a sequence diagram as pictures of a page's height each, the hosts on top of every one.

import { duration, virtualTime } from "../words.ts";
import { xmlText } from "../xml-text.ts";
import type { Span } from "./lanes.ts";
import type { SequenceRow } from "./sequence-rows.ts";

const rowHeight = 25;
const rowsOfPicture = 34;
const headHeight = 34;
const timeWidth = 76;
const columnWidthMax = 230;
const columnWidthMin = 112;
/** What the columns share, so that a diagram of few hosts fits a page. */
const columnsWidth = 880;
const letterWidth = 6.1;
/** What the words at an arrow may take, however near its ends are. */
const wordsWidthMin = 270;

export type Fault = Span & { readonly on: string };

/** Hosts from left to right: the person, the cloud, the gateway, and who stands behind it. */
export function hostOrder(names: Iterable<string>): readonly string[] {
  const first = ["operator", "cloud", "gateway"];
  const others = [...new Set(names)].filter((name) => !first.includes(name));
  return [...first, ...others];
}

export function drawSequence(
  rows: readonly SequenceRow[],
  hosts: readonly string[],
  faults: readonly Fault[],
): readonly string[] {
  const pictures: string[] = [];
  for (let at = 0; at < rows.length; at += rowsOfPicture) {
    pictures.push(new Picture(hosts, rows.slice(at, at + rowsOfPicture), rows[at + rowsOfPicture]?.atMs).draw(faults));
  }
  return pictures;
}

class Picture {
  readonly #hosts: readonly string[];
  readonly #rows: readonly SequenceRow[];
  readonly #columnWidth: number;
  readonly #height: number;
  readonly #untilMs: number;

  constructor(hosts: readonly string[], rows: readonly SequenceRow[], nextAtMs: number | undefined) {
    this.#hosts = hosts;
    this.#rows = rows;
    this.#columnWidth = Math.max(columnWidthMin, Math.min(columnWidthMax, columnsWidth / hosts.length));
    this.#height = headHeight + rows.length * rowHeight + 8;
    this.#untilMs = nextAtMs ?? Number.POSITIVE_INFINITY;
  }

  draw(faults: readonly Fault[]): string {
    const width = Math.round(timeWidth + this.#hosts.length * this.#columnWidth);
    const label = `sequence from ${virtualTime(this.#rows[0]?.atMs ?? 0)} on`;
    return [
      `<svg viewBox="0 0 ${width} ${this.#height}" width="${width}" height="${this.#height}" role="img" aria-label="${label}">`,
      ...faults.map((fault) => this.#band(fault)),
      ...this.#hosts.map((host) => this.#lifeline(host)),
      ...this.#rows.map((row, at) => this.#row(row, headHeight + at * rowHeight + rowHeight / 2)),
      "</svg>",
    ].join("\n");
  }

  #x(host: string): number {
    const at = this.#hosts.indexOf(host);
    return Math.round(timeWidth + (Math.max(0, at) + 0.5) * this.#columnWidth);
  }

  #lifeline(host: string): string {
    const x = this.#x(host);
    const width = this.#columnWidth - 14;
    return [
      `<line class="life" x1="${x}" y1="${headHeight - 6}" x2="${x}" y2="${this.#height}"/>`,
      `<rect class="host" x="${x - width / 2}" y="4" width="${width}" height="22" rx="4"/>`,
      `<text class="host-name" x="${x}" y="19" text-anchor="middle">${xmlText(fitted(host, width))}</text>`,
    ].join("");
  }

  /** Where a fault is in force, over the rows between its beginning and its end. */
  #band(fault: Fault): string {
    const startMs = this.#rows[0]?.atMs ?? 0;
    if (fault.toMs < startMs || fault.fromMs >= this.#untilMs) return "";
    const first = this.#rows.findIndex(({ atMs }) => atMs >= fault.fromMs);
    if (first < 0) return "";
    const beyond = this.#rows.findIndex(({ atMs }) => atMs > fault.toMs);
    const last = beyond < 0 ? this.#rows.length : beyond;
    const [left, right] = this.#reach(fault.on);
    const y = headHeight + first * rowHeight;
    const height = Math.max(4, (last - first) * rowHeight);
    const name = `${fault.label} on ${fault.detail}`;
    return `<rect class="band" x="${left}" y="${y}" width="${right - left}" height="${height}"><title>${xmlText(name)}</title></rect>`;
  }

  /** A link's faults stand between its hosts, those of the site over all of it. */
  #reach(on: string): readonly [number, number] {
    const ends = this.#hosts.filter(
      (host) => on.split(/[->]/).includes(host) || on.startsWith(`${host}-`) || on.endsWith(`-${host}`),
    );
    const [one, other] = ends.map((host) => this.#x(host)).sort((a, b) => a - b);
    if (one === undefined || other === undefined)
      return [timeWidth, Math.round(timeWidth + this.#hosts.length * this.#columnWidth)];
    return [one, other];
  }

  #row(row: SequenceRow, y: number): string {
    const left = timeWidth + 4;
    const width = this.#hosts.length * this.#columnWidth - 8;
    switch (row.kind) {
      case "step":
        return `${this.#time(row.atMs, y)}<rect class="step" x="${left}" y="${y - 11}" width="${width}" height="22" rx="3"/>${text("step-text", left + 8, y + 4, fitted(row.text, width - 14))}`;
      case "fault": {
        const mark = row.phase === "begin" ? "\u25bc" : "\u25b2";
        return `${this.#time(row.atMs, y)}${text(`fault-text ${row.phase}`, left + 8, y + 4, fitted(`${mark} ${row.text}`, width - 14))}`;
      }
      case "gap":
        return `<line class="gap" x1="${left}" y1="${y}" x2="${left + width}" y2="${y}"/>${text("gap-text", left + width / 2, y + 4, `${duration(row.ms)} later`, "middle")}`;
      case "left-out":
        return text(
          "gap-text",
          left + width / 2,
          y + 4,
          `${row.rows} rows are left out here; the record has them all`,
          "middle",
        );
      case "state":
        return this.#state(row, y);
      case "exchange":
        return this.#exchange(row, y);
      default:
        return row satisfies never;
    }
  }

  #state({ atMs, host, text: words }: Extract<SequenceRow, { kind: "state" }>, y: number): string {
    const wide = Math.min(words.length * letterWidth + 16, this.#columnWidth * 1.5);
    const x = this.#x(host);
    return `${this.#time(atMs, y)}<rect class="state" x="${x - wide / 2}" y="${y - 9}" width="${wide}" height="18" rx="9"/>${text("state-text", x, y + 4, fitted(words, wide - 6), "middle")}`;
  }

  #exchange(row: Extract<SequenceRow, { kind: "exchange" }>, y: number): string {
    const [from, to] = [this.#x(row.from), this.#x(row.to)];
    const isRight = to >= from;
    const isDiallerLeft = this.#x(row.client) <= this.#x(row.client === row.from ? row.to : row.from);
    const words = isDiallerLeft ? row.text : mirrored(row.text);
    const kind = row.isBroken ? " broken" : row.isUnanswered ? " unanswered" : "";
    const line = y + 5;
    const heads = [head(to, line, isRight, kind), ...(row.isBothWays ? [head(from, line, !isRight, kind)] : [])];
    // Nothing else stands in the row: words may go beyond the arrow.
    const room = Math.max(Math.abs(to - from) - 16, wordsWidthMin);
    const middle = (from + to) / 2;
    return `${this.#time(row.atMs, y)}<line class="arrow${kind}" x1="${from}" y1="${line}" x2="${to}" y2="${line}"/>${heads.join("")}${text(`arrow-text${kind}`, middle, y, fitted(words, room), "middle", words)}`;
  }

  #time(atMs: number, y: number): string {
    return text("time", timeWidth - 8, y + 4, virtualTime(atMs), "end");
  }
}

function head(x: number, y: number, isRight: boolean, kind: string): string {
  const back = isRight ? -7 : 7;
  return `<path class="head${kind}" d="M${x} ${y}l${back} -3.5v7z"/>`;
}

/** Arrows the other way round: the dialler stands on the right. */
function mirrored(words: string): string {
  return words.replace(/[\u2190\u2192]/g, (arrow) => (arrow === "\u2190" ? "\u2192" : "\u2190"));
}

function fitted(words: string, width: number): string {
  const letters = Math.max(4, Math.floor(width / letterWidth));
  return words.length <= letters ? words : `${words.slice(0, letters - 1)}\u2026`;
}

function text(name: string, x: number, y: number, words: string, anchor = "start", title = ""): string {
  const whole = title === "" || title === words ? "" : `<title>${xmlText(title)}</title>`;
  return `<text class="${name}" x="${Math.round(x)}" y="${Math.round(y)}" text-anchor="${anchor}">${xmlText(words)}${whole}</text>`;
}
