// Measurements: from devices over MQTT and REST, kept within a limit, read by time and by value.
import { expect, test } from "vitest";
import { measurementsPerDeviceMax } from "#cloud-stub/devices/measurements.ts";
import { startBench } from "./cloud-bench.ts";
import { basic, type HttpBench, startHttpBench } from "./http-bench.ts";

const path = "/measurement/measurements";

test("what a device sends over MQTT is there with its time, or the cloud's", async () => {
  await using bench = await startHttpBench();
  const gateway = await bench.registers("gw-1");
  const lines = [
    "211,42.5,2026-11-24T09:00:00.000Z",
    "200,c8y_Memory,used,512,MB,2026-11-24T09:30:00+01:00",
    "201,postern_Health,,c8y_Cpu,load,3.5,%,c8y_Cpu,temperature,51,C,toString,valueOf,1",
    "210,-87",
    "212,80",
  ];
  await gateway.mqtt.publishAsync("s/us", lines.join("\n"), { qos: 1 });
  const { json } = await bench.admin("GET", `${path}?source=${gateway.id}&pageSize=10`);
  const short = json.measurements.map((one: Record<string, unknown>) => {
    const { id, self, source, ...rest } = one;
    expect(self).toBe(`http://localhost:8080${path}/${id}`);
    expect(source).toMatchObject({ id: gateway.id });
    return rest;
  });
  const now = "2026-11-24T10:00:00.000Z";
  const expected: Record<string, unknown>[] = [
    {
      type: "c8y_CustomMeasurement",
      time: "2026-11-24T08:30:00.000Z",
      c8y_Memory: { used: { value: 512, unit: "MB" } },
    },
    {
      type: "c8y_TemperatureMeasurement",
      time: "2026-11-24T09:00:00.000Z",
      c8y_TemperatureMeasurement: { T: { value: 42.5, unit: "C" } },
    },
    {
      type: "postern_Health",
      time: now,
      c8y_Cpu: { load: { value: 3.5, unit: "%" }, temperature: { value: 51, unit: "C" } },
      toString: { valueOf: { value: 1, unit: "" } },
    },
    { type: "c8y_SignalStrength", time: now, c8y_SignalStrength: { rssi: { value: -87, unit: "dBm" } } },
    { type: "c8y_Battery", time: now, c8y_Battery: { level: { value: 80, unit: "%" } } },
  ];
  expect(short).toEqual(expected);
});

test("they are found by device, type, fragment, series and time, in pages, and newest first on demand", async () => {
  await using bench = await startHttpBench();
  const one = await bench.registers("gw-1");
  const other = await bench.registers("gw-2");
  for (let hour = 10; hour < 15; hour++) {
    await one.mqtt.publishAsync("s/us", `211,${hour},2026-11-20T${hour}:00:00Z`, { qos: 1 });
  }
  await other.mqtt.publishAsync("s/us", "200,c8y_X,a,1,,2026-11-20T12:00:00Z", { qos: 1 });
  const found = async (query: string) => {
    const { json } = await bench.admin("GET", `${path}?pageSize=100&${query}`);
    return json.measurements.map((measurement: { time: string }) => measurement.time.slice(11, 13));
  };
  expect(await found(`source=${one.id}`)).toEqual(["10", "11", "12", "13", "14"]);
  expect(await found(`source=${one.id}&revert=true`)).toEqual(["14", "13", "12", "11", "10"]);
  expect(await found("")).toHaveLength(6);
  expect(await found(`source=${one.id}&dateFrom=2026-11-20T11:00:00Z&dateTo=2026-11-20T12:00:00Z`)).toEqual([
    "11",
    "12",
  ]);
  expect(await found("type=c8y_TemperatureMeasurement")).toHaveLength(5);
  expect(await found("valueFragmentType=c8y_X")).toEqual(["12"]);
  expect(await found("valueFragmentType=c8y_X&valueFragmentSeries=b")).toEqual([]);
  expect(await found("valueFragmentType=%22%5D)%20or%201%3D1--")).toEqual([]);
  const page = (await bench.admin("GET", `${path}?source=${one.id}&pageSize=2&currentPage=2&withTotalPages=true`)).json;
  expect(page.measurements.map(({ time }: { time: string }) => time.slice(11, 13))).toEqual(["12", "13"]);
  expect(page.statistics).toEqual({ currentPage: 2, pageSize: 2, totalPages: 3 });
  expect(page.next).toContain("currentPage=3");
  expect((await bench.admin("GET", `${path}?dateFrom=soon`)).status).toBe(400);
});

test("a device may post about itself, and sees its own only", async () => {
  await using bench = await startHttpBench();
  const own = await bench.registers("gw-1");
  const other = await bench.registers("gw-2");
  const posts = (id: string, body: Record<string, unknown>) =>
    bench.ask({
      method: "POST",
      path,
      headers: basic("t1000/device_gw-1", own.password),
      body: { source: { id }, type: "t", ...body },
    });
  const made = await posts(own.id, { c8y_T: { T: { value: 1 } }, time: "2026-11-20T10:00:00Z" });
  expect(made.status).toBe(201);
  expect(made.json).toMatchObject({ type: "t", time: "2026-11-20T10:00:00.000Z", c8y_T: { T: { value: 1 } } });
  expect((await posts(other.id, { c8y_T: {} })).status).toBe(403);
  expect((await posts("99999", { c8y_T: {} })).status).toBe(403);
  const batch = await bench.ask({
    method: "POST",
    path,
    headers: {
      ...basic("t1000/device_gw-1", own.password),
      "content-type": "application/vnd.com.nsn.cumulocity.measurementCollection+json;charset=UTF-8;ver=0.9",
    },
    body: {
      measurements: [
        { source: { id: own.id }, type: "a", x: { y: { value: 1 } } },
        { source: { id: own.id }, type: "b", x: { y: { value: 2 } } },
      ],
    },
  });
  expect(batch.status, batch.text).toBe(201);
  expect(batch.json.measurements.map(({ type }: { type: string }) => type)).toEqual(["a", "b"]);
  await other.mqtt.publishAsync("s/us", "211,1", { qos: 1 });
  const asDevice = (query: string) =>
    bench.ask({ path: `${path}${query}`, headers: basic("t1000/device_gw-1", own.password) });
  expect((await asDevice(`?source=${other.id}&pageSize=100`)).json.measurements).toHaveLength(3);
  const foreign = (await bench.admin("GET", `${path}?source=${other.id}`)).json.measurements[0].id;
  expect((await asDevice(`/${foreign}`)).status).toBe(404);
  expect((await bench.admin("GET", `${path}/${foreign}`)).json.id).toBe(foreign);
});

test("a large batch does not hold up everybody else", async () => {
  await using bench = await startHttpBench();
  const { id, password } = await bench.registers("gw-1");
  let turns = 0;
  let isDone = false;
  const count = () => {
    turns += 1;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  const measurements = Array.from({ length: 400 }, (_, value) => ({ source: { id }, type: "t", a: { b: { value } } }));
  const headers = basic("t1000/device_gw-1", password);
  const answer = await bench.ask({ method: "POST", path, headers, body: { measurements } });
  isDone = true;
  expect(answer.json.measurements).toHaveLength(400);
  expect(turns).toBeGreaterThan(300);
});

test.each([
  ["no source", { type: "t", x: {} }, /^source: must be an object/],
  ["a device that is not there", { source: { id: "99999" }, type: "t", x: {} }, /^source: there is no such device/],
  ["no type", { source: { id: "1001" }, x: {} }, /^type: must be a text/],
  ["no value", { source: { id: "1001" }, type: "t" }, /^A measurement needs a value/],
  ["a bad time", { source: { id: "1001" }, type: "t", x: {}, time: "noon" }, /^time: not a date/],
  ["a bad name", { source: { id: "1001" }, type: "t", "a b": 1 }, /^A property has a name/],
  ["too much", { source: { id: "1001" }, type: "t", x: "x".repeat(17_000) }, /^Its own properties are too large/],
  ["a batch that is no list", { measurements: {} }, /^measurements: must be a list/],
  ["a batch of texts", { measurements: ["x"] }, /^measurements: each member/],
  ["a batch too long", { measurements: Array.from({ length: 501 }, () => ({})) }, /^measurements: must be a list/],
])("refuses %s by name", async (_what, body, words) => {
  await using bench = await startHttpBench();
  await bench.registers("gw-1");
  const { status, json } = await bench.admin("POST", path, body);
  expect(status).toBe(422);
  expect(json.error).toBe("measurement/unprocessableEntity");
  expect(json.message).toMatch(words);
  expect((await bench.admin("GET", path)).json.measurements).toEqual([]);
});

test("an administrator removes them by device and time, which is audited; without a device nothing goes", async () => {
  await using bench = await startHttpBench();
  const one = await bench.registers("gw-1");
  const other = await bench.registers("gw-2");
  for (const { mqtt } of [one, other]) {
    await mqtt.publishAsync("s/us", "211,1,2026-11-20T10:00:00Z\n211,2,2026-11-21T10:00:00Z", { qos: 1 });
  }
  expect((await bench.admin("DELETE", path)).status).toBe(400);
  expect(await count(bench)).toBe(4);
  expect((await bench.admin("DELETE", `${path}?source=${one.id}&dateTo=2026-11-20T23:00:00Z`)).status).toBe(204);
  expect(await count(bench)).toBe(3);
  const [rest] = (await bench.admin("GET", `${path}?source=${one.id}`)).json.measurements;
  expect(rest.c8y_TemperatureMeasurement.T.value).toBe(2);
  expect((await bench.admin("DELETE", `${path}/${rest.id}`)).status).toBe(204);
  expect((await bench.admin("DELETE", `${path}/${rest.id}`)).status).toBe(404);
  const { auditRecords } = (await bench.admin("GET", `/audit/auditRecords?source=${one.id}&pageSize=100`)).json;
  expect(auditRecords.filter(({ activity }: { activity: string }) => activity === "Measurements removed")).toHaveLength(
    2,
  );
  // With the device goes what it measured.
  await bench.admin("DELETE", `/inventory/managedObjects/${other.id}`);
  expect(await count(bench)).toBe(0);
});

test("the newest are kept for each device, and those of another device stay", async () => {
  await using bench = await startBench();
  await bench.device("gw-1");
  await bench.device("gw-2");
  const fragments = { c8y_T: { T: { value: 1, unit: "" } } };
  await bench.measurements.create({ deviceId: "1002", type: "other", fragments });
  await bench.store.db.transaction().execute(async (transaction) => {
    for (let index = 0; index < measurementsPerDeviceMax; index++) {
      await transaction
        .insertInto("measurements")
        .values({ device_id: "1001", type: `t${index}`, fragments: "{}", time_ms: 0, created_at_ms: 0 })
        .execute();
    }
  });
  await bench.measurements.create({ deviceId: "1001", type: "last", fragments });
  const total = async () => (await bench.measurements.list({ deviceId: "1001", skip: 0, take: 1 })).total;
  expect(await total()).toBe(measurementsPerDeviceMax - 100);
  let most = 0;
  for (let index = 0; index < 250; index++) {
    await bench.measurements.create({ deviceId: "1001", type: "more", fragments });
    most = Math.max(most, await total());
  }
  expect(most).toBe(measurementsPerDeviceMax);
  expect((await bench.measurements.list({ type: "t0", skip: 0, take: 1 })).total).toBe(0);
  expect((await bench.measurements.list({ type: "last", skip: 0, take: 1 })).total).toBe(1);
  expect((await bench.measurements.list({ deviceId: "1002", skip: 0, take: 1 })).total).toBe(1);
});

async function count(bench: HttpBench): Promise<number> {
  return (await bench.admin("GET", `${path}?withTotalElements=true`)).json.statistics.totalElements;
}
