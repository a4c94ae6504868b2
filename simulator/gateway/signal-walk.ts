// The strength of a cellular signal as it walks up and down over time, from the seed.
import type { SeededRandom } from "../seeded-random.ts";

/** +CSQ: 0 is -113 dBm or less, 31 is -51 dBm or more, 2 dB a step. */
const signalMax = 31;
const startsAt = 18;
const everyMs = 10_000;
/** After a long time unseen it walks no further than it could have come anyway. */
const stepsMax = 2_000;

export class SignalWalk {
  readonly #random: SeededRandom;
  readonly #nowMs: () => number;
  #signal = startsAt;
  #steps: number;
  #held: number | undefined;

  constructor(random: SeededRandom, nowMs: () => number) {
    this.#random = random;
    this.#nowMs = nowMs;
    this.#steps = Math.floor(nowMs() / everyMs);
  }

  /** 0 to 31. Asked twice at one time it says the same, however often it was asked before. */
  now(): number {
    if (this.#held !== undefined) return this.#held;
    const steps = Math.floor(this.#nowMs() / everyMs);
    for (let step = Math.max(this.#steps, steps - stepsMax); step < steps; step += 1) {
      const change = this.#random.child(`step ${step}`).integer(-1, 1);
      this.#signal = Math.min(signalMax, Math.max(0, this.#signal + change));
    }
    this.#steps = steps;
    return this.#signal;
  }

  /** Stays at this value; undefined: walks on from where it is. */
  holds(signal: number | undefined): void {
    if (signal === undefined) {
      this.#signal = this.#held ?? this.#signal;
      this.#steps = Math.floor(this.#nowMs() / everyMs);
    }
    this.#held = signal;
  }
}
