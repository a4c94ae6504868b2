// Alarms: one stands per device and type, counts up, is acknowledged and cleared, and is somebody's change in the audit trail.
import { expect, test } from "vitest";
import { alarmsPerDeviceMax, standingPerDeviceMax } from "#cloud-stub/devices/alarms.ts";
import { startBench } from "./cloud-bench.ts";
import { basic, type HttpBench, startHttpBench } from "./http-bench.ts";

const path = "/alarm/alarms";

async function alarms(bench: HttpBench, query = ""): Promise<Record<string, unknown>[]> {
  return (await bench.admin("GET", `${path}?pageSize=100&${query}`)).json.alarms;
}

test("an alarm raised again counts up and takes the time; nothing else of it changes", async () => {
  await using bench = await startHttpBench();
  const { id, mqtt } = await bench.registers("gw-1");
  await mqtt.publishAsync("s/us", "302,c8y_Hot,CPU at 81 °C,2026-11-24T09:00:00Z", { qos: 1 });
  await mqtt.publishAsync("s/us", "301,c8y_Hot,CPU at 95 °C,2026-11-24T09:05:00Z\n304,c8y_Disk", { qos: 1 });
  const [disk, hot] = await alarms(bench);
  expect(hot).toMatchObject({
    type: "c8y_Hot",
    text: "CPU at 81 °C",
    severity: "MAJOR",
    status: "ACTIVE",
    count: 2,
    firstOccurrenceTime: "2026-11-24T09:00:00.000Z",
    time: "2026-11-24T09:05:00.000Z",
    source: { id },
  });
  expect(disk).toMatchObject({
    type: "c8y_Disk",
    text: "Alarm of type c8y_Disk raised",
    severity: "WARNING",
    count: 1,
  });
});

test("cleared by its device it is over, and the next one is another alarm", async () => {
  await using bench = await startHttpBench();
  const { mqtt } = await bench.registers("gw-1");
  for (const line of ["301,c8y_Hot,one", "305,c8y_Hot,MINOR", "306,c8y_Hot", "301,c8y_Hot,two"]) {
    await mqtt.publishAsync("s/us", line, { qos: 1 });
  }
  expect((await alarms(bench)).map(({ text, severity, status, count }) => [text, severity, status, count])).toEqual([
    ["two", "CRITICAL", "ACTIVE", 1],
    ["one", "MINOR", "CLEARED", 1],
  ]);
});

test.each([
  ["306,c8y_Nothing", /^41,306,/],
  ["305,c8y_Nothing,MINOR", /^41,305,/],
  ["307,c8y_Nothing,c8y_X", /^41,307,/],
  ["301,c8y_Hot,x,2026-13-45T00:00:00Z", /^45,301,/],
  ["301,,no type", /^45,301,/],
  ["305,c8y_Hot,FATAL", /^45,305,/],
])("answers %s on s/e", async (line, words) => {
  await using bench = await startBench();
  const client = await bench.device("gw-1");
  await client.subscribe("s/e");
  await client.publish("s/us", line);
  expect(await client.next("s/e")).toMatch(words);
  expect((await bench.alarms.list({ skip: 0, take: 10 })).total).toBe(0);
});

test("a person acknowledges and clears it, which is audited; raised while acknowledged it only counts up", async () => {
  await using bench = await startHttpBench();
  const { id: deviceId, mqtt } = await bench.registers("gw-1");
  await mqtt.publishAsync("s/us", "301,c8y_Hot,too hot", { qos: 1 });
  const [raised] = await alarms(bench);
  const put = (body: Record<string, unknown>) => bench.admin("PUT", `${path}/${raised?.["id"]}`, body);
  expect((await put({ status: "ACKNOWLEDGED" })).json).toMatchObject({ status: "ACKNOWLEDGED", count: 1 });
  await mqtt.publishAsync("s/us", "301,c8y_Hot,again", { qos: 1 });
  expect(await alarms(bench)).toMatchObject([{ status: "ACKNOWLEDGED", count: 2, text: "too hot" }]);
  expect((await put({ status: "CLEARED", severity: "MINOR" })).json).toMatchObject({
    status: "CLEARED",
    severity: "MINOR",
  });
  expect((await put({ status: "CLEARED" })).status).toBe(200);
  await mqtt.publishAsync("s/us", "302,c8y_Hot,new", { qos: 1 });
  const again = await put({ status: "ACTIVE" });
  expect(again.status).toBe(422);
  expect(again.json.message).toMatch(/^status: another alarm of this type stands/);
  const { auditRecords } = (await bench.admin("GET", `/audit/auditRecords?source=${deviceId}&type=Alarm`)).json;
  expect(auditRecords.map(({ text, user }: { text: string; user: string }) => [user, text])).toEqual([
    ["admin", "Alarm updated: 'too hot' (c8y_Hot): status='ACKNOWLEDGED'."],
    ["admin", "Alarm updated: 'too hot' (c8y_Hot): status='CLEARED', severity='MINOR'."],
  ]);
});

test("they are found and counted by device, status, severity, type and time", async () => {
  await using bench = await startHttpBench();
  const one = await bench.registers("gw-1");
  const other = await bench.registers("gw-2");
  await one.mqtt.publishAsync(
    "s/us",
    "301,a,x,2026-11-20T10:00:00Z\n302,b,x,2026-11-21T10:00:00Z\n303,c,x,2026-11-22T10:00:00Z\n306,c",
    { qos: 1 },
  );
  await other.mqtt.publishAsync("s/us", "304,d,x", { qos: 1 });
  const types = async (query: string) => (await alarms(bench, query)).map(({ type }) => type);
  expect(await types("")).toEqual(["d", "c", "b", "a"]);
  expect(await types("revert=true")).toEqual(["a", "b", "c", "d"]);
  expect(await types(`source=${one.id}`)).toEqual(["c", "b", "a"]);
  expect(await types("status=CLEARED")).toEqual(["c"]);
  expect(await types("status=ACTIVE,ACKNOWLEDGED&severity=CRITICAL,MAJOR")).toEqual(["b", "a"]);
  expect(await types("type=b")).toEqual(["b"]);
  expect(await types("dateFrom=2026-11-21T00:00:00Z&dateTo=2026-11-21T23:00:00Z")).toEqual(["b"]);
  expect((await bench.admin("GET", `${path}/count?status=ACTIVE`)).text).toBe("3");
  expect((await bench.admin("GET", `${path}/count?source=${other.id}`)).text).toBe("1");
  for (const wrong of ["status=OPEN", "severity=FATAL,MAJOR"]) {
    expect((await bench.admin("GET", `${path}?${wrong}`)).status).toBe(422);
  }
});

test("a device raises and clears its own over REST, and neither sees nor changes another's", async () => {
  await using bench = await startHttpBench();
  const own = await bench.registers("gw-1");
  const other = await bench.registers("gw-2");
  await other.mqtt.publishAsync("s/us", "301,theirs,x", { qos: 1 });
  const asDevice = (method: string, to: string, body?: unknown) =>
    bench.ask({ method, path: to, headers: basic("t1000/device_gw-1", own.password), body });
  const alarm = { source: { id: own.id }, type: "mine", text: "x", severity: "MINOR", postern_Extra: { a: 1 } };
  const made = await asDevice("POST", path, alarm);
  expect(made.status, made.text).toBe(201);
  expect(made.json).toMatchObject({ type: "mine", status: "ACTIVE", postern_Extra: { a: 1 } });
  expect((await asDevice("POST", path, { ...alarm, source: { id: other.id } })).status).toBe(403);
  expect(
    (await asDevice("GET", `${path}?source=${other.id}`)).json.alarms.map((one: { type: string }) => one.type),
  ).toEqual(["mine"]);
  const [theirs] = await alarms(bench, `source=${other.id}`);
  expect((await asDevice("GET", `${path}/${theirs?.["id"]}`)).status).toBe(404);
  expect((await asDevice("PUT", `${path}/${theirs?.["id"]}`, { status: "CLEARED" })).status).toBe(404);
  expect((await asDevice("PUT", `${path}/${made.json.id}`, { status: "CLEARED" })).json.status).toBe("CLEARED");
  await own.mqtt.publishAsync("s/us", "301,mine,again\n307,mine,postern_Extra", { qos: 1 });
  const [after] = await alarms(bench, `source=${own.id}`);
  expect(after).not.toHaveProperty("postern_Extra");
  expect((await bench.admin("GET", "/audit/auditRecords?type=Alarm")).json.auditRecords).toEqual([]);
});

test("no text of an alarm quotes a connection key, a changed one neither", async () => {
  await using bench = await startHttpBench();
  const { id, password } = await bench.registers("gw-1");
  const headers = basic("t1000/device_gw-1", password);
  const text = "failed: wss://localhost:8443/service/remoteaccess/device/key-of-a-tunnel";
  const masked = "failed: wss://localhost:8443/service/remoteaccess/device/***";
  const body = { source: { id }, type: "t", text, severity: "MINOR" };
  const made = await bench.ask({ method: "POST", path, headers, body });
  expect(made.json.text).toBe(masked);
  const changed = await bench.ask({ method: "PUT", path: `${path}/${made.json.id}`, headers, body: { text } });
  expect(changed.json.text).toBe(masked);
});

test.each([
  [{ severity: "FATAL" }, /^severity: must be one of/],
  [{ severity: undefined }, /^severity: must be one of/],
  [{ status: "CLEARED" }, /^status: a new alarm is/],
  [{ type: "" }, /^type: must be a text/],
  [{ text: undefined }, /^text: must be a text/],
  [{ text: "x".repeat(2_001) }, /^text: must be a text of at most 2000/],
  [{ time: "noon" }, /^time: not a date/],
  [{ "bad name": 1 }, /^A property has a name/],
])("a new alarm with %j is refused by name", async (wrong, words) => {
  await using bench = await startHttpBench();
  const { id } = await bench.registers("gw-1");
  const { status, json } = await bench.admin("POST", path, {
    source: { id },
    type: "t",
    text: "x",
    severity: "MAJOR",
    ...wrong,
  });
  expect(status).toBe(422);
  expect(json.error).toBe("alarm/unprocessableEntity");
  expect(json.message).toMatch(words);
});

test.each([{ status: "OPEN" }, { severity: "FATAL" }, { text: "" }])("a change to %j is refused", async (wrong) => {
  await using bench = await startHttpBench();
  const { mqtt } = await bench.registers("gw-1");
  await mqtt.publishAsync("s/us", "301,t,x", { qos: 1 });
  expect((await bench.admin("PUT", `${path}/1`, wrong)).status).toBe(422);
  expect(await alarms(bench)).toMatchObject([{ status: "ACTIVE", severity: "CRITICAL", text: "x" }]);
});

test("a device that never stops raising new ones is refused at a limit, and what is kept has one, too", async () => {
  await using bench = await startBench();
  const client = await bench.device("gw-1");
  const raise = (type: string) => bench.alarms.raise({ deviceId: "1001", type, text: "x", severity: "MINOR" });
  for (let index = 0; index < standingPerDeviceMax; index++) expect(await raise(`t${index}`)).not.toBe("full");
  await client.subscribe("s/e");
  await client.publish("s/us", "301,one-more,x\n301,t0,counts up");
  expect(await client.next("s/e")).toMatch(/^45,301,Too many alarms/);
  expect((await bench.alarms.standing("1001", "t0"))?.count).toBe(2);
  await bench.alarms.change((await bench.alarms.standing("1001", "t1"))!.id, { status: "CLEARED" });
  for (let index = 0; index < alarmsPerDeviceMax; index++) {
    await raise("again");
    await bench.alarms.change((await bench.alarms.standing("1001", "again"))!.id, { status: "CLEARED" });
  }
  expect(await bench.alarms.count({ deviceId: "1001" })).toBe(alarmsPerDeviceMax);
  expect(await bench.alarms.count({ deviceId: "1001", statuses: ["ACTIVE"] })).toBe(standingPerDeviceMax - 1);
});

test("the last will of a device may be an alarm", async () => {
  await using bench = await startBench();
  await bench.device("gw-1");
  const login = { clientId: "gw-1", user: "t1000/device_gw-1", password: "pw-gw-1" };
  const vanishing = await bench.connect({ ...login, will: "302,c8y_Lost,vanished" });
  vanishing.mqtt.stream.destroy();
  await expect.poll(async () => (await bench.alarms.standing("1001", "c8y_Lost"))?.text).toBe("vanished");
});
