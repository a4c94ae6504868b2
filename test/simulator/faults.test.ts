// Each fault alone: first as the pure plan that it is, then on a link.
import { describe, expect, it } from "vitest";
import { blackHole } from "#simulator/faults/black-hole.ts";
import type { Delivery, LinkFault, PlanContext } from "#simulator/faults/fault.ts";
import { latency } from "#simulator/faults/latency.ts";
import { refuse } from "#simulator/faults/refuse.ts";
import { reset } from "#simulator/faults/reset.ts";
import { slice } from "#simulator/faults/slice.ts";
import { stall } from "#simulator/faults/stall.ts";
import { recordOf, TwoHosts } from "./two-hosts.ts";

const context: PlanContext = { nowMs: 1000, offsetBytes: 0, previousAtMs: 0, draw: 0.5 };
const never = Number.POSITIVE_INFINITY;

function delivery(text: string, kind: Delivery["kind"] = "bytes"): Delivery {
  return { kind, bytes: Buffer.from(text), atMs: 1001 };
}

function planned(fault: LinkFault, what: Delivery, over: Partial<PlanContext> = {}): unknown[] {
  return fault
    .plan(what, { ...context, ...over })
    .map(({ kind, bytes, atMs }) => [kind, Buffer.from(bytes).toString(), atMs]);
}

describe("the plan of", () => {
  it.each<[string, LinkFault, Delivery, Partial<PlanContext>, unknown[]]>([
    ["latency", latency(200), delivery("abc"), {}, [["bytes", "abc", 1201]]],
    ["latency with jitter", latency(200, 100), delivery("abc"), { draw: 0.25 }, [["bytes", "abc", 1226]]],
    ["latency, end of stream", latency(200), delivery("", "end"), {}, [["end", "", 1201]]],
    ["stall", stall(), delivery("abc"), {}, [["bytes", "abc", never]]],
    ["stall, end of stream", stall(), delivery("", "end"), {}, [["end", "", 1001]]],
    ["stall, connection attempt", stall(), delivery("", "open"), {}, [["open", "", 1001]]],
    [
      "stall after some bytes",
      stall({ afterBytes: 12 }),
      delivery("abcdef"),
      { offsetBytes: 10 },
      [
        ["bytes", "ab", 1001],
        ["bytes", "cdef", never],
      ],
    ],
    ["stall, before its place", stall({ afterBytes: 99 }), delivery("abc"), {}, [["bytes", "abc", 1001]]],
    ["black hole", blackHole(), delivery("abc"), {}, [["bytes", "abc", never]]],
    ["black hole, reset", blackHole(), delivery("", "reset"), {}, [["reset", "", never]]],
    [
      "slice",
      slice(2),
      delivery("abcde"),
      {},
      [
        ["bytes", "ab", 1001],
        ["bytes", "cd", 1001],
        ["bytes", "e", 1001],
      ],
    ],
    [
      "slice with gaps",
      slice(3, 10),
      delivery("abcde"),
      { previousAtMs: 1050 },
      [
        ["bytes", "abc", 1060],
        ["bytes", "de", 1070],
      ],
    ],
    ["slice, end of stream", slice(2), delivery("", "end"), {}, [["end", "", 1001]]],
  ])("%s", (_name, fault, what, over, expected) => {
    expect(planned(fault, what, over)).toEqual(expected);
  });

  it("slice refuses a size that is not one", () => {
    expect(() => slice(0)).toThrow(RangeError);
    expect(() => slice(1.5)).toThrow(RangeError);
  });
});

describe("on a link", () => {
  it("latency delays by its time from sending, and stacked ones add up", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const atPanel = recordOf(panel);
    world.link.apply(latency(100));
    world.link.apply(latency(50), "gateway");
    gateway.stream.write("slow");
    await world.clock.advance(150);
    expect(atPanel.text).toBe("");
    await world.clock.advance(1);
    expect(atPanel.text).toBe("slow");
  });

  it("jitter never lets bytes overtake", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const atPanel = recordOf(panel);
    world.link.apply(latency(10, 500));
    for (let at = 0; at < 50; at += 1) gateway.stream.write(`${at},`);
    gateway.stream.end();
    await world.clock.advance(2000);
    expect(atPanel.text).toBe(Array.from({ length: 50 }, (_, at) => `${at},`).join(""));
    expect(atPanel.events).toEqual(["end"]);
  });

  it("a latency that is lifted lets what is under way arrive as if it had never been", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const atPanel = recordOf(panel);
    const lift = world.link.apply(latency(10_000));
    gateway.stream.write("hello");
    await world.clock.advance(100);
    expect(atPanel.text).toBe("");
    lift();
    await world.clock.advance(0);
    expect(atPanel.text).toBe("hello");
  });

  it("a latency that is added holds up what is already under way", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const atPanel = recordOf(panel);
    gateway.stream.write("hello");
    world.link.apply(latency(500));
    await world.clock.advance(500);
    expect(atPanel.text).toBe("");
    await world.clock.advance(1);
    expect(atPanel.text).toBe("hello");
  });

  it("a stall holds bytes, lets new connections in, and loses nothing when lifted", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const atPanel = recordOf(panel);
    const lift = world.link.apply(stall());
    gateway.stream.end("held");
    await world.clock.advance(60_000);
    expect(atPanel).toEqual({ text: "", events: [] });
    expect(await world.dials()).toMatchObject({ ok: true });
    lift();
    await world.clock.advance(5);
    expect(atPanel).toEqual({ text: "held", events: ["end"] });
  });

  it("a stall passes the end of a stream before which nothing is held", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const atPanel = recordOf(panel);
    world.link.apply(stall());
    gateway.stream.end();
    await world.clock.advance(5);
    expect(atPanel.events).toEqual(["end"]);
  });

  it("a black hole swallows bytes, ends, resets and connection attempts, and gives back what both still want", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const atPanel = recordOf(panel);
    const lift = world.link.apply(blackHole());
    gateway.stream.end("later");
    expect(await world.dials(5900, 5000)).toMatchObject({ ok: false, reason: "timeout" });
    expect(atPanel).toEqual({ text: "", events: [] });
    lift();
    await world.clock.advance(5);
    expect(atPanel).toEqual({ text: "later", events: ["end"] });
  });

  it("a black hole in one direction leaves the other one open", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const atGateway = recordOf(gateway);
    const atPanel = recordOf(panel);
    world.link.apply(blackHole(), "gateway");
    gateway.stream.write("up");
    panel.stream.write("down");
    await world.clock.advance(100);
    expect([atPanel.text, atGateway.text]).toEqual(["", "down"]);
  });

  it("a slice gives many small reads and the same bytes", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const pieces: string[] = [];
    panel.stream.on("data", (chunk: Buffer) => pieces.push(chunk.toString()));
    world.link.apply(slice(2));
    gateway.stream.write("abcde");
    await world.clock.advance(5);
    expect(pieces).toEqual(["ab", "cd", "e"]);
  });

  it("a slice that is added cuts only what has not arrived", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const pieces: string[] = [];
    panel.stream.on("data", (chunk: Buffer) => pieces.push(chunk.toString()));
    const lift = world.link.apply(slice(4, 10));
    gateway.stream.write("0123456789");
    await world.clock.advance(2);
    expect(pieces).toEqual(["0123"]);
    lift();
    world.link.apply(slice(3));
    await world.clock.advance(2);
    expect(pieces).toEqual(["0123", "456", "789"]);
  });

  it("faults say their names", () => {
    using world = new TwoHosts();
    world.link.apply(stall(), "panel");
    world.link.apply(latency(5, 10));
    expect(world.link.faultNames).toEqual(["stall from panel", "latency 5 to 15 ms"]);
  });

  it("the same seed gives the same luck", async () => {
    const run = async (): Promise<number[]> => {
      using world = new TwoHosts();
      const [gateway, panel] = await world.connected();
      const times: number[] = [];
      panel.stream.on("data", () => times.push(world.clock.monotonicMs()));
      world.link.apply(latency(0, 1000));
      for (let at = 0; at < 10; at += 1) {
        gateway.stream.write("x");
        await world.clock.advance(1500);
      }
      return times;
    };
    const first = await run();
    expect(new Set(first.map((time) => time % 1500)).size).toBeGreaterThan(5);
    expect(await run()).toEqual(first);
  });
});

describe("a world fault", () => {
  it("refuse refuses new connections, to its port only", async () => {
    using world = new TwoHosts();
    await world.listens(() => undefined);
    await world.listens(() => undefined, 5901);
    const fault = refuse({ port: 5901 });
    const lift = world.network.onConnect((attempt) => fault.onConnect?.(attempt) ?? false);
    expect(await world.dials(5900)).toMatchObject({ ok: true });
    expect(await world.dials(5901)).toMatchObject({ reason: "refused" });
    lift();
    expect(await world.dials(5901)).toMatchObject({ ok: true });
  });

  it("reset breaks new connections right after they were accepted", async () => {
    using world = new TwoHosts();
    let accepted = 0;
    await world.listens(() => {
      accepted += 1;
    });
    const fault = reset();
    world.network.onConnect((attempt) => fault.onConnect?.(attempt) ?? false);
    const outcome = await world.dials();
    if (!outcome.ok) throw new Error("a reset comes after the connection was accepted");
    const record = recordOf(outcome.connection);
    await world.clock.advance(5);
    expect(record.events).toEqual(["error ECONNRESET", "close"]);
    expect(accepted).toBe(0);
    expect(world.network.openConnections()).toEqual([]);
  });

  it("the newest one is asked first and the first that handles it decides", async () => {
    using world = new TwoHosts();
    await world.listens(() => undefined);
    const asked: string[] = [];
    world.network.onConnect(() => {
      asked.push("old");
      return false;
    });
    world.network.onConnect((attempt) => {
      asked.push("new");
      attempt.refuse();
      return true;
    });
    expect(await world.dials()).toMatchObject({ reason: "refused" });
    expect(asked).toEqual(["new"]);
  });
});
