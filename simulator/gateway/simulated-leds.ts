// The simulated board's LEDs: what each shows now, what it has shown, and the pattern that a person would see.
import type { Leds } from "#hardware/ports.ts";
import type { SimulatedClock } from "../simulated-clock.ts";
import type { Behaviours } from "./board-behaviour.ts";
import { type LedChange, type LedPattern, readPattern } from "./led-pattern.ts";

/** Changes remembered of each LED; older ones are forgotten. */
const changesMax = 10_000;
/** A person looks so long before saying what an LED does. */
const lookMs = 10_000;

export class SimulatedLeds {
  readonly names: readonly string[];
  readonly #clock: SimulatedClock;
  readonly #behaviours: Behaviours;
  readonly #changes: ReadonlyMap<string, LedChange[]>;

  constructor(clock: SimulatedClock, behaviours: Behaviours, names: readonly string[]) {
    this.#clock = clock;
    this.#behaviours = behaviours;
    this.names = [...names].sort();
    this.#changes = new Map(this.names.map((name) => [name, []]));
  }

  /** The port for one run of the board. */
  port(isRunning: () => boolean): Leds {
    return {
      names: this.names,
      set: (name, lit) => {
        this.#changesOf(name);
        if (!isRunning() || this.#behaviours.handle((behaviour) => behaviour.onLed?.({ name, lit }))) return;
        this.#show(name, lit);
      },
    };
  }

  isLit(name: string): boolean {
    return this.#changesOf(name).at(-1)?.lit ?? false;
  }

  /** Each change, oldest first, with the time since the site's start. */
  history(name: string): readonly LedChange[] {
    return [...this.#changesOf(name)];
  }

  /** What somebody sees who has looked at it for the last `overMs`. */
  pattern(name: string, overMs: number = lookMs): LedPattern {
    const nowMs = this.#clock.monotonicMs();
    return readPattern(this.#changesOf(name), { fromMs: nowMs - overMs, toMs: nowMs });
  }

  powerOff(): void {
    for (const name of this.names) this.#show(name, false);
  }

  #show(name: string, lit: boolean): void {
    if (this.isLit(name) === lit) return;
    const changes = this.#changesOf(name);
    changes.push({ atMs: this.#clock.monotonicMs(), lit });
    if (changes.length > changesMax) changes.shift();
  }

  #changesOf(name: string): LedChange[] {
    const changes = this.#changes.get(name);
    if (changes === undefined) throw new RangeError(`There is no LED "${name}"; there are ${this.names.join(", ")}`);
    return changes;
  }
}
