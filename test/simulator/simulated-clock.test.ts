// Virtual time: stepping, waiting, settling, and giving the real timers back.
import { afterEach, describe, expect, it } from "vitest";
import { ClockView } from "#simulator/clock-view.ts";
import { SimulatedClock, storyStartsAtMs } from "#simulator/simulated-clock.ts";

describe("the simulated clock", () => {
  let clock: SimulatedClock | undefined;
  const started = (): SimulatedClock => {
    clock = SimulatedClock.start();
    return clock;
  };
  afterEach(() => clock?.stop());

  it("runs a timer set by another timer at its own due time, not at the end of the wait", async () => {
    const time = started();
    const ran: string[] = [];
    time.setTimeout(() => {
      ran.push(`A at ${time.monotonicMs()}`);
      time.setTimeout(() => ran.push(`B at ${time.monotonicMs()}`), 3000);
    }, 2000);
    await time.advance(10_000);
    expect(ran).toEqual(["A at 2000", "B at 5000"]);
    expect(time.monotonicMs()).toBe(10_000);
  });

  it("lets IO settle between two timers of the same time", async () => {
    const time = started();
    const ran: string[] = [];
    time.setTimeout(() => {
      ran.push("first");
      setImmediate(() => setImmediate(() => ran.push("what the first one set off")));
    }, 5);
    time.setTimeout(() => ran.push("second"), 5);
    await time.advance(5);
    expect(ran).toEqual(["first", "what the first one set off", "second"]);
  });

  it("stands still while nobody waits", async () => {
    const time = started();
    let ran = false;
    time.setTimeout(() => {
      ran = true;
    }, 0);
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(ran).toBe(false);
    expect(time.nowMs()).toBe(storyStartsAtMs);
  });

  it("is the time of the globals, of libraries' intervals and of performance.now", async () => {
    const time = started();
    const from = performance.now();
    let beats = 0;
    const interval = setInterval(() => {
      beats += 1;
    }, 100);
    await time.advance(1000);
    expect(beats).toBe(10);
    expect(Date.now()).toBe(storyStartsAtMs + 1000);
    expect(performance.now() - from).toBe(1000);
    clearInterval(interval);
    expect(time.pending()).toEqual([]);
  });

  it("waits for a fact and gives its value", async () => {
    const time = started();
    let found: { name: string } | undefined;
    time.setTimeout(() => {
      found = { name: "gateway" };
    }, 700);
    const value = await time.until(() => found, { what: "a name" });
    expect(value.name).toBe("gateway");
    expect(time.monotonicMs()).toBe(700);
  });

  it("waits for a promise, and passes its rejection on", async () => {
    const time = started();
    const later = new Promise<string>((resolve) => time.setTimeout(() => resolve("done"), 40));
    expect(await time.until(later, { what: "it" })).toBe("done");
    const never = new Promise<string>((_, reject) => time.setTimeout(() => reject(new Error("broken")), 40));
    await expect(time.until(never, { what: "it" })).rejects.toThrow("broken");
  });

  it("asks a fact that answers with a promise again until it holds", async () => {
    const time = started();
    let asked = 0;
    const fact = async (): Promise<string | undefined> => {
      asked += 1;
      await new Promise<void>((resolve) => time.setTimeout(resolve, 10));
      return time.monotonicMs() > 500 ? "now" : undefined;
    };
    expect(await time.until(fact, { what: "it" })).toBe("now");
    expect(asked).toBeGreaterThan(3);
  });

  it("fails a wait at its limit with what was waited for, the world and the caller's own line", async () => {
    const time = started();
    time.describeWorld = () => "Seed 7";
    setInterval(() => undefined, 1000);
    const failure = await time
      .until(() => undefined, { limitMs: 5000, what: "the gateway to come online" })
      .catch((error: Error) => error);
    expect(failure).toBeInstanceOf(Error);
    const { message, stack } = failure as Error;
    expect(message).toBe("Waited 5000 ms of simulated time for the gateway to come online\nSeed 7");
    expect(stack?.split("\n").find((line) => line.includes("    at "))).toContain("simulated-clock.test.ts");
    expect(time.monotonicMs()).toBe(5000);
  });

  it("serves several waits at once, each at its own time", async () => {
    const time = started();
    const order: string[] = [];
    time.setTimeout(() => order.push("timer"), 300);
    await Promise.all([
      time.advance(500).then(() => order.push(`advance ${time.monotonicMs()}`)),
      time.until(() => order.includes("timer"), { what: "it" }).then(() => order.push(`until ${time.monotonicMs()}`)),
    ]);
    expect(order).toEqual(["timer", "until 300", "advance 500"]);
  });

  it("waits for the thread pool when no timer is left", async () => {
    const time = started();
    const { scrypt } = await import("node:crypto");
    const hashed = new Promise<Buffer>((resolve, reject) =>
      scrypt("a", "b", 16, (error, key) => (error ? reject(error) : resolve(key))),
    );
    expect((await time.until(hashed, { what: "a hash" })).length).toBe(16);
  });

  it("fails a wait when a timer's own code throws", async () => {
    const time = started();
    time.setTimeout(() => {
      throw new Error("thrown in a timer");
    }, 10);
    await expect(time.advance(100)).rejects.toThrow("thrown in a timer");
  });

  it("says who set the timers that are left", async () => {
    const time = started();
    new ClockView(time, "gateway").setTimeout(() => undefined, 2000);
    setTimeout(() => undefined, 1000);
    expect(time.pending().map((timer) => timer.name)).toEqual([
      expect.stringContaining("test/simulator/simulated-clock.test.ts"),
      "gateway",
    ]);
  });

  it("gives the real timers back and fails the waits that still run", async () => {
    const before = globalThis.setTimeout;
    const time = started();
    expect(globalThis.setTimeout).not.toBe(before);
    const waiting = time.until(() => undefined, { what: "it" });
    time.stop();
    await expect(waiting).rejects.toThrow("stopped");
    expect(globalThis.setTimeout).toBe(before);
    expect(Math.abs(Date.now() - storyStartsAtMs)).toBeGreaterThan(0);
  });
});

describe("a machine's view of the clock", () => {
  it("drops its own timers with the power and nobody else's", async () => {
    using clock = SimulatedClock.start();
    const view = new ClockView(clock, "gateway");
    const ran: string[] = [];
    view.setTimeout(() => ran.push("gateway"), 10);
    clock.setTimeout(() => ran.push("other"), 10);
    expect(view.pendingCount).toBe(1);
    view.dropAllTimers();
    await clock.advance(10);
    expect(ran).toEqual(["other"]);
    expect(view.pendingCount).toBe(0);
  });

  it("has a wall clock that can jump while durations stay right", async () => {
    using clock = SimulatedClock.start();
    const view = new ClockView(clock, "gateway");
    view.jump(-86_400_000);
    await clock.advance(1000);
    expect(view.nowMs()).toBe(storyStartsAtMs - 86_400_000 + 1000);
    expect(view.monotonicMs()).toBe(1000);
  });
});
