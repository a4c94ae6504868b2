// A stop is over soon, whatever the connections of the cloud are in the middle of.
import { duplexPair } from "node:stream";
import { expect, test } from "vitest";
import { loopbackPeer } from "./cloud-bench.ts";
import { adminLogin, httpPeer, startHttpBench } from "./http-bench.ts";

const head = (method: string, path: string, more = "") =>
  `${method} ${path} HTTP/1.1\r\nHost: localhost:8080\r\nAuthorization: ${adminLogin["authorization"]}\r\n${more}\r\n`;

test.each([
  { what: "that has said nothing", bytes: "" },
  { what: "in the middle of its headers", bytes: "GET /tenant/loginOptions HTTP/1.1\r\nHost: loc" },
  {
    what: "in the middle of its body",
    bytes: head("POST", "/devicecontrol/operations", "Content-Type: application/json\r\nContent-Length: 100\r\n"),
  },
  { what: "that is kept alive after an answer", bytes: head("GET", "/user/currentUser") },
  {
    what: "with a refused upgrade that it does not close",
    bytes: head("GET", "/nowhere", "Connection: upgrade\r\nUpgrade: websocket\r\n"),
  },
])("an HTTP connection $what does not hold a stop up", async ({ bytes }) => {
  const bench = await startHttpBench();
  const [near, far] = duplexPair();
  near.on("error", () => {});
  bench.cloud.handleHttp(far, httpPeer);
  near.write(bytes);
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  const limit = new Promise((resolve) => setTimeout(() => resolve("too long"), 2_000).unref());
  expect(await Promise.race([bench.cloud.stop(), limit])).toBeUndefined();
  expect(far.destroyed).toBe(true);
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(bench.clock.pending).toBe(0);
});

test("MQTT connections without a login do not hold a stop up", async () => {
  const bench = await startHttpBench();
  const [near, far] = duplexPair();
  near.on("error", () => {});
  bench.cloud.handleMqtt(far, loopbackPeer);
  const limit = new Promise((resolve) => setTimeout(() => resolve("too long"), 2_000).unref());
  expect(await Promise.race([bench.cloud.stop(), limit])).toBeUndefined();
  expect(far.destroyed).toBe(true);
});
