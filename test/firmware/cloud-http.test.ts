// The gateway's own HTTPS requests on virtual time: what is asked, what is taken of an answer, and every way in which it ends.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import { type CloudRequest, requestCloud } from "#firmware/cloud-http.ts";
import type { CloudPort } from "#firmware/connectivity/dial-cloud.ts";
import type { Connection } from "#hardware/ports.ts";
import { authorityPem } from "#simulator/network/certificate.ts";
import { startHttpProxy } from "#simulator/network/http-proxy.ts";
import { TwoHosts } from "../simulator/two-hosts.ts";

const certificate = { names: ["cloud.example"], authority: "Test CA", notBeforeMs: 0, notAfterMs: 2 ** 45 };
const cloud: CloudPort = { host: "cloud.example", port: 8443, authorities: [authorityPem("Test CA")] };

let world: TwoHosts;
afterEach(() => world[Symbol.dispose]());

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function start(handler: Handler): Promise<void> {
  await startRaw(({ stream }) => server.emit("connection", stream));
  const server = createServer(handler);
}

async function startRaw(accept: (connection: Connection) => void): Promise<void> {
  world = new TwoHosts();
  const options = { address: "0.0.0.0", port: 8443, certificate: () => certificate };
  await world.network.host("cloud").listenTls(options, (connection) => {
    connection.stream.on("error", () => undefined);
    connection.stream.once("end", () => connection.stream.end());
    accept(connection);
  });
}

function ask(wanted: Partial<CloudRequest>, port: CloudPort = cloud) {
  const deps = { clock: world.clock, network: world.network.host("gateway"), cloud: port };
  const request = { method: "GET", path: "/", timeoutMs: 10_000, answerBytesMax: 1_000, ...wanted } as const;
  return world.clock.until(requestCloud(deps, request), { what: "the outcome" });
}

async function nothingIsLeft(): Promise<void> {
  await world.clock.advance(1_000);
  expect(world.network.openConnections()).toEqual([]);
  expect(world.clock.pending()).toEqual([]);
}

describe("a request", () => {
  test("says method, path, headers and body, to the cloud's own name", async () => {
    await start((request, response) => {
      const { method, url, headers } = request;
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        response.sendDate = false;
        response.setHeader("X-Two", ["a", "b"]);
        response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString() }));
      });
    });
    const outcome = await ask({ method: "POST", path: "/a?b=1", headers: { Authorization: "Basic x" }, body: "text" });
    if (!outcome.ok) throw new Error(outcome.detail);
    expect(outcome.status).toBe(200);
    expect(outcome.headers).toMatchObject({ "x-two": "a, b" });
    expect(JSON.parse(Buffer.from(outcome.body).toString())).toEqual({
      method: "POST",
      url: "/a?b=1",
      headers: { authorization: "Basic x", host: "cloud.example:8443", connection: "close", "content-length": "4" },
      body: "text",
    });
    await nothingIsLeft();
  });

  test("goes through the proxy where there is one", async () => {
    await start((_request, response) => response.end("through"));
    const addresses = [{ address: "203.0.113.40", family: 4 as const, prefixLength: 24 }];
    world.network.addHost("proxy", { interfaces: [{ name: "eth0", hasDefaultRoute: true, addresses }] });
    const proxy = await startHttpProxy({ network: world.network.host("proxy") });
    const outcome = await ask({}, { ...cloud, proxy: { host: "203.0.113.40", port: 3128, isTls: false } });
    expect(outcome).toMatchObject({ ok: true, body: Buffer.from("through") });
    expect(proxy.requests).toEqual(["CONNECT cloud.example:8443 200"]);
  });

  test("follows no redirect", async () => {
    await start((_request, response) => response.writeHead(302, { Location: "https://evil.example/" }).end());
    expect(await ask({})).toMatchObject({ ok: true, status: 302, headers: { location: "https://evil.example/" } });
  });

  test.each(["https://evil.example/", "evil", "", "/a b", "/a\r\nX: 1", "/ä"])(
    "is not written for %j",
    async (path) => {
      await start(() => expect.unreachable());
      expect(await ask({ path })).toMatchObject({ ok: false, reason: "http.unwritable" });
      await nothingIsLeft();
    },
  );

  test("with a header that would become two is not written, and not quoted", async () => {
    await start(() => expect.unreachable());
    const outcome = await ask({ headers: { Authorization: "secret\r\nX: 1" } });
    expect(outcome).toMatchObject({ ok: false, reason: "http.unwritable" });
    expect(JSON.stringify(outcome)).not.toContain("secret");
    await nothingIsLeft();
  });
});

describe("an answer", () => {
  test("in chunks is put together", async () => {
    await start((_request, response) => {
      response.write("one ");
      response.end("two");
    });
    expect(await ask({})).toMatchObject({ ok: true, body: Buffer.from("one two") });
  });

  test("of exactly the limit is taken, of one byte more not", async () => {
    await start((request, response) => response.end(Buffer.alloc(request.url === "/over" ? 1_001 : 1_000)));
    expect(await ask({})).toMatchObject({ ok: true });
    expect(await ask({ path: "/over" })).toMatchObject({ ok: false, reason: "http.too-large" });
    await nothingIsLeft();
  });

  test("that never ends is cut off at the limit of bytes", async () => {
    await start((_request, response) => {
      const more = (): void => {
        if (!response.destroyed) response.write(Buffer.alloc(600), () => world.clock.setTimeout(more, 10));
      };
      more();
    });
    expect(await ask({})).toMatchObject({ ok: false, reason: "http.too-large" });
    await nothingIsLeft();
  });

  test.each([
    ["that does not come", ""],
    ["that comes a byte at a time", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nx"],
  ])("%s is given up at the limit", async (_what, answer) => {
    await startRaw(({ stream }) => {
      stream.resume();
      stream.write(answer);
    });
    const startMs = world.clock.monotonicMs();
    expect(await ask({})).toMatchObject({ ok: false, reason: "timeout" });
    expect(world.clock.monotonicMs() - startMs).toBeLessThanOrEqual(10_001);
    await nothingIsLeft();
  });

  test.each([
    ["that is not HTTP", "SSH-2.0-OpenSSH_9.6\r\n"],
    ["whose head is too long", `HTTP/1.1 200 OK\r\nX: ${"x".repeat(20_000)}\r\n\r\n`],
    ["that ends before its end", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nx"],
    ["that is empty", ""],
    ["in another protocol", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"],
  ])("%s is broken", async (_what, answer) => {
    await startRaw(({ stream }) => {
      stream.once("data", () => stream.end(answer));
    });
    expect(await ask({})).toMatchObject({ ok: false, reason: "http.broken" });
    await nothingIsLeft();
  });

  test("is not waited for once it is not wanted", async () => {
    await startRaw(({ stream }) => stream.resume());
    const abort = new AbortController();
    world.clock.setTimeout(() => abort.abort(), 500);
    expect(await ask({ signal: abort.signal })).toMatchObject({ ok: false, reason: "aborted" });
    await nothingIsLeft();
  });

  test("does not come from a cloud that is not there or not itself", async () => {
    await start((_request, response) => response.end());
    expect(await ask({}, { ...cloud, port: 9 })).toMatchObject({ ok: false, reason: "refused" });
    expect(await ask({}, { ...cloud, authorities: [] })).toMatchObject({ ok: false, reason: "tls.unknown-authority" });
    await nothingIsLeft();
  });
});
