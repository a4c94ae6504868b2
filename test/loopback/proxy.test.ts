// A real gateway process behind real HTTP proxies: TLS runs inside the tunnels that they open, over TLS to the proxy too.
import { createServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import type { Duplex } from "node:stream";
import { createServer as createTcpTlsServer } from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import { requestCloud } from "#firmware/cloud-http.ts";
import { dialCloud } from "#firmware/connectivity/dial-cloud.ts";
import { linuxClock } from "#hardware/linux/clock.ts";
import { openLinuxNetwork } from "#hardware/linux/network.ts";
import { echoPanel } from "#simulator/panels/byte-panels.ts";
import { TestAuthority } from "../hardware/test-authority.ts";
import { operatorOf, startPanel } from "../support/loopback.ts";
import { eventually, temporaryFolder } from "../support/processes.ts";
import { startCloudProgram, startGatewayProgram } from "../support/running-cloud.ts";

const login = { user: "line3", password: "Proxy-Passwort-7" };

interface RunningProxy {
  readonly port: number;
  /** Such as "localhost:8883 200". */
  readonly requests: string[];
  close(): void;
}

/** A proxy made of Node's own HTTP server: nothing of the simulator's is in it. */
async function startProxy(options: {
  readonly server: Server | TlsServer;
  readonly isPortAllowed?: (port: number) => boolean;
}): Promise<RunningProxy> {
  const requests: string[] = [];
  const sockets = new Set<Duplex>();
  const expected = `Basic ${Buffer.from(`${login.user}:${login.password}`).toString("base64")}`;
  options.server.on("connect", (request: IncomingMessage, client: Duplex, head: Buffer) => {
    const refuse = (status: string): void => {
      requests.push(`${request.url} ${status.slice(0, 3)}`);
      client.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`);
    };
    sockets.add(client);
    client.on("error", () => client.destroy());
    const [host = "", port = ""] = (request.url ?? "").split(":");
    if (request.headers["proxy-authorization"] !== expected) return refuse("407 Proxy Authentication Required");
    if (options.isPortAllowed?.(Number(port)) === false) return refuse("403 Forbidden");
    const upstream = connect(Number(port), host);
    sockets.add(upstream);
    upstream.on("error", () => client.destroy());
    client.on("close", () => upstream.destroy());
    upstream.once("connect", () => {
      requests.push(`${request.url} 200`);
      client.write("HTTP/1.1 200 OK\r\nVia: 1.1 proxy\r\n\r\n");
      upstream.write(head);
      client.pipe(upstream).pipe(client);
    });
  });
  await new Promise<void>((resolve) => options.server.listen(0, "127.0.0.1", resolve));
  return {
    port: (options.server.address() as AddressInfo).port,
    requests,
    close: () => {
      for (const socket of sockets) socket.destroy();
      options.server.close();
    },
  };
}

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

test("a gateway registers, is online over a websocket and opens a tunnel through a proxy that wants a login and knows HTTPS only", async () => {
  const id = "gw-behind-proxy";
  const folder = temporaryFolder();
  closing.push(() => folder[Symbol.dispose]());
  const panel = await startPanel(echoPanel(), "echo");
  closing.push(() => panel.close());
  const cloud = await startCloudProgram(folder.path);
  closing.push(() => cloud.program.stop());
  const isPortAllowed = (port: number): boolean => port === cloud.ports.https;
  const proxy = await startProxy({ server: createServer(), isPortAllowed });
  closing.push(proxy.close);
  const operator = operatorOf(cloud);
  await operator.expectsDevice(id);
  const gateway = startGatewayProgram(folder.path, cloud, {
    id,
    tunnels: `[tunnels]\nallow = ["127.0.0.1:${panel.port}"]`,
    cloud: `proxy = "http://localhost:${proxy.port}"\nproxy_user = "${login.user}"\nproxy_password = "${login.password}"`,
  });
  closing.push(() => gateway.stop());
  await operator.acceptsDevice(id);
  expect(await gateway.event("connectivity.online")).toMatchObject({ over: "websocket" });
  await operator.worksWith(id);
  await operator.seesDeviceOnline();
  const endpoint = { name: "echo", hostname: "127.0.0.1", port: panel.port, protocol: "PASSTHROUGH" } as const;
  const session = await operator.opensPassthrough(await operator.addsEndpoint(endpoint));
  session.says(Buffer.from("through the proxy"));
  await session.receives(17);
  await session.disconnects();
  const asked = new Set(proxy.requests);
  expect(asked).toEqual(new Set([`localhost:${cloud.ports.mqtts} 403`, `localhost:${cloud.ports.https} 200`]));
});

describe("dialled directly", () => {
  const authority = new TestAuthority();
  const authorities = [authority.caPem];
  const hardware = { clock: linuxClock, network: openLinuxNetwork() };

  async function startCloudPort(): Promise<number> {
    const { certPem, keyPem } = authority.issue({ names: ["cloud.postern.example"] });
    const server = createTcpTlsServer({ cert: certPem, key: keyPem }, (socket) => {
      socket.on("error", () => socket.destroy());
      socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closing.push(() => server.close());
    return (server.address() as AddressInfo).port;
  }

  /** The proxy resolves the cloud's name, which nobody else knows. */
  async function startResolvingProxy(isTls: boolean): Promise<RunningProxy> {
    const { certPem, keyPem } = authority.issue({ names: ["localhost"] });
    const server = isTls ? createTlsServer({ cert: certPem, key: keyPem }) : createServer();
    server.prependListener("connect", (request: IncomingMessage) => {
      request.url = request.url?.replace("cloud.postern.example", "127.0.0.1") ?? "";
    });
    const proxy = await startProxy({ server });
    closing.push(proxy.close);
    return proxy;
  }

  test.each([
    ["in clear", false],
    ["over TLS", true],
  ])("through a proxy %s, TLS with the cloud stands, and its certificate is verified", async (_what, isTls) => {
    const [port, proxy] = [await startCloudPort(), await startResolvingProxy(isTls)];
    const settings = { host: "localhost", port: proxy.port, isTls, ...login };
    const cloud = { host: "cloud.postern.example", port, authorities, proxy: settings };
    const wanted = { method: "GET", path: "/", timeoutMs: 10_000, answerBytesMax: 100 } as const;
    const outcome = await requestCloud({ ...hardware, cloud }, wanted);
    expect(outcome).toMatchObject({ ok: true, status: 200, body: Buffer.from("ok") });
    const other = await dialCloud(hardware, { ...cloud, host: "127.0.0.1" }, { timeoutMs: 10_000 });
    expect(other).toMatchObject({ ok: false, reason: "tls.wrong-name" });
    const wrong = { ...cloud, proxy: { ...settings, password: "wrong" } };
    expect(await dialCloud(hardware, wrong, { timeoutMs: 10_000 })).toMatchObject({ reason: "proxy.login-refused" });
  });

  test("through a proxy whose certificate is for another name, nothing is sent", async () => {
    const [port, proxy] = [await startCloudPort(), await startResolvingProxy(true)];
    const settings = { host: "127.0.0.1", port: proxy.port, isTls: true, ...login };
    const cloud = { host: "cloud.postern.example", port, authorities, proxy: settings };
    expect(await dialCloud(hardware, cloud, { timeoutMs: 10_000 })).toMatchObject({ reason: "tls.wrong-name" });
    expect(proxy.requests).toEqual([]);
  });

  test("in an abandoned wait leaves no socket behind", async () => {
    const proxy = await startProxy({ server: createServer(), isPortAllowed: () => true });
    closing.push(proxy.close);
    const settings = { host: "localhost", port: proxy.port, isTls: false, ...login };
    // Port 9 of an address for documentation: no answer ever comes.
    const cloud = { host: "192.0.2.7", port: 9, authorities, proxy: settings };
    const tcp = (): number => process.getActiveResourcesInfo().filter((name) => name.includes("TCP")).length;
    const before = tcp();
    expect(await dialCloud(hardware, cloud, { timeoutMs: 300 })).toMatchObject({ ok: false });
    proxy.close();
    await eventually("the sockets to be gone", () => (tcp() <= before ? true : undefined));
  });
});
