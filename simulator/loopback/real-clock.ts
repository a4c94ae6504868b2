// The machine's clock for a run on real sockets: timers that end with who set them, turns of the event loop, a wall clock that can be wrong.
import { linuxClock } from "#hardware/linux/clock.ts";
import type { Clock, TimerHandle } from "#hardware/ports.ts";

/** Real time, as one party of a run sees it. */
export class RealClock implements Clock {
  readonly #timers = new Set<TimerHandle>();
  readonly #turns = new Set<NodeJS.Immediate>();
  #wallOffsetMs = 0;

  nowMs(): number {
    return linuxClock.nowMs() + this.#wallOffsetMs;
  }

  monotonicMs(): number {
    return linuxClock.monotonicMs();
  }

  setTimeout(run: () => void, delayMs: number): TimerHandle {
    const timer: TimerHandle = {
      timer: linuxClock.setTimeout(() => {
        this.#timers.delete(timer);
        run();
      }, delayMs),
    };
    this.#timers.add(timer);
    return timer;
  }

  /** As `setTimeout`; the name is for clocks that can tell who waits. */
  setNamedTimeout(_name: string, run: () => void, delayMs: number): TimerHandle {
    return this.setTimeout(run, delayMs);
  }

  /** On the next turn of the event loop. */
  soon(_name: string, run: () => void): TimerHandle {
    const turn = setImmediate(() => {
      this.#turns.delete(turn);
      run();
    });
    this.#turns.add(turn);
    return { timer: turn };
  }

  clearTimeout(handle: TimerHandle | undefined): void {
    if (handle === undefined) return;
    const { timer } = handle;
    if (this.#turns.delete(timer as NodeJS.Immediate)) clearImmediate(timer as NodeJS.Immediate);
    else if (this.#timers.delete(handle)) linuxClock.clearTimeout(timer as TimerHandle);
  }

  /** Timers and turns that have not come yet. */
  get pendingCount(): number {
    return this.#timers.size + this.#turns.size;
  }

  /** Moves the wall clock; the monotonic one and all timers stay as they are. TLS goes by the machine's own clock. */
  jump(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  /** What the loss of power does to a machine's timers. */
  dropAllTimers(): void {
    for (const handle of [...this.#timers]) this.clearTimeout(handle);
    for (const turn of [...this.#turns]) this.clearTimeout({ timer: turn });
  }
}
