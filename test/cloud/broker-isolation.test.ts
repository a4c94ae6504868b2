// Devices never reach each other, whatever they subscribe to or publish.
import { expect, test } from "vitest";
import { NullEmitter } from "#cloud-stub/broker/null-emitter.ts";
import { startBench } from "./cloud-bench.ts";

const foreignFilters = [
  "#",
  "+",
  "s/#",
  "s/+",
  "+/ds",
  "+/+",
  "$SYS/#",
  "s/us",
  "s/ucr",
  "s/dcr",
  "s/ds/victim",
  "devicecontrol/#",
  "devicecontrol/+",
  "inventory/managedObjects/update/victim",
  "$share/group/s/ds",
];

test.each(foreignFilters)("refuses a subscription to %s with SUBACK 0x80", async (filter) => {
  await using bench = await startBench();
  const thief = await bench.device("thief");
  expect(await thief.subscribe(filter)).toBe(128);
});

test.each(["s/ds", "s/e", "devicecontrol/notifications", "s/dat", "error", "s/dcr"])(
  "ends the connection of a device that publishes to %s, and nobody gets it",
  async (topic) => {
    await using bench = await startBench();
    const victim = await bench.device("victim");
    for (const filter of ["s/ds", "s/e", "devicecontrol/notifications", "s/dat", "error"]) {
      expect(await victim.subscribe(filter)).toBe(1);
    }
    const attacker = await bench.device("attacker");
    attacker.mqtt.publish(topic, "530,victim,192.0.2.1,5900,forged", { qos: 0 });
    await attacker.closed;
    // A message of its own that comes back shows that whatever was under way before it has come.
    await victim.publish("s/us", "123");
    await victim.next("s/ds");
    expect(victim.received).toEqual([{ topic: "s/ds", text: expect.stringMatching(/^124,/), qos: 1 }]);
  },
);

test.each(["$SYS/postern/x", "a/b", "s/us/child/grandchild", "s/uc", "s"])(
  "ends the connection of a device that publishes to the unknown topic %s",
  async (topic) => {
    await using bench = await startBench();
    const client = await bench.device("gw-1");
    client.mqtt.publish(topic, "x", { qos: 0 });
    await client.closed;
    expect(bench.logLines).toContainEqual(expect.objectContaining({ event: "smartrest.refused", device: "gw-1" }));
  },
);

test("a device that subscribes to everything and publishes to s/ds gets nothing and reaches nobody", async () => {
  await using bench = await startBench();
  const victim = await bench.device("victim");
  await victim.subscribe("s/ds");
  const thief = await bench.device("thief");
  for (const filter of ["#", "s/#", "+/ds"]) expect(await thief.subscribe(filter)).toBe(128);
  await thief.subscribe("s/ds");
  await bench.operations.create({
    deviceId: idOf(await bench.devices.byExternalId("victim")),
    description: "d",
    fragments: { c8y_RemoteAccessConnect: { hostname: "192.0.2.10", port: 5900, connectionKey: "the-key" } },
    userName: "admin",
  });
  expect(await victim.next("s/ds")).toBe("530,victim,192.0.2.10,5900,the-key");
  // Its own answer shows that whatever was on its way to the thief before it has come.
  await thief.publish("s/us", "123");
  expect(await thief.next("s/ds")).toMatch(/^124,/);
  expect(thief.received).toHaveLength(1);
  thief.mqtt.publish("s/ds", "530,victim,192.0.2.66,22,forged");
  await thief.closed;
  await victim.publish("s/us", "123");
  expect(await victim.next("s/ds")).toMatch(/^124,/);
  expect(thief.received).toHaveLength(1);
});

test("a retained message reaches nobody who subscribes later", async () => {
  await using bench = await startBench();
  const first = await bench.device("gw-1");
  await first.mqtt.publishAsync("s/us", "125", { qos: 1, retain: true });
  const second = await bench.device("gw-2");
  expect(await second.subscribe("s/dc/#")).toBe(1);
  expect(await second.subscribe("s/ds")).toBe(1);
  await second.publish("s/us", "123");
  await second.next("s/ds");
  expect(second.received).toHaveLength(1);
});

test("a session that asks to be kept is no mailbox for what other devices publish", async () => {
  await using bench = await startBench();
  await bench.device("thief");
  const login = { clientId: "thief", user: "t1000/device_thief", password: "pw-thief", clean: false };
  const thief = await bench.connect(login);
  // aedes stores every filter of a packet of which one is granted, for sessions that are kept.
  const granted = await new Promise((resolve) => {
    thief.mqtt.subscribe({ "s/ds": { qos: 1 }, "#": { qos: 1 } }, (_error, _granted, packet) =>
      resolve(packet?.granted),
    );
  });
  expect(granted).toEqual([1, 128]);
  await thief.end();
  const victim = await bench.device("victim");
  await victim.publish("s/us", "400,c8y_Secret,of the victim");
  const again = await bench.connect(login);
  await again.publish("s/us", "125");
  expect(again.received).toEqual([]);
});

test("the broker's emitter hands nothing on, whatever was subscribed", async () => {
  const emitter = new NullEmitter();
  const heard: unknown[] = [];
  await new Promise<void>((resolve) => emitter.on("#", (packet: unknown) => heard.push(packet), resolve));
  await new Promise<void>((resolve) => emitter.emit({ topic: "s/us" }, resolve));
  await new Promise<void>((resolve) => emitter.removeListener("#", undefined, resolve));
  await new Promise<void>((resolve) => emitter.close(resolve));
  expect(heard).toEqual([]);
});

test("the bootstrap client may only use s/ucr, s/dcr and s/e", async () => {
  await using bench = await startBench();
  const client = await bench.connect({
    clientId: "new-1",
    user: "management/devicebootstrap",
    password: "bootstrap battery",
  });
  for (const filter of ["s/ds", "devicecontrol/notifications", "#", "s/dat"]) {
    expect(await client.subscribe(filter)).toBe(128);
  }
  expect(await client.subscribe("s/dcr")).toBe(1);
  client.mqtt.publish("s/us", "100,new-1,x");
  await client.closed;
  expect(await bench.devices.byExternalId("new-1")).toBeUndefined();
});

function idOf(device: { readonly id: string } | undefined): string {
  if (device === undefined) throw new Error("the device must exist");
  return device.id;
}
