// Ways between hosts: address translation, firewall rules, routers, and who resolves what.
import { describe, expect, it } from "vitest";
import type { Connection, DialOutcome } from "#hardware/ports.ts";
import { SimulatedNetwork } from "#simulator/network/network.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { SimulatedClock } from "#simulator/simulated-clock.ts";

const prefixLength = 24;
const addresses = (...list: string[]) => list.map((address) => ({ address, family: 4 as const, prefixLength }));

/** Gateway and a router on a factory's LAN, a panel behind the router, a cloud and an operator outside. */
class Factory {
  readonly clock = SimulatedClock.start();
  readonly network: SimulatedNetwork;

  constructor(panelAnswers = true) {
    this.network = new SimulatedNetwork({ clock: this.clock, random: new SeededRandom(7) });
    this.network.addHost("gateway", {
      interfaces: [
        { name: "eth0", addresses: addresses("10.20.0.2"), hasDefaultRoute: true },
        { name: "eth1", addresses: addresses("192.168.10.1") },
      ],
      routes: [{ network: "192.168.20.0", prefixLength: 24, via: "192.168.10.254" }],
    });
    this.network.addHost("router", {
      interfaces: [
        { name: "lan1", addresses: addresses("192.168.10.254") },
        { name: "lan2", addresses: addresses("192.168.20.254") },
      ],
      isRouter: true,
    });
    this.network.addHost("press4", {
      interfaces: [{ name: "eth0", addresses: addresses("192.168.20.11") }],
      ...(panelAnswers ? { routes: [{ network: "192.168.10.0", prefixLength: 24, via: "192.168.20.254" }] } : {}),
    });
    for (const [name, address] of [
      ["cloud", "198.51.100.20"],
      ["operator", "203.0.113.30"],
    ] as const) {
      this.network.addHost(name, {
        interfaces: [{ name: "eth0", addresses: addresses(address), hasDefaultRoute: true }],
      });
    }
  }

  /** Listens on a host and gives what it has accepted. */
  async listens(host: string, port: number): Promise<Connection[]> {
    const accepted: Connection[] = [];
    const outcome = await this.network.host(host).listen({ address: "0.0.0.0", port }, (connection) => {
      connection.stream.on("error", () => undefined);
      accepted.push(connection);
    });
    if (!outcome.ok) throw new Error(outcome.detail);
    return accepted;
  }

  dials(from: string, address: string, port: number, timeoutMs = 5000): Promise<DialOutcome> {
    const dialled = this.network.host(from).dial({ address, port }, { timeoutMs });
    return this.clock.until(dialled, { what: "the outcome" });
  }

  [Symbol.dispose](): void {
    this.clock.stop();
  }
}

const nat = { inside: { address: "10.20.0.0", prefixLength: 24 }, outside: "198.51.100.99" } as const;

describe("a host behind address translation", () => {
  it("dials out, and is seen under the outside address and a port of its own", async () => {
    using factory = new Factory();
    factory.network.addNat(nat);
    const atCloud = await factory.listens("cloud", 8883);
    const outcomes = [
      await factory.dials("gateway", "198.51.100.20", 8883),
      await factory.dials("gateway", "198.51.100.20", 8883),
    ];
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, true]);
    expect(atCloud.map(({ remoteAddress, remotePort }) => `${remoteAddress}:${remotePort}`)).toEqual([
      "198.51.100.99:61000",
      "198.51.100.99:61001",
    ]);
    const own = outcomes[0]!.ok ? outcomes[0]!.connection : undefined;
    expect(own).toMatchObject({ localAddress: "10.20.0.2", remoteAddress: "198.51.100.20", remotePort: 8883 });
  });

  it("exchanges bytes both ways over what it has dialled", async () => {
    using factory = new Factory();
    factory.network.addNat(nat);
    const atCloud = await factory.listens("cloud", 8883);
    const outcome = await factory.dials("gateway", "198.51.100.20", 8883);
    if (!outcome.ok) throw new Error(outcome.detail);
    const texts = { gateway: "", cloud: "" };
    outcome.connection.stream.on("data", (chunk: Buffer) => (texts.gateway += chunk.toString()));
    atCloud[0]!.stream.on("data", (chunk: Buffer) => (texts.cloud += chunk.toString()));
    outcome.connection.stream.write("up");
    atCloud[0]!.stream.write("down");
    await factory.clock.advance(100);
    expect(texts).toEqual({ gateway: "down", cloud: "up" });
  });

  it("is not dialled from outside: neither by its own address nor by the outside one", async () => {
    using factory = new Factory();
    factory.network.addNat(nat);
    const accepted = await factory.listens("gateway", 22);
    expect(await factory.dials("operator", "10.20.0.2", 22)).toMatchObject({ ok: false, reason: "timeout" });
    expect(await factory.dials("operator", "198.51.100.99", 22)).toMatchObject({ ok: false, reason: "timeout" });
    expect(accepted).toEqual([]);
  });

  it("is reached by a port that is forwarded, and by no other", async () => {
    using factory = new Factory();
    factory.network.addNat({ ...nat, forwards: [{ port: 2222, address: "10.20.0.2", insidePort: 22 }] });
    const accepted = await factory.listens("gateway", 22);
    const outcome = await factory.dials("operator", "198.51.100.99", 2222);
    if (!outcome.ok) throw new Error(outcome.detail);
    expect(outcome.connection).toMatchObject({ remoteAddress: "198.51.100.99", remotePort: 2222 });
    expect(accepted[0]).toMatchObject({ localAddress: "10.20.0.2", localPort: 22, remoteAddress: "203.0.113.30" });
    expect(await factory.dials("operator", "198.51.100.99", 2223)).toMatchObject({ ok: false, reason: "timeout" });
  });

  it("refuses to be set up with what is no address", () => {
    using factory = new Factory();
    expect(() => factory.network.addNat({ ...nat, outside: "nat.example" })).toThrow("NAT: nat.example is no address");
  });
});

describe("a firewall rule", () => {
  it.each([
    ["drop", "timeout", 5000],
    ["reject", "refused", 40],
    ["unreachable", "unreachable", 40],
  ] as const)("to %s ends an attempt as %s, after its time", async (action, reason, afterMs) => {
    using factory = new Factory();
    const accepted = await factory.listens("cloud", 8883);
    factory.network.firewall.add({ action, from: "gateway", to: "cloud", port: 8883 });
    expect(await factory.dials("gateway", "198.51.100.20", 8883)).toMatchObject({ ok: false, reason });
    expect(factory.clock.monotonicMs()).toBe(afterMs);
    expect(accepted).toEqual([]);
    expect(factory.clock.pending()).toEqual([]);
  });

  it("concerns its hosts and ports only, and goes away when it is taken back", async () => {
    using factory = new Factory();
    await factory.listens("cloud", 443);
    await factory.listens("cloud", 8883);
    const takeBack = factory.network.firewall.add({ action: "reject", from: "gateway", port: [8000, 9000] });
    expect(await factory.dials("gateway", "198.51.100.20", 443)).toMatchObject({ ok: true });
    expect(await factory.dials("operator", "198.51.100.20", 8883)).toMatchObject({ ok: true });
    expect(await factory.dials("gateway", "198.51.100.20", 8883)).toMatchObject({ reason: "refused" });
    takeBack();
    expect(await factory.dials("gateway", "198.51.100.20", 8883)).toMatchObject({ ok: true });
  });

  it("comes before those added later, unless they are put first", async () => {
    using factory = new Factory();
    await factory.listens("cloud", 8883);
    const { firewall } = factory.network;
    firewall.add({ action: "accept", from: "gateway", to: "cloud" });
    firewall.add({ action: "drop" });
    expect(await factory.dials("gateway", "198.51.100.20", 8883)).toMatchObject({ ok: true });
    expect(await factory.dials("operator", "198.51.100.20", 8883)).toMatchObject({ reason: "timeout" });
    firewall.add({ action: "reject" }, { first: true });
    expect(await factory.dials("gateway", "198.51.100.20", 8883)).toMatchObject({ reason: "refused" });
  });

  it("leaves what is connected alone, and does not stand on a host's own loopback", async () => {
    using factory = new Factory();
    const accepted = await factory.listens("cloud", 8883);
    const outcome = await factory.dials("gateway", "198.51.100.20", 8883);
    if (!outcome.ok) throw new Error(outcome.detail);
    factory.network.firewall.add({ action: "drop" });
    let heard = "";
    accepted[0]!.stream.on("data", (chunk: Buffer) => (heard += chunk.toString()));
    outcome.connection.stream.write("still here");
    await factory.clock.advance(100);
    expect(heard).toBe("still here");
    await factory.listens("gateway", 22);
    expect(await factory.dials("gateway", "127.0.0.1", 22)).toMatchObject({ ok: true });
  });

  it("that drops says so only when the dialler's time is over, and lets itself be given up", async () => {
    using factory = new Factory();
    factory.network.firewall.add({ action: "drop" });
    const giveUp = new AbortController();
    const dialled = factory.network
      .host("gateway")
      .dial({ address: "198.51.100.20", port: 1 }, { timeoutMs: 60_000, signal: giveUp.signal });
    giveUp.abort();
    expect(await factory.clock.until(dialled, { what: "it" })).toMatchObject({ reason: "aborted" });
  });
});

describe("a router", () => {
  it("leads to a network that is not attached", async () => {
    using factory = new Factory();
    const accepted = await factory.listens("press4", 5900);
    const outcome = await factory.dials("gateway", "192.168.20.11", 5900);
    expect(outcome).toMatchObject({ ok: true });
    expect(accepted[0]).toMatchObject({ remoteAddress: "192.168.10.1" });
  });

  it("is no use to a host that does not know the way back", async () => {
    using factory = new Factory(false);
    const accepted = await factory.listens("press4", 5900);
    expect(await factory.dials("gateway", "192.168.20.11", 5900)).toMatchObject({ ok: false, reason: "timeout" });
    expect(accepted).toEqual([]);
  });

  it("that is off leads nowhere", async () => {
    using factory = new Factory();
    await factory.listens("press4", 5900);
    factory.network.host("router").powerOff();
    expect(await factory.dials("gateway", "192.168.20.11", 5900)).toMatchObject({ ok: false, reason: "timeout" });
  });

  it("knows nobody at an address of its network that is free", async () => {
    using factory = new Factory();
    expect(await factory.dials("gateway", "192.168.20.99", 5900)).toMatchObject({ ok: false, reason: "timeout" });
  });

  it("does not lead a panel out: without a default route there is no internet", async () => {
    using factory = new Factory();
    await factory.listens("cloud", 443);
    expect(await factory.dials("press4", "198.51.100.20", 443)).toMatchObject({ ok: false, reason: "unreachable" });
  });
});

describe("a name", () => {
  const resolve = (factory: Factory, host: string, name: string) =>
    factory.clock.until(factory.network.host(host).resolve(name, { timeoutMs: 1000 }), { what: "the answer" });

  it("resolves for all hosts, and otherwise for the one that has an entry of its own", async () => {
    using factory = new Factory();
    factory.network.addName("cloud.example", ["198.51.100.20"]);
    const takeBack = factory.network.addName("Cloud.Example", ["10.0.0.1"], "gateway");
    expect(await resolve(factory, "operator", "cloud.example")).toEqual({ ok: true, addresses: ["198.51.100.20"] });
    expect(await resolve(factory, "gateway", "CLOUD.example.")).toEqual({ ok: true, addresses: ["10.0.0.1"] });
    takeBack();
    expect(await resolve(factory, "gateway", "cloud.example")).toEqual({ ok: true, addresses: ["198.51.100.20"] });
  });

  it("is unknown to a host whose own entry is empty", async () => {
    using factory = new Factory();
    factory.network.addName("cloud.example", ["198.51.100.20"]);
    factory.network.addName("cloud.example", [], "press4");
    expect(await resolve(factory, "press4", "cloud.example")).toMatchObject({ ok: false, reason: "name-unknown" });
  });

  it("cannot be entered for a host that is not there", () => {
    using factory = new Factory();
    expect(() => factory.network.addName("x.example", [], "nobody")).toThrow('There is no host named "nobody"');
  });
});
