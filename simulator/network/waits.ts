// Waiting for something at most for a time, or until nobody wants it any more.
import type { SimulatedClock } from "../simulated-clock.ts";

export class Waits {
  readonly #clock: SimulatedClock;
  readonly #timerName: string;

  constructor(clock: SimulatedClock, timerName: string) {
    this.#clock = clock;
    this.#timerName = timerName;
  }

  /** Lets `ms` pass; infinity: until aborted. */
  pass(ms: number, signal?: AbortSignal): Promise<"timeout" | "aborted"> {
    return this.within(new Promise<never>(() => undefined), ms, signal);
  }

  /** What the promise gives, or what came first. */
  async within<T>(promise: Promise<T>, ms: number, signal?: AbortSignal): Promise<T | "timeout" | "aborted"> {
    if (signal?.aborted === true) return "aborted";
    const { promise: cut, resolve } = Promise.withResolvers<"timeout" | "aborted">();
    const timer = Number.isFinite(ms)
      ? this.#clock.setNamedTimeout(this.#timerName, () => resolve("timeout"), ms)
      : undefined;
    const abort = (): void => resolve("aborted");
    signal?.addEventListener("abort", abort);
    try {
      return await Promise.race([promise, cut]);
    } finally {
      this.#clock.clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  }
}
