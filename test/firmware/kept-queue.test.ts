// The kept messages on the disk: what is written and when, what a damaged file costs, and a power cut at each step.
import { describe, expect, test } from "vitest";
import { KeptQueue, persistAfterMs, persistRetryMs } from "#firmware/connectivity/kept-queue.ts";
import {
  behindStored,
  keptBytesMax,
  keptMessagesMax,
  type Outbox,
  withMessage,
} from "#firmware/connectivity/outbox.ts";
import {
  markFile,
  parseMark,
  parseSegment,
  segmentMessagesMax,
  segmentName,
  writeSegment,
} from "#firmware/connectivity/queue-files.ts";
import { Disk, type DiskChange, type DiskStepAhead } from "#simulator/gateway/disk.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { SimulatedClock } from "#simulator/simulated-clock.ts";

class Bench {
  readonly clock = SimulatedClock.start();
  readonly disk: Disk;
  readonly changes: DiskChange[] = [];
  readonly failures: string[] = [];
  queue!: KeptQueue;

  constructor(seed = 1) {
    this.disk = new Disk(this.clock, new SeededRandom(seed));
    this.disk.changing = (change) => this.changes.push(change);
  }

  /** A run of the gateway begins: what it finds, as texts. */
  async boots() {
    const events = { failed: (why: string) => void this.failures.push(why) };
    this.queue = new KeptQueue({ clock: this.clock, storage: this.disk.boot() }, events);
    const found = await this.settles(this.queue.load());
    return { ...found, texts: found.messages.map(({ text }) => text) };
  }

  settles<T>(promise: Promise<T>): Promise<T> {
    return this.clock.until(promise, { what: "the queue" });
  }

  writes(): readonly string[] {
    return this.changes.map(({ kind, name }) => `${kind} ${name}`);
  }

  [Symbol.dispose](): void {
    this.queue.close();
    this.clock.stop();
  }
}

const texts = (count: number, from = 1): readonly string[] =>
  Array.from({ length: count }, (_, index) => `400,c8y_Test,${from + index}`);

test("a message that the cloud acknowledges soon is never written", async () => {
  using bench = new Bench();
  await bench.boots();
  bench.queue.put(1, "400,a");
  await bench.clock.advance(persistAfterMs - 1);
  await bench.settles(bench.queue.done(1));
  await bench.clock.advance(60_000);
  expect(bench.writes()).toEqual([]);
});

test("messages that wait are written together, and found in order by the next run", async () => {
  using bench = new Bench();
  await bench.boots();
  for (const [index, text] of texts(5).entries()) bench.queue.put(index + 1, text);
  await bench.clock.advance(persistAfterMs + 100);
  expect(bench.writes()).toEqual([`write ${segmentName(1)}`]);
  bench.disk.powerOff();
  const found = await bench.boots();
  expect(found.messages).toEqual(texts(5).map((text, index) => ({ id: index - 5, text })));
  expect(found.damaged).toEqual([]);
});

test("one more message writes its segment anew and nothing else, and a full segment never again", async () => {
  using bench = new Bench();
  await bench.boots();
  for (const [index, text] of texts(segmentMessagesMax + 1).entries()) {
    bench.queue.put(index + 1, text);
    await bench.clock.advance(persistAfterMs + 100);
  }
  const [first, second] = [`write ${segmentName(1)}`, `write ${segmentName(segmentMessagesMax + 1)}`];
  expect(bench.writes()).toEqual([...Array<string>(segmentMessagesMax).fill(first), second]);
});

test("of a drained segment the mark moves by each message, and the file goes with the last one", async () => {
  using bench = new Bench();
  await bench.boots();
  for (const [index, text] of texts(3).entries()) bench.queue.put(index + 1, text);
  await bench.clock.advance(persistAfterMs + 100);
  bench.changes.splice(0);
  for (const id of [1, 2, 3]) await bench.settles(bench.queue.done(id));
  expect(bench.writes()).toEqual([`write ${markFile}`, `write ${markFile}`, `remove ${segmentName(1)}`]);
  bench.disk.powerOff();
  expect((await bench.boots()).texts).toEqual([]);
});

test("a short outage of one message costs one write and one removal", async () => {
  using bench = new Bench();
  await bench.boots();
  bench.queue.put(1, "400,a");
  await bench.clock.advance(persistAfterMs + 100);
  await bench.settles(bench.queue.done(1));
  expect(bench.writes()).toEqual([`write ${segmentName(1)}`, `remove ${segmentName(1)}`]);
});

test("what is dropped does not come back, and its number is kept until the cloud is told", async () => {
  using bench = new Bench();
  await bench.boots();
  for (const [index, text] of texts(4).entries()) bench.queue.put(index + 1, text);
  await bench.clock.advance(persistAfterMs + 100);
  await bench.settles(bench.queue.done(2, 2));
  await bench.clock.advance(persistAfterMs + 100);
  bench.disk.powerOff();
  const found = await bench.boots();
  expect(found).toMatchObject({ texts: texts(2, 3), dropped: 2 });
  bench.queue.told(2);
  await bench.clock.advance(persistAfterMs + 100);
  bench.disk.powerOff();
  expect(await bench.boots()).toMatchObject({ texts: texts(2, 3), dropped: 0 });
});

test("a stop writes what waits at once", async () => {
  using bench = new Bench();
  await bench.boots();
  bench.queue.put(1, "400,a");
  await bench.settles(bench.queue.flush());
  expect(bench.clock.monotonicMs()).toBeLessThan(100);
  bench.queue.close();
  bench.disk.powerOff();
  expect((await bench.boots()).texts).toEqual(["400,a"]);
});

test("a disk that takes nothing is said once, keeps everything in memory and is tried again", async () => {
  using bench = new Bench();
  await bench.boots();
  bench.disk.failure = "ENOSPC";
  bench.queue.put(1, "400,a");
  await bench.clock.advance(persistAfterMs + 2 * persistRetryMs);
  bench.queue.put(2, "400,b");
  await bench.clock.advance(2 * persistRetryMs);
  expect(bench.failures).toEqual(["ENOSPC"]);
  bench.disk.failure = undefined;
  await bench.clock.advance(persistRetryMs + 100);
  bench.disk.powerOff();
  expect((await bench.boots()).texts).toEqual(["400,a", "400,b"]);
});

describe("a damaged file", () => {
  async function withSegments(bench: Bench): Promise<readonly string[]> {
    await bench.boots();
    const all = texts(3 * segmentMessagesMax);
    for (const [index, text] of all.entries()) bench.queue.put(index + 1, text);
    await bench.clock.advance(persistAfterMs + 1_000);
    bench.queue.close();
    return all;
  }

  const second = segmentName(segmentMessagesMax + 1);

  test.each<[string, (contents: Buffer) => Uint8Array]>([
    ["emptied", () => Buffer.alloc(0)],
    ["full of zeros", (contents) => Buffer.alloc(contents.length)],
    ["of another program", () => Buffer.from("hello\n")],
  ])("that is %s costs its own messages and no other, and is said", async (_what, damage) => {
    using bench = new Bench();
    const all = await withSegments(bench);
    bench.disk.files.set(second, damage(Buffer.from(bench.disk.files.get(second) ?? [])));
    const found = await bench.boots();
    expect(found.texts).toEqual([...all.slice(0, segmentMessagesMax), ...all.slice(2 * segmentMessagesMax)]);
    expect(found.damaged).toEqual([`${second}: damaged after 0 messages`]);
    await bench.clock.advance(persistAfterMs + 1_000);
    bench.disk.powerOff();
    // Taken away, so that it is not said at each start.
    expect((await bench.boots()).damaged).toEqual([]);
  });

  test("that is cut keeps what stands before the cut, wherever that is", async () => {
    using bench = new Bench();
    const all = await withSegments(bench);
    const whole = Buffer.from(bench.disk.files.get(second) ?? []);
    for (let bytes = 0; bytes < whole.length; bytes += 37) {
      const { messages, isDamaged } = parseSegment(whole.subarray(0, bytes));
      const lines = whole.subarray(0, bytes).toString().split("\n").length - 1;
      expect(messages.map(({ text }) => text)).toEqual(all.slice(segmentMessagesMax, segmentMessagesMax + lines));
      expect(isDamaged).toBe(lines === 0 || whole[bytes - 1] !== 0x0a);
    }
  });

  test("with one altered byte loses that message and those behind it at most", () => {
    const messages = texts(4).map((text, index) => ({ sequence: index + 1, text }));
    const whole = Buffer.from(writeSegment(messages));
    for (let at = 0; at < whole.length; at += 1) {
      const altered = Buffer.from(whole);
      altered[at] = (altered[at] ?? 0) ^ 0x01;
      const found = parseSegment(altered);
      const before = whole.subarray(0, at).toString().split("\n").length - 1;
      expect(found.isDamaged, `${at}`).toBe(true);
      expect(found.messages, `${at}`).toEqual(messages.slice(0, before));
    }
  });

  test("that is the mark sends again what was done and not taken away, and is said", async () => {
    using bench = new Bench();
    const all = await withSegments(bench);
    await bench.boots();
    await bench.settles(bench.queue.done(-all.length + 1));
    bench.disk.files.set(markFile, Buffer.from("00000000 [9999,0]\n"));
    const found = await bench.boots();
    expect(found.texts).toEqual(all);
    expect(found.damaged).toEqual([`${markFile}: damaged`]);
    expect(parseMark(Buffer.from("garbage"))).toBeUndefined();
  });

  test.each([1, 2])("that cannot be read is skipped, and its name is never used again (segment %i)", async (index) => {
    using bench = new Bench();
    await withSegments(bench);
    const unreadable = segmentName(index * segmentMessagesMax + 1);
    const storage = bench.disk.boot();
    const failing = {
      ...storage,
      read: (name: string) =>
        name === unreadable ? Promise.reject(Object.assign(new Error("x"), { code: "EIO" })) : storage.read(name),
    };
    const queue = new KeptQueue({ clock: bench.clock, storage: failing }, { failed: () => undefined });
    const found = await bench.settles(queue.load());
    expect(found.damaged).toEqual([`${unreadable}: EIO`]);
    expect(found.messages).toHaveLength(2 * segmentMessagesMax);
    queue.put(1, "400,new");
    await bench.settles(queue.flush());
    expect([...bench.disk.files.keys()].sort().at(-1)).toBe(segmentName(3 * segmentMessagesMax + 1));
    queue.close();
  });
});

describe("a power cut", () => {
  const total = 2 * segmentMessagesMax + 3;

  /** Messages come, three at a time, and from the middle on the cloud takes one after the other. Returns what the cloud got. */
  async function story(bench: Bench, delivered: string[]): Promise<void> {
    await bench.boots();
    let taken = 0;
    const all = texts(total);
    for (let index = 0; index < total; index += 1) {
      bench.queue.put(index + 1, all[index] ?? "");
      if (index % 3 === 2) await bench.clock.advance(persistAfterMs + 50);
      if (index < total / 2) continue;
      delivered.push(all[taken] ?? "");
      taken += 1;
      await bench.queue.done(taken);
    }
    while (taken < total) {
      delivered.push(all[taken] ?? "");
      taken += 1;
      await bench.queue.done(taken);
    }
  }

  async function stepsOf(): Promise<number> {
    using bench = new Bench();
    let steps = 0;
    bench.disk.stepping = () => {
      steps += 1;
    };
    const run = story(bench, []);
    await bench.clock.until(run, { what: "the story", limitMs: 600_000 });
    return steps;
  }

  test("at each step of the disk loses nothing that was on it and sends at most one message twice", async () => {
    const steps = await stepsOf();
    expect(steps).toBeGreaterThan(100);
    for (let cutAt = 1; cutAt <= steps; cutAt += 1) {
      using bench = new Bench(cutAt);
      const delivered: string[] = [];
      const stored = new Set<string>();
      let step = 0;
      let isCut = false;
      bench.disk.stepping = (ahead: DiskStepAhead) => {
        step += 1;
        if (ahead.step === "sync-folder" && ahead.kind === "write") noteStored(bench, stored);
        if (step !== cutAt) return;
        isCut = true;
        bench.disk.powerOff();
      };
      // It never ends: the program is gone with the power.
      story(bench, delivered).catch(() => undefined);
      await bench.clock.until(() => isCut, { what: "the cut", limitMs: 600_000 });
      bench.queue.close();
      bench.disk.stepping = undefined;
      const found = await bench.boots();
      expect(found.damaged, `step ${cutAt}`).toEqual([]);
      // In order, without a gap, and from the last delivered one on at the earliest.
      const numbers = found.texts.map((text) => Number(text.split(",")[2]));
      for (const [index, number] of numbers.entries()) expect(number, `step ${cutAt}`).toBe((numbers[0] ?? 0) + index);
      const repeated = found.texts.filter((text) => delivered.includes(text));
      expect(repeated.length, `step ${cutAt}`).toBeLessThanOrEqual(1);
      const lost = [...stored].filter((text) => !delivered.includes(text) && !found.texts.includes(text));
      expect(lost, `step ${cutAt}`).toEqual([]);
    }
  }, 60_000);

  /** What durably stands on the disk when the next folder sync begins: everything but the file that is just renamed. */
  function noteStored(bench: Bench, stored: Set<string>): void {
    const names = [...bench.disk.files.keys()].filter((name) => /^queue-\d+$/.test(name));
    for (const name of names.slice(0, -1)) {
      for (const { text } of parseSegment(bench.disk.files.get(name) ?? new Uint8Array()).messages) stored.add(text);
    }
  }
});

describe("the queue's bounds", () => {
  const empty: Outbox = { outbox: [], nextId: 1, droppedUntold: 0 };
  const keep = (box: Outbox, text: string) => withMessage(box, { text, isRepeatable: true, isKept: true });

  test("drop the oldest kept message beyond their number, and count it", () => {
    let box: Outbox = empty;
    for (const text of texts(keptMessagesMax)) box = keep(box, text);
    expect(box).toMatchObject({ droppedUntold: 0 });
    const taken = keep(box, "400,last");
    expect(taken.outbox).toHaveLength(keptMessagesMax);
    expect(taken.dropped.map(({ text }) => text)).toEqual(texts(1));
    expect(taken.outbox.at(-1)?.text).toBe("400,last");
    expect(taken.droppedUntold).toBe(1);
  });

  test("drop as many of the oldest as it takes to hold the bytes", () => {
    let box: Outbox = empty;
    for (let index = 0; index < 16; index += 1) box = keep(box, String(index).padEnd(keptBytesMax / 32, "x"));
    for (let index = 0; index < 100; index += 1) box = keep(box, `${index}`);
    const taken = keep(box, "y".repeat(15_000));
    const bytes = taken.outbox.reduce((sum, { text }) => sum + text.length, 0);
    expect(bytes).toBeLessThanOrEqual(keptBytesMax);
    const more = Array.from({ length: 8 }).reduce<Outbox>((so) => keep(so, "z".repeat(15_000)), taken);
    expect(more.outbox.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThanOrEqual(keptBytesMax);
    expect(more.droppedUntold).toBeGreaterThan(0);
    expect(more.outbox[0]?.text.startsWith("0")).toBe(false);
  });

  test("leave other messages their own limit, and the order among the kept and among the others", () => {
    let box: Outbox = empty;
    for (let index = 0; index < 120; index += 1) {
      box = keep(box, `kept ${index}`);
      box = withMessage(box, { text: `other ${index}`, isRepeatable: true });
    }
    const kept = box.outbox.filter(({ isKept }) => isKept);
    expect([kept.length, box.outbox.length - kept.length]).toEqual([120, 100]);
    for (const some of [kept, box.outbox.filter(({ isKept }) => !isKept)]) {
      const ids = some.map(({ id }) => id);
      expect(ids).toEqual(ids.toSorted((one, another) => one - another));
    }
    expect(box.droppedUntold).toBe(0);
  });

  test("let a report of an operation go before what has been kept, but not before what may be under way", () => {
    let box: Outbox = empty;
    for (const text of texts(200)) box = keep(box, text);
    box = withMessage(box, { text: "504,1", isRepeatable: true });
    box = withMessage(box, { text: "506,1", isRepeatable: true });
    expect(box.outbox.slice(0, 4).map(({ text }) => text)).toEqual([texts(1)[0], "504,1", "506,1", texts(2)[1]]);
    const stored = ["400,left by the last run", "503,c8y_Restart"].map((text, index) => ({ id: index - 2, text }));
    const box2 = behindStored({ ...box, outbox: box.outbox.slice(1) }, stored);
    expect(box2.outbox.slice(0, 5).map(({ text }) => text)).toEqual([
      "503,c8y_Restart",
      "504,1",
      "506,1",
      "400,left by the last run",
      texts(2)[1],
    ]);
  });

  test("hold for what an earlier run has left together with what has come since", () => {
    let box: Outbox = empty;
    for (const text of texts(10)) box = keep(box, text);
    const stored = texts(keptMessagesMax - 5).map((text, index) => ({ id: index - (keptMessagesMax - 5), text }));
    const taken = behindStored(box, stored);
    expect(taken.outbox).toHaveLength(keptMessagesMax);
    expect(taken.dropped).toHaveLength(5);
    expect(taken.outbox[0]).toMatchObject({ id: stored[5]?.id, text: stored[5]?.text });
  });
});
