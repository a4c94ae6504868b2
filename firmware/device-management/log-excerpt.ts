// The part of a log that an operation asks for: of a time, with a text, the newest so many lines. Pure.
import type { LogExcerptRequest } from "#protocol/device-management.ts";

/** Most bytes of an excerpt: the older lines go first, and that is said. */
export const excerptBytesMax = 2 * 1024 * 1024;

/** `lines` are oldest first, JSON with a property `time` as the gateway's log has them; others count as of the time before. */
export function excerptOf(
  lines: readonly string[],
  { fromMs, toMs, searchText, maximumLines }: Omit<LogExcerptRequest, "logFile">,
): string {
  const wanted = searchText.toLowerCase();
  let atMs = Number.NaN;
  const fitting = lines.filter((line) => {
    atMs = timeOf(line) ?? atMs;
    if (fromMs !== undefined && !(atMs >= fromMs)) return false;
    if (toMs !== undefined && !(atMs <= toMs)) return false;
    return wanted === "" || line.toLowerCase().includes(wanted);
  });
  return withinBytes(fitting.slice(-maximumLines));
}

function withinBytes(lines: readonly string[]): string {
  let bytes = 0;
  let first = lines.length;
  while (first > 0) {
    bytes += Buffer.byteLength(lines[first - 1] ?? "", "utf8") + 1;
    if (bytes > excerptBytesMax) break;
    first -= 1;
  }
  const kept = lines.slice(first);
  const head = first === 0 ? [] : [`[${first} older lines are left out: at most ${excerptBytesMax} bytes are sent]`];
  return [...head, ...kept].map((line) => `${line}\n`).join("");
}

function timeOf(line: string): number | undefined {
  const text = /^\{"time":"([^"]{1,40})"/.exec(line)?.[1];
  const ms = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
