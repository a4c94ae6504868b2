// Who may connect over MQTT, and as whom.
import { expect, test } from "vitest";
import { parseClientId } from "#cloud-stub/broker/client-identity.ts";
import { bootstrapPassword, startBench } from "./cloud-bench.ts";

test.each([
  ["gw-1", "gw-1"],
  ["d:gw-1", "gw-1"],
  ["d:gw-1:template", "gw-1"],
  ["", undefined],
  ["d:", undefined],
  ["x:gw-1", undefined],
  ["d:gw:1:template", undefined],
  ["gw 1", undefined],
  ["gw/1", undefined],
  ["gw+", undefined],
  ["#", undefined],
  ["a".repeat(101), undefined],
])("reads the client identifier %j as the device %j", (clientId, identifier) => {
  expect(parseClientId(clientId)).toBe(identifier);
});

test.each([
  { why: "a wrong password", clientId: "gw-1", user: "t1000/device_gw-1", password: "wrong", code: 4 },
  { why: "an unknown user", clientId: "gw-1", user: "t1000/device_gw-9", password: "pw-gw-1", code: 4 },
  { why: "another tenant", clientId: "gw-1", user: "t2/device_gw-1", password: "pw-gw-1", code: 4 },
  {
    why: "another device's client identifier",
    clientId: "gw-2",
    user: "t1000/device_gw-1",
    password: "pw-gw-1",
    code: 5,
  },
  { why: "a person's account", clientId: "admin", user: "t1000/admin", password: "correct horse", code: 5 },
  { why: "a client identifier that is none", clientId: "a b", user: "t1000/device_gw-1", password: "pw-gw-1", code: 2 },
])("refuses $why with CONNACK code $code", async ({ clientId, user, password, code }) => {
  await using bench = await startBench();
  await bench.addDeviceLogin("gw-1");
  await bench.addDeviceLogin("gw-2");
  await expect(bench.connect({ clientId, user, password })).rejects.toMatchObject({ code });
  expect(bench.broker.clients).toBe(0);
});

test("a newer connection of a device closes the older one, however it spells its client identifier", async () => {
  await using bench = await startBench();
  const older = await bench.device("gw-1");
  const newer = await bench.connect({ clientId: "d:gw-1:tpl", user: "t1000/device_gw-1", password: "pw-gw-1" });
  await older.closed;
  await newer.publish("s/us", "125");
  const device = await bench.devices.byExternalId("gw-1");
  expect(bench.devices.isOnline(device!.id)).toBe(true);
  expect(bench.broker.clients).toBe(1);
});

test("a client that knows only the bootstrap password cannot push a device off", async () => {
  await using bench = await startBench();
  const device = await bench.device("gw-1");
  await bench.connect({ clientId: "gw-1", user: "management/devicebootstrap", password: bootstrapPassword });
  await device.publish("s/us", "125");
  expect(bench.broker.clients).toBe(2);
});

test("a device is online from its 100 to the end of its connection", async () => {
  await using bench = await startBench();
  const client = await bench.device("gw-1");
  const device = await bench.devices.byExternalId("gw-1");
  expect(bench.devices.isOnline(device!.id)).toBe(true);
  const offline = new Promise<boolean>((resolve) => bench.devices.watchConnection(device!.id, resolve));
  client.mqtt.stream.destroy();
  expect(await offline).toBe(false);
  expect(bench.logLines).toContainEqual(expect.objectContaining({ event: "device.disconnected", device: "gw-1" }));
});

test("after ten wrong passwords further tries are put off without a look at the password", async () => {
  await using bench = await startBench();
  await bench.addDeviceLogin("gw-1");
  const attempt = (password: string) => bench.connect({ clientId: "gw-1", user: "t1000/device_gw-1", password });
  for (let count = 0; count < 10; count++) await expect(attempt("wrong")).rejects.toMatchObject({ code: 4 });
  const hashes = bench.hasher.count;
  await expect(attempt("pw-gw-1")).rejects.toMatchObject({ code: 3 });
  expect(bench.hasher.count).toBe(hashes);
  bench.clock.advance(60_000);
  await attempt("pw-gw-1");
});

test("a message above the limit ends the connection before it fills memory", async () => {
  await using bench = await startBench();
  const client = await bench.device("gw-1");
  client.mqtt.publish("s/us", `400,c8y_Test,"${"x".repeat(20_000)}"`, { qos: 0 });
  await client.closed;
  expect(bench.logLines).toContainEqual(expect.objectContaining({ event: "mqtt.refused", why: "packet-too-large" }));
});

test("a client that floods is cut off", async () => {
  await using bench = await startBench();
  const client = await bench.device("gw-1");
  for (let count = 0; count < 1_100; count++) client.mqtt.publish("s/us", "125", { qos: 0 });
  await client.closed;
  expect(bench.logLines).toContainEqual(expect.objectContaining({ event: "mqtt.refused", why: "too-many-packets" }));
});
