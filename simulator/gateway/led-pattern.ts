// Reads what an LED shows from its changes: on, off, or a blinking that repeats; pure.

export interface LedChange {
  readonly atMs: number;
  readonly lit: boolean;
}

export type LedPattern =
  | { readonly kind: "on" | "off" }
  /** One period: lit, dark, lit, dark... in ms, with the longest dark at its end. */
  | { readonly kind: "blinking"; readonly periodMs: readonly number[] }
  /** It changes, and nothing repeats. */
  | { readonly kind: "irregular" };

/** A person sees no difference below this, and a busy program is late by as much. */
const sameWithinMs = 20;

/** What is seen from `fromMs` to `toMs`; the changes are the whole history, oldest first. */
export function readPattern(
  changes: readonly LedChange[],
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): LedPattern {
  const seen = changes.filter(({ atMs }) => atMs > fromMs && atMs <= toMs);
  if (seen.length === 0) {
    const isLit = changes.findLast(({ atMs }) => atMs <= fromMs)?.lit ?? false;
    return { kind: isLit ? "on" : "off" };
  }
  // Whole stretches only: the first and the last one seen were under way before and go on after.
  const first = seen.findIndex(({ lit }) => lit);
  const stretches = seen.slice(Math.max(0, first));
  const lengths = stretches.slice(1).map(({ atMs }, index) => atMs - (stretches[index]?.atMs ?? atMs));
  for (let size = 2; size * 2 <= lengths.length; size += 2) {
    const period = lengths.slice(0, size);
    if (lengths.every((length, index) => isSame(length, period[index % size] ?? 0))) {
      return { kind: "blinking", periodMs: pauseLast(period) };
    }
  }
  return { kind: "irregular" };
}

/** "on", "off", "blinks: 500 ms on, 500 ms off". */
export function patternWords(pattern: LedPattern): string {
  if (pattern.kind === "irregular") return "changes without a pattern";
  if (pattern.kind !== "blinking") return pattern.kind;
  const words = pattern.periodMs.map((ms, index) => `${ms} ms ${index % 2 === 0 ? "on" : "off"}`);
  return `blinks: ${words.join(", ")}`;
}

/** A flash, a short dark and a flash are seen as one; the pause ends them. */
function pauseLast(period: readonly number[]): readonly number[] {
  const pauses = period.filter((_ms, index) => index % 2 === 1);
  const start = 2 * (pauses.indexOf(Math.max(...pauses)) + 1);
  return [...period.slice(start), ...period.slice(0, start)];
}

function isSame(one: number, other: number): boolean {
  return Math.abs(one - other) <= sameWithinMs;
}
