// TLS inside TLS on real sockets, as through a proxy that is spoken to over TLS, and TLS begun behind an answer in clear.
import { once } from "node:events";
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { createServer } from "node:tls";
import { afterEach, expect, it } from "vitest";
import { openLinuxNetwork } from "#hardware/linux/network.ts";
import type { Connection, DialOutcome } from "#hardware/ports.ts";
import { makeLinuxWorld } from "./linux-world.ts";
import type { NetworkUnderTest } from "./network.contract.ts";
import { closes, readBytes } from "./streams.ts";
import { TestAuthority } from "./test-authority.ts";

const authority = new TestAuthority("Proxy authority");
const proxyTls = { serverName: "proxy.example", extraAuthorities: [authority.caPem] };
const timeoutMs = 5_000;
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** Passes everything on to a port, after a first line; what is told are the errors with which its client's connection ends. */
async function openProxy(to: number, kind: "tls" | "clear"): Promise<{ port: number; ends: Promise<string> }> {
  const ended = Promise.withResolvers<string>();
  const sockets = new Set<Socket>();
  const pass = (socket: Socket): void => {
    const far = connect(to, "127.0.0.1");
    sockets.add(socket).add(far);
    let ending = "closed in order";
    socket.on("error", (error: NodeJS.ErrnoException) => {
      ending = error.code ?? "";
    });
    socket.once("close", () => ended.resolve(ending));
    far.on("error", () => socket.destroy());
    socket.once("close", () => far.destroy());
    socket.write("200\n");
    socket.pipe(far).pipe(socket);
  };
  const { certPem, keyPem } = authority.issue({ names: ["proxy.example"] });
  const server: Server = kind === "tls" ? createServer({ cert: certPem, key: keyPem }, pass) : createTcpServer(pass);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((done) => server.close(done));
  });
  return { port: (server.address() as AddressInfo).port, ends: ended.promise };
}

async function world(): Promise<NetworkUnderTest> {
  const made = await makeLinuxWorld();
  closers.push(() => made.close());
  return made;
}

function opened(outcome: DialOutcome): Connection {
  if (!outcome.ok) throw new Error(`${outcome.reason}: ${outcome.detail}`);
  return outcome.connection;
}

const network = openLinuxNetwork();
const reaches = async (port: number, kind: "tls" | "clear"): Promise<Connection> => {
  const target = { address: "127.0.0.1", port };
  const dialled =
    kind === "tls" ? network.dialTls({ ...target, ...proxyTls }, { timeoutMs }) : network.dial(target, { timeoutMs });
  const below = opened(await dialled);
  expect((await readBytes(below.stream, 4)).toString()).toBe("200\n");
  return below;
};

it.each(["tls", "clear"] as const)("runs through a proxy over %s behind its answer, bytes both ways", async (kind) => {
  const { openTlsServer, tls } = await world();
  const proxy = await openProxy((await openTlsServer("good")).port, kind);
  const near = opened(await network.startTls(await reaches(proxy.port, kind), tls, { timeoutMs }));
  const bytes = Buffer.alloc(1024 * 1024, "postern ");
  near.stream.write(bytes);
  const answer = await readBytes(near.stream, 6 + bytes.length);
  expect(answer.subarray(0, 6).toString()).toBe("hello ");
  expect(answer.subarray(6).equals(bytes)).toBe(true);
  near.reset();
});

it.each(["tls", "clear"] as const)("is reset through a proxy over %s, as the proxy sees", async (kind) => {
  const { openTlsServer, tls } = await world();
  const proxy = await openProxy((await openTlsServer("good")).port, kind);
  const below = await reaches(proxy.port, kind);
  const near = opened(await network.startTls(below, tls, { timeoutMs }));
  const closed = closes(near.stream);
  near.reset();
  expect(await closed).toEqual({ errorCode: undefined });
  expect(await proxy.ends).toBe("ECONNRESET");
  expect(below.stream.destroyed).toBe(true);
});

it.each(["tls", "clear"] as const)(
  "is verified through a proxy over %s, and leaves nothing of a failure",
  async (kind) => {
    const { openTlsServer, tls } = await world();
    const proxy = await openProxy((await openTlsServer("wrong-name")).port, kind);
    const below = await reaches(proxy.port, kind);
    expect(await network.startTls(below, tls, { timeoutMs })).toMatchObject({ ok: false, reason: "tls.wrong-name" });
    await proxy.ends;
    expect(below.stream.destroyed).toBe(true);
  },
);

it.each(["timeout", "aborted"] as const)("ends with %s inside TLS, and leaves nothing", async (reason) => {
  const silent = createTcpServer((socket) => socket.on("error", () => undefined).resume());
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  closers.push(() => new Promise((done) => silent.close(done)));
  const proxy = await openProxy((silent.address() as AddressInfo).port, "tls");
  const below = await reaches(proxy.port, "tls");
  const controller = new AbortController();
  const options = reason === "timeout" ? { timeoutMs: 100 } : { timeoutMs, signal: controller.signal };
  const started = network.startTls(below, proxyTls, options);
  if (reason === "aborted") setImmediate(() => controller.abort());
  expect(await started).toMatchObject({ ok: false, reason });
  await proxy.ends;
  expect(below.stream.destroyed).toBe(true);
});
