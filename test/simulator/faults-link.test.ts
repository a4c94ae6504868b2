// Each further link fault alone: what it does to bytes, order, ends, acknowledgements, and what lifting it does.
import { describe, expect, it } from "vitest";
import type { Connection } from "#hardware/ports.ts";
import { blackHole } from "#simulator/faults/black-hole.ts";
import { corrupt } from "#simulator/faults/corrupt.ts";
import { duplicate } from "#simulator/faults/duplicate.ts";
import type { Delivery, LinkFault, PlanContext } from "#simulator/faults/fault.ts";
import { jitter } from "#simulator/faults/jitter.ts";
import { latency } from "#simulator/faults/latency.ts";
import { loss } from "#simulator/faults/loss.ts";
import { oneWayPartition } from "#simulator/faults/one-way-partition.ts";
import { slowReader } from "#simulator/faults/slow-reader.ts";
import { stall } from "#simulator/faults/stall.ts";
import { throttle } from "#simulator/faults/throttle.ts";
import { recordOf, TwoHosts } from "./two-hosts.ts";

const context: PlanContext = { nowMs: 1000, offsetBytes: 0, previousAtMs: 0, draw: 0.5 };

function delivery(bytes: number, kind: Delivery["kind"] = "bytes"): Delivery {
  return { kind, bytes: new Uint8Array(bytes).fill(0x41), atMs: 1001 };
}

/** "<bytes>@<ms>" of each delivery that the plan gives. */
function planned(fault: LinkFault, what: Delivery, over: Partial<PlanContext> = {}): string[] {
  return fault.plan(what, { ...context, ...over }).map(({ kind, bytes, atMs }) => {
    return `${kind === "bytes" ? bytes.length : kind}@${atMs}`;
  });
}

describe("the plan of", () => {
  it.each<[string, LinkFault, Delivery, Partial<PlanContext>, string[]]>([
    ["jitter, by luck", jitter(1000), delivery(3), { draw: 0.5 }, ["3@1126"]],
    ["jitter, worst luck", jitter(1000), delivery(3), { draw: 0.9999 }, ["3@2001"]],
    ["jitter, end of stream", jitter(1000), delivery(0, "end"), { draw: 0.5 }, ["end@1126"]],
    // 1 000 bytes/s: a segment of 1 460 bytes takes 1 460 ms.
    ["throttle", throttle(1000), delivery(2000), {}, ["1460@2461", "540@3001"]],
    ["throttle, behind others", throttle(1000), delivery(100), { previousAtMs: 5000 }, ["100@5100"]],
    ["throttle, held in the past", throttle(1000), delivery(100), { nowMs: 9000 }, ["100@9100"]],
    ["throttle, end of stream", throttle(1000), delivery(0, "end"), { previousAtMs: 5000 }, ["end@1001"]],
    ["throttle, reset", throttle(1), delivery(0, "reset"), {}, ["reset@1001"]],
    ["throttle of a wide line", throttle(1_000_000), delivery(40_000), {}, ["20000@1021", "20000@1041"]],
    ["slow reader", slowReader(1000), delivery(250), {}, ["100@1101", "100@1201", "50@1251"]],
    ["slow reader, end of stream", slowReader(1000), delivery(0, "end"), {}, ["end@1001"]],
    ["loss, lucky", loss(0.1), delivery(100), { draw: 0.1 }, ["100@1001"]],
    ["loss, lost once", loss(0.1), delivery(100), { draw: 0.05 }, ["100@1201"]],
    ["loss, lost twice", loss(0.1), delivery(100), { draw: 0.0099 }, ["100@1601"]],
    ["loss, lost three times", loss(0.1), delivery(100), { draw: 0.00099 }, ["100@2401"]],
    ["loss, never more than 15 times", loss(0.9), delivery(100), { draw: 0 }, [`100@${1001 + 200 * (2 ** 15 - 1)}`]],
    // Ten segments: 1 - 0.9^10 = 0.651 of such chunks lose at least one.
    ["loss in a long chunk", loss(0.1), delivery(14_600), { draw: 0.65 }, ["14600@1201"]],
    ["loss of a handshake", loss(0.1), delivery(0, "open"), { draw: 0.05 }, ["open@2001"]],
    ["loss of an end", loss(0.1, { retransmitMs: 300 }), delivery(0, "end"), { draw: 0.05 }, ["end@1301"]],
    ["duplicate", duplicate(50), delivery(0, "open"), {}, ["open@1001", "open@1051"]],
    ["duplicate, bytes", duplicate(50), delivery(3), {}, ["3@1001"]],
    ["duplicate, answer", duplicate(50), delivery(0, "accept"), {}, ["accept@1001"]],
    ["one-way partition", oneWayPartition(), delivery(3), {}, ["3@Infinity"]],
    ["corrupt, end of stream", corrupt(), delivery(0, "end"), {}, ["end@1001"]],
  ])("%s", (_name, fault, what, over, expected) => {
    expect(planned(fault, what, over)).toEqual(expected);
  });

  it("corrupt turns over one bit, which the luck chooses, and says so", () => {
    const plan = (draw: number) => corrupt(0.5).plan(delivery(4), { ...context, draw })[0]!;
    expect([...plan(0).bytes]).toEqual([0x40, 0x41, 0x41, 0x41]);
    expect([...plan(0.499).bytes]).toEqual([0x41, 0x41, 0x41, 0xc1]);
    expect(plan(0.25)).toMatchObject({ isCorrupt: true, atMs: 1001 });
    expect([...plan(0.5).bytes]).toEqual([0x41, 0x41, 0x41, 0x41]);
    expect(plan(0.5).isCorrupt).toBeUndefined();
  });

  it("corrupt leaves the sender's own bytes alone", () => {
    const sent = delivery(4);
    corrupt().plan(sent, { ...context, draw: 0 });
    expect([...sent.bytes]).toEqual([0x41, 0x41, 0x41, 0x41]);
  });

  it.each<[string, () => LinkFault]>([
    ["throttle(0)", () => throttle(0)],
    ["throttle(-1)", () => throttle(-1)],
    ["slowReader(NaN)", () => slowReader(Number.NaN)],
    ["loss(0)", () => loss(0)],
    ["loss(1)", () => loss(1)],
    ["corrupt(1.5)", () => corrupt(1.5)],
  ])("%s is refused", (_name, make) => {
    expect(make).toThrow(RangeError);
  });

  it.each([
    [jitter(300), "jitter up to 300 ms"],
    [throttle(8000), "throttle to 8000 bytes/s"],
    [slowReader(2000), "slow reader of 2000 bytes/s"],
    [loss(0.125), "loss of 12.5 % of segments"],
    [corrupt(), "corrupt"],
    [corrupt(0.01), "corrupt 1 % of chunks"],
    [duplicate(50), "duplicate connection attempts after 50 ms"],
    [oneWayPartition(), "one-way partition"],
  ])("%# bears the name that a failure shows", (fault, name) => {
    expect(fault.name).toBe(name);
  });
});

/** When bytes arrive, and how many. */
function arrivalsAt(world: TwoHosts, connection: Connection): string[] {
  const arrivals: string[] = [];
  connection.stream.on("data", (chunk: Buffer) => arrivals.push(`${chunk.length}@${world.clock.monotonicMs()}`));
  connection.stream.on("end", () => arrivals.push(`end@${world.clock.monotonicMs()}`));
  return arrivals;
}

describe("throttle on a link", () => {
  it("lets so many bytes a second through, the end of the stream behind them", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const arrivals = arrivalsAt(world, panel);
    world.link.apply(throttle(10_000));
    gateway.stream.end(new Uint8Array(5000));
    await world.clock.advance(2000);
    // Sent at 2 ms, 1 ms of wire: the last of 5 000 bytes has passed the line 500 ms later.
    expect(arrivals.at(-2)).toBe("620@503");
    expect(arrivals.at(-1)).toBe("end@503");
  });

  it("stays as narrow as it is with a latency before or behind it", async () => {
    for (const faults of [
      [throttle(10_000), latency(400)],
      [latency(400), throttle(10_000)],
    ]) {
      using world = new TwoHosts();
      const [gateway, panel] = await world.connected();
      const atPanel = recordOf(panel);
      for (const fault of faults) world.link.apply(fault);
      for (let sent = 0; sent < 20; sent += 1) gateway.stream.write(new Uint8Array(500));
      // 10 000 bytes are one second's worth: each chunk must not bring its own latency along.
      await world.clock.advance(1390);
      expect(atPanel.text.length).toBeLessThan(10_000);
      await world.clock.advance(20);
      expect(atPanel.text).toHaveLength(10_000);
    }
  });

  it("holds the rate when what a black hole held comes out of it", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const atPanel = recordOf(panel);
    world.link.apply(throttle(1000));
    const lift = world.link.apply(blackHole());
    for (let sent = 0; sent < 10; sent += 1) gateway.stream.write(new Uint8Array(1000));
    await world.clock.advance(60_000);
    lift();
    await world.clock.advance(3000);
    expect(atPanel.text.length).toBeGreaterThanOrEqual(2000);
    expect(atPanel.text.length).toBeLessThanOrEqual(3000);
  });

  it("keeps what waits for the line unacknowledged, and retransmits nothing", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    recordOf(panel);
    world.link.apply(throttle(1000));
    gateway.stream.write(new Uint8Array(5000));
    await world.clock.advance(3000);
    const state = await gateway.delivery();
    expect(state?.retransmits).toBe(0);
    expect(state?.unacknowledgedBytes).toBeGreaterThan(1500);
    expect(state?.unacknowledgedBytes).toBeLessThan(5000);
  });

  it("that is lifted lets the rest arrive at once, in order", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const atPanel = recordOf(panel);
    const lift = world.link.apply(throttle(1000));
    const sent = Array.from({ length: 6000 }, (_, at) => String.fromCharCode(65 + (at % 26))).join("");
    gateway.stream.end(sent);
    await world.clock.advance(2000);
    lift();
    await world.clock.advance(10);
    expect(atPanel).toEqual({ text: sent, events: ["end"] });
  });

  it("lets a reset pass that nothing goes before", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const atPanel = recordOf(panel);
    world.link.apply(throttle(1));
    gateway.reset();
    await world.clock.advance(10);
    expect(atPanel.events).toEqual(["error ECONNRESET", "close"]);
  });
});

describe("a slow reader on a link", () => {
  it("has taken what its program has not read: nothing is unacknowledged until the window is full", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const atPanel = recordOf(panel);
    world.link.apply(slowReader(1000));
    gateway.stream.write(new Uint8Array(20_000));
    await world.clock.advance(1000);
    expect(atPanel.text.length).toBeLessThanOrEqual(1000);
    expect(await gateway.delivery()).toEqual({ unacknowledgedBytes: 0, retransmits: 0 });
  });

  it("stops its sender by the full window", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    recordOf(panel);
    world.link.apply(slowReader(1000));
    gateway.stream.write(new Uint8Array(200_000));
    await world.clock.advance(10_000);
    // The window of 64 KiB has turned by 10 000 bytes; the rest waits in the sender's program.
    expect(gateway.stream.writableLength).toBeGreaterThan(0);
    expect((await gateway.delivery())?.unacknowledgedBytes).toBe(0);
  });

  it("reads everything in the end, and the end of the stream", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const atPanel = recordOf(panel);
    world.link.apply(slowReader(1000), "gateway");
    gateway.stream.end("x".repeat(3000));
    await world.clock.advance(4000);
    expect(atPanel).toEqual({ text: "x".repeat(3000), events: ["end"] });
  });
});

describe("loss on a link", () => {
  it("loses no byte and keeps the order", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const atPanel = recordOf(panel);
    world.link.apply(loss(0.5));
    for (let at = 0; at < 100; at += 1) gateway.stream.write(`${at},`);
    gateway.stream.end();
    await world.clock.advance(3_600_000);
    expect(atPanel).toEqual({ text: Array.from({ length: 100 }, (_, at) => `${at},`).join(""), events: ["end"] });
  });

  it("is seen by the sender's system as retransmits while a segment is missing", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    recordOf(panel);
    const unlucky: LinkFault = {
      ...loss(0.5),
      plan: (what, given) => loss(0.5).plan(what, { ...given, draw: 0.01 }),
    };
    world.link.apply(unlucky);
    gateway.stream.write("x");
    await world.clock.advance(250);
    expect(await gateway.delivery()).toEqual({ unacknowledgedBytes: 1, retransmits: 1 });
    await world.clock.advance(600);
    expect((await gateway.delivery())?.retransmits).toBe(3);
    await world.clock.advance(60_000);
    expect(await gateway.delivery()).toEqual({ unacknowledgedBytes: 0, retransmits: 0 });
  });

  it("meets as many chunks as its share says", async () => {
    const late = Array.from({ length: 1000 }, (_, at) => at / 1000).filter(
      (draw) => loss(0.2).plan(delivery(10), { ...context, draw })[0]!.atMs > 1001,
    );
    expect(late).toHaveLength(200);
  });
});

describe("corrupt on a link", () => {
  it("gives a clear connection as many bytes as were sent, some of them wrong", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const atPanel = recordOf(panel);
    world.link.apply(corrupt(), "gateway");
    gateway.stream.end("0123456789");
    await world.clock.advance(10);
    expect(atPanel.text).toHaveLength(10);
    expect(atPanel.text).not.toBe("0123456789");
    expect(atPanel.events).toEqual(["end"]);
    expect(await gateway.delivery()).toEqual({ unacknowledgedBytes: 0, retransmits: 0 });
  });

  it("in one direction leaves the other one alone", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const atGateway = recordOf(gateway);
    world.link.apply(corrupt(), "gateway");
    panel.stream.write("clean");
    await world.clock.advance(10);
    expect(atGateway.text).toBe("clean");
  });
});

describe("a one-way partition", () => {
  it("needs a direction", () => {
    using world = new TwoHosts();
    expect(() => world.link.apply(oneWayPartition())).toThrow(
      '"one-way partition" has a direction: site.from("gateway").to("panel") or the other way round',
    );
    expect(world.link.faultNames).toEqual([]);
  });

  it("lets the other direction's bytes arrive, unacknowledged until it is lifted", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const [atGateway, atPanel] = [recordOf(gateway), recordOf(panel)];
    const lift = world.link.apply(oneWayPartition(), "gateway");
    gateway.stream.write("never acknowledged");
    panel.stream.write("heard");
    await world.clock.advance(5000);
    expect([atGateway.text, atPanel.text]).toEqual(["heard", ""]);
    expect(await panel.delivery()).toEqual({ unacknowledgedBytes: 5, retransmits: 3 });
    expect((await gateway.delivery())?.unacknowledgedBytes).toBe(18);
    lift();
    await world.clock.advance(10);
    expect(atPanel.text).toBe("never acknowledged");
    expect(await panel.delivery()).toEqual({ unacknowledgedBytes: 0, retransmits: 0 });
  });

  it("stops the other direction when its window is full", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const atGateway = recordOf(gateway);
    world.link.apply(oneWayPartition(), "gateway");
    panel.stream.write(new Uint8Array(200_000));
    await world.clock.advance(10_000);
    expect(atGateway.text).toHaveLength(64 * 1024);
  });

  it("lets nobody connect, whoever dials", async () => {
    using world = new TwoHosts();
    await world.listens(({ stream }) => stream.on("error", () => undefined));
    world.link.apply(oneWayPartition(), "panel");
    expect(await world.dials(5900, 5000)).toMatchObject({ ok: false, reason: "timeout" });
  });
});

describe("a duplicate connection attempt", () => {
  it("gives the far program a second connection, which is reset as soon as it is known to nobody", async () => {
    using world = new TwoHosts();
    const accepted: { port: number; record: ReturnType<typeof recordOf> }[] = [];
    await world.listens((connection) => accepted.push({ port: connection.remotePort, record: recordOf(connection) }));
    world.link.apply(duplicate(50));
    const outcome = await world.dials();
    if (!outcome.ok) throw new Error(outcome.detail);
    outcome.connection.stream.write("mine");
    await world.clock.advance(48);
    // What is sent afterwards does not wait for the second attempt.
    expect(accepted.map(({ record }) => record.text)).toEqual(["mine"]);
    await world.clock.advance(10);
    expect(accepted.map(({ record }) => record)).toEqual([
      { text: "mine", events: [] },
      { text: "", events: ["error ECONNRESET", "close"] },
    ]);
    expect(accepted[1]!.port).not.toBe(accepted[0]!.port);
    expect(world.network.openConnections()).toEqual(["gateway:49152 > panel:5900"]);
  });

  it("comes at the same time, and only once, with no delay", async () => {
    using world = new TwoHosts();
    let accepted = 0;
    await world.listens(({ stream }) => {
      accepted += 1;
      stream.on("error", () => undefined);
    });
    world.link.apply(duplicate(0));
    expect(await world.dials()).toMatchObject({ ok: true });
    await world.clock.advance(1000);
    expect(accepted).toBe(2);
  });

  it("that is lifted in between does not come", async () => {
    using world = new TwoHosts();
    let accepted = 0;
    await world.listens(({ stream }) => {
      accepted += 1;
      stream.on("error", () => undefined);
    });
    const lift = world.link.apply(duplicate(500));
    expect(await world.dials()).toMatchObject({ ok: true });
    lift();
    await world.clock.advance(1000);
    expect(accepted).toBe(1);
    expect(world.clock.pending()).toEqual([]);
  });

  it("of something that nobody listens to is refused like the first", async () => {
    using world = new TwoHosts();
    world.link.apply(duplicate(0));
    expect(await world.dials(81)).toMatchObject({ ok: false, reason: "refused" });
    await world.clock.advance(1000);
    expect(world.network.openConnections()).toEqual([]);
  });
});

describe("slow, frozen and dark", () => {
  it("differ in what the sender's system knows", async () => {
    const known = async (fault: LinkFault) => {
      using world = new TwoHosts();
      const [gateway, panel] = await world.connected();
      recordOf(panel);
      world.link.apply(fault);
      gateway.stream.write(new Uint8Array(2000));
      await world.clock.advance(1500);
      return gateway.delivery();
    };
    expect(await known(slowReader(1))).toEqual({ unacknowledgedBytes: 0, retransmits: 0 });
    expect(await known(stall())).toEqual({ unacknowledgedBytes: 0, retransmits: 0 });
    expect(await known(throttle(1000))).toEqual({ unacknowledgedBytes: 540, retransmits: 0 });
    expect(await known(blackHole())).toEqual({ unacknowledgedBytes: 2000, retransmits: 1 });
  });
});
