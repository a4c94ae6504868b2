// What SmartREST messages do, in which order, and how wrong ones are answered.
import { expect, test, vi } from "vitest";
import { startBench } from "./cloud-bench.ts";

test("before the managed object exists s/ds, s/dat and devicecontrol/notifications are refused, afterwards granted", async () => {
  await using bench = await startBench();
  const password = await bench.addDeviceLogin("gw-1");
  const client = await bench.connect({ clientId: "gw-1", user: "t1000/device_gw-1", password });
  for (const filter of ["s/ds", "s/dat", "devicecontrol/notifications"]) {
    expect(await client.subscribe(filter)).toBe(128);
  }
  expect(await client.subscribe("s/e")).toBe(1);
  await client.publish("s/us", "100,Line 3,postern-gateway");
  for (const filter of ["s/ds", "s/dat", "devicecontrol/notifications"]) {
    expect(await client.subscribe(filter)).toBe(1);
  }
});

test("the managed object is there when the PUBACK of 100 comes", async () => {
  await using bench = await startBench();
  await bench.device("gw-1");
  expect(await bench.devices.byExternalId("gw-1")).toMatchObject({
    id: "1001",
    name: "gw-1",
    type: "test",
    owner: "device_gw-1",
    fragments: { c8y_IsDevice: {}, com_cumulocity_model_Agent: {} },
  });
});

test("a second 100 is answered on s/e and changes nothing", async () => {
  await using bench = await startBench();
  const client = await bench.device("gw-1");
  await client.subscribe("s/e");
  await client.publish("s/us", "100,Other name,other");
  // protocol.md 1.6, 4.9: the literal line that thin-edge.io's connection test waits for.
  expect(await client.next("s/e")).toBe("41,100,Device already existing");
  expect((await bench.devices.byExternalId("gw-1"))?.name).toBe("gw-1");
});

test("messages of one payload and of one segment take effect in order", async () => {
  await using bench = await startBench();
  const client = await bench.device("gw-1");
  client.mqtt.publish("s/us", "114,c8y_Restart\n114,c8y_Command");
  client.mqtt.publish("s/us", "150,VNC,PASSTHROUGH\n117,10");
  client.mqtt.publish("s/us", '110,SN-1,"Model, large",r2');
  await client.publish("s/us", "122,postern,0.1.0,,Postern");
  expect((await bench.devices.byExternalId("gw-1"))?.fragments).toEqual({
    c8y_IsDevice: {},
    com_cumulocity_model_Agent: {},
    c8y_SupportedOperations: ["c8y_Command"],
    c8y_RemoteAccessSupportedProtocols: ["VNC", "PASSTHROUGH"],
    c8y_RequiredAvailability: { responseInterval: 10 },
    c8y_Hardware: { serialNumber: "SN-1", model: "Model, large", revision: "r2" },
    c8y_Agent: { name: "postern", version: "0.1.0", url: "", maintainer: "Postern" },
  });
  await client.publish("s/us", "150\n117,99");
  const { fragments } = (await bench.devices.byExternalId("gw-1"))!;
  expect(fragments["c8y_RemoteAccessSupportedProtocols"]).toBeUndefined();
  expect(fragments["c8y_RequiredAvailability"]).toEqual({ responseInterval: 10 });
});

test.each([
  { what: "an unknown template", payload: "999,x", line: /^40,999,/ },
  { what: "an open quote", payload: '400,"open', line: /^42,,/ },
  { what: "bytes that are no UTF-8", payload: Buffer.from([0x34, 0x30, 0x30, 0x2c, 0xff]), line: /^42,,/ },
  { what: "a field that is no number", payload: "117,often", line: /^45,117,/ },
  { what: "an event without a type", payload: "400,,text", line: /^45,400,/ },
  { what: "a date that does not exist", payload: "400,t,x,2026-13-45T00:00:00Z", line: /^45,400,/ },
  { what: "an operation that is not there", payload: "504,4711", line: /^43,504,/ },
])("answers $what on s/e and logs it", async ({ payload, line }) => {
  await using bench = await startBench();
  const client = await bench.device("gw-1");
  await client.subscribe("s/e");
  await client.mqtt.publishAsync("s/us", payload, { qos: 1 });
  expect(await client.next("s/e")).toMatch(line);
  expect(bench.logLines).toContainEqual(expect.objectContaining({ event: "smartrest.refused", device: "gw-1" }));
});

test("a wrong line does not keep the others of its payload from running", async () => {
  await using bench = await startBench();
  const client = await bench.device("gw-1");
  await client.publish("s/us", "400,first,one\n117,often\n400,second,two");
  const { events } = await bench.events.list({ skip: 0, take: 10, isOldestFirst: true });
  expect(events.map((event) => event.type)).toEqual(["first", "second"]);
});

test("data before 100 is refused and lost", async () => {
  await using bench = await startBench();
  const password = await bench.addDeviceLogin("gw-1");
  const client = await bench.connect({ clientId: "gw-1", user: "t1000/device_gw-1", password });
  await client.subscribe("s/e");
  await client.publish("s/us", "114,c8y_Restart");
  expect(await client.next("s/e")).toMatch(/^43,114,/);
});

test("a token is refused with Cumulocity's words, since passwords are the only login here", async () => {
  await using bench = await startBench();
  const client = await bench.device("gw-1");
  await client.subscribe("s/e");
  await client.publish("s/uat", "");
  // protocol.md 3.1, measured.
  expect(await client.next("s/e")).toBe(
    "41,,MqttAuth: Cannot publish token for device that do not use certificate authentication",
  );
});

test.each(["s/us/child-1", "measurement/measurements/create", "s/ut/x"])(
  "a message on %s, which is not supported, is answered and the connection stays",
  async (topic) => {
    await using bench = await startBench();
    const client = await bench.device("gw-1");
    await client.subscribe("s/e");
    await client.publish(topic, "200,a,b,1");
    expect(await client.next("s/e")).toMatch(/^40,,/);
    await client.publish("s/us", "125");
  },
);

test("the last will of a device that vanishes is carried out, that of one that says goodbye is not", async () => {
  await using bench = await startBench();
  await bench.device("gw-1");
  const login = { clientId: "gw-1", user: "t1000/device_gw-1", password: "pw-gw-1" };
  const polite = await bench.connect({ ...login, will: "400,c8y_Will,said goodbye" });
  await polite.mqtt.endAsync();
  const vanishing = await bench.connect({ ...login, will: "400,c8y_Will,vanished" });
  vanishing.mqtt.stream.destroy();
  await vi.waitFor(async () => {
    const { events } = await bench.events.list({ skip: 0, take: 5 });
    expect(events.map((event) => event.text)).toEqual(["vanished"]);
  });
});

test("operations come as JSON with the id and as 530, at the quality of service of each subscription", async () => {
  await using bench = await startBench();
  const client = await bench.device("gw-1");
  await client.subscribe("devicecontrol/notifications", 1);
  await client.subscribe("s/ds", 0);
  const operation = await bench.operations.create({
    deviceId: "1001",
    description: "Opening remote access tunnel to 'Press 4'",
    fragments: { c8y_RemoteAccessConnect: { hostname: "192.0.2.10", port: 5900, connectionKey: "key-1" } },
    userName: "admin",
  });
  expect(JSON.parse(await client.next("devicecontrol/notifications"))).toMatchObject({
    id: operation.id,
    deviceId: "1001",
    status: "PENDING",
    c8y_RemoteAccessConnect: { hostname: "192.0.2.10", port: 5900, connectionKey: "key-1" },
    externalSource: { externalId: "gw-1", type: "c8y_Serial" },
  });
  expect(await client.next("s/ds")).toBe("530,gw-1,192.0.2.10,5900,key-1");
  expect(client.received.map(({ topic, qos }) => [topic, qos])).toEqual([
    ["devicecontrol/notifications", 1],
    ["s/ds", 0],
  ]);
});

test("quality of service 2 works in both directions", async () => {
  await using bench = await startBench();
  const client = await bench.device("gw-1");
  await client.subscribe("s/ds", 2);
  await client.mqtt.publishAsync("s/us", "123", { qos: 2 });
  expect(await client.next("s/ds")).toBe("124,1001");
  expect(client.received[0]?.qos).toBe(2);
});

test("an operation made while the device was away comes at its subscription, and again at each 500", async () => {
  await using bench = await startBench();
  const away = await bench.device("gw-1");
  await away.end();
  await bench.operations.create({
    deviceId: "1001",
    description: "d",
    fragments: { c8y_RemoteAccessConnect: { hostname: "192.0.2.10", port: 5900, connectionKey: "key-1" } },
    userName: "admin",
  });
  const client = await bench.connect({ clientId: "gw-1", user: "t1000/device_gw-1", password: "pw-gw-1" });
  await client.subscribe("s/ds");
  expect(await client.next("s/ds")).toBe("530,gw-1,192.0.2.10,5900,key-1");
  await client.publish("s/us", "500");
  expect(await client.next("s/ds")).toBe("530,gw-1,192.0.2.10,5900,key-1");
  await client.publish("s/us", "501,c8y_RemoteAccessConnect");
  await client.publish("s/us", "500\n123");
  expect(await client.next("s/ds")).toBe("124,1001");
});
