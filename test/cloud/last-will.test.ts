// Last wills: carried out as if the device had sent them when its connection ends without a word, and only then.
import { expect, test } from "vitest";
import { type CloudBench, startBench } from "./cloud-bench.ts";

const login = (password: string) => ({ clientId: "gw-1", user: "t1000/device_gw-1", password });

/** A device with its managed object and no connection. */
async function registered(bench: CloudBench): Promise<{ readonly id: string; readonly password: string }> {
  const client = await bench.device("gw-1");
  await client.end();
  const device = await bench.devices.byExternalId("gw-1");
  await expect.poll(() => bench.devices.isOnline(device!.id)).toBe(false);
  return { id: device!.id, password: "pw-gw-1" };
}

const texts = async (bench: CloudBench, deviceId: string) =>
  (await bench.events.list({ deviceId, skip: 0, take: 10 })).events.map(({ type, text }) => `${type}: ${text}`);

test("a connection that breaks leaves the will's event, and counts as heard", async () => {
  await using bench = await startBench();
  const { id, password } = await registered(bench);
  const client = await bench.connect({ ...login(password), will: "400,c8y_GatewayOffline,Gone" });
  expect(bench.devices.isOnline(id)).toBe(true);
  bench.clock.advance(60_000);
  client.mqtt.stream.destroy();
  await expect.poll(() => texts(bench, id)).toEqual(["c8y_GatewayOffline: Gone"]);
  expect(bench.devices.isOnline(id)).toBe(false);
  expect((await bench.devices.get(id))?.lastMessageAtMs).toBe(bench.clock.nowMs());
});

test("a connection that ends with DISCONNECT leaves none", async () => {
  await using bench = await startBench();
  const { id, password } = await registered(bench);
  const client = await bench.connect({ ...login(password), will: "400,c8y_GatewayOffline,Gone" });
  await client.publish("s/us", "125");
  await client.mqtt.endAsync(false);
  await expect.poll(() => bench.devices.isOnline(id)).toBe(false);
  // A second connection is served after everything that the first one left.
  const next = await bench.connect(login(password));
  await next.publish("s/us", "125");
  expect(await texts(bench, id)).toEqual([]);
});

test("a newer connection of the same name pushes the older one out, whose will is carried out", async () => {
  await using bench = await startBench();
  const { id, password } = await registered(bench);
  const older = await bench.connect({ ...login(password), will: "400,c8y_GatewayOffline,Pushed out" });
  const newer = await bench.connect({ ...login(password), clientId: "d:gw-1" });
  await older.closed;
  await expect.poll(() => texts(bench, id)).toEqual(["c8y_GatewayOffline: Pushed out"]);
  expect(bench.devices.isOnline(id)).toBe(true);
  await newer.publish("s/us", "125");
});

test.each([
  { what: "on a topic of the platform's own", willTopic: "s/ds", will: "530,gw-1,127.0.0.1,22,key" },
  { what: "on another device's topic", willTopic: "s/us/gw-2", will: "400,c8y_Intruder,From elsewhere" },
  { what: "that is garbage", willTopic: "s/us", will: '400,"never closed' },
])("a will $what does nothing", async ({ willTopic, will }) => {
  await using bench = await startBench();
  const { id, password } = await registered(bench);
  await bench.device("gw-2");
  const client = await bench.connect({ ...login(password), willTopic, will });
  client.mqtt.stream.destroy();
  await expect.poll(() => bench.devices.isOnline(id)).toBe(false);
  await bench.connect(login(password)).then((next) => next.publish("s/us", "125"));
  expect((await bench.events.list({ skip: 0, take: 10 })).events).toEqual([]);
});

test("the will of a device that was removed is not carried out", async () => {
  await using bench = await startBench();
  const { id, password } = await registered(bench);
  const client = await bench.connect({ ...login(password), will: "400,c8y_GatewayOffline,Gone" });
  await bench.devices.remove(id);
  bench.broker.disconnect("gw-1");
  await client.closed;
  expect((await bench.events.list({ skip: 0, take: 10 })).events).toEqual([]);
});
