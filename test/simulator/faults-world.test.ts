// World faults alone, on the bare network: names, certificates, portals, proxies, and ends that vanish.
import { describe, expect, it } from "vitest";
import type { Connection, DialOutcome } from "#hardware/ports.ts";
import { captivePortal } from "#simulator/faults/captive-portal.ts";
import { certificate, certificateFlaws } from "#simulator/faults/certificate.ts";
import { corrupt } from "#simulator/faults/corrupt.ts";
import { dnsFailure } from "#simulator/faults/dns-failure.ts";
import { dnsWrongAnswer } from "#simulator/faults/dns-wrong-answer.ts";
import type { LinkFault, WorldFault } from "#simulator/faults/fault.ts";
import { halfOpen } from "#simulator/faults/half-open.ts";
import { proxyRefusal } from "#simulator/faults/proxy-refusal.ts";
import { stall } from "#simulator/faults/stall.ts";
import { authorityPem, type SimulatedCertificate } from "#simulator/network/certificate.ts";
import { startHttpProxy } from "#simulator/network/http-proxy.ts";
import { LinkHandle } from "#simulator/site/link-handle.ts";
import { recordOf, TwoHosts } from "./two-hosts.ts";

/** The wire between two hosts, as a site gives it. */
function wire(world: TwoHosts, one: string, other: string, from?: string): LinkHandle {
  const refused = (): never => {
    throw new Error("a link's fault does not do this");
  };
  const site = {
    network: world.network,
    world: { cutPower: refused, restorePower: refused, stopCloud: refused, startCloud: refused },
    remember: (_fault: unknown, lift: () => void) => lift,
  };
  return new LinkHandle(site, [one, other], from);
}

describe("half-open", () => {
  it("closes one end's stream without an end, and the other one does not notice while it is silent", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const [atGateway, atPanel] = [recordOf(gateway), recordOf(panel)];
    wire(world, "gateway", "panel").apply(halfOpen());
    await world.clock.advance(9_000);
    expect(atPanel).toEqual({ text: "", events: ["close"] });
    expect(atGateway.events).toEqual([]);
    expect(world.network.openConnections()).toEqual(["gateway:49152 > panel:5900 (only gateway still has it)"]);
  });

  it("is answered with a reset when the survivor sends, at once when it does", async () => {
    using world = new TwoHosts();
    const [gateway] = await world.connected();
    const atGateway = recordOf(gateway);
    wire(world, "gateway", "panel").apply(halfOpen());
    gateway.stream.write("are you there?");
    await world.clock.advance(1);
    expect(atGateway.events).toEqual([]);
    await world.clock.advance(5);
    expect(atGateway.events).toEqual(["error ECONNRESET", "close"]);
    expect(world.network.openConnections()).toEqual([]);
    expect(world.clock.pending()).toEqual([]);
  });

  it("is found out by the survivor's keep-alive, if it never sends", async () => {
    using world = new TwoHosts();
    const [gateway] = await world.connected();
    const atGateway = recordOf(gateway);
    wire(world, "gateway", "panel").apply(halfOpen());
    // Node's sockets, as the gateway has them, probe after 10 s of silence; a system that only listens takes longer.
    await world.clock.advance(10_500);
    expect(atGateway.events).toEqual(["error ECONNRESET", "close"]);
  });

  it("is found out later by a survivor that did not dial", async () => {
    using world = new TwoHosts();
    const [, panel] = await world.connected();
    const atPanel = recordOf(panel);
    wire(world, "gateway", "panel").apply(halfOpen({ end: "near" }));
    await world.clock.advance(59_000);
    expect(atPanel.events).toEqual([]);
    await world.clock.advance(2000);
    expect(atPanel.events).toEqual(["error ECONNRESET", "close"]);
  });

  it("takes the near end if told so, and only connections to its port", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const [atGateway, atPanel] = [recordOf(gateway), recordOf(panel)];
    wire(world, "gateway", "panel").apply(halfOpen({ end: "near", port: 5901 }));
    await world.clock.advance(10);
    expect([atGateway.events, atPanel.events]).toEqual([[], []]);
    wire(world, "gateway", "panel").apply(halfOpen({ end: "near", port: 5900 }));
    await world.clock.advance(10);
    expect([atGateway.events, atPanel.events]).toEqual([["close"], []]);
  });

  it("lets new connections be like any other", async () => {
    using world = new TwoHosts();
    await world.connected();
    wire(world, "gateway", "panel").apply(halfOpen());
    expect(await world.dials()).toMatchObject({ ok: true });
  });
});

describe("names", () => {
  const resolve = (world: TwoHosts, name: string, host = "gateway", timeoutMs = 5000) =>
    world.clock.until(world.network.host(host).resolve(name, { timeoutMs }), { what: "the answer" });

  it("do not resolve while DNS fails, literals do, and afterwards all is as before", async () => {
    using world = new TwoHosts();
    const lift = world.network.lay(dnsFailure());
    expect(await resolve(world, "cloud.example")).toMatchObject({ ok: false, reason: "name-unknown" });
    expect(await resolve(world, "127.1")).toEqual({ ok: true, addresses: ["127.0.0.1"] });
    expect(await resolve(world, "localhost")).toMatchObject({ ok: true });
    lift();
    expect(await resolve(world, "cloud.example")).toEqual({ ok: true, addresses: ["198.51.100.20"] });
  });

  it("are not answered at all by a server that is silent: the asker's whole time passes", async () => {
    using world = new TwoHosts();
    world.network.lay(dnsFailure({ how: "silent" }));
    const before = world.clock.monotonicMs();
    expect(await resolve(world, "cloud.example")).toMatchObject({ ok: false, reason: "timeout" });
    expect(world.clock.monotonicMs() - before).toBe(5000);
    const giveUp = new AbortController();
    const asked = world.network.host("gateway").resolve("x.example", { timeoutMs: 60_000, signal: giveUp.signal });
    await world.clock.advance(1000);
    giveUp.abort();
    expect(await world.clock.until(asked, { what: "it" })).toMatchObject({ reason: "aborted" });
  });

  it("fail one by one, or for one host", async () => {
    using world = new TwoHosts();
    world.network.addName("other.example", ["198.51.100.21"]);
    const lift = world.network.lay(dnsFailure({ name: "Cloud.Example" }));
    expect(await resolve(world, "cloud.example")).toMatchObject({ ok: false });
    expect(await resolve(world, "other.example")).toMatchObject({ ok: true });
    lift();
    wire(world, "gateway", "cloud", "gateway").apply(dnsFailure());
    expect(await resolve(world, "cloud.example", "gateway")).toMatchObject({ ok: false });
    expect(await resolve(world, "cloud.example", "cloud")).toMatchObject({ ok: true });
  });

  it("lead to nobody when the answer is wrong, and the dial runs into its limit", async () => {
    using world = new TwoHosts();
    world.network.lay(dnsWrongAnswer());
    expect(await resolve(world, "cloud.example")).toEqual({ ok: true, addresses: ["192.0.2.1"] });
    const dialled = world.network.host("gateway").dial({ address: "192.0.2.1", port: 443 }, { timeoutMs: 3000 });
    expect(await world.clock.until(dialled, { what: "it" })).toMatchObject({ ok: false, reason: "timeout" });
  });

  it("are answered by the newest fault, and for its name only", async () => {
    using world = new TwoHosts();
    world.network.lay(dnsFailure());
    world.network.lay(dnsWrongAnswer({ address: "127.0.0.1", name: "cloud.example" }));
    expect(await resolve(world, "cloud.example")).toEqual({ ok: true, addresses: ["127.0.0.1"] });
    expect(await resolve(world, "other.example")).toMatchObject({ reason: "name-unknown" });
  });
});

const own: SimulatedCertificate = {
  names: ["cloud.example"],
  authority: "Postern CA",
  notBeforeMs: Date.UTC(2026, 0, 1),
  notAfterMs: Date.UTC(2027, 0, 1),
};

/** A cloud that greets over TLS on 8443 and 8883, and in clear on 80. */
async function withCloud(world: TwoHosts): Promise<void> {
  const host = world.network.host("cloud");
  const greet = ({ stream }: Connection): void => {
    stream.on("error", () => undefined);
    stream.write("hello");
  };
  for (const port of [8443, 8883]) await host.listenTls({ address: "0.0.0.0", port, certificate: () => own }, greet);
  await host.listen({ address: "0.0.0.0", port: 80 }, greet);
}

async function dialsTls(world: TwoHosts, port: number, timeoutMs = 5000): Promise<DialOutcome> {
  const extraAuthorities = [authorityPem("Postern CA")];
  const target = { address: "198.51.100.20", port, serverName: "cloud.example", extraAuthorities };
  return world.clock.until(world.network.host("gateway").dialTls(target, { timeoutMs }), { what: "the outcome" });
}

describe("a certificate", () => {
  it.each(certificateFlaws.map((flaw) => [flaw]))(
    "that is %s is not trusted, and is again afterwards",
    async (flaw) => {
      using world = new TwoHosts();
      await withCloud(world);
      const lift = wire(world, "gateway", "cloud").apply(certificate(flaw));
      expect(await dialsTls(world, 8443)).toMatchObject({ ok: false, reason: `tls.${flaw}` });
      lift();
      expect(await dialsTls(world, 8443)).toMatchObject({ ok: true });
    },
  );

  it("is wrong on its port only, and between its hosts only", async () => {
    using world = new TwoHosts();
    await withCloud(world);
    const lift = wire(world, "gateway", "cloud").apply(certificate("expired", { port: 8883 }));
    expect(await dialsTls(world, 8443)).toMatchObject({ ok: true });
    expect(await dialsTls(world, 8883)).toMatchObject({ reason: "tls.expired" });
    lift();
    wire(world, "panel", "cloud").apply(certificate("expired"));
    expect(await dialsTls(world, 8883)).toMatchObject({ ok: true });
  });

  it("does not touch what is connected", async () => {
    using world = new TwoHosts();
    await withCloud(world);
    const outcome = await dialsTls(world, 8443);
    if (!outcome.ok) throw new Error(outcome.detail);
    const record = recordOf(outcome.connection);
    world.network.lay(certificate("expired"));
    await world.clock.advance(100);
    expect(record).toEqual({ text: "hello", events: [] });
  });
});

describe("a captive portal", () => {
  it.each([
    ["wrong-name", "tls.wrong-name"],
    ["unknown-authority", "tls.unknown-authority"],
  ] as const)("with a certificate of %s answers HTTPS with %s", async (flaw, reason) => {
    using world = new TwoHosts();
    await withCloud(world);
    wire(world, "gateway", "cloud").apply(captivePortal({ certificate: flaw }));
    expect(await dialsTls(world, 8443)).toMatchObject({ ok: false, reason });
    await world.clock.advance(100);
    expect(world.network.openConnections()).toEqual([]);
  });

  it("redirects plain HTTP and refuses MQTT", async () => {
    using world = new TwoHosts();
    await withCloud(world);
    wire(world, "gateway", "cloud").apply(captivePortal());
    const dialled = world.network.host("gateway").dial({ address: "198.51.100.20", port: 80 }, { timeoutMs: 1000 });
    const outcome = await world.clock.until(dialled, { what: "the outcome" });
    if (!outcome.ok) throw new Error(outcome.detail);
    const record = recordOf(outcome.connection);
    outcome.connection.stream.write("GET /generate_204 HTTP/1.1\r\nHost: cloud.example\r\n\r\n");
    await world.clock.advance(100);
    expect(record.text).toMatch(/^HTTP\/1\.1 302 Found\r\nLocation: http:\/\/portal\.example\/login\r\n/);
    expect(record.events).toEqual(["end"]);
    expect(await dialsTls(world, 8883)).toMatchObject({ ok: false, reason: "refused" });
  });

  it("leaves the LAN alone, and what was connected before", async () => {
    using world = new TwoHosts();
    await withCloud(world);
    const outcome = await dialsTls(world, 8883);
    if (!outcome.ok) throw new Error(outcome.detail);
    const record = recordOf(outcome.connection);
    const lift = wire(world, "gateway", "cloud").apply(captivePortal());
    await world.listens(({ stream }) => stream.end("panel"));
    expect(await world.dials()).toMatchObject({ ok: true });
    await world.clock.advance(100);
    expect(record).toEqual({ text: "hello", events: [] });
    lift();
    expect(await dialsTls(world, 8443)).toMatchObject({ ok: true });
  });
});

describe("a proxy", () => {
  /** What the proxy answers to a CONNECT, and what comes afterwards. */
  async function asks(world: TwoHosts, request: string): Promise<{ text: string; events: string[] }> {
    const dialled = world.network.host("gateway").dial({ address: "192.168.10.11", port: 3128 }, { timeoutMs: 1000 });
    const outcome = await world.clock.until(dialled, { what: "the outcome" });
    if (!outcome.ok) throw new Error(outcome.detail);
    const record = recordOf(outcome.connection);
    outcome.connection.stream.write(request);
    await world.clock.advance(15_000);
    return record;
  }
  const connect = "CONNECT cloud.example:80 HTTP/1.1\r\nHost: cloud.example:80\r\n\r\n";

  /** The panel's machine is the proxy here; it reaches the cloud by an address of its own. */
  async function withProxy(): Promise<TwoHosts> {
    const world = new TwoHosts();
    await world.network.host("panel").listen({ address: "0.0.0.0", port: 80 }, ({ stream }) => stream.end("hello"));
    world.network.addName("cloud.example", ["192.168.10.11"]);
    await startHttpProxy({ network: world.network.host("panel") });
    return world;
  }

  it("that is healthy opens the tunnel", async () => {
    using world = await withProxy();
    const { text, events } = await asks(world, connect);
    expect(text).toBe("HTTP/1.1 200 Connection established\r\n\r\nhello");
    expect(events).toEqual(["end"]);
  });

  it("that is healthy says what it cannot do", async () => {
    using world = await withProxy();
    const refused = connect.replaceAll(":80", ":81");
    expect((await asks(world, refused)).text).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n/);
    expect((await asks(world, connect.replaceAll("cloud", "nobody"))).text).toMatch(/^HTTP\/1\.1 502 /);
    expect((await asks(world, "GET / HTTP/1.1\r\n\r\n")).text).toMatch(/^HTTP\/1\.1 405 /);
  });

  it.each([
    [407, /^HTTP\/1\.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="factory"\r\n/],
    [502, /^HTTP\/1\.1 502 Bad Gateway\r\n/],
  ] as const)("that refuses answers %s and hangs up", async (status, answer) => {
    using world = await withProxy();
    const lift = world.network.lay(proxyRefusal({ status }));
    const { text, events } = await asks(world, connect);
    expect(text).toMatch(answer);
    expect(events).toEqual(["end"]);
    lift();
    expect((await asks(world, connect)).text).toMatch(/^HTTP\/1\.1 200 /);
  });

  it("that refuses on another port refuses nothing here", async () => {
    using world = await withProxy();
    world.network.lay(proxyRefusal({ status: 407, port: 8080 }));
    expect((await asks(world, connect)).text).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe("bytes that are altered under TLS", () => {
  const faultOn = (fault: LinkFault, from: string) => (world: TwoHosts) =>
    world.network.link("gateway", "cloud").apply(fault, from);

  it.each([["gateway"], ["cloud"]])("in the handshake, from %s, end it as tls.failed", async (from) => {
    using world = new TwoHosts();
    await withCloud(world);
    faultOn(corrupt(), from)(world);
    expect(await dialsTls(world, 8443)).toMatchObject({ ok: false, reason: "tls.failed" });
    await world.clock.advance(100);
    expect(world.network.openConnections()).toEqual([]);
  });

  it("in the certificate's name are no wrong name: nobody reads an altered record", async () => {
    using world = new TwoHosts();
    await withCloud(world);
    const otherName: LinkFault = {
      name: "other name",
      plan: (delivery) => {
        const text = Buffer.from(delivery.bytes).toString("latin1");
        if (!text.includes("cloud.example")) return [delivery];
        const bytes = Buffer.from(text.replace("cloud.example", "proud.example"), "latin1");
        return [{ ...delivery, bytes, isCorrupt: true }];
      },
    };
    faultOn(otherName, "cloud")(world);
    expect(await dialsTls(world, 8443)).toMatchObject({ ok: false, reason: "tls.failed" });
  });

  it("afterwards end the connection at both ends, and no program gets them", async () => {
    using world = new TwoHosts();
    let atCloud: ReturnType<typeof recordOf> | undefined;
    await world.network
      .host("cloud")
      .listenTls({ address: "0.0.0.0", port: 8443, certificate: () => own }, (connection) => {
        atCloud = recordOf(connection);
      });
    const outcome = await dialsTls(world, 8443);
    if (!outcome.ok) throw new Error(outcome.detail);
    const atGateway = recordOf(outcome.connection);
    outcome.connection.stream.write("whole");
    await world.clock.advance(100);
    const lift = faultOn(corrupt(), "gateway")(world);
    outcome.connection.stream.write("altered");
    await world.clock.advance(100);
    lift();
    expect(atCloud).toEqual({ text: "whole", events: ["error ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC", "close"] });
    expect(atGateway).toEqual({ text: "", events: ["error ECONNRESET", "close"] });
    expect(world.network.openConnections()).toEqual([]);
    expect(world.clock.pending()).toEqual([]);
  });
});

describe("a fault in the wrong place", () => {
  it.each<[string, WorldFault]>([["a fault of the site", { name: "cloud restart", isOfSite: true }]])(
    "is refused on a wire before anything begins: %s",
    (_name, fault) => {
      using world = new TwoHosts();
      let hasBegun = false;
      const begin = (): void => {
        hasBegun = true;
      };
      const watched = { ...fault, begin };
      expect(() => wire(world, "gateway", "panel").apply(watched)).toThrow(
        '"cloud restart" is no fault of a link: use site.during',
      );
      expect(hasBegun).toBe(false);
    },
  );

  it("does not forget the direction of a wire: another target is not meant", async () => {
    using world = new TwoHosts();
    await withCloud(world);
    wire(world, "gateway", "panel", "gateway").apply({
      name: "refuse",
      onConnect: (attempt) => {
        attempt.refuse();
        return true;
      },
    });
    expect(await dialsTls(world, 8443)).toMatchObject({ ok: true });
    await world.listens(() => undefined);
    expect(await world.dials()).toMatchObject({ reason: "refused" });
  });

  it("cannot be a link's fault in both directions when it has one", () => {
    using world = new TwoHosts();
    expect(() => wire(world, "gateway", "panel").apply({ ...stall(), isOneWay: true })).toThrow("has a direction");
  });
});
