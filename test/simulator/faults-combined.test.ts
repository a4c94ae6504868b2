// Faults that meet: what one end's system knows when several are laid, added and lifted in the middle, and nothing stays behind.
import { describe, expect, it } from "vitest";
import { blackHole } from "#simulator/faults/black-hole.ts";
import { corrupt } from "#simulator/faults/corrupt.ts";
import { dnsFailure } from "#simulator/faults/dns-failure.ts";
import { duplicate } from "#simulator/faults/duplicate.ts";
import type { LinkFault } from "#simulator/faults/fault.ts";
import { jitter } from "#simulator/faults/jitter.ts";
import { latency } from "#simulator/faults/latency.ts";
import { loss } from "#simulator/faults/loss.ts";
import { slice } from "#simulator/faults/slice.ts";
import { slowReader } from "#simulator/faults/slow-reader.ts";
import { stall } from "#simulator/faults/stall.ts";
import { throttle } from "#simulator/faults/throttle.ts";
import { EphemeralPorts } from "#simulator/network/ephemeral-ports.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { recordOf, TwoHosts } from "./two-hosts.ts";

function only<T>(values: readonly T[]): T {
  const [value] = values;
  if (value === undefined || values.length !== 1) throw new Error(`${values.length} values`);
  return value;
}

describe("an end that has vanished", () => {
  it("answers the survivor's end of stream with a reset, as it does its bytes", async () => {
    using world = new TwoHosts();
    const [gateway] = await world.connected();
    const seen = recordOf(gateway);
    only(world.network.conversations()).endVanishes("server");
    gateway.stream.end();
    await world.clock.advance(100);
    expect(seen.events).toEqual(["error ECONNRESET", "close"]);
    expect(world.network.openConnections()).toEqual([]);
    expect(world.clock.pending()).toEqual([]);
  });
});

describe("what is acknowledged", () => {
  it("stays so when the link goes dark behind a slow reader", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    recordOf(panel);
    world.link.apply(slowReader(100), "gateway");
    gateway.stream.write(Buffer.alloc(5000));
    await world.clock.advance(100);
    expect(await gateway.delivery()).toEqual({ unacknowledgedBytes: 0, retransmits: 0 });
    const lift = world.link.apply(blackHole());
    await world.clock.advance(5000);
    expect(await gateway.delivery()).toEqual({ unacknowledgedBytes: 0, retransmits: 0 });
    gateway.stream.write(Buffer.alloc(7));
    await world.clock.advance(5000);
    expect(await gateway.delivery()).toEqual({ unacknowledgedBytes: 7, retransmits: 3 });
    lift();
    await world.clock.advance(120_000);
    expect(await gateway.delivery()).toEqual({ unacknowledgedBytes: 0, retransmits: 0 });
  });

  it("stays so also when nobody has asked before", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    recordOf(panel);
    world.link.apply(slowReader(100), "gateway");
    gateway.stream.write(Buffer.alloc(5000));
    await world.clock.advance(100);
    world.link.apply(blackHole());
    await world.clock.advance(5000);
    expect(await gateway.delivery()).toEqual({ unacknowledgedBytes: 0, retransmits: 0 });
  });

  it("does not grow on a dark way back, whoever has the bytes", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    recordOf(panel);
    world.link.apply(stall(), "gateway");
    world.link.apply({ ...blackHole(), name: "dark way back" }, "panel");
    gateway.stream.write(Buffer.alloc(9));
    await world.clock.advance(3000);
    expect(await gateway.delivery()).toMatchObject({ unacknowledgedBytes: 9 });
  });
});

describe("a doubled connection attempt behind an address translation", () => {
  it("comes from a port of its own", async () => {
    using world = new TwoHosts();
    world.network.addNat({ inside: { address: "10.20.0.0", prefixLength: 24 }, outside: "198.51.100.77" });
    const ports: number[] = [];
    const cloud = await world.network.host("cloud").listen({ address: "0.0.0.0", port: 8883 }, (connection) => {
      ports.push(connection.remotePort);
    });
    expect(cloud.ok).toBe(true);
    world.network.link("gateway", "cloud").apply(duplicate(10));
    const dialled = world.network.host("gateway").dial({ address: "198.51.100.20", port: 8883 }, { timeoutMs: 5000 });
    await world.clock.until(dialled, { what: "the dial" });
    await world.clock.advance(1000);
    expect(new Set(ports).size).toBe(2);
  });
});

describe("address translation", () => {
  it("reaches nobody inside from outside, whatever addresses are used there", async () => {
    using world = new TwoHosts();
    world.network.addHost("inner", {
      interfaces: [
        {
          name: "eth0",
          hasDefaultRoute: true,
          addresses: [{ address: "203.0.113.9", family: 4, prefixLength: 24 }],
        },
      ],
    });
    await world.network.host("inner").listen({ address: "0.0.0.0", port: 80 }, () => undefined);
    world.network.addNat({ inside: { address: "203.0.113.0", prefixLength: 24 }, outside: "198.51.100.77" });
    const dialled = world.network.host("cloud").dial({ address: "203.0.113.9", port: 80 }, { timeoutMs: 2000 });
    expect(await world.clock.until(dialled, { what: "the dial" })).toMatchObject({ ok: false, reason: "timeout" });
  });
});

describe("names", () => {
  it("an entry that is taken back leaves the one before it", () => {
    using world = new TwoHosts();
    const { network } = world;
    const first = network.addName("cloud.example", ["192.0.2.1"]);
    const second = network.addName("Cloud.example.", ["192.0.2.2"]);
    expect(network.addressesOf("cloud.example")).toEqual(["192.0.2.2"]);
    first();
    expect(network.addressesOf("cloud.example")).toEqual(["192.0.2.2"]);
    second();
    second();
    expect(network.addressesOf("cloud.example")).toEqual(["198.51.100.20"]);
  });

  it("a fault of one name means it with the root's dot too", async () => {
    using world = new TwoHosts();
    world.network.lay(dnsFailure({ name: "cloud.example" }));
    const asked = world.network.host("gateway").resolve("cloud.example.", { timeoutMs: 1000 });
    expect(await world.clock.until(asked, { what: "the answer" })).toMatchObject({ ok: false, reason: "name-unknown" });
  });
});

describe("ports of connections", () => {
  it("are not given twice while one of them is in use, however many have been given", () => {
    const ports = new EphemeralPorts();
    const first = ports.take(() => false);
    const round = Array.from({ length: 16_383 }, () => ports.take((port) => port === first));
    expect(new Set(round).size).toBe(16_383);
    expect(ports.take((port) => port === first)).toBe(first + 1);
    expect(() => ports.take(() => true)).toThrow("in use");
  });
});

describe("a thin line", () => {
  it.each([
    ["throttle", () => throttle(500)],
    ["slow reader", () => slowReader(500)],
  ])("goes on at its pace (%s) while another fault comes and goes faster than a piece takes", async (_name, slow) => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const seen = recordOf(panel);
    world.link.apply(slow(), "gateway");
    gateway.stream.write("x".repeat(40_000));
    const before = world.clock.nowMs();
    for (let turn = 0; turn < 600; turn += 1) {
      const lift = world.link.apply(latency(1));
      await world.clock.advance(50);
      lift();
      await world.clock.advance(50);
    }
    const pace = seen.text.length / ((world.clock.nowMs() - before) / 1000);
    expect(pace).toBeGreaterThan(450);
    expect(pace).toBeLessThanOrEqual(501);
  });

  it("does not catch up for the time in which it was dark", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const seen = recordOf(panel);
    world.link.apply(throttle(1000), "gateway");
    gateway.stream.write("x".repeat(40_000));
    await world.clock.advance(5000);
    const before = seen.text.length;
    const lift = world.link.apply(blackHole());
    await world.clock.advance(10_000);
    lift();
    await world.clock.advance(3000);
    expect(seen.text.length - before).toBeLessThan(4500);
  });
});

describe("any faults, laid and lifted at any time", () => {
  const makers: readonly (() => LinkFault)[] = [
    () => latency(300, 200),
    () => jitter(400),
    () => throttle(3000),
    () => slice(7),
    () => slice(300, 5),
    () => loss(0.2),
    () => stall(),
    () => stall({ afterBytes: 3000 }),
    () => blackHole(),
    () => slowReader(2000),
    () => duplicate(10),
  ];

  it.each(Array.from({ length: 40 }, (_, seed) => seed))(
    "lose, double and exchange no byte (seed %i)",
    async (seed) => {
      using world = new TwoHosts();
      const random = new SeededRandom(seed);
      const [gateway, panel] = await world.connected();
      const seen = recordOf(panel);
      const lifts: (() => void)[] = [];
      let sent = "";
      for (let step = 0; step < 40; step += 1) {
        const maker = makers[random.integer(0, makers.length - 1)]!;
        if (random.fraction() < 0.5)
          lifts.push(world.link.apply(maker(), random.fraction() < 0.5 ? "gateway" : undefined));
        else lifts.splice(random.integer(0, Math.max(0, lifts.length - 1)), 1)[0]?.();
        const text = `${step},`.repeat(random.integer(0, 300));
        sent += text;
        if (text !== "") gateway.stream.write(text);
        await world.clock.advance(random.integer(0, 400));
      }
      expect(sent.startsWith(seen.text)).toBe(true);
      for (const lift of lifts) lift();
      gateway.stream.end();
      panel.stream.end();
      gateway.stream.resume();
      await world.clock.advance(60_000);
      expect(seen.text).toBe(sent);
      expect(await gateway.delivery()).toBeUndefined();
      expect(world.network.openConnections()).toEqual([]);
      expect(world.clock.pending()).toEqual([]);
    },
  );

  it("a corrupt chunk is as long as it was, in whatever pieces it comes", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const seen = recordOf(panel);
    world.link.apply(slice(5, 10));
    world.link.apply(corrupt());
    gateway.stream.write("0".repeat(100));
    await world.clock.advance(1000);
    expect(seen.text).toHaveLength(100);
    expect(seen.text).not.toBe("0".repeat(100));
  });
});
