// How the operator waits on a real machine: looks again and again.
import type { Clock } from "#hardware/ports.ts";
import type { UntilOptions } from "../simulated-clock.ts";
import type { Patience } from "./patience.ts";

const lookEveryMs = 25;
const defaultLimitMs = 60_000;

/** `signal` ends every wait with its reason. */
export function realPatience(clock: Clock, signal?: AbortSignal): Patience {
  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      clock.setTimeout(resolve, lookEveryMs);
    });
  const until = async (fact: Promise<unknown> | (() => unknown), options: UntilOptions): Promise<unknown> => {
    const limitMs = options.limitMs ?? defaultLimitMs;
    if (typeof fact !== "function") return withLimit(clock, fact, { limitMs, what: options.what });
    const endsAtMs = clock.monotonicMs() + limitMs;
    for (;;) {
      signal?.throwIfAborted();
      const value = await fact();
      if (value !== undefined && value !== null && value !== false) return value;
      if (clock.monotonicMs() > endsAtMs) throw new Error(`Waited ${limitMs} ms for ${options.what}`);
      await pause();
    }
  };
  return { until: until as Patience["until"] };
}

async function withLimit(clock: Clock, fact: Promise<unknown>, options: Required<UntilOptions>): Promise<unknown> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const { limitMs, what } = options;
  const timer = clock.setTimeout(() => reject(new Error(`Waited ${limitMs} ms for ${what}`)), limitMs);
  try {
    return await Promise.race([fact, late]);
  } finally {
    clock.clearTimeout(timer);
  }
}
