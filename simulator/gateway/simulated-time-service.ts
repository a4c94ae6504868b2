// The simulated board's time service: a time server answers after a while, or never, and whoever watches is told of each jump.
import type { TimeService } from "#hardware/ports.ts";
import type { ClockView } from "../clock-view.ts";

export interface TimeServerKind {
  /** From each boot on; undefined: none is ever reached by itself, and the story sets the clock. */
  readonly answersAfterMs: number | undefined;
}

export const usualTimeServer: TimeServerKind = { answersAfterMs: undefined };

/** The time that a service like systemd's, which looks now and then, needs to notice. */
const noticeMs = 1_000;

export interface TimeServiceOptions {
  readonly clock: ClockView;
  readonly kind: TimeServerKind;
  /** The clock keeps the time while the power is off. */
  readonly hasBattery: boolean;
  /** Sets the clock right. */
  readonly set: () => void;
}

export class SimulatedTimeService {
  readonly #options: TimeServiceOptions;
  readonly #watchers = new Set<() => void>();
  /** Takes back what a watcher is about to be told. */
  readonly #noticing = new WeakMap<() => void, () => void>();
  #isSynchronised: boolean;

  constructor(options: TimeServiceOptions) {
    this.#options = options;
    this.#isSynchronised = options.hasBattery;
    options.clock.onJump(() => this.#tell());
  }

  get isSynchronised(): boolean {
    return this.#isSynchronised;
  }

  /** The board is switched on: a time server is asked. */
  boot(): void {
    const { clock, kind, hasBattery } = this.#options;
    this.#isSynchronised = hasBattery && kind.answersAfterMs === undefined;
    if (kind.answersAfterMs !== undefined) clock.setTimeout(() => this.answers(), kind.answersAfterMs);
  }

  /** A time server has answered, or somebody has set the clock. */
  answers(): void {
    this.#isSynchronised = true;
    this.#options.set();
    this.#tell();
  }

  /** The port for one run of the board. */
  port(isRunning: () => boolean): TimeService {
    return {
      isSynchronised: async () => (isRunning() ? this.#isSynchronised : undefined),
      watch: (changed) => {
        const own = (): void => {
          if (isRunning()) changed();
        };
        this.#watchers.add(own);
        return () => {
          this.#watchers.delete(own);
          this.#noticing.get(own)?.();
        };
      },
    };
  }

  powerOff(): void {
    this.#watchers.clear();
  }

  /** Several changes within the time of noticing are one. */
  #tell(): void {
    for (const watcher of this.#watchers) {
      this.#noticing.get(watcher)?.();
      const timer = this.#options.clock.setTimeout(() => {
        this.#noticing.delete(watcher);
        if (this.#watchers.has(watcher)) watcher();
      }, noticeMs);
      this.#noticing.set(watcher, () => this.#options.clock.clearTimeout(timer));
    }
  }
}
