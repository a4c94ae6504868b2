// A clock that stands still until a test moves it, stepping to each due time and letting IO settle between.
import type { Clock, TimerHandle } from "#hardware/ports.ts";

interface Timer {
  readonly run: () => void;
  readonly atMs: number;
  readonly order: number;
}

const startAtMs = Date.UTC(2026, 0, 31, 10, 15, 30);

export class ManualClock implements Clock {
  readonly #timers = new Set<Timer>();
  #elapsedMs = 0;
  #order = 0;

  nowMs(): number {
    return startAtMs + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  setTimeout(run: () => void, delayMs: number): TimerHandle {
    const timer = { run, atMs: this.#elapsedMs + delayMs, order: this.#order++ };
    this.#timers.add(timer);
    return { timer };
  }

  clearTimeout(handle: TimerHandle | undefined): void {
    if (handle !== undefined) this.#timers.delete(handle.timer as Timer);
  }

  /** Timers that are still to fire. */
  get pending(): number {
    return this.#timers.size;
  }

  async advance(ms: number): Promise<void> {
    const untilMs = this.#elapsedMs + ms;
    await settle();
    for (;;) {
      const [next] = [...this.#timers]
        .filter((timer) => timer.atMs <= untilMs)
        .sort((a, b) => a.atMs - b.atMs || a.order - b.order);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#elapsedMs = Math.max(this.#elapsedMs, next.atMs);
      next.run();
      await settle();
    }
    this.#elapsedMs = untilMs;
    await settle();
  }
}

/** Lets everything that is on its way in this process arrive. */
export async function settle(turns = 40): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits for a fact; fails naming it when it does not come within a few thousand turns. */
export async function until<T>(what: string, fact: () => T | undefined | false): Promise<T> {
  const error = new Error(`never came: ${what}`);
  for (let turn = 0; turn < 5_000; turn++) {
    const value = fact();
    if (value !== undefined && value !== false) return value;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw error;
}
