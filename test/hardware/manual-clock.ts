// A clock for drivers of the real machine under test: time passes when the test says so, and what is due runs in order.
import type { Clock, TimerHandle } from "#hardware/ports.ts";

/** For files to be read by a busy machine. */
const realWaitMs = 10_000;

interface Timer {
  readonly atMs: number;
  readonly run: () => void;
}

export class ManualClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Map<object, Timer>();

  nowMs(): number {
    return Date.UTC(2026, 10, 24) + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  setTimeout(run: () => void, delayMs: number): TimerHandle {
    const timer = {};
    this.#timers.set(timer, { atMs: this.#nowMs + delayMs, run });
    return { timer };
  }

  clearTimeout(handle: TimerHandle | undefined): void {
    if (handle !== undefined) this.#timers.delete(handle.timer as object);
  }

  get pendingCount(): number {
    return this.#timers.size;
  }

  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const [next] = [...this.#timers].filter(([, { atMs }]) => atMs <= endMs).sort((a, b) => a[1].atMs - b[1].atMs);
      if (next === undefined) break;
      this.#timers.delete(next[0]);
      this.#nowMs = Math.max(this.#nowMs, next[1].atMs);
      next[1].run();
    }
    this.#nowMs = endMs;
  }

  /** Lets time pass, and real files be read in between, until a fact holds; fails after ten real seconds. */
  async until(fact: () => unknown, what: string): Promise<void> {
    const endMs = performance.now() + realWaitMs;
    while (!fact()) {
      if (performance.now() > endMs) throw new Error(`Waited in vain for ${what}`);
      this.advance(100);
      // Reading a file takes some turns of the event loop and a thread's time.
      for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
