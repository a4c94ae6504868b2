// The simulated board's button, and the finger on it.
import type { Button } from "#hardware/ports.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { SimulatedClock } from "../simulated-clock.ts";
import type { Behaviours } from "./board-behaviour.ts";

/** Contacts of small push-buttons settle within this time. */
const bounceMs = 8;

export class SimulatedButton {
  readonly #clock: SimulatedClock;
  readonly #random: SeededRandom;
  readonly #behaviours: Behaviours;
  readonly #watchers = new Set<(pressed: boolean) => void>();
  #isClosed = false;

  constructor(clock: SimulatedClock, random: SeededRandom, behaviours: Behaviours) {
    this.#clock = clock;
    this.#random = random;
    this.#behaviours = behaviours;
  }

  /** The port for one run of the board. */
  port(isRunning: () => boolean): Button {
    return {
      watch: (changed) => {
        const watcher = (pressed: boolean): void => {
          if (isRunning()) changed(pressed);
        };
        this.#watchers.add(watcher);
        return () => this.#watchers.delete(watcher);
      },
    };
  }

  /** Whether the contact is closed, whatever the finger does. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  press(): void {
    this.#finger(true);
  }

  release(): void {
    this.#finger(false);
  }

  /** Presses, lets `ms` of simulated time pass, and lets go. */
  async holds(ms: number): Promise<void> {
    this.press();
    await this.#clock.advance(ms);
    this.release();
  }

  /** As `holds`, with contacts that bounce so many times when they close and when they open. */
  async holdsBouncing(ms: number, bounces: number): Promise<void> {
    await this.#bounce(true, bounces);
    await this.#clock.advance(Math.max(0, ms - bounceMs));
    await this.#bounce(false, bounces);
  }

  /** The program that watched is gone. */
  powerOff(): void {
    this.#watchers.clear();
  }

  async #bounce(pressed: boolean, bounces: number): Promise<void> {
    const times = Array.from({ length: bounces * 2 }, () => this.#random.integer(0, bounceMs)).sort((a, b) => a - b);
    let atMs = 0;
    this.#finger(pressed);
    for (const [index, timeMs] of times.entries()) {
      await this.#clock.advance(timeMs - atMs);
      atMs = timeMs;
      this.#finger(index % 2 === 0 ? !pressed : pressed);
    }
    await this.#clock.advance(bounceMs - atMs);
  }

  #finger(isDown: boolean): void {
    if (this.#behaviours.handle((behaviour) => behaviour.onButton?.(isDown))) return;
    if (this.#isClosed === isDown) return;
    this.#isClosed = isDown;
    this.#clock.noteActivity();
    for (const watcher of [...this.#watchers]) watcher(isDown);
  }
}
