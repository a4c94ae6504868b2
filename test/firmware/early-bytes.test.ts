// What the cloud says while the panel is still being dialled: it is read at once, kept within a bound, and not lost.
import { expect, test } from "vitest";
import { earlyBytesMax } from "#firmware/tunnel/early-messages.ts";
import { heldBytesMax } from "#firmware/tunnel/forwarder.ts";
import { blackHole } from "#simulator/faults/black-hole.ts";
import { latency } from "#simulator/faults/latency.ts";
import { SmallSite } from "./small-site.ts";

/** A site whose cloud side stands while the panel does not answer. */
async function waitingForPanel(): Promise<SmallSite> {
  const site = await SmallSite.start();
  site.network.link("gateway", "panel").apply(blackHole());
  site.requests("1");
  await site.until("the websocket", () => site.cloud.webSockets.length === 1);
  await site.clock.advance(100);
  return site;
}

test.each([
  { word: "client.closed", code: 1000, text: "client.closed" },
  { word: "client.closed", code: 1000, text: "" },
  { word: "endpoint.removed", code: 4043, text: "endpoint.removed" },
  { word: "cloud.lost", code: 1001, text: "" },
])("stops dialling the panel when the cloud closes with $code $text", async ({ word, code, text }) => {
  await using site = await waitingForPanel();
  const closedAtMs = site.clock.monotonicMs();
  site.cloud.webSockets[0]?.close(code, text);
  await site.until("the end", () => site.events("tunnel.closed").length === 1, 5_000);
  expect(site.clock.monotonicMs() - closedAtMs).toBeLessThan(1_000);
  expect(site.events("tunnel.closed")).toMatchObject([{ reason: word, wasOpen: false }]);
  await site.until("FAILED", () => site.cloud.reports.some((each) => each.startsWith(`505,1,`)));
  expect(site.cloud.reports[1]).toContain(word);
  await site.clock.advance(100);
  expect(site.network.openConnections().filter((name) => /panel|8443/.test(name))).toEqual([]);
});

test("stops dialling the panel when the cloud's connection breaks", async () => {
  await using site = await waitingForPanel();
  site.cloud.webSockets[0]?.terminate();
  await site.until("the end", () => site.events("tunnel.closed").length === 1, 5_000);
  expect(site.events("tunnel.closed")).toMatchObject([{ reason: "cloud.lost" }]);
});

test("hands the panel what came before it stood, in order, with what comes after", async () => {
  await using site = await SmallSite.start();
  let got = "";
  await site.panelListens(5900, ({ stream }) => stream.on("data", (chunk) => (got += chunk)));
  site.network.link("gateway", "panel").apply(latency(1_500));
  site.requests("1");
  const webSocket = await site.until("the websocket", () => site.cloud.webSockets[0]);
  for (const word of ["one ", "two ", "three "]) webSocket.send(Buffer.from(word));
  await site.clock.advance(500);
  expect(site.gateway.status().tunnels).toMatchObject([{ bytesUp: 0 }]);
  expect(site.gateway.status().tunnels[0]?.heldBytes).toBeGreaterThanOrEqual(14);
  await site.until("SUCCESSFUL", () => site.cloud.reports.includes("506,1"));
  webSocket.send(Buffer.from("four"));
  await site.until("all of it", () => got === "one two three four");
  expect(site.gateway.status().tunnels).toMatchObject([{ bytesUp: 18 }]);
});

test("reads no more than it may keep, and loses none of what waits beyond", async () => {
  await using site = await SmallSite.start();
  const sent = Buffer.alloc(4_000_000);
  for (let at = 0; at < sent.length; at += 4) sent.writeUInt32LE(at, at);
  const got: Buffer[] = [];
  await site.panelListens(5900, ({ stream }) => stream.on("data", (chunk) => got.push(chunk)));
  site.network.link("gateway", "panel").apply(latency(4_000));
  site.requests("1");
  const webSocket = await site.until("the websocket", () => site.cloud.webSockets[0]);
  for (let at = 0; at < sent.length; at += 30_000) webSocket.send(sent.subarray(at, at + 30_000));
  let most = 0;
  while (!site.cloud.reports.includes("506,1")) {
    await site.clock.advance(100);
    most = Math.max(most, site.gateway.status().tunnels[0]?.heldBytes ?? 0);
  }
  expect(most).toBeGreaterThan(earlyBytesMax);
  expect(most).toBeLessThan(heldBytesMax);
  await site.until("all of it", () => Buffer.concat(got).length === sent.length, 600_000);
  expect(Buffer.concat(got).equals(sent)).toBe(true);
});

test("a text frame that comes early ends the tunnel as one that comes later does", async () => {
  await using site = await SmallSite.start();
  await site.panelListens(5900, ({ stream }) => stream.resume().on("end", () => stream.end()));
  site.network.link("gateway", "panel").apply(latency(1_000));
  site.requests("1");
  const webSocket = await site.until("the websocket", () => site.cloud.webSockets[0]);
  webSocket.send("text");
  await site.until("the end", () => site.events("tunnel.closed").length === 1);
  expect(site.events("tunnel.closed")).toMatchObject([{ reason: "internal.error" }]);
});
