// What every form of the clock port does.
import { describe, expect, it } from "vitest";
import type { Clock } from "#hardware/ports.ts";

export interface ClockUnderTest {
  readonly clock: Clock;
  /** Lets at least `ms` of this clock's time pass: really, or by advancing a simulated clock. */
  passes(ms: number): Promise<void>;
  close?(): Promise<void> | void;
}

const longestDelayMs = 2 ** 31 - 1;

export function describeClockContract(form: string, make: () => ClockUnderTest | Promise<ClockUnderTest>): void {
  describe(`clock port, ${form}`, () => {
    async function withClock(test: (underTest: ClockUnderTest) => Promise<void>): Promise<void> {
      const underTest = await make();
      try {
        await test(underTest);
      } finally {
        await underTest.close?.();
      }
    }

    it("tells a plausible date, in whole or broken milliseconds since 1970", () =>
      withClock(async ({ clock }) => {
        expect(clock.nowMs()).toBeGreaterThan(Date.UTC(2000, 0, 1));
        expect(clock.nowMs()).toBeLessThan(Date.UTC(2200, 0, 1));
      }));

    it("measures the time that passes on both scales", () =>
      withClock(async ({ clock, passes }) => {
        const [now, monotonic] = [clock.nowMs(), clock.monotonicMs()];
        await passes(30);
        expect(clock.monotonicMs() - monotonic).toBeGreaterThanOrEqual(29);
        expect(clock.nowMs() - now).toBeGreaterThanOrEqual(28);
      }));

    it("runs a timer once, not before its delay", () =>
      withClock(async ({ clock, passes }) => {
        const startMs = clock.monotonicMs();
        const firedAfterMs: number[] = [];
        clock.setTimeout(() => firedAfterMs.push(clock.monotonicMs() - startMs), 20);
        expect(firedAfterMs).toEqual([]);
        await passes(60);
        await passes(20);
        expect(firedAfterMs).toHaveLength(1);
        expect(firedAfterMs[0]).toBeGreaterThanOrEqual(19);
      }));

    it("runs timers in the order of their delays and not inside setTimeout, even with delay 0", () =>
      withClock(async ({ clock, passes }) => {
        const order: string[] = [];
        clock.setTimeout(() => order.push("late"), 40);
        clock.setTimeout(() => order.push("early"), 10);
        clock.setTimeout(() => order.push("at once"), 0);
        order.push("after setting");
        await passes(80);
        expect(order).toEqual(["after setting", "at once", "early", "late"]);
      }));

    it("runs a timer that another timer set, at its own time", () =>
      withClock(async ({ clock, passes }) => {
        const startMs = clock.monotonicMs();
        let innerAfterMs: number | undefined;
        clock.setTimeout(() => {
          clock.setTimeout(() => {
            innerAfterMs = clock.monotonicMs() - startMs;
          }, 10);
        }, 10);
        await passes(120);
        expect(innerAfterMs).toBeGreaterThanOrEqual(18);
        expect(innerAfterMs).toBeLessThan(120);
      }));

    it("does not run a cancelled timer", () =>
      withClock(async ({ clock, passes }) => {
        let fired = false;
        const timer = clock.setTimeout(() => {
          fired = true;
        }, 10);
        clock.clearTimeout(timer);
        await passes(40);
        expect(fired).toBe(false);
      }));

    it("lets a timer be cancelled twice, after it fired, or not at all", () =>
      withClock(async ({ clock, passes }) => {
        const timer = clock.setTimeout(() => {}, 1);
        await passes(10);
        clock.clearTimeout(timer);
        clock.clearTimeout(timer);
        clock.clearTimeout(undefined);
      }));

    it("keeps the longest delay waiting instead of running it at once", () =>
      withClock(async ({ clock, passes }) => {
        let fired = false;
        const timers = [longestDelayMs, longestDelayMs + 1, Number.POSITIVE_INFINITY].map((delayMs) =>
          clock.setTimeout(() => {
            fired = true;
          }, delayMs),
        );
        await passes(30);
        for (const timer of timers) clock.clearTimeout(timer);
        expect(fired).toBe(false);
      }));
  });
}
