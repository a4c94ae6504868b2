// TCP as the simulated network plays it: handshakes, half-close, resets, back-pressure, delivery, power, routes, names, TLS.
import { describe, expect, it } from "vitest";
import type { Connection } from "#hardware/ports.ts";
import { blackHole } from "#simulator/faults/black-hole.ts";
import { stall } from "#simulator/faults/stall.ts";
import { authorityPem, type SimulatedCertificate } from "#simulator/network/certificate.ts";
import { windowBytes } from "#simulator/network/pipe.ts";
import { recordOf, TwoHosts } from "./two-hosts.ts";

describe("the simulated network", () => {
  it("connects in one round trip and carries bytes both ways", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    expect(world.clock.monotonicMs()).toBe(2);
    expect([gateway.localAddress, gateway.remoteAddress, gateway.remotePort]).toEqual([
      "192.168.10.1",
      "192.168.10.11",
      5900,
    ]);
    expect([panel.remoteAddress, panel.remotePort]).toEqual(["192.168.10.1", gateway.localPort]);
    const atGateway = recordOf(gateway);
    const atPanel = recordOf(panel);
    gateway.stream.write("up");
    panel.stream.write("down");
    expect(atPanel.text).toBe("");
    await world.clock.advance(1);
    expect([atPanel.text, atGateway.text]).toEqual(["up", "down"]);
  });

  it("refuses a port on which nothing listens", async () => {
    using world = new TwoHosts();
    const outcome = await world.dials(5999);
    expect(outcome).toEqual({ ok: false, reason: "refused", detail: "192.168.10.11:5999 refused the connection" });
    expect(world.network.openConnections()).toEqual([]);
  });

  it.each([
    ["an address nobody has on an attached network", "192.168.10.99", "unreachable", 3000],
    ["a private address behind the default route", "10.99.0.1", "timeout", 10_000],
    ["a public address that nobody has", "203.0.113.77", "timeout", 10_000],
  ])("gives up on %s", async (_what, address, reason, afterMs) => {
    using world = new TwoHosts();
    const dialled = world.network.host("gateway").dial({ address, port: 80 }, { timeoutMs: 10_000 });
    const outcome = await world.clock.until(dialled, { what: "the outcome" });
    expect(outcome).toMatchObject({ ok: false, reason });
    expect(world.clock.monotonicMs()).toBe(afterMs);
  });

  it("has no route from a host without a default route", async () => {
    using world = new TwoHosts();
    const dialled = world.network.host("panel").dial({ address: "198.51.100.20", port: 443 }, { timeoutMs: 10_000 });
    expect(await world.clock.until(dialled, { what: "it" })).toMatchObject({ ok: false, reason: "unreachable" });
  });

  it("ends a dial that is not wanted any more, and the far end that had accepted it", async () => {
    using world = new TwoHosts();
    let accepted: Connection | undefined;
    await world.listens((connection) => {
      accepted = connection;
    });
    const abort = new AbortController();
    const dialled = world.network
      .host("gateway")
      .dial({ address: "192.168.10.11", port: 5900 }, { timeoutMs: 1000, signal: abort.signal });
    await world.clock.advance(1);
    const record = recordOf(accepted!);
    abort.abort();
    expect(await world.clock.until(dialled, { what: "it" })).toMatchObject({ reason: "aborted" });
    await world.clock.advance(10);
    expect(record.events).toEqual(["error ECONNRESET", "close"]);
    expect(world.network.openConnections()).toEqual([]);
    expect(world.clock.pending()).toEqual([]);
  });

  it("half-closes: after our end of stream the other direction still carries bytes", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const atGateway = recordOf(gateway);
    const atPanel = recordOf(panel);
    gateway.stream.end("last words");
    await world.clock.advance(5);
    expect(atPanel).toEqual({ text: "last words", events: ["end"] });
    panel.stream.end("answer");
    await world.clock.advance(5);
    expect(atGateway).toEqual({ text: "answer", events: ["end", "close"] });
    expect(atPanel.events).toEqual(["end", "close"]);
    expect(world.network.openConnections()).toEqual([]);
  });

  it("delivers what was sent before a reset and then reports it", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const atGateway = recordOf(gateway);
    panel.stream.write("before");
    panel.reset();
    await world.clock.advance(5);
    expect(atGateway).toEqual({ text: "before", events: ["error ECONNRESET", "close"] });
    expect(world.network.openConnections()).toEqual([]);
  });

  it("answers bytes for a connection that is closed with a reset", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const atGateway = recordOf(gateway);
    panel.stream.resume();
    panel.stream.destroy();
    await world.clock.advance(5);
    expect(atGateway.events).toEqual(["end"]);
    gateway.stream.write("are you there?");
    await world.clock.advance(5);
    expect(atGateway.events).toEqual(["end", "error ECONNRESET", "close"]);
  });

  it("resets instead of ending when closed with bytes unread", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const atGateway = recordOf(gateway);
    // The first write fills the reader's own buffer; the second one stays with its system.
    gateway.stream.write(Buffer.alloc(20_000));
    gateway.stream.write(Buffer.alloc(20_000));
    await world.clock.advance(5);
    panel.stream.destroy();
    await world.clock.advance(5);
    expect(atGateway.events).toEqual(["error ECONNRESET", "close"]);
  });

  it("stalls the writer when the reader stalls, with a bounded number of bytes under way", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    let written = 0;
    const pump = (): void => {
      while (written < 1_000_000) {
        written += 10_000;
        if (!gateway.stream.write(Buffer.alloc(10_000))) return;
      }
    };
    gateway.stream.on("drain", pump);
    pump();
    await world.clock.advance(60_000);
    const taken = written - gateway.heldBytes();
    expect(taken).toBeGreaterThanOrEqual(windowBytes);
    expect(taken).toBeLessThanOrEqual(windowBytes + 32_000);
    expect(await gateway.delivery()).toEqual({ unacknowledgedBytes: 0, retransmits: 0 });
    const atPanel = recordOf(panel);
    await world.clock.advance(1000);
    expect(atPanel.text).toHaveLength(1_000_000);
    expect(gateway.heldBytes()).toBe(0);
  });

  it("does not answer a reader's small sips with small segments", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const segments: number[] = [];
    world.network.watchArrivals((_conversation, { kind, bytes }) => {
      if (kind === "bytes") segments.push(bytes.length);
    });
    for (let writes = 0; writes < 30; writes += 1) gateway.stream.write(Buffer.alloc(10_000));
    panel.stream.on("readable", () => undefined);
    for (let sips = 0; sips < 1500; sips += 1) {
      await world.clock.advance(2);
      panel.stream.read(Math.min(100, panel.stream.readableLength));
    }
    expect(segments.reduce((sum, bytes) => sum + bytes, 0)).toBeGreaterThan(150_000);
    expect(Math.min(...segments)).toBeGreaterThanOrEqual(5000);
  });

  it("lets a writer use its buffer again once the write is taken", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const atPanel = recordOf(panel);
    const bytes = Buffer.from("first");
    gateway.stream.write(bytes);
    bytes.fill("x");
    await world.clock.advance(5);
    expect(atPanel.text).toBe("first");
  });

  it("reports unacknowledged bytes and retransmits once a dark link has held them for a second", async () => {
    using world = new TwoHosts();
    const [gateway] = await world.connected();
    world.link.apply(blackHole());
    gateway.stream.write("hello");
    await world.clock.advance(500);
    expect(await gateway.delivery()).toEqual({ unacknowledgedBytes: 5, retransmits: 0 });
    await world.clock.advance(600);
    expect(await gateway.delivery()).toEqual({ unacknowledgedBytes: 5, retransmits: 1 });
    await world.clock.advance(8000);
    expect((await gateway.delivery())?.retransmits).toBeGreaterThan(2);
  });

  it("reports the same when only the way back is dark", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const atPanel = recordOf(panel);
    const lift = world.link.apply(blackHole(), "panel");
    gateway.stream.write("hello");
    await world.clock.advance(1500);
    expect(atPanel.text).toBe("hello");
    expect(await gateway.delivery()).toEqual({ unacknowledgedBytes: 5, retransmits: 1 });
    lift();
    expect(await gateway.delivery()).toEqual({ unacknowledgedBytes: 0, retransmits: 0 });
  });

  it("counts bytes held for a frozen program as acknowledged by its system", async () => {
    using world = new TwoHosts();
    const [gateway] = await world.connected();
    world.link.apply(stall());
    gateway.stream.write("hello");
    await world.clock.advance(30_000);
    expect(await gateway.delivery()).toEqual({ unacknowledgedBytes: 0, retransmits: 0 });
  });

  it("closes a listener by resetting what is still open on it", async () => {
    using world = new TwoHosts();
    const accepted: Connection[] = [];
    const { listener } = await world.listens((connection) => {
      connection.stream.on("error", () => undefined);
      accepted.push(connection);
    });
    const outcome = await world.dials();
    if (!outcome.ok) throw new Error("not connected");
    const record = recordOf(outcome.connection);
    await listener.close();
    await world.clock.advance(5);
    expect(record.events).toEqual(["error ECONNRESET", "close"]);
    expect(world.network.host("panel").listeningPorts()).toEqual([]);
    expect(await world.dials()).toMatchObject({ reason: "refused" });
  });

  it("refuses to listen twice on a port and on an address that is not the host's", async () => {
    using world = new TwoHosts();
    const host = world.network.host("panel");
    await world.listens(() => undefined);
    const listen = (address: string, port: number) => host.listen({ address, port }, () => undefined);
    expect(await listen("192.168.10.11", 5900)).toMatchObject({ ok: false, reason: "port-taken" });
    expect(await listen("192.168.10.1", 5901)).toMatchObject({ ok: false, reason: "address-unavailable" });
    expect(await listen("127.0.0.1", 0)).toMatchObject({ ok: true });
  });

  it("keeps silent when the power fails, and tells the survivor only when it asks", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    recordOf(gateway);
    const atPanel = recordOf(panel);
    const host = world.network.host("gateway");
    host.powerOff();
    host.forgetAll();
    await world.clock.advance(30_000);
    expect(atPanel.events).toEqual([]);
    expect(world.network.openConnections()).toEqual(["gateway:49152 > panel:5900 (only panel still has it)"]);
    host.powerOn();
    await world.clock.advance(40_000);
    expect(atPanel.events).toEqual(["error ECONNRESET", "close"]);
    expect(world.network.openConnections()).toEqual([]);
    expect(world.clock.pending()).toEqual([]);
  });

  it("answers with a reset when a survivor writes to a host that has been off and on again", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    recordOf(gateway);
    const atPanel = recordOf(panel);
    const host = world.network.host("gateway");
    host.powerOff();
    host.forgetAll();
    panel.stream.write("still there?");
    await world.clock.advance(5000);
    expect((await panel.delivery())?.retransmits).toBeGreaterThan(0);
    host.powerOn();
    await world.clock.advance(10);
    expect(atPanel.events).toEqual(["error ECONNRESET", "close"]);
  });

  it("resolves names by its table and literals in odd spellings", async () => {
    using world = new TwoHosts();
    const resolve = (name: string) =>
      world.clock.until(world.network.host("gateway").resolve(name, { timeoutMs: 1000 }), { what: "it" });
    expect(await resolve("Cloud.example")).toEqual({ ok: true, addresses: ["198.51.100.20"] });
    expect(await resolve("nowhere.example")).toMatchObject({ ok: false, reason: "name-unknown" });
    for (const [spelling, address] of [
      ["127.1", "127.0.0.1"],
      ["0x7f.1", "127.0.0.1"],
      ["2130706433", "127.0.0.1"],
      ["①27.0.0.1", "127.0.0.1"],
      ["0177.0.0.1", "127.0.0.1"],
      ["[::1]", "::1"],
      ["0:0:0:0:0:FFFF:7F00:1", "::ffff:127.0.0.1"],
      ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
      ["fe80::1%eth0", "fe80::1"],
    ]) {
      expect(await resolve(spelling!), spelling).toEqual({ ok: true, addresses: [address] });
    }
    for (const name of ["256.1.1.1", "1.2.3.4.5", "08.1.1.1", "1::2::3", ":::"]) {
      expect(await resolve(name), name).toMatchObject({ ok: false, reason: "name-unknown" });
    }
  });

  it("shows the gateway's interfaces, loopback included", async () => {
    using world = new TwoHosts();
    const interfaces = await world.network.host("gateway").interfaces();
    expect(interfaces.map(({ name, isLoopback, hasDefaultRoute }) => [name, isLoopback, hasDefaultRoute])).toEqual([
      ["lo", true, false],
      ["eth0", false, true],
      ["eth1", false, false],
    ]);
  });

  it("connects a host to its own loopback", async () => {
    using world = new TwoHosts();
    const host = world.network.host("gateway");
    await host.listen({ address: "127.0.0.1", port: 22 }, ({ stream }) => stream.end("ssh"));
    const outcome = await world.clock.until(host.dial({ address: "127.0.0.1", port: 22 }, { timeoutMs: 100 }), {
      what: "it",
    });
    if (!outcome.ok) throw new Error(outcome.detail);
    const record = recordOf(outcome.connection);
    await world.clock.advance(1);
    expect(record).toEqual({ text: "ssh", events: ["end"] });
    const outside = await world.clock.until(host.dial({ address: "10.20.0.2", port: 22 }, { timeoutMs: 100 }), {
      what: "it",
    });
    expect(outside).toMatchObject({ reason: "refused" });
  });
});

describe("simulated TLS", () => {
  const certificate: SimulatedCertificate = {
    names: ["cloud.example", "*.tenant.example"],
    authority: "Postern CA",
    notBeforeMs: Date.UTC(2026, 0, 1),
    notAfterMs: Date.UTC(2027, 0, 1),
  };

  async function dialsTls(
    world: TwoHosts,
    options: { serverName?: string; authority?: string; certificate?: SimulatedCertificate } = {},
  ) {
    const { network, clock } = world;
    await network
      .host("cloud")
      .listenTls(
        { address: "0.0.0.0", port: 8443, certificate: () => options.certificate ?? certificate },
        ({ stream }) => {
          stream.on("error", () => undefined);
          stream.write("hello through TLS");
        },
      );
    const dialled = network.host("gateway").dialTls(
      {
        address: "198.51.100.20",
        port: 8443,
        serverName: options.serverName ?? "cloud.example",
        extraAuthorities: [authorityPem(options.authority ?? "Postern CA")],
      },
      { timeoutMs: 10_000 },
    );
    return clock.until(dialled, { what: "the outcome" });
  }

  it.each([["cloud.example"], ["CLOUD.example"], ["gw.tenant.example"]])("trusts %s", async (serverName) => {
    using world = new TwoHosts();
    const outcome = await dialsTls(world, { serverName });
    if (!outcome.ok) throw new Error(outcome.detail);
    const record = recordOf(outcome.connection);
    await world.clock.advance(100);
    expect(record.text).toBe("hello through TLS");
  });

  it.each([
    ["tls.wrong-name", { serverName: "other.example" }],
    ["tls.wrong-name", { serverName: "a.b.tenant.example" }],
    ["tls.unknown-authority", { authority: "Somebody else" }],
    ["tls.expired", { certificate: { ...certificate, notAfterMs: Date.UTC(2026, 5, 1) } }],
    ["tls.not-yet-valid", { certificate: { ...certificate, notBeforeMs: Date.UTC(2026, 11, 1) } }],
  ])("reports %s for %j and leaves no connection", async (reason, options) => {
    using world = new TwoHosts();
    expect(await dialsTls(world, options)).toMatchObject({ ok: false, reason });
    await world.clock.advance(100);
    expect(world.network.openConnections()).toEqual([]);
    expect(world.clock.pending()).toEqual([]);
  });

  it("reports a listener that does not speak TLS", async () => {
    using world = new TwoHosts();
    await world.listens(({ stream }) => stream.end("SSH-2.0-something\r\n"));
    const target = { address: "192.168.10.11", port: 5900, serverName: "panel" };
    const dialled = world.network.host("gateway").dialTls(target, { timeoutMs: 1000 });
    expect(await world.clock.until(dialled, { what: "it" })).toMatchObject({ ok: false, reason: "tls.failed" });
  });

  it("gives up when the handshake is never answered", async () => {
    using world = new TwoHosts();
    await world.listens(({ stream }) => stream.on("error", () => undefined));
    const target = { address: "192.168.10.11", port: 5900, serverName: "panel" };
    const dialled = world.network.host("gateway").dialTls(target, { timeoutMs: 1000 });
    expect(await world.clock.until(dialled, { what: "it" })).toMatchObject({ ok: false, reason: "timeout" });
    expect(world.clock.monotonicMs()).toBe(1000);
  });
});
