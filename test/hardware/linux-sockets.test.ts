// What the sockets of a real machine are set to, and what becomes of a listener's later errors.
import { createServer, Server, type Socket } from "node:net";
import { afterEach, expect, it, vi } from "vitest";
import { openLinuxNetwork } from "#hardware/linux/network.ts";
import type { Connection } from "#hardware/ports.ts";
import { makeLinuxWorld } from "./linux-world.ts";

/** The system's socket below Node's. */
interface Handle {
  setNoDelay(on: boolean): number;
  getsockname(out: { port?: number }): number;
  getpeername(out: { port?: number }): number;
}

afterEach(() => void vi.restoreAllMocks());

/** Notes on which TCP connections the system is told to send small writes at once, as "local port > remote port". */
async function watchNoDelay(): Promise<ReadonlySet<string>> {
  const told = new Set<string>();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const prototype = Object.getPrototypeOf((server as unknown as { _handle: Handle })._handle) as Handle;
  await new Promise((resolve) => server.close(resolve));
  const original = prototype.setNoDelay;
  vi.spyOn(prototype, "setNoDelay").mockImplementation(function (this: Handle, on: boolean) {
    const [near, far]: { port?: number }[] = [{}, {}];
    this.getsockname(near ?? {});
    this.getpeername(far ?? {});
    if (on) told.add(`${near?.port} > ${far?.port}`);
    return original.call(this, on);
  });
  return told;
}

const endsOf = ({ localPort, remotePort }: Connection): string => `${localPort} > ${remotePort}`;

it("sets TCP_NODELAY on connections that it dials and on those that it accepts", async () => {
  const told = await watchNoDelay();
  const network = openLinuxNetwork();
  const accepted = Promise.withResolvers<Connection>();
  const listening = await network.listen({ address: "127.0.0.1", port: 0 }, accepted.resolve);
  if (!listening.ok) throw new Error(listening.detail);
  const { port } = listening.listener;
  const dialled = await network.dial({ address: "127.0.0.1", port }, { timeoutMs: 5_000 });
  if (!dialled.ok) throw new Error(dialled.detail);
  const far = await accepted.promise;
  expect([...told].toSorted()).toEqual([endsOf(dialled.connection), endsOf(far)].toSorted());
  dialled.connection.reset();
  await listening.listener.close();
});

it("sets TCP_NODELAY below TLS too", async () => {
  const told = await watchNoDelay();
  const world = await makeLinuxWorld();
  const target = { ...(await world.openTlsServer("good")), ...world.tls };
  const dialled = await world.dialer.dialTls(target, { timeoutMs: 5_000 });
  if (!dialled.ok) throw new Error(dialled.detail);
  expect(told).toContain(endsOf(dialled.connection));
  dialled.connection.reset();
  await world.close();
});

it("goes on listening when accepting fails time and again", async () => {
  let server: Server | undefined;
  const original = Server.prototype.listen;
  vi.spyOn(Server.prototype, "listen").mockImplementation(function (this: Server, ...args: unknown[]) {
    server = this;
    return (original as (...args: unknown[]) => Server).apply(this, args);
  } as typeof original);
  const network = openLinuxNetwork();
  const accepted = Promise.withResolvers<Connection>();
  const listening = await network.listen({ address: "127.0.0.1", port: 0 }, accepted.resolve);
  if (!listening.ok) throw new Error(listening.detail);
  const tooMany = () => Object.assign(new Error("accept EMFILE"), { code: "EMFILE" });
  for (let each = 0; each < 3; each++) expect(server?.emit("error", tooMany())).toBe(true);
  const { port } = listening.listener;
  const dialled = await network.dial({ address: "127.0.0.1", port }, { timeoutMs: 5_000 });
  if (!dialled.ok) throw new Error(dialled.detail);
  expect(((await accepted.promise).stream as Socket).remotePort).toBe(dialled.connection.localPort);
  dialled.connection.reset();
  await listening.listener.close();
});
