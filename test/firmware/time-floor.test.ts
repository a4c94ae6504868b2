// The newest time that is known to have been: what a clock is measured by, and how often it is written.
import { expect, test } from "vitest";
import { isClockWrong, newestTimeFile, newestTimeStepMs, openTimeFloor } from "#firmware/connectivity/time-floor.ts";
import { builtAtMs } from "#firmware/version.ts";
import { Disk } from "#simulator/gateway/disk.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { SimulatedClock } from "#simulator/simulated-clock.ts";

const later = builtAtMs + 10 * newestTimeStepMs;

async function withDisk(test: (disk: Disk, clock: SimulatedClock) => Promise<void>): Promise<void> {
  using clock = SimulatedClock.start();
  await test(new Disk(clock, new SeededRandom(1)), clock);
}

test("a clock before the build of the firmware is wrong, and one after it may be right", () => {
  expect(isClockWrong(0, undefined)).toBe(true);
  expect(isClockWrong(builtAtMs - 1, undefined)).toBe(true);
  expect(isClockWrong(builtAtMs, undefined)).toBe(false);
  expect(isClockWrong(later, { newestMs: later + 1 })).toBe(true);
  expect(isClockWrong(later, { newestMs: later })).toBe(false);
});

test("the build is not in the future", () => {
  expect(builtAtMs).toBeLessThan(Date.now());
  expect(builtAtMs).toBeGreaterThan(Date.UTC(2026, 0, 1));
});

test("the newest time outlives a power cut, and is written once a day at most", () =>
  withDisk(async (disk, clock) => {
    let writes = 0;
    disk.changing = () => {
      writes += 1;
    };
    const floor = openTimeFloor(disk.boot());
    for (let minute = 0; minute <= 2 * 1440; minute += 4) {
      floor.stood(later + minute * 60_000);
      await clock.advance(10);
    }
    expect(writes).toBe(3);
    expect(floor.newestMs).toBe(later + 2 * newestTimeStepMs);
    disk.powerOff();
    const next = openTimeFloor(disk.boot());
    await clock.advance(10);
    expect(next.newestMs).toBe(later + 2 * newestTimeStepMs);
  }));

test.each(["", "garbage", "-5", "1e30", "99999999999999999999"])("a file that says %j says nothing", (text) =>
  withDisk(async (disk, clock) => {
    disk.files.set(newestTimeFile, Buffer.from(text));
    const floor = openTimeFloor(disk.boot());
    await clock.advance(10);
    expect(floor.newestMs).toBe(builtAtMs);
  }),
);

test("a disk that takes nothing is tried again at the next connection", () =>
  withDisk(async (disk, clock) => {
    disk.failure = "EROFS";
    const floor = openTimeFloor(disk.boot());
    floor.stood(later);
    await clock.advance(10);
    expect(disk.files.has(newestTimeFile)).toBe(false);
    disk.failure = undefined;
    floor.stood(later + 60_000);
    await clock.advance(10);
    expect(disk.files.has(newestTimeFile)).toBe(true);
  }));
