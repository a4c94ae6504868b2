// The real machine's clock.
import type { Clock, TimerHandle } from "../ports.ts";

/** Above it Node would run the timer at once. */
const delayMsMax = 2 ** 31 - 1;

export const linuxClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimeout: (run, delayMs): TimerHandle => ({ timer: setTimeout(run, Math.min(Math.max(delayMs, 0), delayMsMax)) }),
  clearTimeout: (handle) => {
    if (handle !== undefined) clearTimeout(handle.timer as NodeJS.Timeout);
  },
};
