// A page of text that fills a terminal's window, as the control sequences that draw it (ECMA-48).
import { fitted } from "./letters.ts";

export interface WindowSize {
  readonly columns: number;
  readonly rows: number;
}

/** The alternate screen of xterm, without a cursor; and back. */
export const enterFullScreen = "\x1b[?1049h\x1b[?25l\x1b[2J";
export const leaveFullScreen = "\x1b[?25h\x1b[?1049l";
/** For terminals that have but one screen. */
export const clearScreen = "\x1b[2J\x1b[H";

const smallest = { columns: 20, rows: 4 } as const;
const largest = { columns: 500, rows: 200 } as const;

/** A window may be of no size (not known) or of an absurd one. */
export function usableSize({ columns, rows }: WindowSize): WindowSize {
  return {
    columns: columns === 0 ? 80 : Math.min(largest.columns, Math.max(smallest.columns, columns)),
    rows: rows === 0 ? 24 : Math.min(largest.rows, Math.max(smallest.rows, rows)),
  };
}

export interface PageLine {
  readonly text: string;
  /** Bright on dark, or dark on bright. */
  readonly style?: "bold" | "inverse";
}

/** Draws every row of the window; lines that have no room are left out, rows without a line are blank. The last line stays. */
export function drawPage(lines: readonly PageLine[], foot: PageLine, size: WindowSize): string {
  const { columns, rows } = usableSize(size);
  const shown = lines.slice(0, rows - 1);
  const blank = new Array<PageLine>(rows - 1 - shown.length).fill({ text: "" });
  // The last column of the last row stays free: some terminals scroll when it is filled.
  const all = [...shown, ...blank].map((line) => drawLine(line, columns));
  const drawn = [...all, drawLine(foot, columns - 1)];
  return drawn.map((text, row) => `\x1b[${row + 1};1H${text}`).join("");
}

function drawLine({ text, style }: PageLine, columns: number): string {
  const letters = fitted(text, columns);
  if (style === "bold") return `\x1b[1m${letters}\x1b[0m`;
  return style === "inverse" ? `\x1b[7m${letters}\x1b[0m` : letters;
}

/** A bar of so many columns, filled by a share from 0 to 1. */
export function bar(share: number, columns: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * columns);
  return `[${"#".repeat(filled)}${".".repeat(columns - filled)}]`;
}
