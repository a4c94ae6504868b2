// Waits with an end.
import type { Clock, TimerHandle } from "#hardware/ports.ts";

/** Waits on one clock, each with its own limit; `cancel` ends them all. */
export class TimeLimit {
  readonly #clock: Clock;
  readonly #waits = new Map<TimerHandle, () => void>();
  #isCancelled = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Settles with `wait`, at the latest after `limitMs`, at once after `cancel`. Never rejects: `wait` must not either. */
  async atMost(limitMs: number, wait: Promise<void> | undefined): Promise<void> {
    if (wait === undefined || this.#isCancelled) return;
    const limit = Promise.withResolvers<void>();
    const timer = this.#clock.setTimeout(limit.resolve, limitMs);
    this.#waits.set(timer, limit.resolve);
    await Promise.race([wait, limit.promise]);
    this.#clock.clearTimeout(timer);
    this.#waits.delete(timer);
  }

  /** Ends the waits that are under way, and all later ones, at once. */
  cancel(): void {
    this.#isCancelled = true;
    for (const [timer, end] of this.#waits) {
      this.#clock.clearTimeout(timer);
      end();
    }
    this.#waits.clear();
  }
}
