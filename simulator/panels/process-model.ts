// What a panel's machine does: process values that follow set points and whether it runs, from one seed and the clock.
import type { Clock } from "#hardware/ports.ts";
import { SeededRandom } from "../seeded-random.ts";
import { AlarmList } from "./process-model-alarms.ts";
import type { MachineDescription, SetPointDescription, SignalDescription } from "./process-model-machines.ts";

export { type MachineDescription, type MachineName, machines } from "./process-model-machines.ts";

/** Values move at these times; a screen has nothing new to draw in between. */
export const tickMs = 500;
/** Ticks that are made up for after a long time without anybody looking. */
const ticksCaughtUpMax = 240;
/** Points of the trend: two minutes. */
export const trendLength = 240;

/** A measured value. It is `round(value * 10^decimals)` in its input register. */
export interface Signal extends SignalDescription {
  value: number;
}

/** What people tell the machine. It is `round(value * 10^decimals)` in its holding register. */
export interface SetPoint extends SetPointDescription {
  value: number;
}

export class ProcessModel {
  readonly machine: MachineDescription;
  readonly signals: readonly Signal[];
  readonly setPoints: readonly SetPoint[];
  readonly alarms = new AlarmList();
  /** Latest last; one value for each signal. */
  readonly trend: (readonly number[])[] = [];
  produced: number;
  readonly #random: SeededRandom;
  readonly #phases: readonly number[];
  #isRunning = true;
  #changes = 0;
  #tick: number;

  constructor(machine: MachineDescription, seed: string | number, nowMs: number) {
    this.machine = machine;
    this.#random = new SeededRandom(seed);
    this.#phases = machine.signals.map(() => this.#random.fraction() * 2 * Math.PI);
    this.signals = machine.signals.map((signal) => ({ ...signal, value: signal.running }));
    this.setPoints = machine.setPoints.map((point) => ({ ...point, value: point.initial }));
    this.produced = this.#random.integer(1200, 48_000);
    this.#tick = Math.floor(nowMs / tickMs) - trendLength;
    this.advanceTo(nowMs);
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Starts or stops it; the list of alarms tells of it. */
  set isRunning(isRunning: boolean) {
    if (isRunning === this.#isRunning) return;
    this.#isRunning = isRunning;
    this.#changes += 1;
    this.alarms.tells(this.#tick * tickMs, isRunning ? "Machine started" : "Machine stopped");
  }

  /** Ticks since the epoch; two pictures of one tick are the same. */
  get tick(): number {
    return this.#tick;
  }

  /** Grows with each command that was obeyed: what is shown may differ though no tick has passed. */
  get changes(): number {
    return this.#changes + this.alarms.acknowledgements;
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

  /** Sets one, if the machine takes that value. */
  setsPoint(name: string, value: number): "set" | "unknown" | "out-of-range" {
    const point = this.setPoints.find((one) => one.name === name);
    if (point === undefined) return "unknown";
    if (!Number.isFinite(value) || value < point.min || value > point.max) return "out-of-range";
    point.value = value;
    this.#changes += 1;
    return "set";
  }

  #step(): void {
    for (const [at, signal] of this.signals.entries()) this.#move(signal, at);
    if (this.#isRunning && this.#tick % 4 === 0) this.produced += 1;
    this.trend.push(this.signals.map(({ value }) => value));
    if (this.trend.length > trendLength) this.trend.shift();
    this.alarms.watch(this.#tick * tickMs, this.signals);
  }

  #move(signal: Signal, at: number): void {
    const phase = this.#phases[at] ?? 0;
    const seconds = (this.#tick * tickMs) / 1000;
    const swing = 0.6 * Math.sin(seconds / (7 + at * 3) + phase) + 0.4 * Math.sin(seconds / (29 + at * 5) + 2 * phase);
    const noise = (this.#random.fraction() - 0.5) * 0.5;
    const wander = this.#isRunning ? signal.wander * (swing + noise) : signal.wander * 0.05 * noise;
    const target = (this.#isRunning ? this.#wanted(signal) : signal.standing) + wander;
    const next = signal.value + (target - signal.value) * signal.speed;
    signal.value = Math.min(signal.max, Math.max(signal.min, next));
  }

  /** Where a signal settles while the machine runs: moved by its set point. */
  #wanted(signal: Signal): number {
    const point = this.setPoints.find(({ drives }) => drives === signal.name);
    return point === undefined ? signal.running : signal.running + (point.value - point.initial) * point.gain;
  }
}

/** Where a panel's program gets its machine: its own, or one that several panels show. */
export interface ProcessSource {
  /** The same model for everybody who asks one source. */
  of(host: { readonly clock: Clock; readonly seed: string | number }): ProcessModel;
}

/** One machine for several panels: its screen by VNC and its registers by Modbus are of the same values. */
export function sharedProcess(machine: MachineDescription): ProcessSource {
  let model: ProcessModel | undefined;
  return {
    of: ({ clock, seed }) => {
      model ??= new ProcessModel(machine, seed, clock.nowMs());
      return model;
    },
  };
}
