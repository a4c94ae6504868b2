// When a fault is there: from when, for how long, how often. Runs on whatever clock the site has.
import type { Clock, TimerHandle } from "#hardware/ports.ts";
import { FaultError, shown } from "../faults/fault-error.ts";

/** Longest wait of a clock, in ms. */
const waitMaxMs = 2 ** 31 - 1;

export interface Schedule {
  /** From when, after it was applied or after the event; 0 by default. */
  readonly afterMs?: number;
  /** How long it lasts each time; until it is lifted if left out. */
  readonly forMs?: number;
  /** From the beginning of one time to that of the next; more than `forMs`. */
  readonly everyMs?: number;
  /** How often altogether; without it, until lifted. Only with `everyMs`. */
  readonly times?: number;
}

export interface ScheduledFault {
  /** Ends the fault, if it is there, and the schedule. Safe to call again. */
  stop(): Promise<void>;
  /** Whether the fault is there now. */
  readonly isLaid: boolean;
}

/** What lays the fault once and gives back how to lift it. */
export type Lay = () => (() => void | Promise<void>) | Promise<() => void | Promise<void>>;

/** Throws a FaultError that names what is impossible. */
export function checkSchedule({ afterMs = 0, forMs, everyMs, times }: Schedule): void {
  const isTime = (value: number, min: number): boolean => Number.isInteger(value) && value >= min && value <= waitMaxMs;
  const wants = (min: number): string => `takes a whole number of ms from ${min} to ${waitMaxMs}`;
  if (!isTime(afterMs, 0)) throw bad("afterMs", `${wants(0)}, not ${shown(afterMs)}`);
  if (forMs !== undefined && !isTime(forMs, 1)) throw bad("forMs", `${wants(1)}, not ${shown(forMs)}`);
  if (times !== undefined && !(Number.isInteger(times) && times >= 1))
    throw bad("times", `takes a whole number from 1 up, not ${shown(times)}`);
  if (everyMs === undefined) {
    if (times !== undefined && times > 1)
      throw bad("times", `says how often, and "everyMs" does not say how far apart`);
    return;
  }
  if (!isTime(everyMs, 1)) throw bad("everyMs", `${wants(1)}, not ${shown(everyMs)}`);
  if (forMs === undefined) throw bad("everyMs", `comes again, and "forMs" does not say how long it lasts each time`);
  if (everyMs <= forMs) throw bad("everyMs", `${everyMs} ms is no more than the ${forMs} ms that it lasts each time`);
}

function bad(place: string, text: string): FaultError {
  return new FaultError("fault.bad-value", text, place);
}

/**
 * Lays a fault by its schedule, the first time at once if `afterMs` is 0. What cannot be laid later than in this call is
 * told to `failed`.
 */
export async function runSchedule(
  clock: Pick<Clock, "setTimeout" | "clearTimeout">,
  schedule: Schedule,
  lay: Lay,
  failed: (error: unknown) => void,
): Promise<ScheduledFault> {
  checkSchedule(schedule);
  const run = new ScheduleRun(clock, schedule, lay, failed);
  try {
    await run.start();
  } catch (error) {
    await run.stop();
    throw error;
  }
  return run;
}

class ScheduleRun implements ScheduledFault {
  readonly #clock: Pick<Clock, "setTimeout" | "clearTimeout">;
  readonly #schedule: Schedule;
  readonly #lay: Lay;
  readonly #failed: (error: unknown) => void;
  readonly #timers = new Set<TimerHandle>();
  #lift: (() => void | Promise<void>) | undefined;
  /** What is being laid or lifted now: each waits for the one before. */
  #last: Promise<void> = Promise.resolve();
  #isIdle = true;
  #timesLaid = 0;
  #isStopped = false;

  constructor(
    clock: Pick<Clock, "setTimeout" | "clearTimeout">,
    schedule: Schedule,
    lay: Lay,
    failed: (error: unknown) => void,
  ) {
    this.#clock = clock;
    this.#schedule = schedule;
    this.#lay = lay;
    this.#failed = failed;
  }

  get isLaid(): boolean {
    return this.#lift !== undefined;
  }

  async start(): Promise<void> {
    const { afterMs = 0 } = this.#schedule;
    if (afterMs === 0) await this.#begin();
    else this.#after(afterMs, () => this.#begin());
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#timers) this.#clock.clearTimeout(timer);
    this.#timers.clear();
    await this.#inTurn(() => this.#end());
  }

  async #begin(): Promise<void> {
    if (this.#isStopped) return;
    this.#timesLaid += 1;
    const { forMs, everyMs, times = Number.POSITIVE_INFINITY } = this.#schedule;
    // Armed first: a fault that takes its time to begin (a cloud that stops) does not put the later ones off.
    if (forMs !== undefined) this.#after(forMs, () => this.#inTurn(() => this.#end()));
    if (everyMs !== undefined && this.#timesLaid < times) this.#after(everyMs, () => this.#begin());
    await this.#inTurn(async () => {
      if (this.#isStopped) return;
      const laid = this.#lay();
      this.#lift = laid instanceof Promise ? await laid : laid;
    });
  }

  async #end(): Promise<void> {
    const lift = this.#lift;
    this.#lift = undefined;
    await lift?.();
  }

  /** At once if nothing is under way, so that a fault which needs no time is there when the call returns. */
  #inTurn(step: () => Promise<void>): Promise<void> {
    const done = this.#isIdle ? step() : this.#last.then(step);
    this.#isIdle = false;
    const settled = done.then(
      () => undefined,
      () => undefined,
    );
    this.#last = settled;
    void settled.then(() => {
      if (this.#last === settled) this.#isIdle = true;
    });
    return done;
  }

  #after(ms: number, run: () => Promise<void>): void {
    const timer = this.#clock.setTimeout(() => {
      this.#timers.delete(timer);
      run().catch(this.#failed);
    }, ms);
    this.#timers.add(timer);
  }
}
