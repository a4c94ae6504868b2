// Small drawings as text: shapes with whole coordinates, so that the same story gives the same file.
import { pictureMs, shownFromMs, shownUntilMs } from "./shown-parameters.ts";

export const left = 150;
const perMs = 0.4;
export const width = left + pictureMs * perMs + 20;

export const colours = {
  plain: "#1f6f8b",
  attempt: "#6b5b95",
  end: "#444444",
  bad: "#c0392b",
  held: "#999999",
  good: "#2e7d32",
  fault: "#f6d8a8",
} as const;

export function x(ms: number): number {
  return Math.round(left + ms * perMs);
}

export function line(
  from: readonly [number, number],
  to: readonly [number, number],
  colour: string,
  more = "",
): string {
  return `<line x1="${from[0]}" y1="${from[1]}" x2="${to[0]}" y2="${to[1]}" stroke="${colour}"${more}/>`;
}

export function text(at: readonly [number, number], words: string, more = ""): string {
  return `<text x="${at[0]}" y="${at[1]}"${more}>${words.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</text>`;
}

export function dot(at: readonly [number, number], colour: string): string {
  return `<circle cx="${at[0]}" cy="${at[1]}" r="3" fill="${colour}"/>`;
}

export function bar(fromMs: number, untilMs: number, top: number, height: number, colour: string): string {
  return `<rect x="${x(fromMs)}" y="${top}" width="${Math.max(1, x(untilMs) - x(fromMs))}" height="${height}" fill="${colour}"/>`;
}

/** The whole picture: title, the time for which the fault is there, and an axis in ms. */
export function picture(title: string, height: number, shapes: readonly string[]): string {
  const axisAt = height - 24;
  const ticks = [0, 300, 600, 900, 1200, 1500].flatMap((ms) => [
    line([x(ms), axisAt], [x(ms), axisAt + 4], colours.end),
    text([x(ms), axisAt + 16], `${ms}`, ' text-anchor="middle"'),
  ]);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="11">`,
    `<title>${title}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    bar(shownFromMs, shownUntilMs, 24, axisAt - 24, colours.fault),
    text([left, 16], title, ' font-size="13"'),
    ...shapes,
    line([x(0), axisAt], [x(pictureMs), axisAt], colours.end),
    ...ticks,
    text([x(pictureMs) - 44, axisAt + 16], "ms", ' text-anchor="end"'),
    "</svg>",
    "",
  ].join("\n");
}
