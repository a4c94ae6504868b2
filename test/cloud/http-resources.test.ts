// The REST resources in Cumulocity's paths and shapes, and who may use which.
import { expect, test } from "vitest";
import { basic, startHttpBench } from "./http-bench.ts";

test("a device's managed object has the fragments that real clients and the console read", async () => {
  await using bench = await startHttpBench();
  const { id, mqtt } = await bench.registers("gw-1");
  await mqtt.publishAsync("s/us", "114,c8y_RemoteAccessConnect\n150,VNC\n110,SN,Model,r1\n117,5", { qos: 1 });
  const { json } = await bench.admin("GET", `/inventory/managedObjects/${id}`);
  expect(json).toMatchObject({
    id,
    self: `http://localhost:8080/inventory/managedObjects/${id}`,
    name: "gw-1",
    type: "test",
    owner: "device_gw-1",
    creationTime: "2026-11-24T10:00:00.000Z",
    lastUpdated: "2026-11-24T10:00:00.000Z",
    c8y_IsDevice: {},
    com_cumulocity_model_Agent: {},
    c8y_Hardware: { serialNumber: "SN", model: "Model", revision: "r1" },
    c8y_SupportedOperations: ["c8y_RemoteAccessConnect"],
    c8y_RemoteAccessSupportedProtocols: ["VNC"],
    c8y_RequiredAvailability: { responseInterval: 5 },
    c8y_Connection: { status: "CONNECTED" },
    c8y_Availability: { lastMessage: "2026-11-24T10:00:00.000Z", status: "AVAILABLE" },
    c8y_RemoteAccessList: [],
    childDevices: { references: [] },
  });
});

test("a device that is gone longer than it promised is unavailable and disconnected", async () => {
  await using bench = await startHttpBench();
  const { id, mqtt } = await bench.registers("gw-1");
  await mqtt.publishAsync("s/us", "117,5", { qos: 1 });
  await mqtt.endAsync();
  bench.clock.advance(5 * 60_000);
  const status = async () => (await bench.admin("GET", `/inventory/managedObjects/${id}`)).json;
  expect(await status()).toMatchObject({
    c8y_Connection: { status: "DISCONNECTED" },
    c8y_Availability: { status: "AVAILABLE" },
  });
  bench.clock.advance(1);
  expect(await status()).toMatchObject({ c8y_Availability: { status: "UNAVAILABLE" } });
});

test("collections come in pages that link to each other", async () => {
  await using bench = await startHttpBench();
  for (const id of ["a", "b", "c"]) await bench.admin("POST", "/devicecontrol/newDeviceRequests", { id });
  const page = async (number: number) =>
    (
      await bench.admin(
        "GET",
        `/devicecontrol/newDeviceRequests?pageSize=2&currentPage=${number}&withTotalPages=true&withTotalElements=true`,
      )
    ).json;
  const first = await page(1);
  expect(first.newDeviceRequests.map(({ id }: { id: string }) => id)).toEqual(["a", "b"]);
  expect(first.statistics).toEqual({ currentPage: 1, pageSize: 2, totalPages: 2, totalElements: 3 });
  expect(first.next).toContain("currentPage=2");
  expect(first.prev).toBeUndefined();
  const second = await page(2);
  expect(second.newDeviceRequests.map(({ id }: { id: string }) => id)).toEqual(["c"]);
  expect(second.next).toBeUndefined();
  expect(second.prev).toContain("currentPage=1");
  const byDefault = (await bench.admin("GET", "/devicecontrol/newDeviceRequests")).json;
  expect(byDefault.statistics).toEqual({ currentPage: 1, pageSize: 5 });
});

test("devices are found by fragment, name, ids and external id", async () => {
  await using bench = await startHttpBench();
  const one = await bench.registers("gw-1");
  const other = await bench.registers("gw-2");
  const ids = async (query: string) => {
    const { json } = await bench.admin("GET", `/inventory/managedObjects?${query}`);
    return json.managedObjects.map(({ id }: { id: string }) => id);
  };
  expect(await ids("fragmentType=c8y_IsDevice")).toEqual([one.id, other.id]);
  expect(await ids("fragmentType=c8y_Nothing")).toEqual([]);
  expect(await ids("fragmentType=x%22%20or%201")).toEqual([]);
  expect(await ids("query=(name eq 'gw-2') and has(c8y_IsDevice)".replaceAll(" ", "%20"))).toEqual([other.id]);
  expect(await ids(`ids=${other.id},99`)).toEqual([other.id]);
  expect((await bench.admin("GET", `/identity/globalIds/${one.id}/externalIds`)).json.externalIds).toEqual([
    {
      externalId: "gw-1",
      type: "c8y_Serial",
      self: "http://localhost:8080/identity/externalIds/c8y_Serial/gw-1",
      managedObject: { id: one.id, self: `http://localhost:8080/inventory/managedObjects/${one.id}` },
    },
  ]);
  const missing = await bench.admin("GET", "/identity/externalIds/c8y_Serial/nobody");
  expect(missing.json).toMatchObject({
    error: "identity/Not Found",
    message: expect.stringMatching(/^External id not found;/),
  });
});

test("a rename keeps the platform's own properties as they are", async () => {
  await using bench = await startHttpBench();
  const { id } = await bench.registers("gw-1");
  const change = {
    name: "Line 3",
    id: "7",
    owner: "me",
    c8y_IsDevice: null,
    c8y_Notes: "by the door",
    c8y_RemoteAccessList: [1],
  };
  const { status, json } = await bench.admin("PUT", `/inventory/managedObjects/${id}`, change);
  expect(status).toBe(200);
  expect(json).toMatchObject({
    id,
    name: "Line 3",
    owner: "device_gw-1",
    c8y_IsDevice: {},
    c8y_Notes: "by the door",
    c8y_RemoteAccessList: [],
  });
  expect((await bench.admin("PUT", `/inventory/managedObjects/${id}`, { name: "" })).status).toBe(422);
});

test("a request walks from waiting to accepted, and wrong steps are refused in words", async () => {
  await using bench = await startHttpBench();
  const path = "/devicecontrol/newDeviceRequests";
  const made = await bench.admin("POST", path, { id: "gw-1" });
  expect(made.status).toBe(201);
  expect(made.json).toMatchObject({ id: "gw-1", status: "WAITING_FOR_CONNECTION", owner: "admin" });
  expect(made.headers.location).toBe(made.json.self);
  const early = await bench.admin("PUT", `${path}/gw-1`, { status: "ACCEPTED" });
  expect(early.status).toBe(422);
  expect(early.json.message).toContain("has not connected yet");
  expect((await bench.admin("PUT", `${path}/gw-1`, { status: "BLOCKED" })).status).toBe(422);
  expect((await bench.admin("PUT", `${path}/gw-9`, { status: "ACCEPTED" })).status).toBe(404);
  expect((await bench.admin("POST", path, { id: "gw-1" })).status).toBe(422);
  expect((await bench.admin("DELETE", `${path}/gw-1`)).status).toBe(204);
  expect((await bench.admin("DELETE", `${path}/gw-1`)).status).toBe(404);
});

test("only a session makes remote-access operations: a POST of one is refused", async () => {
  await using bench = await startHttpBench();
  const { id } = await bench.registers("gw-1");
  const answer = await bench.admin("POST", "/devicecontrol/operations", {
    deviceId: id,
    c8y_RemoteAccessConnect: { hostname: "192.0.2.1", port: 22, connectionKey: "x" },
  });
  expect(answer.status).toBe(422);
  expect(answer.json.message).toContain("c8y_RemoteAccessConnect");
  expect((await bench.admin("GET", "/devicecontrol/operations")).json.operations).toEqual([]);
});

test("an operation is made, filtered, moved and stays ended", async () => {
  await using bench = await startHttpBench();
  const { id } = await bench.registers("gw-1");
  const path = "/devicecontrol/operations";
  const made = await bench.admin("POST", path, { deviceId: id, description: "Restart", c8y_Restart: {} });
  expect(made.status).toBe(201);
  expect(made.json).toMatchObject({ id: "1", deviceId: id, status: "PENDING", c8y_Restart: {}, postern_User: "admin" });
  expect((await bench.admin("POST", path, { deviceId: "99", c8y_Restart: {} })).status).toBe(422);
  expect((await bench.admin("POST", path, { deviceId: id })).status).toBe(422);
  const failed = await bench.admin("PUT", `${path}/1`, { status: "FAILED", failureReason: "no" });
  expect(failed.json).toMatchObject({ status: "FAILED", failureReason: "no" });
  expect((await bench.admin("PUT", `${path}/1`, { status: "SUCCESSFUL" })).status).toBe(422);
  const list = async (query: string) => (await bench.admin("GET", `${path}?${query}`)).json.operations.length;
  expect(await list(`deviceId=${id}&status=FAILED&fragmentType=c8y_Restart`)).toBe(1);
  expect(await list("status=PENDING")).toBe(0);
  expect(await list(`deviceId=99`)).toBe(0);
});

test("a device reads itself and its own operations over REST, nothing of others", async () => {
  await using bench = await startHttpBench();
  const own = await bench.registers("gw-1");
  const other = await bench.registers("gw-2");
  await bench.admin("POST", "/devicecontrol/operations", { deviceId: other.id, c8y_Restart: {} });
  const headers = basic("t1000/device_gw-1", own.password);
  const get = (path: string) => bench.ask({ path, headers });
  expect((await get(`/inventory/managedObjects/${own.id}`)).status).toBe(200);
  expect((await get(`/inventory/managedObjects/${other.id}`)).status).toBe(404);
  expect((await get("/inventory/managedObjects")).json.managedObjects).toHaveLength(1);
  expect((await get(`/inventory/managedObjects?ids=${other.id}`)).json.managedObjects).toHaveLength(0);
  expect((await get(`/identity/externalIds/c8y_Serial/gw-2`)).status).toBe(404);
  expect((await get(`/devicecontrol/operations?deviceId=${other.id}`)).json.operations).toHaveLength(0);
  expect((await get("/devicecontrol/operations/1")).status).toBe(404);
  const put = { method: "PUT", path: "/devicecontrol/operations/1", headers, body: { status: "FAILED" } };
  expect((await bench.ask(put)).status).toBe(404);
  expect((await bench.ask({ method: "DELETE", path: `/inventory/managedObjects/${own.id}`, headers })).status).toBe(
    403,
  );
  expect((await get("/audit/auditRecords")).status).toBe(403);
});

test("removing a device takes its login, connection, requests and endpoints, and leaves its trail", async () => {
  await using bench = await startHttpBench();
  const { id, password, mqtt } = await bench.registers("gw-1");
  const endpoints = `/service/remoteaccess/devices/${id}/configurations`;
  const endpoint = {
    name: "Press 4",
    hostname: "192.0.2.10",
    port: 5900,
    protocol: "PASSTHROUGH",
    credentialsType: "NONE",
  };
  expect((await bench.admin("POST", endpoints, endpoint)).status).toBe(201);
  await bench.admin("POST", "/devicecontrol/operations", { deviceId: id, c8y_Restart: {} });
  const closed = new Promise<void>((resolve) => mqtt.once("close", () => resolve()));
  expect((await bench.admin("DELETE", `/inventory/managedObjects/${id}`)).status).toBe(204);
  await closed;
  expect((await bench.admin("GET", `/inventory/managedObjects/${id}`)).status).toBe(404);
  expect((await bench.admin("GET", endpoints)).status).toBe(404);
  expect((await bench.ask({ path: "/user/currentUser", headers: basic("t1000/device_gw-1", password) })).status).toBe(
    401,
  );
  const { operations } = (await bench.admin("GET", `/devicecontrol/operations?deviceId=${id}`)).json;
  expect(operations).toMatchObject([{ status: "FAILED", failureReason: expect.stringMatching(/^device\.removed: /) }]);
  const { auditRecords } = (await bench.admin("GET", `/audit/auditRecords?source=${id}&revert=true&pageSize=50`)).json;
  expect(auditRecords[0]).toMatchObject({ activity: "Device removed", user: "admin", source: { id } });
  const again = await bench.registers("gw-1");
  expect(Number(again.id)).toBeGreaterThan(Number(id));
});

test("events of a device come newest first", async () => {
  await using bench = await startHttpBench();
  const { id, mqtt, password } = await bench.registers("gw-1");
  await mqtt.publishAsync("s/us", "400,c8y_First,one,2026-11-01T00:00:00.000Z\n400,c8y_Second,two", { qos: 1 });
  const event = { source: { id }, type: "c8y_Third", text: "three", time: "2026-11-02T00:00:00.000Z" };
  const headers = basic("t1000/device_gw-1", password);
  expect((await bench.ask({ method: "POST", path: "/event/events", headers, body: event })).status).toBe(201);
  const foreign = { ...event, source: { id: "1" } };
  expect((await bench.ask({ method: "POST", path: "/event/events", headers, body: foreign })).status).toBe(403);
  const { events } = (await bench.admin("GET", `/event/events?source=${id}`)).json;
  expect(events.map(({ type, time }: { type: string; time: string }) => [type, time])).toEqual([
    ["c8y_Third", "2026-11-02T00:00:00.000Z"],
    ["c8y_Second", "2026-11-24T10:00:00.000Z"],
    ["c8y_First", "2026-11-01T00:00:00.000Z"],
  ]);
});

test("tools that check the tenant and the platform's version get an answer", async () => {
  await using bench = await startHttpBench();
  expect((await bench.admin("GET", "/tenant/currentTenant")).json).toMatchObject({
    name: "t1000",
    domainName: "localhost",
  });
  expect((await bench.admin("GET", "/tenant/system/options/system/version")).json).toMatchObject({ key: "version" });
});
