// The relay's pipe on simulated time: faults plan what it holds exactly as they do in memory.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { blackHole } from "#simulator/faults/black-hole.ts";
import { corrupt } from "#simulator/faults/corrupt.ts";
import { duplicate } from "#simulator/faults/duplicate.ts";
import type { DeliveryKind, LinkFault } from "#simulator/faults/fault.ts";
import { latency } from "#simulator/faults/latency.ts";
import { slice } from "#simulator/faults/slice.ts";
import { slowReader } from "#simulator/faults/slow-reader.ts";
import { stall } from "#simulator/faults/stall.ts";
import { throttle } from "#simulator/faults/throttle.ts";
import { RelayPipe } from "#simulator/loopback/relay-pipe.ts";
import { Link } from "#simulator/network/link.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { SimulatedClock } from "#simulator/simulated-clock.ts";

let clock: SimulatedClock;
beforeEach(() => {
  clock = SimulatedClock.start();
});
afterEach(() => {
  clock.stop();
});

interface Arrived {
  readonly atMs: number;
  readonly kind: DeliveryKind;
  readonly text: string;
}

function makeLink(): Link {
  return new Link(["far", "near"], 0, () => true);
}

function makePipe(options: { readonly heldBytesMax?: number } = {}, link = makeLink()) {
  const arrived: Arrived[] = [];
  const strays: number[] = [];
  const takes = { isFull: false };
  let roomChanges = 0;
  const pipe = new RelayPipe({
    clock,
    random: new SeededRandom(7),
    link,
    from: "near",
    ...options,
    deliver: (kind, bytes) => {
      arrived.push({ atMs: clock.monotonicMs(), kind, text: Buffer.from(bytes).toString() });
      return !takes.isFull;
    },
    stray: () => strays.push(clock.monotonicMs()),
    roomChanged: () => {
      roomChanges += 1;
    },
  });
  const send = (text: string) => pipe.send("bytes", Buffer.from(text));
  return { link, pipe, arrived, strays, takes, send, roomChanges: () => roomChanges };
}

const texts = (arrived: readonly Arrived[]) => arrived.map(({ text, kind }) => text || kind);
const times = (arrived: readonly Arrived[]) => arrived.map(({ atMs }) => atMs);

describe("a pipe of the relay", () => {
  test("passes bytes and the end on in order and at once when nothing is laid over the link", async () => {
    const { arrived, send, pipe } = makePipe();
    send("a");
    send("b");
    pipe.send("end");
    await clock.advance(0);
    expect(texts(arrived)).toEqual(["a", "b", "end"]);
    expect(times(arrived)).toEqual([0, 0, 0]);
    expect(pipe.isEmpty).toBe(true);
  });

  test("counts latency from when a chunk was read, not from when the one before was passed on", async () => {
    const { link, arrived, send } = makePipe();
    link.apply(latency(200));
    send("a");
    await clock.advance(150);
    send("b");
    await clock.advance(1000);
    expect(times(arrived)).toEqual([200, 350]);
  });

  test("plans again what it holds when a fault is lifted, from when it was read", async () => {
    const { link, arrived, send } = makePipe();
    const lift = link.apply(latency(10_000));
    link.apply(latency(300));
    send("a");
    await clock.advance(100);
    lift();
    await clock.advance(1000);
    expect(times(arrived)).toEqual([300]);
  });

  test("plans again what it holds when a fault is added", async () => {
    const { link, arrived, send } = makePipe();
    link.apply(latency(300));
    send("a");
    await clock.advance(100);
    link.apply(latency(1000));
    await clock.advance(5000);
    expect(times(arrived)).toEqual([1300]);
  });

  test("lays a fault over one direction only", async () => {
    const { link, arrived, send } = makePipe();
    link.apply(stall(), "far");
    send("a");
    await clock.advance(10);
    expect(texts(arrived)).toEqual(["a"]);
  });

  test("holds bytes of a stall and the end behind them, and passes both once it is lifted", async () => {
    const { link, arrived, send, pipe } = makePipe();
    const lift = link.apply(stall({ afterBytes: 2 }));
    send("abcd");
    pipe.send("end");
    await clock.advance(60_000);
    expect(texts(arrived)).toEqual(["ab"]);
    expect(pipe.heldBytes).toBe(2);
    lift();
    await clock.advance(0);
    expect(texts(arrived)).toEqual(["ab", "cd", "end"]);
    expect(pipe.heldBytes).toBe(0);
  });

  test("does not read on a dark link, lets no end and no reset through, and reads again afterwards", async () => {
    const { link, arrived, pipe, roomChanges } = makePipe();
    const lift = link.apply(blackHole());
    expect(pipe.canRead).toBe(false);
    pipe.send("end");
    pipe.send("reset");
    await clock.advance(600_000);
    expect(arrived).toEqual([]);
    const before = roomChanges();
    lift();
    expect(roomChanges()).toBeGreaterThan(before);
    expect(pipe.canRead).toBe(true);
    await clock.advance(0);
    expect(texts(arrived)).toEqual(["end", "reset"]);
  });

  test("stops reading at its limit and reads again when there is room", async () => {
    const { link, pipe, send, roomChanges } = makePipe({ heldBytesMax: 4 });
    link.apply(latency(100));
    send("abc");
    expect(pipe.canRead).toBe(true);
    send("d");
    expect(pipe.canRead).toBe(false);
    const before = roomChanges();
    await clock.advance(100);
    expect(pipe.canRead).toBe(true);
    expect(roomChanges()).toBeGreaterThan(before);
  });

  test("waits for a receiver that takes no more, and drops nothing", async () => {
    const { arrived, send, takes, pipe } = makePipe();
    takes.isFull = true;
    send("a");
    send("b");
    await clock.advance(1000);
    expect(texts(arrived)).toEqual(["a"]);
    takes.isFull = false;
    pipe.resume();
    await clock.advance(0);
    expect(texts(arrived)).toEqual(["a", "b"]);
  });

  test("slices on turns of their own", async () => {
    const { link, arrived, send } = makePipe();
    link.apply(slice(2, 50));
    send("abcde");
    await clock.advance(1000);
    expect(texts(arrived)).toEqual(["ab", "cd", "e"]);
    expect(times(arrived)).toEqual([50, 100, 150]);
  });

  test("throttles to so many bytes a second, whatever the size of the chunks", async () => {
    const { link, arrived, send } = makePipe();
    link.apply(throttle(1000));
    for (let at = 0; at < 10; at += 1) send("x".repeat(100));
    await clock.advance(2000);
    expect(arrived.at(-1)?.atMs).toBe(1000);
  });

  test.each([
    ["throttle", throttle(500)],
    ["slow reader", slowReader(500)],
  ])("goes on at its pace (%s) while another fault comes and goes faster than a piece takes", async (_name, slow) => {
    const other: LinkFault = { name: "other", plan: (delivery) => [delivery] };
    const { link, arrived, send } = makePipe();
    link.apply(slow);
    send("x".repeat(2000));
    for (let atMs = 0; atMs < 5000; atMs += 50) {
      const lift = link.apply(other);
      await clock.advance(25);
      lift();
      await clock.advance(25);
    }
    expect(texts(arrived).join("")).toHaveLength(2000);
    expect(arrived.at(-1)?.atMs).toBe(4000);
  });

  test("keeps up no pace while the link is dark: what it held comes through the thin line afterwards", async () => {
    const { link, arrived, send } = makePipe();
    link.apply(throttle(1000));
    send("x".repeat(1000));
    await clock.advance(500);
    const lift = link.apply(blackHole());
    await clock.advance(4500);
    lift();
    await clock.advance(60_000);
    expect(times(arrived)).toEqual([6000]);
  });

  test("keeps up no pace on a link that was dark when the connection began", async () => {
    const link = makeLink();
    link.apply(throttle(1000));
    const lift = link.apply(blackHole());
    const { arrived, send } = makePipe({}, link);
    send("x".repeat(1000));
    await clock.advance(5000);
    lift();
    await clock.advance(60_000);
    expect(times(arrived)).toEqual([6000]);
  });

  test("gives a held chunk the same luck when it is planned again", async () => {
    const picture = async (touch: boolean): Promise<string> => {
      const { link, arrived, send, pipe } = makePipe();
      const lift = link.apply(stall());
      link.apply(corrupt(1));
      send("abcdefgh");
      if (touch) link.apply(latency(1))();
      lift();
      await clock.advance(10);
      pipe.close();
      return texts(arrived).join();
    };
    const once = await picture(false);
    expect(once).not.toBe("abcdefgh");
    expect(await picture(true)).toBe(once);
  });

  test("gives a second copy of a connection attempt beside the stream, and none once the faults change", async () => {
    const { link, arrived, strays, pipe } = makePipe();
    const lift = link.apply(duplicate(50));
    pipe.send("open");
    await clock.advance(60);
    expect(texts(arrived)).toEqual(["open"]);
    expect(strays).toEqual([50]);
    pipe.send("open");
    lift();
    await clock.advance(100);
    expect(strays).toEqual([50]);
  });

  test("loses what a fault loses on purpose, and has room for more", async () => {
    const lost: LinkFault = { name: "lost", plan: (delivery) => (delivery.kind === "bytes" ? [] : [delivery]) };
    const { link, arrived, send, pipe } = makePipe();
    const lift = link.apply(lost);
    send("a");
    pipe.send("open");
    expect(pipe.heldBytes).toBe(0);
    lift();
    send("b");
    await clock.advance(0);
    expect(texts(arrived)).toEqual(["open", "b"]);
  });

  test("has no timer left when it is closed", async () => {
    const { link, pipe, send, arrived } = makePipe();
    link.apply(latency(1000));
    link.apply(duplicate(50));
    pipe.send("open");
    send("a");
    pipe.close();
    send("b");
    await clock.advance(5000);
    expect(arrived).toEqual([]);
    expect(clock.pending()).toEqual([]);
  });
});
