// How long a poll waits after failures in a row.

export const backOffMaxMs = 60_000;

/** Doubles the wait with every failure in a row, up to `backOffMaxMs`; without failures it is `everyMs`. */
export function nextWaitMs(everyMs: number, failuresInRow: number): number {
  if (failuresInRow === 0) return everyMs;
  return Math.min(everyMs * 2 ** failuresInRow, Math.max(backOffMaxMs, everyMs));
}
