// The simulated board's temperature: it heats with load, cools, throttles when too hot, or follows a curve that a story gives.
import type { Thermal } from "#hardware/ports.ts";
import type { SimulatedClock } from "../simulated-clock.ts";
import type { Behaviours } from "./board-behaviour.ts";

export interface ThermalKind {
  readonly ambientCelsius: number;
  /** Above the surroundings, once settled: idle, and with all cores at work. */
  readonly idleRiseCelsius: number;
  readonly loadRiseCelsius: number;
  /** Time in which two thirds of a change are through. */
  readonly settlesMs: number;
  /** From here on the CPU runs slower, until it is `releaseCelsius` again (80 and 75 on a Raspberry Pi). */
  readonly throttleCelsius: number;
  readonly releaseCelsius: number;
  /** Share of the load's heat that is left while throttled. */
  readonly throttledShare: number;
}

export const usualThermal: ThermalKind = {
  ambientCelsius: 25,
  idleRiseCelsius: 15,
  loadRiseCelsius: 50,
  settlesMs: 120_000,
  throttleCelsius: 80,
  releaseCelsius: 75,
  throttledShare: 0.5,
};

export interface CurvePoint {
  /** From the moment at which the curve is given. */
  readonly afterMs: number;
  readonly celsius: number;
}

/** Sensors of a board show tenths at best. */
const shownSteps = 10;

export class SimulatedThermal {
  readonly #clock: SimulatedClock;
  readonly #behaviours: Behaviours;
  readonly #kind: ThermalKind;
  #ambientCelsius: number;
  #load = 0;
  #celsius: number;
  #asOfMs: number;
  #isThrottled = false;
  #curve: { readonly points: readonly CurvePoint[]; readonly fromMs: number } | undefined;

  constructor(clock: SimulatedClock, behaviours: Behaviours, kind: ThermalKind) {
    this.#clock = clock;
    this.#behaviours = behaviours;
    this.#kind = kind;
    this.#ambientCelsius = kind.ambientCelsius;
    this.#celsius = kind.ambientCelsius + kind.idleRiseCelsius;
    this.#asOfMs = clock.monotonicMs();
  }

  /** The port for one run of the board. */
  port(isRunning: () => boolean): Thermal {
    return { celsius: async () => (isRunning() ? this.#read() : undefined) };
  }

  /** What a thermometer on the chip would show. */
  get celsius(): number {
    this.#settle();
    return this.#celsius;
  }

  /** Whether the CPU runs slower because it is too hot. */
  get isThrottled(): boolean {
    this.#settle();
    return this.#isThrottled;
  }

  /** The CPU is busy from now on, from 0 (idle) to 1. */
  loadIs(share: number): void {
    this.#settle();
    this.#load = share;
  }

  /** The cabinet has this temperature from now on. */
  ambientIs(celsius: number): void {
    this.#settle();
    this.#ambientCelsius = celsius;
  }

  /** From now on it is what the points say, straight lines between them, and the last one for ever; ascending times. */
  follows(points: readonly CurvePoint[]): void {
    this.#settle();
    this.#curve = points.length === 0 ? undefined : { points, fromMs: this.#clock.monotonicMs() };
  }

  #read(): number | undefined {
    const celsius = Math.round(this.celsius * shownSteps) / shownSteps;
    let shown: number | undefined = celsius;
    const shows = (value: number | undefined): void => {
      shown = value;
    };
    this.#behaviours.handle((behaviour) => behaviour.onTemperature?.({ celsius, shows }));
    return shown;
  }

  /** Brings the temperature up to now; nothing happens in between that anybody could see. */
  #settle(): void {
    const nowMs = this.#clock.monotonicMs();
    if (this.#curve === undefined) this.#pass(nowMs - this.#asOfMs);
    else this.#celsius = onCurve(this.#curve.points, nowMs - this.#curve.fromMs, this.#celsius);
    this.#asOfMs = nowMs;
    this.#throttle();
  }

  #pass(ms: number): void {
    let leftMs = ms;
    while (leftMs > 0) {
      const target = this.#target();
      const stepMs = Math.min(leftMs, this.#untilThrottleChangesMs(target));
      this.#celsius = target + (this.#celsius - target) * Math.exp(-stepMs / this.#kind.settlesMs);
      leftMs -= stepMs;
      this.#throttle();
    }
  }

  #target(): number {
    const { idleRiseCelsius, loadRiseCelsius, throttledShare } = this.#kind;
    const share = this.#load * (this.#isThrottled ? throttledShare : 1);
    return this.#ambientCelsius + idleRiseCelsius + share * loadRiseCelsius;
  }

  /** Time until the border is crossed on the way to `target`; at least a millisecond, so that it goes on. */
  #untilThrottleChangesMs(target: number): number {
    const { throttleCelsius, releaseCelsius, settlesMs } = this.#kind;
    const border = this.#isThrottled ? releaseCelsius : throttleCelsius;
    const isTowards = this.#isThrottled ? target < border : target > border;
    if (!isTowards) return Number.POSITIVE_INFINITY;
    return Math.max(1, settlesMs * Math.log((this.#celsius - target) / (border - target)));
  }

  #throttle(): void {
    // What was computed to the border may be a hair's breadth short of it.
    const tiny = 1e-6;
    if (this.#celsius >= this.#kind.throttleCelsius - tiny) this.#isThrottled = true;
    else if (this.#celsius <= this.#kind.releaseCelsius + tiny) this.#isThrottled = false;
  }
}

function onCurve(points: readonly CurvePoint[], atMs: number, before: number): number {
  const next = points.findIndex(({ afterMs }) => afterMs > atMs);
  if (next === -1) return points.at(-1)?.celsius ?? before;
  const to = points[next];
  const from = points[next - 1];
  if (to === undefined) return before;
  if (from === undefined) return to.celsius;
  const share = (atMs - from.afterMs) / (to.afterMs - from.afterMs);
  return from.celsius + share * (to.celsius - from.celsius);
}
