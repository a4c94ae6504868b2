// A bug in our own code costs the request or the connection in which it happens, never the process.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ClientLogin } from "#cloud-stub/broker/client-login.ts";
import { ClientSession } from "#cloud-stub/broker/client-session.ts";
import { PacketGate } from "#cloud-stub/broker/packet-gate.ts";
import { SmartRestHandler } from "#cloud-stub/broker/smartrest-handler.ts";
import { describeBug } from "#cloud-stub/bug.ts";
import { DeviceRegistry } from "#cloud-stub/devices/device-registry.ts";
import { RemoteAccess } from "#cloud-stub/remote-access/remote-access.ts";
import { openWebSocket, withEndpoint } from "./client-websocket.ts";
import { adminLogin, type HttpBench, startHttpBench } from "./http-bench.ts";

const unheard: unknown[] = [];
const hear = (error: unknown) => unheard.push(error);
beforeEach(() => {
  process.on("uncaughtException", hear).on("unhandledRejection", hear);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await new Promise((resolve) => setImmediate(resolve));
  process.off("uncaughtException", hear).off("unhandledRejection", hear);
  expect(unheard.splice(0)).toEqual([]);
});

const bug = () => {
  throw new TypeError(`cannot parse "hunter2"`);
};
const saysWhy = { level: "error", why: 'TypeError: cannot parse "…"' };

async function answers(bench: HttpBench): Promise<void> {
  expect((await bench.admin("GET", "/user/currentUser")).status).toBe(200);
  expect(JSON.stringify(bench.logLines)).not.toContain("hunter2");
}

test("an exception in a REST handler is a 500 without its words", async () => {
  await using bench = await startHttpBench();
  const { id } = await bench.registers("gw-1");
  vi.spyOn(DeviceRegistry.prototype, "get").mockImplementationOnce(bug);
  const answer = await bench.admin("GET", `/inventory/managedObjects/${id}`);
  expect(answer).toMatchObject({ status: 500, json: { error: "general/internalError" } });
  expect(answer.text).not.toContain("parse");
  expect(bench.logLines).toContainEqual(expect.objectContaining({ event: "http.error", ...saysWhy }));
  expect((await bench.admin("GET", `/inventory/managedObjects/${id}`)).status).toBe(200);
  await answers(bench);
});

test("an exception while an upgrade is taken is a 500 on that connection", async () => {
  await using bench = await startHttpBench();
  const { path } = await withEndpoint(bench);
  vi.spyOn(RemoteAccess.prototype, "handleUpgrade").mockImplementationOnce(bug);
  const broken = openWebSocket(bench, path, adminLogin);
  expect([await broken.status, await broken.error]).toEqual([500, "general/internalError"]);
  expect(bench.logLines).toContainEqual(expect.objectContaining({ event: "http.error", ...saysWhy }));
  expect(await openWebSocket(bench, path, adminLogin).status).toBe(101);
  await answers(bench);
});

test.each([
  ["handling a message", () => vi.spyOn(SmartRestHandler.prototype, "handle").mockImplementationOnce(bug)],
  ["queueing a message", () => vi.spyOn(ClientSession.prototype, "inTurn").mockImplementationOnce(bug)],
  ["looking at the bytes", () => vi.spyOn(PacketGate.prototype, "check").mockImplementationOnce(bug)],
])("an exception while %s costs that connection only", async (_what, break_) => {
  await using bench = await startHttpBench();
  const [one, other] = [await bench.registers("gw-1"), await bench.registers("gw-2")];
  const closed = new Promise<void>((resolve) => one.mqtt.once("close", () => resolve()));
  break_();
  one.mqtt.publish("s/us", "125", { qos: 1 });
  await closed;
  expect(bench.logLines).toContainEqual(expect.objectContaining({ event: "mqtt.error", ...saysWhy }));
  await other.mqtt.publishAsync("s/us", "110,1,2,3", { qos: 1 });
  expect(bench.cloud.status().mqttClients).toBe(1);
  await answers(bench);
});

test.each(["subscribed", "unsubscribed", "closed"] as const)(
  "an exception in what follows an MQTT packet costs that connection only: %s",
  async (method) => {
    await using bench = await startHttpBench();
    const [one, other] = [await bench.registers("gw-1"), await bench.registers("gw-2")];
    if (method === "unsubscribed") await one.mqtt.subscribeAsync("s/ds", { qos: 1 });
    const closed = new Promise<void>((resolve) => one.mqtt.once("close", () => resolve()));
    vi.spyOn(ClientSession.prototype, method).mockImplementationOnce(bug);
    if (method === "subscribed") one.mqtt.subscribe("s/ds", { qos: 1 });
    else if (method === "unsubscribed") one.mqtt.unsubscribe("s/ds");
    else one.mqtt.end(true);
    await closed;
    await expect.poll(() => bench.logLines.filter(({ event }) => event === "mqtt.error")).toHaveLength(1);
    expect(bench.logLines).toContainEqual(expect.objectContaining({ event: "mqtt.error", ...saysWhy }));
    await other.mqtt.publishAsync("s/us", "110,1,2,3", { qos: 1 });
    await answers(bench);
  },
);

test("an exception while a login is checked refuses that login", async () => {
  await using bench = await startHttpBench();
  const { mqtt } = await bench.registers("gw-1");
  vi.spyOn(ClientLogin.prototype, "check").mockImplementationOnce(bug);
  await expect(bench.registers("gw-2")).rejects.toThrow();
  expect(bench.logLines).toContainEqual(expect.objectContaining({ event: "mqtt.error", ...saysWhy }));
  await mqtt.publishAsync("s/us", "110,1,2,3", { qos: 1 });
  await answers(bench);
});

test.each([
  [`Unexpected token 'h', "hunter2 is"... is not valid JSON`, `Unexpected token "…", "…"... is not valid JSON`],
  ["no session 11111111-1111-4111-8111-111111111111 here", "no session … here"],
  [`an open "quote with hunter2`, `an open "…"`],
])("what a bug quotes stays out of the log: %s", (message, shown) => {
  const described = describeBug(new SyntaxError(message));
  expect(described.why).toBe(`SyntaxError: ${shown}`);
  expect(describeBug(message)).toEqual({ why: "something that is no Error was thrown" });
});
