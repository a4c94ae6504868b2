// Operations of device management: created by people, told to the device in both forms, ended by it with its results, or by a limit.
import type { MqttClient } from "mqtt";
import { expect, test, vi } from "vitest";
import { OperationDeadlines } from "#cloud-stub/devices/operation-deadlines.ts";
import { type CloudBench, startBench, type TestClient } from "./cloud-bench.ts";
import { basic, type HttpBench, startHttpBench } from "./http-bench.ts";

const path = "/devicecontrol/operations";

/** Fragments with the line that a device gets for them on s/ds (protocol.md 4.7). */
const operations: readonly [Record<string, Record<string, unknown>>, string][] = [
  [{ c8y_Restart: {} }, "510,gw-1"],
  [{ c8y_Command: { text: "uptime" } }, "511,gw-1,uptime"],
  [{ c8y_Command: { text: 'say "hi", twice' } }, '511,gw-1,"say \\"hi\\", twice"'],
  [
    {
      c8y_LogfileRequest: {
        logFile: "gateway",
        dateFrom: "2026-11-23T10:00:00+0100",
        dateTo: "2026-11-24T10:00:00+0100",
        searchText: "error",
        maximumLines: 100,
      },
    },
    "522,gw-1,gateway,2026-11-23T10:00:00+0100,2026-11-24T10:00:00+0100,error,100",
  ],
  [{ c8y_LogfileRequest: { logFile: "gateway" } }, "522,gw-1,gateway,,,,"],
  [{ c8y_UploadConfigFile: { type: "postern-gateway" } }, "526,gw-1,postern-gateway"],
  [{ c8y_UploadConfigFile: {} }, "520,gw-1"],
  [
    { c8y_DownloadConfigFile: { type: "postern-gateway", url: "https://c.example/inventory/binaries/7" } },
    "524,gw-1,https://c.example/inventory/binaries/7,postern-gateway",
  ],
  [{ c8y_DownloadConfigFile: { url: "https://c.example/x" } }, "521,gw-1,https://c.example/x"],
];

test.each(operations)("%j is told as JSON with its id, and as its line", async (fragments, line) => {
  await using bench = await startBench();
  const client = await subscribed(bench);
  const operation = await create(bench, fragments);
  expect(JSON.parse(await client.next("devicecontrol/notifications"))).toMatchObject({
    id: operation.id,
    deviceId: "1001",
    status: "PENDING",
    ...fragments,
    externalSource: { externalId: "gw-1", type: "c8y_Serial" },
  });
  expect(await client.next("s/ds")).toBe(line);
  await client.publish("s/us", "500");
  expect(await client.next("s/ds")).toBe(line);
});

test.each([
  { c8y_Command: { text: "x".repeat(16_100) } },
  { c8y_Command: { text: 7 } },
  { c8y_DownloadConfigFile: { url: 7 } },
  { c8y_Restart: "now" },
  { c8y_SomethingElse: { a: 1 } },
])("an operation without a line comes as JSON only (case %#)", async (fragments) => {
  await using bench = await startBench();
  const client = await subscribed(bench);
  await create(bench, fragments);
  expect(JSON.parse(await client.next("devicecontrol/notifications"))).toMatchObject(fragments);
  await client.publish("s/us", "123");
  expect(await client.next("s/ds")).toBe("124,1001");
});

test.each([
  ["503,c8y_Command,%s", { c8y_Command: { text: "uptime" } }, { c8y_Command: { text: "uptime", result: "%s" } }],
  [
    "503,c8y_LogfileRequest,%s",
    { c8y_LogfileRequest: { logFile: "gateway" } },
    { c8y_LogfileRequest: { logFile: "gateway", file: "%s" } },
  ],
  [
    "503,c8y_UploadConfigFile,%s",
    { c8y_UploadConfigFile: { type: "t" } },
    { c8y_UploadConfigFile: { type: "t", file: "%s" } },
  ],
  ["503,c8y_Restart,%s", { c8y_Restart: {} }, { c8y_Restart: {} }],
  ["503,c8y_Command,", { c8y_Command: { text: "uptime" } }, { c8y_Command: { text: "uptime" } }],
  ["506,1,%s", { c8y_Command: { text: "uptime" } }, { c8y_Command: { text: "uptime", result: "%s" } }],
  ["506,1", { c8y_Command: { text: "uptime" } }, { c8y_Command: { text: "uptime" } }],
])("%s keeps what it gives", async (line, before, after) => {
  await using bench = await startBench();
  const client = await bench.device("gw-1");
  const { id } = await create(bench, before);
  await client.publish("s/us", `504,${id}`);
  await client.publish("s/us", line.replace("%s", '"up 3 days,\n2 users"'));
  const operation = await bench.operations.get(id);
  expect(operation?.status).toBe("SUCCESSFUL");
  expect(operation?.fragments).toEqual(JSON.parse(JSON.stringify(after).replace("%s", "up 3 days,\\n2 users")));
});

test("a tunnel's operation takes no result, and no result holds a connection key", async () => {
  await using bench = await startBench();
  const client = await bench.device("gw-1");
  const connect = { hostname: "192.0.2.10", port: 5900, connectionKey: "key-of-a-tunnel" };
  const tunnel = await create(bench, { c8y_RemoteAccessConnect: connect });
  const command = await create(bench, { c8y_Command: { text: "env" } });
  await client.publish("s/us", `506,${command.id},the key is key-of-a-tunnel`);
  await client.publish("s/us", `506,${tunnel.id},extra`);
  expect((await bench.operations.get(command.id))?.fragments).toEqual({
    c8y_Command: { text: "env", result: "the key is ***" },
  });
  const masked = { c8y_RemoteAccessConnect: { ...connect, connectionKey: "***" } };
  expect((await bench.operations.get(tunnel.id))?.fragments).toEqual(masked);
  const second = await create(bench, { c8y_RemoteAccessConnect: connect });
  const result = { fragments: { c8y_RemoteAccessConnect: { hostname: "192.0.2.66" } } };
  await bench.operations.setStatus(second.id, "SUCCESSFUL", undefined, { deviceId: "1001", result });
  expect((await bench.operations.get(second.id))?.fragments).toEqual(masked);
});

test("people with Change on Device control make them; a device ends its own with a result over REST", async () => {
  await using bench = await startHttpBench();
  const { id: deviceId, password } = await bench.registers("gw-1");
  const other = await bench.registers("gw-2");
  const made = await bench.admin("POST", path, {
    deviceId,
    description: "Run uptime",
    c8y_Command: { text: "uptime" },
  });
  expect(made.status, made.text).toBe(201);
  expect(made.json).toMatchObject({ status: "PENDING", description: "Run uptime", c8y_Command: { text: "uptime" } });
  const puts = (headers: Record<string, string>, body: unknown) =>
    bench.ask({ method: "PUT", path: `${path}/${made.json.id}`, headers, body });
  const result = { status: "SUCCESSFUL", c8y_Command: { result: "up" }, c8y_Restart: { a: 1 }, postern_X: 1 };
  expect((await puts(basic("t1000/device_gw-2", other.password), result)).status).toBe(404);
  const tooMuch = { status: "SUCCESSFUL", c8y_Command: { result: "x".repeat(40_000) } };
  expect((await puts(basic("t1000/device_gw-1", password), tooMuch)).status).toBe(422);
  const ended = await puts(basic("t1000/device_gw-1", password), result);
  expect(ended.json).toMatchObject({ status: "SUCCESSFUL", c8y_Command: { text: "uptime", result: "up" } });
  expect(ended.json).not.toHaveProperty("c8y_Restart");
  expect(ended.json).not.toHaveProperty("postern_X");
});

test.each([
  [{ c8y_Command: {} }, "c8y_Command: text must be a text"],
  [{ c8y_Command: "uptime" }, "c8y_Command: must be an object"],
  [{ c8y_Command: { text: "x".repeat(1_001) } }, "c8y_Command: text must have at most 1000 characters"],
  [{ c8y_LogfileRequest: {} }, "c8y_LogfileRequest: logFile must be a text"],
  [
    { c8y_LogfileRequest: { logFile: "a", dateFrom: "yesterday" } },
    "c8y_LogfileRequest: dateFrom must be ISO 8601 with a time zone",
  ],
  [
    { c8y_LogfileRequest: { logFile: "a", maximumLines: 0 } },
    "c8y_LogfileRequest: maximumLines must be a whole number from 1 up",
  ],
  [{ c8y_DownloadConfigFile: { type: "t" } }, "c8y_DownloadConfigFile: url must be a text"],
  [{ c8y_UploadConfigFile: { type: 7 } }, "c8y_UploadConfigFile: type must be a text"],
  [{ c8y_Restart: null }, "c8y_Restart: must be an object"],
  [{ c8y_Other: { a: "x".repeat(13_000) } }, "The operation is too large: at most 12000 characters as JSON"],
  [
    { c8y_RemoteAccessConnect: { hostname: "192.0.2.1", port: 22, connectionKey: "k" } },
    "c8y_RemoteAccessConnect: open the endpoint's websocket instead; only a session makes this",
  ],
])("refuses %j where somebody reads why", async (fragments, message) => {
  await using bench = await startHttpBench();
  const { id: deviceId } = await bench.registers("gw-1");
  const answer = await bench.admin("POST", path, { deviceId, ...fragments });
  expect([answer.status, answer.json.message]).toEqual([422, message]);
  expect((await bench.admin("GET", path)).json.operations).toEqual([]);
});

test("one that a device does not finish fails after an hour, unless the tenant has another limit", async () => {
  await using bench = await startHttpBench();
  const { id: deviceId, mqtt } = await bench.registers("gw-1");
  const makes = async (fragments: object) => (await bench.admin("POST", path, { deviceId, ...fragments })).json.id;
  const first = await makes({ c8y_Restart: {} });
  await mqtt.publishAsync("s/us", `504,${first}`, { qos: 1 });
  bench.clock.advance(1_800_000);
  const second = await makes({ c8y_Command: { text: "uptime" } });
  await statusIs(bench, first, "EXECUTING");
  bench.clock.advance(1_799_000);
  await statusIs(bench, first, "EXECUTING");
  await advances(bench, 2_000);
  await statusIs(bench, first, "FAILED");
  expect((await bench.admin("GET", `${path}/${first}`)).json.failureReason).toBe(
    "The gateway did not finish this within 3600 s.",
  );
  await statusIs(bench, second, "PENDING");
  const option = "/tenant/options/devicecontrol/operation.timeout";
  expect((await bench.admin("PUT", option, { value: "5" })).status).toBe(422);
  expect((await bench.admin("PUT", option, { value: "soon" })).json.message).toBe(
    "value: must be a whole number from 10 to 2592000",
  );
  expect((await bench.admin("PUT", option, { value: "60" })).status).toBe(200);
  await statusIs(bench, second, "FAILED");
  const third = await makes({ c8y_Restart: {} });
  await advances(bench, 61_000);
  await statusIs(bench, third, "FAILED");
});

test("the limit is not that of tunnels, which their sessions end", async () => {
  await using bench = await startBench();
  await bench.device("gw-1");
  const tunnel = await create(bench, {
    c8y_RemoteAccessConnect: { hostname: "192.0.2.10", port: 5900, connectionKey: "k" },
  });
  const restart = await create(bench, { c8y_Restart: {} });
  const deadlines = new OperationDeadlines(bench);
  // What an earlier run left behind counts from its own creation.
  bench.clock.advance(3_700_000);
  await deadlines.start();
  await vi.waitFor(async () => expect((await bench.operations.get(restart.id))?.status).toBe("FAILED"));
  expect((await bench.operations.get(tunnel.id))?.status).toBe("PENDING");
  expect(bench.clock.pending).toBe(0);
  deadlines.stop();
});

test("one that is finished in time stays as it is, and no timer stays behind", async () => {
  await using bench = await startHttpBench();
  const { id: deviceId, mqtt } = await bench.registers("gw-1");
  const before = bench.clock.pending;
  const { json } = await bench.admin("POST", path, { deviceId, c8y_Restart: {} });
  await expect.poll(() => bench.clock.pending).toBeGreaterThan(before);
  await mqtt.publishAsync("s/us", `506,${json.id}`, { qos: 1 });
  await advances(bench, 61_000);
  await expect.poll(() => bench.clock.pending).toBe(before);
  await advances(bench, 3_600_000);
  await statusIs(bench, json.id, "SUCCESSFUL");
});

test("what a device cannot say of another device's operation", async () => {
  await using bench = await startHttpBench();
  const { id: deviceId } = await bench.registers("victim");
  const { json } = await bench.admin("POST", path, { deviceId, c8y_Command: { text: "uptime" } });
  const attacker = await bench.registers("attacker");
  await attacker.mqtt.publishAsync("s/us", `504,${json.id}\n506,${json.id},forged\n503,c8y_Command,forged`, { qos: 1 });
  const operation = (await bench.admin("GET", `${path}/${json.id}`)).json;
  expect(operation).toMatchObject({ status: "PENDING", c8y_Command: { text: "uptime" } });
  await silent(attacker.mqtt);
});

test("a device says what it is, has and supports", async () => {
  await using bench = await startBench();
  const client = await bench.device("gw-1");
  const lines = [
    "111,imei,iccid,imsi,262,01,9,42",
    "113,a = 1",
    "115,os,1.2,https://x.example/os",
    "116,a,1,,b,1",
    "118,gateway,system",
    "119,postern-gateway",
    "120,/etc/gateway.toml,https://x.example/c,gateway.toml",
    "121,true,4711",
    "102,svc-1,systemd,postern,up",
    "102,svc-2,systemd,other,down",
    "141,b,2,apt,u",
    "142,a,1",
    "143,apt",
    "402,49.5,8",
  ];
  await client.publish("s/us", lines.join("\n"));
  const fragments = async () => (await bench.devices.get("1001"))?.fragments;
  expect(await fragments()).toEqual({
    c8y_IsDevice: {},
    com_cumulocity_model_Agent: {},
    c8y_Mobile: { imei: "imei", iccid: "iccid", imsi: "imsi", mcc: "262", mnc: "01", lac: "9", cellId: "42" },
    c8y_Configuration: { config: "a = 1" },
    c8y_Firmware: { name: "os", version: "1.2", url: "https://x.example/os" },
    c8y_SupportedLogs: ["gateway", "system"],
    c8y_SupportedConfigurations: ["postern-gateway"],
    "c8y_Configuration__etc_gateway.toml": {
      type: "/etc/gateway.toml",
      url: "https://x.example/c",
      name: "gateway.toml",
    },
    c8y_Profile: { profileId: "4711", profileExecuted: true },
    postern_Services: {
      "svc-1": { type: "systemd", name: "postern", status: "up" },
      "svc-2": { type: "systemd", name: "other", status: "down" },
    },
    c8y_SoftwareList: [{ name: "b", version: "2", url: "u", softwareType: "apt" }],
    c8y_SupportedSoftwareTypes: ["apt"],
    c8y_Position: { lat: 49.5, lng: 8 },
  });
  await client.publish("s/us", "107,c8y_Mobile,c8y_IsDevice,com_cumulocity_model_Agent,c8y_Nothing\n143");
  const after = await fragments();
  expect(after).not.toHaveProperty("c8y_Mobile");
  expect(after).not.toHaveProperty("c8y_SupportedSoftwareTypes");
  expect(after).toMatchObject({ c8y_IsDevice: {}, com_cumulocity_model_Agent: {} });
  const { events } = await bench.events.list({ skip: 0, take: 5 });
  expect(events).toMatchObject([{ type: "c8y_LocationUpdate", fragments: { c8y_Position: { lat: 49.5, lng: 8 } } }]);
  await client.publish("s/us", "407,c8y_LocationUpdate,c8y_Position");
  expect((await bench.events.list({ skip: 0, take: 5 })).events).toMatchObject([{ fragments: {} }]);
});

test.each([
  ["104,down", /^43,104,/],
  ["407,c8y_Nothing,c8y_X", /^41,407,/],
  ["200,f,s,often", /^45,200,.*field 3 \(value\)/],
  ["201,t,,f,s", /^45,201,/],
  ["211,1,2026-13-45T00:00:00Z", /^45,211,time: no such date/],
  ["408,text", /^40,408,/],
])("answers %s on s/e", async (line, words) => {
  await using bench = await startBench();
  const client = await bench.device("gw-1");
  await client.subscribe("s/e");
  await client.publish("s/us", line);
  expect(await client.next("s/e")).toMatch(words);
});

test("children are asked for in vain", async () => {
  await using bench = await startBench();
  const client = await subscribed(bench);
  await client.publish("s/us", "105");
  expect(await client.next("s/ds")).toBe("106");
});

test("a device that never stops naming new fragments is refused before it fills the store", async () => {
  await using bench = await startBench();
  const client = await bench.device("gw-1");
  await client.subscribe("s/e");
  const url = "u".repeat(15_000);
  for (let index = 0; index < 40; index++) await client.publish("s/us", `120,type-${index},${url},n`);
  expect(await client.next("s/e")).toMatch(/^45,120,The device says too much about itself/);
  const { fragments } = (await bench.devices.get("1001"))!;
  expect(JSON.stringify(fragments).length).toBeLessThan(524_288);
});

async function subscribed(bench: CloudBench): Promise<TestClient> {
  const client = await bench.device("gw-1");
  await client.subscribe("devicecontrol/notifications");
  await client.subscribe("s/ds");
  return client;
}

function create(bench: CloudBench, fragments: Record<string, unknown>) {
  return bench.operations.create({ deviceId: "1001", description: "d", fragments, userName: "admin" });
}

/** Everything that the timers began has been done once a request has been answered. */
async function advances(bench: HttpBench, ms: number): Promise<void> {
  bench.clock.advance(ms);
  await bench.admin("GET", path);
}

async function statusIs(bench: HttpBench, id: string, status: string): Promise<void> {
  await expect.poll(async () => (await bench.admin("GET", `${path}/${id}`)).json.status).toBe(status);
}

/** Nothing reached it that was not its own: whoever is connected and hears nothing. */
async function silent(mqtt: MqttClient): Promise<void> {
  const heard: string[] = [];
  mqtt.on("message", (topic) => heard.push(topic));
  await mqtt.subscribeAsync("s/ds");
  await mqtt.publishAsync("s/us", "500", { qos: 1 });
  expect(heard).toEqual([]);
}
