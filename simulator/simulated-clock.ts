// Virtual time for everything in this process: replaces the global timers and steps to each due time in turn.
import { type Clock as FakeClock, type Timer as FakeTimer, install } from "@sinonjs/fake-timers";
import type { Clock, TimerHandle } from "#hardware/ports.ts";
import { lookAtFact, lookAtPromise } from "./lookout.ts";
import { originOf, rememberOrigin } from "./timer-origins.ts";

// Captured before anything can be replaced: the loop below must turn in real time.
const nextTurn = globalThis.setImmediate;
const afterRealMs = globalThis["setTimeout"];

/**
 * Turns of the event loop without any activity after which IO counts as settled. What is asked for by setImmediate counts
 * as activity; the rest is for Node's own, which nobody sees.
 */
const quietTurns = 3;
/** Turns in a row with activity after which we say that something is running in circles. */
const settleTurnsMax = 50_000;
/** Timers that may fire without time passing before we say that something is running in circles. */
const timersAtOneTimeMax = 200_000;
/** What the port's clocks take at most; a longer delay is this one. */
const longestDelayMs = 2 ** 31 - 1;
/** When no timer is left, how long the thread pool may still bring a waited-for fact about, in real ms. */
const lastHopeMs = 250;

/** Where every site's story begins unless it says otherwise: 2026-11-24T08:00:00Z. */
export const storyStartsAtMs = Date.UTC(2026, 10, 24, 8, 0, 0);

export interface PendingTimer {
  /** Who set it: the name of a clock view, or the place in the code for a timer set on the global clock. */
  readonly name: string;
  readonly atMs: number;
}

export interface UntilOptions {
  /** Virtual time to wait at most, default 60 s. */
  readonly limitMs?: number;
  /** For the message: "the gateway to come online". */
  readonly what: string;
}

type Held<T> = Exclude<Awaited<T>, undefined | null | false>;

interface Waiter {
  /** Virtual time at which it must be looked at, whatever else happens. */
  wakeAtMs(): number;
  /** Whether the passing of time is all that it waits for. */
  needsOnlyTime(): boolean;
  /** True when the waiter is done and was told so. */
  check(): boolean;
  /** The driver failed. */
  fail(error: unknown): void;
}

class Soon {
  readonly name: string;
  readonly run: () => void;

  constructor(name: string, run: () => void) {
    this.name = name;
    this.run = run;
  }
}

/**
 * Drives time. Nothing happens while nobody waits: `advance` and `until` step the clock to each due timer, run it, and
 * let IO settle before the next step. Several waits may run at once; they share one driver.
 */
export class SimulatedClock implements Clock {
  /** Words added to every failed wait: what the world looked like. */
  describeWorld: (() => string) | undefined;
  readonly #fake: FakeClock;
  readonly #startedAtMs: number;
  readonly #waiters = new Set<Waiter>();
  #soon: Soon[] = [];
  #activity = 0;
  #isDriving = false;
  #stopped = false;

  private constructor(startAtMs: number) {
    this.#startedAtMs = startAtMs;
    this.#fake = install({
      now: startAtMs,
      toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date", "performance"],
      // A timer that was set before the site began is a real one; whoever clears it now means that one.
      shouldClearNativeTimers: true,
    });
    this.#rememberWhoSetsTimers();
    this.#noticeTurns();
  }

  /** Replaces the global timers until `stop`. Only one simulated clock can run in a process at a time. */
  static start(options: { readonly startAtMs?: number } = {}): SimulatedClock {
    return new SimulatedClock(options.startAtMs ?? storyStartsAtMs);
  }

  nowMs(): number {
    return this.#fake.now;
  }

  monotonicMs(): number {
    return this.#fake.now - this.#startedAtMs;
  }

  setTimeout(run: () => void, delayMs: number): TimerHandle {
    return this.setNamedTimeout("simulator", run, delayMs);
  }

  clearTimeout(timer: TimerHandle | undefined): void {
    if (timer === undefined) return;
    this.#activity += 1;
    if (timer.timer instanceof Soon) {
      const { timer: soon } = timer;
      this.#soon = this.#soon.filter((other) => other !== soon);
      return;
    }
    this.#fake.clearTimeout(timer.timer as Parameters<FakeClock["clearTimeout"]>[0]);
  }

  /** As `setTimeout`; `name` is what `pending` and a leak report say. */
  setNamedTimeout(name: string, run: () => void, delayMs: number): TimerHandle {
    this.#activity += 1;
    const timer = this.#fake.setTimeout(run, Math.min(delayMs, longestDelayMs));
    rememberOrigin(this.#timers().get(Number(timer)), name);
    return { timer };
  }

  /** Runs once, on a later turn but at the same simulated time, which a timer cannot do. */
  soon(name: string, run: () => void): TimerHandle {
    this.#activity += 1;
    const soon = new Soon(name, run);
    this.#soon.push(soon);
    return { timer: soon };
  }

  /** To be called whenever bytes move: the driver waits until they stop. */
  noteActivity(): void {
    this.#activity += 1;
  }

  /** Timers that are set, soonest first. */
  pending(): readonly PendingTimer[] {
    const soon = this.#soon.map(({ name }) => ({ name, atMs: this.#fake.now }));
    const timers = [...this.#timers().values()].map((timer) => ({ name: originOf(timer), atMs: timer.callAt ?? 0 }));
    return [...soon, ...timers.sort((one, other) => one.atMs - other.atMs)];
  }

  /** Lets `ms` of virtual time pass, stepping to each timer that falls due. */
  async advance(ms: number): Promise<void> {
    const targetMs = this.#fake.now + ms;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#wait({
      wakeAtMs: () => targetMs,
      needsOnlyTime: () => true,
      check: () => {
        const dueAtMs = this.#nextDueAtMs();
        if (this.#soon.length > 0 || this.#fake.now < targetMs || (dueAtMs !== undefined && dueAtMs <= targetMs))
          return false;
        resolve();
        return true;
      },
      fail: reject,
    });
    return promise;
  }

  /**
   * Advances virtual time until a promise settles, or until a fact holds (its value, or the value that it promises, is
   * not undefined, null or false). Fails with `what` and the caller's stack when `limitMs` of virtual time have passed.
   */
  until<T>(fact: Promise<T>, options: UntilOptions): Promise<T>;
  until<T>(fact: () => T, options: UntilOptions): Promise<Held<T>>;
  until(fact: Promise<unknown> | (() => unknown), options: UntilOptions): Promise<unknown> {
    const failure = new Error();
    Error.captureStackTrace(failure, this.until);
    const limitMs = options.limitMs ?? 60_000;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const endsAtMs = this.#fake.now + limitMs;
    const lookout = typeof fact === "function" ? lookAtFact(fact, () => this.#fake.now) : lookAtPromise(fact);
    this.#wait({
      wakeAtMs: () => Math.min(endsAtMs, lookout.againAtMs()),
      needsOnlyTime: () => Number.isFinite(lookout.againAtMs()),
      check: () => {
        const seen = lookout.look();
        if (seen.state === "open" && this.#fake.now < endsAtMs) return false;
        if (seen.state === "held") resolve(seen.value);
        else if (seen.state === "thrown") reject(seen.error);
        else {
          failure.message = `Waited ${limitMs} ms of simulated time for ${options.what}`;
          if (this.describeWorld !== undefined) failure.message += `\n${this.describeWorld()}`;
          reject(failure);
        }
        return true;
      },
      fail: reject,
    });
    return promise;
  }

  /** Lets IO settle without letting time pass. */
  async settle(): Promise<void> {
    await this.advance(0);
  }

  /** Gives the global timers back. Timers still set are dropped; waits still running fail. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#fake.uninstall();
    globalThis.setImmediate = nextTurn;
    for (const waiter of this.#waiters) waiter.fail(new Error("The simulated clock was stopped during a wait"));
    this.#waiters.clear();
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  #wait(waiter: Waiter): void {
    if (this.#stopped) throw new Error("The simulated clock has been stopped");
    this.#waiters.add(waiter);
    if (this.#isDriving) return;
    this.#isDriving = true;
    void this.#drive().catch((error: unknown) => {
      for (const waiting of this.#waiters) waiting.fail(error);
      this.#waiters.clear();
    });
  }

  async #drive(): Promise<void> {
    let firedAtOneTime = 0;
    try {
      while (this.#waiters.size > 0) {
        await this.#settle();
        if (this.#checkWaiters()) continue;
        const dueAtMs = this.#nextDueAtMs();
        if (dueAtMs === undefined && this.#soon.length === 0 && (await this.#threadPoolHelps())) continue;
        const before = this.#fake.now;
        this.#step(this.#nextWakeAtMs(), dueAtMs);
        firedAtOneTime = this.#fake.now === before ? firedAtOneTime + 1 : 0;
        if (firedAtOneTime > timersAtOneTimeMax) throw new Error("Timers keep firing without time passing");
      }
    } finally {
      this.#isDriving = false;
    }
  }

  /** One step: something due at this very time, a due timer (exactly one is run), or a waiter's wake-up time. */
  #step(wakeAtMs: number, dueAtMs: number | undefined): void {
    const soon = this.#soon.shift();
    if (soon !== undefined) soon.run();
    else if (dueAtMs !== undefined && dueAtMs <= wakeAtMs) this.#fake.next();
    else this.#fake.tick(Math.max(0, wakeAtMs - this.#fake.now));
  }

  #nextWakeAtMs(): number {
    let wakeAtMs = Number.POSITIVE_INFINITY;
    for (const waiter of this.#waiters) wakeAtMs = Math.min(wakeAtMs, waiter.wakeAtMs());
    return wakeAtMs;
  }

  #checkWaiters(): boolean {
    let isAnyDone = false;
    for (const waiter of [...this.#waiters]) {
      if (!waiter.check()) continue;
      this.#waiters.delete(waiter);
      isAnyDone = true;
    }
    return isAnyDone;
  }

  /**
   * With no timer set, only work in libuv's thread pool can still change anything (turns of the loop do not wait for
   * it): gives it some real time. False when nothing came of it, so that the wait may run into its limit.
   */
  async #threadPoolHelps(): Promise<boolean> {
    if ([...this.#waiters].some((waiter) => waiter.needsOnlyTime())) return false;
    const seen = this.#activity;
    for (let waitedMs = 0; waitedMs < lastHopeMs; waitedMs += 1) {
      await new Promise<void>((resolve) => afterRealMs(resolve, 1));
      if (this.#activity !== seen || this.#nextDueAtMs() !== undefined || this.#checkWaiters()) return true;
    }
    return false;
  }

  /** By callbacks and not by promises: this is what a run does most. */
  #settle(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      let seen = this.#activity;
      let [quiet, turns] = [0, 0];
      const turn = (): void => {
        quiet = this.#activity === seen ? quiet + 1 : 0;
        seen = this.#activity;
        turns += 1;
        if (quiet >= quietTurns) resolve();
        else if (turns <= settleTurnsMax) nextTurn(turn);
        else reject(new Error(`IO did not settle within ${settleTurnsMax} turns of the event loop`));
      };
      nextTurn(turn);
    });
  }

  #timers(): ReadonlyMap<number, FakeTimer> {
    return this.#fake.timers ?? new Map();
  }

  #nextDueAtMs(): number | undefined {
    return this.#fake.timerHeap?.peek()?.callAt;
  }

  /** Libraries use the global functions: remember where, for the report of a timer that was left behind. */
  #rememberWhoSetsTimers(): void {
    for (const name of ["setTimeout", "setInterval"] as const) {
      const original = globalThis[name] as (...args: unknown[]) => unknown;
      const remembering = (...args: unknown[]): unknown => {
        this.#activity += 1;
        const timer = original(...args);
        // Not an error: making one takes the stack, too.
        const where: { stack?: string } = {};
        Error.captureStackTrace(where, remembering);
        rememberOrigin(this.#timers().get(Number(timer)), where);
        return timer;
      };
      Object.assign(globalThis, { [name]: remembering });
    }
  }

  #noticeTurns(): void {
    const noticing = (run: (...args: unknown[]) => void, ...args: unknown[]): NodeJS.Immediate => {
      this.#activity += 1;
      return nextTurn(run, ...args);
    };
    globalThis.setImmediate = Object.assign(noticing, { __promisify__: nextTurn.__promisify__ }) as typeof setImmediate;
  }
}
