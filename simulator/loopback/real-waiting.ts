// Waiting in real time for facts and promises: with a limit, what was waited for, and the caller's own line.
import type { Patience } from "../operator/patience.ts";
import type { UntilOptions } from "../simulated-clock.ts";
import type { RealClock } from "./real-clock.ts";

const lookEveryMs = 5;
const defaultLimitMs = 60_000;

/** `describe`: what the world looks like, for the text of a failure. */
export function realWaiting(clock: RealClock, describe: () => string): Patience["until"] {
  const until = (fact: Promise<unknown> | (() => unknown), options: UntilOptions): Promise<unknown> => {
    const { what, limitMs = defaultLimitMs } = options;
    // Made now: its stack is the caller's.
    const late = new Error(`Waited ${limitMs} ms for ${what}`);
    Error.captureStackTrace(late, until);
    const isTold = late.stack ?? "";
    const giveUp = (): Error => {
      late.message = `${late.message}\n${describe()}`;
      late.stack = isTold.replace(/^.*\n/, `Error: ${late.message}\n`);
      return late;
    };
    return typeof fact === "function"
      ? untilHolds(clock, fact, limitMs, giveUp)
      : settles(clock, fact, limitMs, giveUp);
  };
  return until as Patience["until"];
}

async function untilHolds(clock: RealClock, fact: () => unknown, limitMs: number, giveUp: () => Error) {
  const endsAtMs = clock.monotonicMs() + limitMs;
  for (;;) {
    const value = await fact();
    if (value !== undefined && value !== null && value !== false) return value;
    if (clock.monotonicMs() > endsAtMs) throw giveUp();
    await passing(clock, lookEveryMs);
  }
}

async function settles(clock: RealClock, fact: Promise<unknown>, limitMs: number, giveUp: () => Error) {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = clock.setTimeout(() => reject(giveUp()), limitMs);
  try {
    return await Promise.race([fact, promise]);
  } finally {
    clock.clearTimeout(timer);
  }
}

/** Lets so many ms pass; throws a RangeError for what is no time, as the site in memory does. */
export function passing(clock: RealClock, ms: number): Promise<void> {
  if (!(ms >= 0 && Number.isFinite(ms))) throw new RangeError(`site.passes takes a number of ms from 0 up, not ${ms}`);
  return new Promise((resolve) => {
    clock.setTimeout(resolve, ms);
  });
}
