// Nobody can take all the places by saying nothing, or by saying it slowly; who has logged in is not in the way.

import { connect as connectTcp, type Socket } from "node:net";
import { type Duplex, duplexPair } from "node:stream";
import { connect as connectTls } from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import { ArrivalCount } from "#cloud-stub/arrival-count.ts";
import { connectionsWithoutLoginPerAddressMax } from "#cloud-stub/broker/broker.ts";
import { ensureCertificates } from "#cloud-stub/certificates/certificates.ts";
import { httpWithoutLogin } from "#cloud-stub/cloud.ts";
import { openListeners } from "#cloud-stub/listeners.ts";
import type { Peer } from "#cloud-stub/peer.ts";
import { createVault } from "#cloud-stub/remote-access/vault.ts";
import { openStore } from "#cloud-stub/store/store.ts";
import { linuxClock } from "#hardware/linux/clock.ts";
import { secureRandom } from "./cloud-bench.ts";
import { adminLogin, type HttpBench, httpPeer, startHttpBench } from "./http-bench.ts";

const from = (address: string): Peer => ({ ...httpPeer, address });

interface Connection {
  readonly near: Duplex;
  received(): string;
}

function opens(serve: (far: Duplex) => void): Connection {
  const [near, far] = duplexPair();
  near.once("close", () => far.destroy());
  far.once("close", () => near.destroy());
  near.on("error", () => {});
  let text = "";
  near.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
  });
  serve(far);
  return { near, received: () => text };
}

const opensHttp = (bench: HttpBench, address: string) => opens((far) => bench.cloud.handleHttp(far, from(address)));
const opensMqtt = (bench: HttpBench, address: string) => opens((far) => bench.cloud.handleMqtt(far, from(address)));
const isGone = ({ near }: Connection) => expect.poll(() => near.destroyed, { interval: 1 }).toBe(true);
const currentUser = (login: Readonly<Record<string, string>>) =>
  `GET /user/currentUser HTTP/1.1\r\nhost: localhost:8080\r\nauthorization: ${login["authorization"]}\r\n\r\n`;

describe("HTTP connections without a login", () => {
  test("of one address have a limit, which others and those that logged in do not feel", async () => {
    await using bench = await startHttpBench();
    const known = opensHttp(bench, "192.0.2.1");
    known.near.write(currentUser(adminLogin));
    await expect.poll(known.received, { interval: 1 }).toMatch(/^HTTP\/1\.1 200 /);
    const silent = Array.from({ length: httpWithoutLogin.perAddressMax }, () => opensHttp(bench, "192.0.2.1"));
    for (let count = 0; count < 3; count++) await isGone(opensHttp(bench, "192.0.2.1"));
    expect(silent.filter(({ near }) => near.destroyed)).toEqual([]);
    // A flood does not fill the log too.
    expect(bench.logLines.filter(({ why }) => why === "too-many-connections-of-address")).toMatchObject([
      { event: "http.refused", address: "192.0.2.1" },
    ]);
    const elsewhere = opensHttp(bench, "192.0.2.2");
    elsewhere.near.write(currentUser({ authorization: "Basic wrong" }));
    await expect.poll(elsewhere.received, { interval: 1 }).toMatch(/^HTTP\/1\.1 401 /);
    known.near.write(currentUser(adminLogin));
    await expect.poll(() => known.received().match(/HTTP\/1\.1 200 /g), { interval: 1 }).toHaveLength(2);
    silent[0]!.near.destroy();
    await new Promise((resolve) => setImmediate(resolve));
    const next = opensHttp(bench, "192.0.2.1");
    next.near.write(currentUser(adminLogin));
    await expect.poll(next.received, { interval: 1 }).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("a wrong login keeps its place among them", async () => {
    await using bench = await startHttpBench();
    const wrong = opensHttp(bench, "192.0.2.1");
    wrong.near.write(currentUser({ authorization: "Basic d3Jvbmc6d3Jvbmc=" }));
    await expect.poll(wrong.received, { interval: 1 }).toMatch(/^HTTP\/1\.1 401 /);
    for (let count = 1; count < httpWithoutLogin.perAddressMax; count++) opensHttp(bench, "192.0.2.1");
    await isGone(opensHttp(bench, "192.0.2.1"));
  });
});

test("MQTT connections without a login of one address have a limit, which gateways that logged in do not feel", async () => {
  await using bench = await startHttpBench();
  // From 127.0.0.1, as all that follow.
  const { mqtt } = await bench.registers("gw-1");
  const silent = Array.from({ length: connectionsWithoutLoginPerAddressMax }, () => opensMqtt(bench, "127.0.0.1"));
  for (let count = 0; count < 3; count++) await isGone(opensMqtt(bench, "127.0.0.1"));
  expect(silent.filter(({ near }) => near.destroyed)).toEqual([]);
  expect(bench.logLines.filter(({ event }) => event === "mqtt.refused")).toMatchObject([
    { why: "too-many-connections-of-address", address: "127.0.0.1" },
  ]);
  await mqtt.publishAsync("s/us", "110,1,2,3", { qos: 1 });
  expect(opensMqtt(bench, "192.0.2.2").near.destroyed).toBe(false);
  silent[0]!.near.destroy();
  await new Promise((resolve) => setImmediate(resolve));
  await bench.registers("gw-2");
  expect(bench.cloud.status().mqttClients).toBe(2);
});

describe("a request that comes a byte at a time", () => {
  /** Sends a byte every 5 s until the connection is gone; how long that took. */
  async function trickles(bench: HttpBench, { near }: Connection, text: string): Promise<number> {
    let ms = 0;
    for (const byte of text) {
      if (near.destroyed || near.readableEnded) break;
      near.write(byte);
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
      bench.clock.advance(5_000);
      ms += 5_000;
    }
    return ms;
  }
  const headers = `POST /user/t1000/users HTTP/1.1\r\nhost: localhost:8080\r\nauthorization: ${adminLogin["authorization"]}\r\n`;

  test("has 30 s for its first headers", async () => {
    await using bench = await startHttpBench();
    const connection = opensHttp(bench, "192.0.2.1");
    expect(await trickles(bench, connection, headers)).toBeLessThanOrEqual(35_000);
    expect(connection.near.destroyed).toBe(true);
  });

  test("has 60 s for its body, and is told", async () => {
    await using bench = await startHttpBench();
    const connection = opensHttp(bench, "192.0.2.1");
    connection.near.write(`${headers}content-type: application/json\r\ncontent-length: 1000\r\n\r\n`);
    expect(await trickles(bench, connection, `{"userName":"${"e".repeat(900)}`)).toBeLessThanOrEqual(70_000);
    expect(connection.received()).toMatch(/^HTTP\/1\.1 408 /);
    bench.clock.advance(2_000);
    await isGone(connection);
    expect(bench.logLines).toContainEqual(expect.objectContaining({ status: 408, address: "192.0.2.1" }));
    expect((await bench.admin("GET", "/user/currentUser")).status).toBe(200);
  });

  test("has 150 s for the headers of a later request on its connection", async () => {
    await using bench = await startHttpBench();
    const connection = opensHttp(bench, "192.0.2.1");
    connection.near.write(currentUser(adminLogin));
    await expect.poll(connection.received, { interval: 1 }).toMatch(/^HTTP\/1\.1 200 /);
    expect(await trickles(bench, connection, headers)).toBeLessThanOrEqual(160_000);
    expect(connection.near.destroyed).toBe(true);
  });

  test("a body that takes its time within the limit is read, and its answer has no limit of these", async () => {
    await using bench = await startHttpBench();
    const connection = opensHttp(bench, "192.0.2.1");
    const body = JSON.stringify({ userName: "eve", password: "long enough" });
    connection.near.write(`${headers}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`);
    connection.near.write(body.slice(0, 10));
    await new Promise((resolve) => setImmediate(resolve));
    bench.clock.advance(59_000);
    connection.near.write(body.slice(10));
    await expect.poll(connection.received, { interval: 1 }).toMatch(/^HTTP\/1\.1 201 /);
    connection.near.destroy();
  });
});

test("arrivals are counted altogether too, and a place is given back once", () => {
  const count = new ArrivalCount({ max: 2, perAddressMax: 2 });
  const first = count.enter("a");
  count.enter("b");
  expect(count.enter("c")).toEqual({ why: "too-many-connections", isFirst: true });
  expect(count.enter("d")).toEqual({ why: "too-many-connections", isFirst: false });
  if ("leave" in first) {
    first.leave();
    first.leave();
  }
  expect(count.enter("c")).toHaveProperty("leave");
  expect(count.enter("c")).toEqual({ why: "too-many-connections", isFirst: true });
});

describe("TLS handshakes", () => {
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  const opened = (socket: Socket, event: string) =>
    new Promise<boolean>((resolve) => {
      sockets.push(socket);
      socket.once(event, () => resolve(true));
      socket.once("error", () => resolve(false));
      socket.once("close", () => resolve(false));
    });

  test("that are under way have a limit; those that are done are not counted", async () => {
    const store = openStore(":memory:");
    const vault = createVault(new Uint8Array(32).fill(7), secureRandom);
    const { server, authority } = await ensureCertificates({
      store,
      vault,
      clock: linuxClock,
      random: secureRandom,
      names: ["localhost"],
    });
    const warnings: unknown[] = [];
    const log = { info: () => {}, warn: (event: string, fields?: object) => warnings.push({ event, ...fields }) };
    const free = { port: 0, isExplicit: false };
    const listeners = await openListeners({
      listen: "127.0.0.1",
      http: free,
      https: free,
      mqtts: free,
      server,
      log: { ...log, error: () => {} },
      handshakes: { max: 10, perAddressMax: 2 },
    });
    const held: Duplex[] = [];
    const hold = (stream: Duplex) => void held.push(stream.on("error", () => {}));
    const program = { handleHttp: hold, handleMqtt: hold, watchDeviceAuthorities: () => {} };
    listeners.serve(program as unknown as Parameters<typeof listeners.serve>[0]);
    const { https, mqtts } = listeners.ports;
    const secures = (port: number) =>
      opened(connectTls({ port, host: "127.0.0.1", servername: "localhost", ca: authority }), "secureConnect");
    for (const [index, port] of [https, mqtts, https, mqtts].entries()) {
      expect(await secures(port)).toBe(true);
      // A client is done before the server has its last message.
      await expect.poll(() => held, { interval: 1 }).toHaveLength(index + 1);
    }
    const silent = [https, mqtts].map((port) => connectTcp({ port, host: "127.0.0.1" }));
    for (const socket of silent) expect(await opened(socket, "connect")).toBe(true);
    await expect.poll(() => secures(https)).toBe(false);
    expect(warnings).toContainEqual({
      event: "tls.refused",
      why: "too-many-connections-of-address",
      address: "127.0.0.1",
    });
    silent[1]!.destroy();
    await expect.poll(() => secures(mqtts)).toBe(true);
    await listeners.close();
    store.close();
  });
});
