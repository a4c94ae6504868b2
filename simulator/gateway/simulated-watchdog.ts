// The simulated board's hardware watchdog: it reboots the board when nobody pets it in time.
import type { TimerHandle, Watchdog } from "#hardware/ports.ts";
import type { SimulatedClock } from "../simulated-clock.ts";
import type { Behaviours } from "./board-behaviour.ts";

export interface WatchdogKind {
  /** The hardware counts in steps of so many ms, and takes no more than `maxMs` (15 s on a Raspberry Pi). */
  readonly stepMs: number;
  readonly maxMs: number;
  /** Once armed it stays so, whatever is asked of it. */
  readonly isForever: boolean;
}

export const usualWatchdog: WatchdogKind = { stepMs: 1_000, maxMs: 15_000, isForever: false };

export class SimulatedWatchdog {
  readonly #clock: SimulatedClock;
  readonly #behaviours: Behaviours;
  readonly #kind: WatchdogKind;
  readonly #bites: () => void;
  #timer: TimerHandle | undefined;
  #timeoutMs = 0;
  #petAtMs = 0;
  #longestGapMs = 0;
  #bitten = 0;

  constructor(options: {
    readonly clock: SimulatedClock;
    readonly behaviours: Behaviours;
    readonly kind: WatchdogKind;
    /** The hardware's reset line. */
    readonly bites: () => void;
  }) {
    this.#clock = options.clock;
    this.#behaviours = options.behaviours;
    this.#kind = options.kind;
    this.#bites = options.bites;
  }

  /** The port for one run of the board. */
  port(isRunning: () => boolean): Watchdog {
    return {
      arm: (timeoutMs) => (isRunning() ? this.#arm(timeoutMs) : timeoutMs),
      pet: () => {
        if (isRunning()) this.#pet();
      },
      disarm: () => !isRunning() || this.#disarm(),
    };
  }

  get isArmed(): boolean {
    return this.#timer !== undefined;
  }

  /** How often it has rebooted the board. */
  get bitten(): number {
    return this.#bitten;
  }

  /** Longest time that it was left alone while armed, as a share of its time-out: 1 is a reboot. */
  get closestCall(): number {
    const gapMs = this.isArmed ? this.#clock.monotonicMs() - this.#petAtMs : 0;
    return this.#timeoutMs === 0 ? 0 : Math.max(this.#longestGapMs, gapMs) / this.#timeoutMs;
  }

  /** It has no power, or was reset with the board. */
  powerOff(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(timeoutMs: number): number {
    const { stepMs, maxMs } = this.#kind;
    if (this.#timer === undefined) {
      // Rounded up: a program that keeps to what it asked for is never late.
      this.#timeoutMs = Math.min(maxMs, Math.max(1, Math.ceil(timeoutMs / stepMs)) * stepMs);
      this.#longestGapMs = 0;
      this.#start();
    } else this.#pet();
    return this.#timeoutMs;
  }

  #pet(): void {
    if (this.#timer === undefined || this.#behaviours.handle((behaviour) => behaviour.onPet?.())) return;
    this.#longestGapMs = Math.max(this.#longestGapMs, this.#clock.monotonicMs() - this.#petAtMs);
    this.#clock.clearTimeout(this.#timer);
    this.#start();
  }

  #disarm(): boolean {
    if (this.#timer === undefined) return true;
    if (this.#kind.isForever) return false;
    this.powerOff();
    return true;
  }

  #start(): void {
    this.#petAtMs = this.#clock.monotonicMs();
    this.#timer = this.#clock.setNamedTimeout(
      "watchdog",
      () => {
        this.#timer = undefined;
        this.#longestGapMs = this.#timeoutMs;
        this.#bitten += 1;
        this.#bites();
      },
      this.#timeoutMs,
    );
  }
}
