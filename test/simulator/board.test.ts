// What only a simulated board can do: be looked at, pressed, starved, heated, and have behaviours laid over it.
import { describe, expect, it } from "vitest";
import { Behaviours } from "#simulator/gateway/board-behaviour.ts";
import { deadLed, deadSensor, deafWatchdog, stuckButton } from "#simulator/gateway/board-faults.ts";
import { patternWords, readPattern } from "#simulator/gateway/led-pattern.ts";
import { switchedOnBoard } from "./small-board.ts";

const hourMs = 3_600_000;

describe("behaviours over a board", () => {
  it("are asked newest first, and the first that handles it ends the asking", () => {
    const asked: string[] = [];
    const behaviours = new Behaviours();
    const behaviour = (name: string, handles: boolean) => ({
      name,
      onPet: () => {
        asked.push(name);
        return handles;
      },
    });
    behaviours.lay(behaviour("oldest", true));
    const lift = behaviours.lay(behaviour("middle", true));
    behaviours.lay(behaviour("newest", false));
    expect(behaviours.names).toEqual(["newest", "middle", "oldest"]);
    expect(behaviours.handle(({ onPet }) => onPet?.())).toBe(true);
    expect(asked).toEqual(["newest", "middle"]);
    lift();
    lift();
    behaviours.handle(({ onPet }) => onPet?.());
    expect(asked).toEqual(["newest", "middle", "newest", "oldest"]);
  });

  it("may be the same one twice, lifted one by one", () => {
    const behaviours = new Behaviours();
    const deaf = deafWatchdog();
    const lifts = [behaviours.lay(deaf), behaviours.lay(deaf)];
    lifts[0]!();
    expect(behaviours.handle((each) => each.onPet?.())).toBe(true);
    lifts[1]!();
    expect(behaviours.handle((each) => each.onPet?.())).toBe(false);
  });
});

describe("LEDs that can be read", () => {
  it("remember each change and when it was", async () => {
    using world = switchedOnBoard();
    const { board, hardware, clock } = world;
    await clock.advance(100);
    hardware.leds!.set("status", true);
    hardware.leds!.set("status", true);
    await clock.advance(250);
    hardware.leds!.set("status", false);
    expect(board.leds.history("status")).toEqual([
      { atMs: 100, lit: true },
      { atMs: 350, lit: false },
    ]);
    expect(board.leds.history("tunnel")).toEqual([]);
    expect(() => board.leds.isLit("power")).toThrow(/no LED "power"; there are status, tunnel/);
  });

  it.each([
    { what: "on", periodMs: [], words: "on" },
    { what: "a slow blinking", periodMs: [500, 500], words: "blinks: 500 ms on, 500 ms off" },
    { what: "a short flash", periodMs: [50, 950], words: "blinks: 50 ms on, 950 ms off" },
    {
      what: "a double flash",
      periodMs: [100, 150, 100, 650],
      words: "blinks: 100 ms on, 150 ms off, 100 ms on, 650 ms off",
    },
  ])("show a pattern to who looks at them: $what", async ({ periodMs, words }) => {
    using world = switchedOnBoard();
    const { board, hardware, clock } = world;
    const leds = hardware.leds!;
    let step = 0;
    const next = (): void => {
      leds.set("status", step % 2 === 0);
      const ms = periodMs[step % periodMs.length];
      step += 1;
      if (ms !== undefined) hardware.clock.setTimeout(next, ms);
    };
    next();
    await clock.advance(30_000);
    expect(patternWords(board.leds.pattern("status"))).toBe(words);
    expect(patternWords(board.leds.pattern("tunnel"))).toBe("off");
  });

  it("show no pattern where none is, and none that was seen less than twice", () => {
    const at = (...times: number[]) => times.map((atMs, index) => ({ atMs, lit: index % 2 === 0 }));
    const look = { fromMs: 0, toMs: 10_000 };
    expect(readPattern(at(1_000, 1_100, 3_000, 3_900, 4_000, 9_000), look)).toEqual({ kind: "irregular" });
    expect(readPattern(at(1_000, 1_500, 2_000), look)).toEqual({ kind: "irregular" });
    expect(readPattern(at(1_000), { fromMs: 5_000, toMs: 10_000 })).toEqual({ kind: "on" });
    expect(readPattern(at(1_000, 2_000), { fromMs: 5_000, toMs: 10_000 })).toEqual({ kind: "off" });
    expect(readPattern([], look)).toEqual({ kind: "off" });
  });

  it("bear a busy program that is some ms late", () => {
    const changes = Array.from({ length: 20 }, (_, index) => ({
      atMs: 500 * index + (index % 3) * 6,
      lit: index % 2 === 0,
    }));
    expect(readPattern(changes, { fromMs: -1, toMs: 10_000 })).toMatchObject({ kind: "blinking" });
  });

  it("are dark without power, stay as they are when dead, and obey no program of an earlier run", () => {
    using world = switchedOnBoard();
    const { board, hardware, host } = world;
    hardware.leds!.set("status", true);
    board.lay(deadLed("tunnel"));
    hardware.leds!.set("tunnel", true);
    expect([board.leds.isLit("status"), board.leds.isLit("tunnel")]).toEqual([true, false]);
    board.powerOff();
    expect(board.leds.isLit("status")).toBe(false);
    board.boot(host);
    hardware.leds!.set("status", true);
    expect(board.leds.isLit("status")).toBe(false);
  });
});

describe("a button", () => {
  it("is held as long as a finger is on it", async () => {
    using world = switchedOnBoard();
    const { board, hardware, clock } = world;
    const seen: string[] = [];
    hardware.button!.watch((down) => seen.push(`${down ? "down" : "up"} at ${clock.monotonicMs()}`));
    await board.button.holds(10_000);
    expect(seen).toEqual(["down at 0", "up at 10000"]);
  });

  it("bounces when it closes and when it opens, for some ms, and then is what it is", async () => {
    using world = switchedOnBoard();
    const { board, hardware, clock } = world;
    const seen: { readonly down: boolean; readonly atMs: number }[] = [];
    hardware.button!.watch((down) => seen.push({ down, atMs: clock.monotonicMs() }));
    await board.button.holdsBouncing(200, 3);
    expect(seen).toHaveLength(14);
    expect(seen.slice(0, 7).map(({ down }) => down)).toEqual([true, false, true, false, true, false, true]);
    expect(seen[6]!.atMs).toBeLessThanOrEqual(8);
    expect(seen[7]!.atMs).toBeGreaterThanOrEqual(200);
    expect(seen[13]!.atMs).toBeLessThanOrEqual(216);
    expect(board.button.isClosed).toBe(false);
  });

  it("is stuck in, or cannot be pressed", async () => {
    using world = switchedOnBoard();
    const { board, hardware, clock } = world;
    const seen: boolean[] = [];
    hardware.button!.watch((down) => seen.push(down));
    board.button.press();
    const lift = board.lay(stuckButton());
    board.button.release();
    await clock.advance(hourMs);
    expect(seen).toEqual([true]);
    lift();
    board.button.release();
    board.lay(stuckButton());
    board.button.press();
    expect(seen).toEqual([true, false]);
  });
});

describe("a watchdog", () => {
  it.each([
    [1, 1_000],
    [1_000, 1_000],
    [9_001, 10_000],
    [15_000, 15_000],
    [60_000, 15_000],
  ])("takes %i ms for %i ms, as its hardware counts", (asked, taken) => {
    using world = switchedOnBoard();
    expect(world.hardware.watchdog!.arm(asked)).toBe(taken);
  });

  it("tells how close it came, and bites when no pet reaches it", async () => {
    using world = switchedOnBoard();
    const { board, hardware, clock } = world;
    hardware.watchdog!.arm(10_000);
    await clock.advance(7_500);
    hardware.watchdog!.pet();
    await clock.advance(2_000);
    expect(board.watchdog.closestCall).toBeCloseTo(0.75);
    board.lay(deafWatchdog());
    hardware.watchdog!.pet();
    await clock.advance(8_001);
    expect([board.watchdog.bitten, board.watchdog.closestCall]).toEqual([1, 1]);
    expect(board.hardware).toBeUndefined();
  });

  it("counts no more when the power is off, and is not armed by a program of an earlier run", async () => {
    using world = switchedOnBoard();
    const { board, hardware, host, clock } = world;
    hardware.watchdog!.arm(10_000);
    board.powerOff();
    board.boot(host);
    hardware.watchdog!.arm(10_000);
    await clock.advance(hourMs);
    expect(board.watchdog.bitten).toBe(0);
  });
});

describe("the temperature", () => {
  it("rises with load to where it stays, and falls again", async () => {
    using world = switchedOnBoard();
    const { board, clock } = world;
    expect(board.thermal.celsius).toBe(40);
    board.thermal.loadIs(0.5);
    await clock.advance(120_000);
    // One time constant: 1 - 1/e of 25 degrees.
    expect(board.thermal.celsius).toBeCloseTo(40 + 25 * (1 - Math.exp(-1)), 6);
    await clock.advance(hourMs);
    expect(board.thermal.celsius).toBeCloseTo(65, 3);
    board.thermal.loadIs(0);
    await clock.advance(hourMs);
    expect(board.thermal.celsius).toBeCloseTo(40, 3);
  });

  it("is the same however often it is asked for on the way", async () => {
    const later = async (looks: number): Promise<number> => {
      using world = switchedOnBoard();
      world.board.thermal.ambientIs(45);
      world.board.thermal.loadIs(1);
      for (let look = 0; look < looks; look += 1) {
        await world.clock.advance(600_000 / looks);
        void world.board.thermal.isThrottled;
      }
      return world.board.thermal.celsius;
    };
    expect(await later(1)).toBeCloseTo(await later(60), 3);
  });

  it("throttles at 80 degrees and runs freely again at 75: between the two it swings", async () => {
    using world = switchedOnBoard();
    const { board, clock } = world;
    board.thermal.ambientIs(30);
    board.thermal.loadIs(1);
    const seen = new Set<boolean>();
    const celsius: number[] = [];
    for (let minute = 0; minute < 60; minute += 1) {
      await clock.advance(20_000);
      seen.add(board.thermal.isThrottled);
      if (minute > 30) celsius.push(board.thermal.celsius);
    }
    expect(seen).toEqual(new Set([true, false]));
    expect(Math.min(...celsius)).toBeGreaterThanOrEqual(75 - 0.001);
    expect(Math.max(...celsius)).toBeLessThanOrEqual(80 + 0.001);
  });

  it("follows a curve that a story gives, in straight lines", async () => {
    using world = switchedOnBoard();
    const { board, hardware, clock } = world;
    board.thermal.follows([
      { afterMs: 0, celsius: 50 },
      { afterMs: 60_000, celsius: 90 },
      { afterMs: 120_000, celsius: 20 },
    ]);
    const seen: (number | undefined)[] = [];
    for (let half = 0; half < 5; half += 1) {
      seen.push(await hardware.thermal!.celsius());
      await clock.advance(30_000);
    }
    expect(seen).toEqual([50, 70, 90, 55, 20]);
  });

  it("cannot be read from a dead sensor", async () => {
    using world = switchedOnBoard();
    const lift = world.board.lay(deadSensor());
    expect(await world.hardware.thermal!.celsius()).toBeUndefined();
    lift();
    expect(await world.hardware.thermal!.celsius()).toBe(40);
  });
});

describe("the clock", () => {
  it("is at 1970 at each boot where no battery keeps it, until it is set", async () => {
    using world = switchedOnBoard({ hasClockBattery: false });
    const { board, host, clock } = world;
    expect(board.clock.nowMs()).toBe(0);
    await clock.advance(5_000);
    expect(board.clock.nowMs()).toBe(5_000);
    board.clockIsSet();
    expect(board.clock.nowMs()).toBe(clock.nowMs());
    board.powerOff();
    board.boot(host);
    expect(board.clock.nowMs()).toBe(0);
  });
});

describe("a board", () => {
  it("leaves out the ports of the parts that it has not got", () => {
    using world = switchedOnBoard({ without: ["leds", "watchdog"] });
    expect(world.hardware).not.toHaveProperty("leds");
    expect(world.hardware).not.toHaveProperty("watchdog");
    expect(world.hardware).toHaveProperty("button");
  });

  it("has small programs run from each boot on, and end without a word when the power goes", () => {
    using world = switchedOnBoard();
    const { board, host } = world;
    const story: string[] = [];
    let runs = 0;
    const stop = board.runs(() => {
      runs += 1;
      const run = runs;
      story.push(`begins ${run}`);
      return () => void story.push(`ends ${run}`);
    });
    board.powerOff();
    board.boot(host);
    stop();
    board.powerOff();
    board.boot(host);
    expect(story).toEqual(["begins 1", "ends 1", "begins 2", "ends 2"]);
  });
});
