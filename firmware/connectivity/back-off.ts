// How long to wait before the next attempt: exponential with full jitter, so that a fleet does not come back in step.

export const backOffBaseMs = 1_000;
export const backOffCapMs = 30_000;

/**
 * A wait of 0 to `backOffBaseMs` after the first failure, up to twice as much after each further one, at most
 * `backOffCapMs`. `attempt` counts failures from 1; `draw` is a random number in [0, 1).
 */
export function backOffMs(attempt: number, draw: number): number {
  // Beyond 16 doublings the cap holds anyway; this keeps the power finite.
  const ceiling = Math.min(backOffCapMs, backOffBaseMs * 2 ** Math.min(attempt - 1, 16));
  return Math.floor(ceiling * draw);
}

/** A wait of 0 to `backOffBaseMs`, however many failures there were. */
export function soonMs(draw: number): number {
  return Math.floor(backOffBaseMs * draw);
}
