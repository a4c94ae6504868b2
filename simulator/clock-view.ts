// One program's view of the simulated clock: timers that bear its name and end with it, and a wall clock that may be wrong.
import type { Clock, TimerHandle } from "#hardware/ports.ts";
import type { SimulatedClock } from "./simulated-clock.ts";

/** What a simulated machine is given as its clock. */
export class ClockView implements Clock {
  readonly name: string;
  readonly #clock: SimulatedClock;
  readonly #timers = new Set<TimerHandle>();
  readonly #jumpWatchers: (() => void)[] = [];
  #wallOffsetMs = 0;
  /** Set while the machine's program hangs: what fell due meanwhile. */
  #frozen: (() => void)[] | undefined;

  constructor(clock: SimulatedClock, name: string) {
    this.#clock = clock;
    this.name = name;
  }

  nowMs(): number {
    return this.#clock.nowMs() + this.#wallOffsetMs;
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  setTimeout(run: () => void, delayMs: number): TimerHandle {
    const fire = (): void => {
      if (this.#frozen !== undefined) this.#frozen.push(fire);
      else if (this.#timers.delete(timer)) run();
    };
    const timer = this.#clock.setNamedTimeout(this.name, fire, delayMs);
    this.#timers.add(timer);
    return timer;
  }

  clearTimeout(timer: TimerHandle | undefined): void {
    if (timer !== undefined) this.#timers.delete(timer);
    this.#clock.clearTimeout(timer);
  }

  /** Timers of this view that are still set. */
  get pendingCount(): number {
    return this.#timers.size;
  }

  /** Moves this machine's wall clock; the monotonic one and all timers stay as they are. */
  jump(byMs: number): void {
    this.#wallOffsetMs += byMs;
    for (const watcher of this.#jumpWatchers) watcher();
  }

  /** Calls back after each jump, for as long as there is this view. */
  onJump(watcher: () => void): void {
    this.#jumpWatchers.push(watcher);
  }

  /** The machine's program hangs: no timer of this view runs until `thaw`; those that fall due meanwhile run then. */
  freeze(): void {
    this.#frozen ??= [];
  }

  /** At once, unless it is frozen: then when it is thawed. */
  async whenThawed(): Promise<void> {
    if (this.#frozen !== undefined) await new Promise<void>((resolve) => this.#frozen?.push(resolve));
  }

  thaw(): void {
    const due = this.#frozen ?? [];
    this.#frozen = undefined;
    for (const fire of due) this.#clock.soon(this.name, fire);
  }

  /** What the loss of power does to a machine's timers. */
  dropAllTimers(): void {
    for (const timer of this.#timers) this.#clock.clearTimeout(timer);
    this.#timers.clear();
  }
}
