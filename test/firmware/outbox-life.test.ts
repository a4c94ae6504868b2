// The queue for the cloud in the life of a gateway: outages, power cuts at every step of the disk, orderly stops, full queues.
import { expect, test } from "vitest";
import { persistAfterMs } from "#firmware/connectivity/kept-queue.ts";
import { droppedEventType, keptMessagesMax } from "#firmware/connectivity/outbox.ts";
import { ConnectivityBench } from "./connectivity-bench.ts";

const numbers = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

test("what comes during an outage is delivered in order afterwards, once", async () => {
  await using bench = await ConnectivityBench.start();
  await bench.isOnline();
  bench.publishes(1);
  const heal = bench.cutOff();
  for (const number of numbers(2, 70)) {
    bench.publishes(number);
    await bench.clock.advance(700);
  }
  heal();
  await bench.until("all of them", () => bench.delivered.includes(70));
  expect(bench.delivered).toEqual(numbers(1, 70));
  await bench.clock.advance(60_000);
  // Nothing is left on the disk but the mark.
  expect([...bench.board.disk.files.keys()].filter((name) => /^queue-\d/.test(name))).toEqual([]);
});

test("online, nothing is written for messages that the cloud takes", async () => {
  await using bench = await ConnectivityBench.start();
  await bench.isOnline();
  const changes: string[] = [];
  bench.board.disk.changing = ({ name }) => changes.push(name);
  for (const number of numbers(1, 50)) {
    bench.publishes(number);
    await bench.clock.advance(1_000);
  }
  expect(bench.delivered).toEqual(numbers(1, 50));
  expect(changes).toEqual([]);
});

test("a power cut during an outage costs what came within the last two seconds, and nothing else", async () => {
  await using bench = await ConnectivityBench.start();
  await bench.isOnline();
  const heal = bench.cutOff();
  for (const number of numbers(1, 40)) {
    bench.publishes(number);
    await bench.clock.advance(500);
  }
  await bench.clock.advance(persistAfterMs + 200);
  bench.publishes(41);
  bench.powerCut();
  bench.boots();
  bench.publishes(42);
  heal();
  await bench.until("the last one", () => bench.delivered.includes(42));
  expect(bench.delivered).toEqual([...numbers(1, 40), 42]);
});

test("an orderly stop during an outage loses nothing", async () => {
  await using bench = await ConnectivityBench.start();
  await bench.isOnline();
  const heal = bench.cutOff();
  await bench.until("a pause between two tries", () => bench.actor.getSnapshot().matches("offline"));
  bench.publishes(1);
  bench.publishes(2);
  await bench.stops();
  bench.boots();
  heal();
  await bench.until("both", () => bench.delivered.includes(2));
  expect(bench.delivered).toEqual([1, 2]);
});

test("a power cut at each step of the disk while it drains sends at most one message twice, and loses none", async () => {
  const count = 40;
  /** The steps of the disk from the moment at which the cloud can be reached again. */
  async function drain(cutAt: number | undefined, seed: number): Promise<number> {
    await using bench = await ConnectivityBench.start(seed);
    await bench.isOnline();
    const heal = bench.cutOff();
    for (const number of numbers(1, count)) bench.publishes(number);
    await bench.clock.advance(persistAfterMs + 500);
    let steps = 0;
    let isCut = cutAt === undefined;
    bench.board.disk.stepping = () => {
      steps += 1;
      if (steps !== cutAt) return;
      isCut = true;
      bench.powerCut();
    };
    heal();
    await bench.until("the cut, or the end", () => isCut && (cutAt !== undefined || bench.delivered.includes(count)));
    if (cutAt !== undefined) {
      bench.board.disk.stepping = undefined;
      bench.boots();
      await bench.until(`the last one after a cut at step ${cutAt}`, () => bench.delivered.includes(count));
    }
    await bench.clock.advance(1_000);
    const { delivered } = bench;
    const again = delivered.filter((number, index) => delivered.indexOf(number) !== index);
    expect(again.length, `cut at step ${cutAt}: ${delivered.join(" ")}`).toBeLessThanOrEqual(1);
    expect([...new Set(delivered)], `cut at step ${cutAt}`).toEqual(numbers(1, count));
    return steps;
  }

  const steps = await drain(undefined, 1);
  expect(steps).toBeGreaterThan(count);
  // Every step of the first messages and of the last ones, and every seventh between.
  const cuts = numbers(1, steps).filter((step) => step <= 15 || step > steps - 15 || step % 7 === 0);
  for (const cutAt of cuts) await drain(cutAt, cutAt);
}, 60_000);

test("beyond its bounds the oldest are dropped, and the cloud is told how many once everything older is sent", async () => {
  await using bench = await ConnectivityBench.start();
  await bench.isOnline();
  const heal = bench.cutOff();
  const total = keptMessagesMax + 25;
  for (const number of numbers(1, total)) {
    bench.publishes(number);
    if (number % 50 === 0) await bench.clock.advance(persistAfterMs + 100);
  }
  await bench.clock.advance(persistAfterMs + 2_000);
  // The number outlives a power cut.
  bench.powerCut();
  bench.boots();
  heal();
  const told = () => bench.cloud.seen.filter((each) => each.includes(droppedEventType));
  await bench.until("the number", () => told().length > 0, 300_000);
  expect(bench.delivered).toEqual(numbers(26, total));
  expect(bench.cloud.seen.indexOf(told()[0] ?? "")).toBeGreaterThan(
    bench.cloud.seen.indexOf(`s/us 400,c8y_Test,${total}`),
  );
  expect(told()).toEqual([expect.stringContaining("25 alarms, events or measurements were dropped")]);
  await bench.clock.advance(10_000);
  bench.powerCut();
  bench.boots();
  await bench.isOnline();
  await bench.clock.advance(10_000);
  expect(told()).toHaveLength(1);
});

test("a disk that takes nothing is said, and nothing is lost as long as the power stays", async () => {
  await using bench = await ConnectivityBench.start();
  await bench.isOnline();
  bench.board.disk.failure = "EROFS";
  const heal = bench.cutOff();
  for (const number of numbers(1, 10)) bench.publishes(number);
  await bench.clock.advance(120_000);
  expect(bench.events("connectivity.queue-failed")).toMatchObject([{ level: "error", fields: { why: "EROFS" } }]);
  heal();
  await bench.until("all of them", () => bench.delivered.includes(10));
  expect(bench.delivered).toEqual(numbers(1, 10));
});

test("a damaged file of an earlier run is said, and what it had is all that is missing", async () => {
  await using bench = await ConnectivityBench.start();
  await bench.isOnline();
  const heal = bench.cutOff();
  for (const number of numbers(1, 80)) bench.publishes(number);
  await bench.clock.advance(persistAfterMs + 500);
  bench.powerCut();
  const [, second = ""] = [...bench.board.disk.files.keys()].filter((name) => /^queue-\d/.test(name)).sort();
  bench.board.disk.files.set(second, new Uint8Array(100));
  bench.boots();
  await bench.clock.advance(100);
  expect(bench.events("connectivity.queue-damaged")).toHaveLength(1);
  heal();
  await bench.until("the last one", () => bench.delivered.includes(80));
  expect(bench.delivered).toEqual([...numbers(1, 32), ...numbers(65, 80)]);
});
