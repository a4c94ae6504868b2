// Waiting in real time: which times it takes.
import { describe, expect, test } from "vitest";
import { RealClock } from "#simulator/loopback/real-clock.ts";
import { passing } from "#simulator/loopback/real-waiting.ts";

describe("waiting in real time", () => {
  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("refuses %d ms at once", (ms) => {
    const clock = new RealClock();
    expect(() => passing(clock, ms)).toThrow(new RangeError(`site.passes takes a number of ms from 0 up, not ${ms}`));
    expect(clock.pendingCount).toBe(0);
  });

  test("takes 0 ms, and leaves no timer", async () => {
    const clock = new RealClock();
    await passing(clock, 0);
    expect(clock.pendingCount).toBe(0);
  });
});
