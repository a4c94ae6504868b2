// Dialling the cloud through an HTTP proxy on the simulated network: with and without login, over TLS, and each way it fails.
import { afterEach, describe, expect, test } from "vitest";
import { type CloudPort, dialCloud } from "#firmware/connectivity/dial-cloud.ts";
import { answerHeadBytesMax } from "#firmware/connectivity/http-connect.ts";
import type { Connection } from "#hardware/ports.ts";
import { authorityPem } from "#simulator/network/certificate.ts";
import { type HttpProxyOptions, startHttpProxy } from "#simulator/network/http-proxy.ts";
import { TwoHosts } from "../simulator/two-hosts.ts";

const life = { notBeforeMs: 0, notAfterMs: 2 ** 45 };
const cloudCertificate = { names: ["cloud.example"], authority: "Test CA", ...life };
const proxyCertificate = { names: ["proxy.plant"], authority: "Test CA", ...life };

let world: TwoHosts;
afterEach(() => world[Symbol.dispose]());

/** A cloud that says what it hears twice, a proxy on its own machine, and a gateway that reaches both. */
async function start(options: Partial<HttpProxyOptions> & { readonly isTls?: boolean } = {}) {
  world = new TwoHosts();
  const { network } = world;
  const addresses = [{ address: "203.0.113.40", family: 4 as const, prefixLength: 24 }];
  network.addHost("proxy", { interfaces: [{ name: "eth0", hasDefaultRoute: true, addresses }] });
  network.addName("proxy.plant", ["203.0.113.40"]);
  const cloudOptions = { address: "0.0.0.0", port: 8883, certificate: () => cloudCertificate };
  await network.host("cloud").listenTls(cloudOptions, ({ stream }) => {
    stream.on("error", () => undefined);
    stream.on("data", (chunk: Buffer) => void stream.write(Buffer.concat([chunk, chunk])));
  });
  const host = network.host("proxy");
  const proxy = await startHttpProxy({
    network: host,
    ...(options.isTls === true
      ? { listen: (on, accept) => host.listenTls({ ...on, certificate: () => proxyCertificate }, accept) }
      : {}),
    ...options,
  });
  return { proxy, network };
}

const plain = { host: "proxy.plant", port: 3128, isTls: false } as const;
const cloud: CloudPort = { host: "cloud.example", port: 8883, authorities: [authorityPem("Test CA")], proxy: plain };

function dial(port: CloudPort, timeoutMs = 15_000) {
  const network = world.network.host("gateway");
  const dialled = dialCloud({ clock: world.clock, network }, port, { timeoutMs });
  return world.clock.until(dialled, { what: "the dial's outcome" });
}

async function echoes({ stream }: Connection): Promise<string> {
  stream.on("error", () => undefined);
  stream.write("hi");
  const answer = await world.clock.until(new Promise<Buffer>((resolve) => stream.once("data", resolve)), {
    what: "the cloud's echo",
  });
  return answer.toString();
}

describe("a proxy", () => {
  test("lets through to the cloud, whose certificate is verified behind it", async () => {
    const { proxy } = await start();
    const outcome = await dial(cloud);
    if (!outcome.ok) throw new Error(outcome.detail);
    expect(await echoes(outcome.connection)).toBe("hihi");
    expect(proxy.requests).toEqual(["CONNECT cloud.example:8883 200"]);
    expect(world.network.openConnections().filter((name) => name.startsWith("gateway"))).toHaveLength(1);
  });

  test("that speaks TLS is reached over TLS, and TLS with the cloud runs inside", async () => {
    await start({ isTls: true });
    const outcome = await dial({ ...cloud, proxy: { ...plain, isTls: true } });
    if (!outcome.ok) throw new Error(outcome.detail);
    expect(await echoes(outcome.connection)).toBe("hihi");
  });

  test("is shown user and password, once they are right", async () => {
    const { proxy } = await start({ login: () => ({ user: "gw", password: "pässwort:1" }) });
    const refused = { ok: false, reason: "proxy.login-refused", detail: "HTTP 407: the proxy wants a login" };
    expect(await dial(cloud)).toEqual(refused);
    expect(await dial({ ...cloud, proxy: { ...plain, user: "gw", password: "wrong" } })).toEqual(refused);
    expect(await dial({ ...cloud, proxy: { ...plain, user: "gw", password: "pässwort:1" } })).toMatchObject({
      ok: true,
    });
    expect(proxy.requests.map((each) => each.slice(-3))).toEqual(["407", "407", "200"]);
  });

  test("says which status it refuses with", async () => {
    await start({ ports: [443] });
    expect(await dial(cloud)).toEqual({ ok: false, reason: "proxy.refused", detail: "HTTP 403 from the proxy" });
  });

  test("that cannot reach the cloud says so", async () => {
    const { network } = await start();
    network.firewall.add({ from: "proxy", action: "reject" });
    expect(await dial(cloud)).toEqual({ ok: false, reason: "proxy.refused", detail: "HTTP 502 from the proxy" });
  });

  test("whose tunnel leads to another machine does not pass for the cloud", async () => {
    const { network } = await start();
    const certificate = () => ({ ...cloudCertificate, authority: "Somebody" });
    await network.host("panel").listenTls({ address: "0.0.0.0", port: 8884, certificate }, () => undefined);
    await network.host("cloud").listenTls({ address: "0.0.0.0", port: 8884, certificate }, () => undefined);
    expect(await dial({ ...cloud, port: 8884 })).toMatchObject({ ok: false, reason: "tls.unknown-authority" });
  });

  test("with a certificate that is not to be believed is not used", async () => {
    await start({ isTls: true });
    const authorities = [authorityPem("Another CA")];
    const outcome = await dial({ ...cloud, authorities, proxy: { ...plain, isTls: true } });
    expect(outcome).toMatchObject({ ok: false, reason: "tls.unknown-authority" });
    expect(outcome).toHaveProperty("detail", expect.stringMatching(/^the proxy: /));
  });

  test.each([
    ["whose name is unknown", { ...plain, host: "nobody.plant" }],
    ["that does not listen", { ...plain, port: 3129 }],
  ])("%s is unreachable", async (_what, proxy) => {
    await start();
    expect(await dial({ ...cloud, proxy })).toMatchObject({
      ok: false,
      reason: "proxy.unreachable",
      detail: expect.stringMatching(/^the proxy: /),
    });
  });

  test.each([
    ["answers something that is not HTTP", "220 mail.plant ESMTP\r\n\r\n", "what answers is no HTTP proxy"],
    ["answers without an end", "x".repeat(answerHeadBytesMax + 1), /no end within 16384 bytes/],
    ["closes without an answer", undefined, /closed the connection/],
  ])("that %s is refused", async (_what, answer, detail) => {
    const { proxy, network } = await start();
    await proxy.close();
    await network.host("proxy").listen({ address: "0.0.0.0", port: 3128 }, ({ stream }) => {
      stream.on("error", () => undefined);
      if (answer === undefined) stream.end();
      else stream.write(answer);
    });
    expect(await dial(cloud)).toEqual({ ok: false, reason: "proxy.refused", detail: expect.stringMatching(detail) });
    await world.clock.advance(1_000);
    expect(network.openConnections()).toEqual([]);
  });

  test("that does not answer is given up at the limit, together with all that came before", async () => {
    const { proxy, network } = await start();
    await proxy.close();
    await network.host("proxy").listen({ address: "0.0.0.0", port: 3128 }, ({ stream }) => {
      stream.on("error", () => undefined);
      stream.resume();
    });
    const startMs = world.clock.monotonicMs();
    expect(await dial(cloud)).toMatchObject({ ok: false, reason: "timeout" });
    expect(world.clock.monotonicMs() - startMs).toBeLessThanOrEqual(15_000);
  });

  test("is left when the dial is not wanted any more", async () => {
    const { network } = await start({ ports: [] });
    const abort = new AbortController();
    const ports = { clock: world.clock, network: network.host("gateway") };
    const dialled = dialCloud(ports, cloud, { timeoutMs: 15_000, signal: abort.signal });
    await world.clock.advance(50);
    abort.abort();
    expect(await world.clock.until(dialled, { what: "the outcome" })).toMatchObject({ ok: false, reason: "aborted" });
    await world.clock.advance(1_000);
    expect(network.openConnections()).toEqual([]);
  });
});
