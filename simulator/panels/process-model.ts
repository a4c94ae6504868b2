// What a panel's machine does: four process values that follow whether it runs, from one seed and the clock.
import { SeededRandom } from "../seeded-random.ts";

/** Values move at these times; a screen has nothing new to draw in between. */
export const tickMs = 500;
/** Ticks that are made up for after a long time without anybody looking. */
const ticksCaughtUpMax = 240;
/** Points of the trend: two minutes. */
export const trendLength = 240;

export interface SignalDescription {
  readonly label: string;
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  /** Where it settles while the machine runs and while it stands. */
  readonly running: number;
  readonly standing: number;
  /** Share of the way to its target that it goes in a tick. */
  readonly speed: number;
  /** How far it wanders about its target. */
  readonly wander: number;
  readonly decimals: number;
  /** Above it an alarm is shown. */
  readonly alarmAbove?: number;
}

export interface MachineDescription {
  /** The first two are shown as dials, the others as bars; the first is the trend's. */
  readonly signals: readonly [SignalDescription, SignalDescription, SignalDescription, SignalDescription];
  /** What it makes, for the counter. */
  readonly product: string;
}

export interface Signal extends SignalDescription {
  value: number;
}

export class ProcessModel {
  readonly signals: readonly Signal[];
  /** Latest last; values of the first two signals. */
  readonly trend: (readonly [number, number])[] = [];
  isRunning = true;
  produced: number;
  readonly #random: SeededRandom;
  readonly #phases: readonly number[];
  #tick: number;

  constructor(machine: MachineDescription, seed: string | number, nowMs: number) {
    this.#random = new SeededRandom(seed);
    this.#phases = machine.signals.map(() => this.#random.fraction() * 2 * Math.PI);
    this.signals = machine.signals.map((signal) => ({ ...signal, value: signal.running }));
    this.produced = this.#random.integer(1200, 48_000);
    this.#tick = Math.floor(nowMs / tickMs) - trendLength;
    this.advanceTo(nowMs);
  }

  /** Lets the machine live until `nowMs`. */
  advanceTo(nowMs: number): void {
    const target = Math.floor(nowMs / tickMs);
    this.#tick = Math.max(this.#tick, target - ticksCaughtUpMax);
    while (this.#tick < target) {
      this.#tick += 1;
      this.#step();
    }
  }

  /** Milliseconds from `nowMs` to the next time at which values move. */
  untilNextTickMs(nowMs: number): number {
    return tickMs - (nowMs % tickMs);
  }

  /** The first signal above its limit. */
  get alarm(): Signal | undefined {
    return this.signals.find((signal) => signal.alarmAbove !== undefined && signal.value > signal.alarmAbove);
  }

  #step(): void {
    for (const [at, signal] of this.signals.entries()) {
      const phase = this.#phases[at] ?? 0;
      const seconds = (this.#tick * tickMs) / 1000;
      const swing =
        0.6 * Math.sin(seconds / (7 + at * 3) + phase) + 0.4 * Math.sin(seconds / (29 + at * 5) + 2 * phase);
      const noise = (this.#random.fraction() - 0.5) * 0.5;
      const wander = this.isRunning ? signal.wander * (swing + noise) : signal.wander * 0.05 * noise;
      const target = (this.isRunning ? signal.running : signal.standing) + wander;
      const next = signal.value + (target - signal.value) * signal.speed;
      signal.value = Math.min(signal.max, Math.max(signal.min, next));
    }
    if (this.isRunning && this.#tick % 4 === 0) this.produced += 1;
    this.trend.push([this.signals[0]?.value ?? 0, this.signals[1]?.value ?? 0]);
    if (this.trend.length > trendLength) this.trend.shift();
  }
}

const press: MachineDescription = {
  product: "Parts",
  signals: [
    signal("Hydraulic pressure", "bar", [0, 250], [165, 4], { speed: 0.25, wander: 22, decimals: 0 }),
    signal("Oil temperature", "\u00b0C", [0, 100], [56, 24], { speed: 0.02, wander: 9, decimals: 1, alarmAbove: 62 }),
    signal("Stroke rate", "1/min", [0, 60], [32, 0], { speed: 0.3, wander: 3, decimals: 0 }),
    signal("Oil level", "%", [0, 100], [74, 78], { speed: 0.05, wander: 5, decimals: 0 }),
  ],
};

const mixer: MachineDescription = {
  product: "Batches",
  signals: [
    signal("Motor current", "A", [0, 80], [46, 0], { speed: 0.3, wander: 9, decimals: 1, alarmAbove: 54 }),
    signal("Batch temperature", "\u00b0C", [0, 120], [72, 30], { speed: 0.03, wander: 6, decimals: 1 }),
    signal("Shaft speed", "1/min", [0, 300], [180, 0], { speed: 0.2, wander: 6, decimals: 0 }),
    signal("Fill level", "%", [0, 100], [63, 63], { speed: 0.04, wander: 8, decimals: 0 }),
  ],
};

const packer: MachineDescription = {
  product: "Packs",
  signals: [
    signal("Throughput", "1/min", [0, 200], [128, 0], { speed: 0.25, wander: 14, decimals: 0 }),
    signal("Sealing bar", "\u00b0C", [0, 250], [182, 60], { speed: 0.04, wander: 8, decimals: 0, alarmAbove: 188 }),
    signal("Film tension", "N", [0, 40], [18, 2], { speed: 0.3, wander: 4, decimals: 1 }),
    signal("Film left", "%", [0, 100], [41, 41], { speed: 0.02, wander: 10, decimals: 0 }),
  ],
};

export const machines = { press, mixer, packer } as const;
export type MachineName = keyof typeof machines;

function signal(
  label: string,
  unit: string,
  [min, max]: readonly [number, number],
  [running, standing]: readonly [number, number],
  rest: Pick<SignalDescription, "speed" | "wander" | "decimals" | "alarmAbove">,
): SignalDescription {
  return { label, unit, min, max, running, standing, ...rest };
}
