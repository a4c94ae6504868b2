// Times, sizes and durations as a person reads them.

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

const steps = [
  { unit: "second", ms: 1000, below: 60_000 },
  { unit: "minute", ms: 60_000, below: 3_600_000 },
  { unit: "hour", ms: 3_600_000, below: 86_400_000 },
  { unit: "day", ms: 86_400_000, below: Number.POSITIVE_INFINITY },
] as const;

/** "3 minutes ago"; undefined when `iso` is not a time. A time a little ahead of this clock counts as now. */
export function readAgo(iso: string | undefined, nowMs: number): string | undefined {
  const atMs = iso === undefined ? Number.NaN : Date.parse(iso);
  if (Number.isNaN(atMs)) return undefined;
  const ageMs = Math.max(0, nowMs - atMs);
  if (ageMs < 5000) return "just now";
  const step = steps.find((candidate) => ageMs < candidate.below) ?? steps[3];
  return relative.format(-Math.floor(ageMs / step.ms), step.unit);
}

/** Date and time in the browser's own way of writing; undefined when `iso` is not a time. */
export function readDateTime(iso: string | undefined): string | undefined {
  const atMs = iso === undefined ? Number.NaN : Date.parse(iso);
  return Number.isNaN(atMs) ? undefined : absolute.format(atMs);
}

/** "12 B", "3.4 kB", "120 MB": decimal units. */
export function readBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = bytes / 1000;
  let index = 0;
  while (value >= 999.5 && index < units.length - 1) {
    value /= 1000;
    index += 1;
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[index]}`;
}

/** "0.4 s", "12 s", "3 min 5 s", "2 h 4 min". */
export function readDuration(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
