// What a device with a valid login may not do to the cloud: come back after its removal, leak keys, hold everybody up.
import { duplexPair } from "node:stream";
import { MqttClient } from "mqtt";
import { expect, test, vi } from "vitest";
import { type CloudBench, loopbackPeer, startBench } from "./cloud-bench.ts";
import { startHttpBench } from "./http-bench.ts";

const connect = "c8y_RemoteAccessConnect";
const keys = ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"] as const;

async function makesTunnels(bench: CloudBench): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const connectionKey of keys) {
    const fragments = { [connect]: { hostname: "192.0.2.10", port: 5900, connectionKey } };
    const { id } = await bench.operations.create({ deviceId: "1001", description: "d", fragments, userName: "admin" });
    await bench.operations.setStatus(id, "EXECUTING");
    ids.push(id);
  }
  return ids;
}

test.each([
  { line: `502,${connect},cannot open wss://cloud.example/service/remoteaccess/device/${keys[1]}` },
  { line: `507,${connect},cannot open ${keys[0].toUpperCase()} and ${keys[1]}` },
])("the key of another operation is masked too: $line", async ({ line }) => {
  await using bench = await startBench();
  const client = await bench.device("gw-1");
  const ids = await makesTunnels(bench);
  await client.publish("s/us", line);
  const failed = await bench.operations.get(ids[0]!);
  expect(failed?.failureReason).toMatch(/^cannot open .*\*\*\*/);
  const { records } = await bench.audit.list({ skip: 0, take: 100 });
  for (const key of keys) expect(JSON.stringify([failed, records]).toLowerCase()).not.toContain(key);
});

test("an event that quotes the address of a tunnel is stored without the key", async () => {
  await using bench = await startBench();
  const client = await bench.device("gw-1");
  await makesTunnels(bench);
  const text = `closed wss://cloud.example/service/remoteaccess/device/${keys[0]} and ${keys[1]}`;
  await client.publish("s/us", `400,c8y_RemoteAccessClosed,${text}`);
  const { events } = await bench.events.list({ skip: 0, take: 5 });
  expect(events[0]?.text).toBe("closed wss://cloud.example/service/remoteaccess/device/*** and ***");
});

test("a device that is removed does not come back through its last will", async () => {
  await using bench = await startHttpBench();
  const { id, password, mqtt } = await bench.registers("gw-1");
  await mqtt.endAsync();
  const [near, far] = duplexPair();
  far.once("close", () => near.destroy());
  bench.cloud.handleMqtt(far, loopbackPeer);
  const again = new MqttClient(() => near, {
    clientId: "gw-1",
    username: "t1000/device_gw-1",
    password,
    protocolVersion: 4,
    reconnectPeriod: 0,
    keepalive: 0,
    will: { topic: "s/us", payload: Buffer.from("100,ghost,ghost"), qos: 1, retain: false },
  });
  again.on("error", () => {});
  await new Promise<void>((resolve) => again.once("connect", () => resolve()));
  const closed = new Promise<void>((resolve) => again.once("close", () => resolve()));
  expect((await bench.admin("DELETE", `/inventory/managedObjects/${id}`)).status).toBe(204);
  await closed;
  await vi.waitFor(() => expect(bench.cloud.status().mqttClients).toBe(0));
  const { status } = await bench.admin("GET", "/identity/externalIds/c8y_Serial/gw-1");
  expect(status).toBe(404);
  expect(bench.logLines.filter(({ level }) => level === "error")).toEqual([]);
  await again.endAsync(true);
});

test("a device whose login is taken away while it logs in does not come in", async () => {
  await using bench = await startBench();
  const password = await bench.addDeviceLogin("gw-1");
  const verify = bench.hasher.verify;
  bench.hasher.verify = async (given, stored) => {
    await bench.accounts.removeOfDevice("gw-1");
    return verify(given, stored);
  };
  const login = bench.connect({ clientId: "gw-1", user: "t1000/device_gw-1", password });
  await expect(login).rejects.toThrow();
  expect(bench.broker.clients).toBe(0);
});

test("one payload of many messages leaves the others their turns", async () => {
  await using bench = await startBench();
  const loud = await bench.device("loud");
  let turns = 0;
  const count = () => {
    turns += 1;
    counter = setImmediate(count);
  };
  let counter = setImmediate(count);
  await loud.publish("s/us", "400,c8y_Noise\n".repeat(1_000));
  clearImmediate(counter);
  expect(turns).toBeGreaterThan(500);
  expect((await bench.events.list({ skip: 0, take: 1 })).total).toBe(1_000);
});

test("a device that sends nothing but nonsense does not fill the log", async () => {
  await using bench = await startBench();
  const loud = await bench.device("loud");
  await loud.publish("s/us", "999\n".repeat(1_000));
  const refused = bench.logLines.filter(({ event }) => event === "smartrest.refused");
  expect(refused).toHaveLength(100);
  expect(refused.at(-1)).toMatchObject({
    device: "loud",
    why: expect.stringMatching(/; more on this connection is not logged$/),
  });
});
