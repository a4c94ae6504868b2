// The interval timers that mqtt.js wants, on a clock that knows single ones.
import type { Clock, TimerHandle } from "#hardware/ports.ts";

export function repeatingTimer(clock: Clock) {
  const timers = new Map<number, TimerHandle>();
  let last = 0;
  const arm = (id: number, run: () => void, everyMs: number): void => {
    const again = (): void => {
      arm(id, run, everyMs);
      run();
    };
    timers.set(id, clock.setTimeout(again, everyMs));
  };
  return {
    set: (run: () => void, everyMs: number): number => {
      arm(++last, run, everyMs);
      return last;
    },
    clear: (id: number): void => {
      clock.clearTimeout(timers.get(id));
      timers.delete(id);
    },
  };
}
