// Bulk registration by a file of rows, and the policy of security tokens.
import { expect, test } from "vitest";
import { passwordRowsMax } from "#cloud-stub/devices/bulk-registration.ts";
import { readRows, rowsMax } from "#cloud-stub/devices/rows-of-devices.ts";
import { tokenFailuresMax } from "#cloud-stub/devices/security-token.ts";
import { bootstrapPassword, startBench } from "./cloud-bench.ts";
import { startDeviceBench, uploads } from "./device-bench.ts";
import { basic, type HttpBench } from "./http-bench.ts";

const object = async (bench: HttpBench, name: string) => {
  const { json, status } = await bench.admin("GET", `/identity/externalIds/c8y_Serial/${name}`);
  return status === 404
    ? undefined
    : (await bench.admin("GET", `/inventory/managedObjects/${json.managedObject.id}`)).json;
};

test("a file of devices makes their logins, managed objects and properties at once", async () => {
  await using bench = await startDeviceBench();
  const { status, json } = await uploads(
    bench,
    [
      "ID;CREDENTIALS;TYPE;NAME;SHELL;ICCID;com_cumulocity_model_Agent.active;plant.hall",
      "gw-1;long enough 1;c8y_Gateway;Press 4;1;8949;true;7",
      'gw-2;"long ""enough"" 2; really";c8y_Gateway;"Press; five";;;true;',
    ].join("\r\n"),
  );
  expect(status).toBe(201);
  expect(json).toEqual({
    numberOfAll: 2,
    numberOfCreated: 2,
    numberOfFailed: 0,
    numberOfSuccessful: 2,
    credentialUpdatedList: [],
    failedCreationList: [],
  });
  expect(await object(bench, "gw-1")).toMatchObject({
    name: "Press 4",
    type: "c8y_Gateway",
    owner: "device_gw-1",
    c8y_IsDevice: {},
    com_cumulocity_model_Agent: { active: "true" },
    c8y_Mobile: { iccid: "8949" },
    c8y_SupportedOperations: ["c8y_Command"],
    plant: { hall: "7" },
  });
  expect((await object(bench, "gw-2")).name).toBe("Press; five");
  const login = { clientId: "gw-2", user: "t1000/device_gw-2", password: 'long "enough" 2; really' };
  const client = await bench.connects(login);
  // The managed object is there: nothing has to be sent before.
  expect(await client.subscribe("s/ds")).toBe(1);
});

test("a device that exists gets the new credentials, and keeps what the file does not name", async () => {
  await using bench = await startDeviceBench();
  const first = await uploads(bench, "ID,CREDENTIALS,TYPE,NAME,a\ngw-1,first password,t,n,1");
  expect(first.json.numberOfCreated).toBe(1);
  const { json } = await uploads(bench, "ID,CREDENTIALS,TYPE,NAME,b\ngw-1,second password,t,Renamed,2");
  expect(json).toMatchObject({
    numberOfCreated: 0,
    numberOfSuccessful: 1,
    credentialUpdatedList: [{ bulkNewDeviceStatus: "CREDENTIAL_UPDATED", deviceId: "gw-1" }],
  });
  expect(await object(bench, "gw-1")).toMatchObject({ name: "Renamed", a: "1", b: "2" });
  const login = { clientId: "gw-1", user: "t1000/device_gw-1" };
  await expect(bench.connects({ ...login, password: "first password" })).rejects.toMatchObject({ code: 4 });
  await bench.connects({ ...login, password: "second password" });
});

test("files of properties do not grow a managed object beyond its limit", async () => {
  await using bench = await startDeviceBench();
  const failures: string[] = [];
  for (const property of ["a", "b", "c"]) {
    const text = `ID,AUTH_TYPE,NAME,TYPE,${property}\ngw-1,CERTIFICATES,n,t,${"x".repeat(200_000)}`;
    const { failedCreationList } = (await uploads(bench, text)).json;
    failures.push(...failedCreationList.map(({ failureReason }: { failureReason: string }) => failureReason));
  }
  expect(failures).toEqual(["the managed object would become too large; remove properties of it first"]);
  expect(await object(bench, "gw-1")).not.toHaveProperty("c");
});

test("a long file does not hold up everybody else", async () => {
  await using bench = await startDeviceBench();
  const rows = Array.from({ length: 200 }, (_, n) => `gw-${n},CERTIFICATES`);
  let turns = 0;
  let isDone = false;
  const count = () => {
    turns += 1;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  const { json } = await uploads(bench, ["ID,AUTH_TYPE", ...rows].join("\n"));
  isDone = true;
  expect(json.numberOfCreated).toBe(200);
  expect(turns).toBeGreaterThan(150);
});

test("a file of nothing but ids is a list of ordinary requests", async () => {
  await using bench = await startDeviceBench();
  await bench.admin("POST", "/devicecontrol/newDeviceRequests", { id: "gw-2" });
  const { json } = await uploads(bench, "ID\tPATH\ngw-1\tHall 7\ngw-2\t\n");
  expect(json).toMatchObject({
    numberOfAll: 2,
    numberOfCreated: 1,
    failedCreationList: [
      {
        bulkNewDeviceStatus: "FAILED",
        deviceId: "gw-2",
        failureReason: "there is a request for this device already",
        line: "3",
      },
    ],
  });
  const { newDeviceRequests } = (await bench.admin("GET", "/devicecontrol/newDeviceRequests")).json;
  expect(newDeviceRequests.map(({ id, status }: { id: string; status: string }) => [id, status])).toEqual([
    ["gw-1", "WAITING_FOR_CONNECTION"],
    ["gw-2", "WAITING_FOR_CONNECTION"],
  ]);
});

test.each([
  ["gw/1,long enough,,,", "ID: must be 1 to 100 letters, digits or one of . _ ~ @ = -"],
  [",long enough,,,", "ID: must be 1 to 100 letters, digits or one of . _ ~ @ = -"],
  ["gw-1,,,,", "CREDENTIALS: must have at least 8 characters, unless AUTH_TYPE is CERTIFICATES"],
  ["gw-1,short,BASIC,,", "CREDENTIALS: must have at least 8 characters, unless AUTH_TYPE is CERTIFICATES"],
  [`gw-1,${"x".repeat(300)},,,`, "CREDENTIALS: at most 256 characters"],
  ["gw-1,long enough,TOKEN,,", "AUTH_TYPE: must be BASIC or CERTIFICATES"],
  ["gw-1,long enough,BASIC,one-time-1,", "ENROLLMENT_OTP: needs CERTIFICATES as AUTH_TYPE"],
  ["gw-1,,CERTIFICATES,short,", "ENROLLMENT_OTP: must have 8 to 32 characters"],
  [`gw-1,,CERTIFICATES,${"x".repeat(33)},`, "ENROLLMENT_OTP: must have 8 to 32 characters"],
  ["gw-1,,CERTIFICATES,,only a name", "NAME and TYPE: needed together, where either or a property is there"],
])("a bad row fails alone, with its line and why: %.30s", async (row, why) => {
  await using bench = await startDeviceBench();
  const rows = ["ID,CREDENTIALS,AUTH_TYPE,ENROLLMENT_OTP,NAME", row, "gw-9,,CERTIFICATES,one-time-9,"];
  const { status, json, text } = await uploads(bench, rows.join("\n"));
  expect(status).toBe(201);
  expect(json).toMatchObject({ numberOfAll: 2, numberOfCreated: 1, numberOfFailed: 1 });
  expect(json.failedCreationList[0]).toMatchObject({ failureReason: why, line: "2" });
  expect(text).not.toMatch(/long enough/);
});

test.each([
  ["", "The file is empty."],
  ["\n\n", "The file is empty."],
  ["NAME,TYPE\na,b", "The header has no column ID."],
  ["ID,,NAME\n", "The header has a column without a name."],
  ["ID,NAME,ID\n", "The header names ID twice."],
  ["ID,external-imei\ngw-1,123", "external-imei: a device has one external id here, its c8y_Serial."],
  [
    "ID,__proto__.polluted\ngw-1,1",
    "__proto__.polluted: is not a column of bulk registration and cannot be a property.",
  ],
  ["ID,owner\ngw-1,admin", "owner: is not a column of bulk registration and cannot be a property."],
  ["ID,a b\ngw-1,1", "a b: is not a column of bulk registration and cannot be a property."],
  ["ID,NAME\ngw-1,a,b", "Line 2 has more fields than the header."],
  ['ID,NAME\ngw-1,"never closed', "The quotes that open on line 2 are never closed."],
  ['ID,NAME\ngw-1,"a"b', "Line 2 has text behind closing quotes."],
  [`ID\n${"gw\n".repeat(rowsMax + 1)}`, `The file has more than ${rowsMax} rows.`],
  [
    `ID,CREDENTIALS\n${"gw,password\n".repeat(passwordRowsMax + 1)}`,
    `The file has more than ${passwordRowsMax} rows with CREDENTIALS; send it in parts.`,
  ],
])("a file that cannot be read is refused as a whole: %.25j", async (csv, message) => {
  await using bench = await startDeviceBench();
  const { status, json } = await uploads(bench, csv);
  expect([status, json.message]).toEqual([422, message]);
  expect((await bench.admin("GET", "/devicecontrol/newDeviceRequests")).json.newDeviceRequests).toEqual([]);
});

test("what is no form with a file is refused", async () => {
  await using bench = await startDeviceBench();
  const path = "/devicecontrol/bulkNewDeviceRequests";
  const admin = basic("t1000/admin", "correct horse");
  const ask = (type: string, body: string) =>
    bench.ask({ method: "POST", path, headers: { ...admin, "content-type": type }, body });
  expect((await ask("application/json", "{}")).status).toBe(415);
  expect((await ask("text/csv", "ID\ngw-1")).status).toBe(415);
  expect((await ask("multipart/form-data", "ID\ngw-1")).status).toBe(415);
  expect((await ask("multipart/form-data; boundary=b", "--b\r\n")).status).toBe(400);
  const other = '--b\r\nContent-Disposition: form-data; name="other"\r\n\r\nID\r\n--b--\r\n';
  expect((await ask("multipart/form-data; boundary=b", other)).json.message).toBe(
    "file: this part of the form is missing",
  );
  expect((await ask("multipart/form-data; boundary=b", "x".repeat(300 * 1024))).status).toBe(413);
});

test("one-time passwords and passwords stand in no log, no audit record and no answer", async () => {
  await using bench = await startDeviceBench();
  const rows = "ID,CREDENTIALS,AUTH_TYPE,ENROLLMENT_OTP\ngw-1,canary-password,,\ngw-2,,CERTIFICATES,canary-one-time";
  const { text } = await uploads(bench, rows);
  const audit = await bench.admin("GET", "/audit/auditRecords?pageSize=100");
  expect(JSON.stringify(bench.logLines) + audit.text + text).not.toMatch(/canary/);
  expect(audit.text).toMatch(/Device registered in bulk: 'gw-1'/);
});

test.each([
  ["a;b,c;d\n1;2,3;4", ["a", "b,c", "d"], [["1", "2,3", "4"]]],
  ["a\tb\n1\t2", ["a", "b"], [["1", "2"]]],
  ["a,b\n1,2", ["a", "b"], [["1", "2"]]],
  ["\uFEFFa\r\n1\r\n", ["a"], [["1"]]],
  ['a,"b"\n"1\n2","3"', ["a", '"b"'], [["1\n2", "3"]]],
])("the separator of %j is found", (text, columns, rows) => {
  const read = readRows(text);
  expect(read.columns).toEqual(columns.map((name) => name.replaceAll('"', "")));
  expect(read.rows.map(({ values }) => [...values.values()])).toEqual(rows);
});

const bootstrap = { user: "management/devicebootstrap", password: bootstrapPassword };
const policy = "/tenant/options/device-registration/security-token.policy";

async function polls(bench: HttpBench, id: string, securityToken?: string) {
  return bench.ask({
    method: "POST",
    path: "/devicecontrol/deviceCredentials",
    headers: basic("management/devicebootstrap", bootstrapPassword),
    body: { id, ...(securityToken === undefined ? {} : { securityToken }) },
  });
}

const accepts = (bench: HttpBench, id: string, securityToken?: string) =>
  bench.admin("PUT", `/devicecontrol/newDeviceRequests/${id}`, {
    status: "ACCEPTED",
    ...(securityToken === undefined ? {} : { securityToken }),
  });

const statusOf = async (bench: HttpBench, id: string) =>
  (await bench.admin("GET", `/devicecontrol/newDeviceRequests/${id}`)).json.status;

test("a device that sent a token is accepted by the same one only, and only it gets the credentials", async () => {
  await using bench = await startDeviceBench();
  await bench.admin("POST", "/devicecontrol/newDeviceRequests", { id: "gw-1" });
  await polls(bench, "gw-1", "on the label");
  const refusal = "securityToken: this is not the token that the device sent";
  expect((await accepts(bench, "gw-1")).json.message).toBe(refusal);
  expect((await accepts(bench, "gw-1", "On The Label")).json.message).toBe(refusal);
  expect((await bench.admin("POST", "/devicecontrol/newDeviceRequests/acceptAll")).json.newDeviceRequests).toEqual([]);
  expect((await accepts(bench, "gw-1", "on the label")).status).toBe(200);
  expect((await polls(bench, "gw-1")).status).toBe(404);
  expect((await polls(bench, "gw-1", "another")).status).toBe(404);
  expect((await polls(bench, "gw-1", "on the label")).status).toBe(201);
  expect(JSON.stringify(bench.logLines)).not.toMatch(/on the label|another"/i);
});

test("a token of the operator for a device that sent none is not looked at", async () => {
  await using bench = await startDeviceBench();
  await bench.admin("POST", "/devicecontrol/newDeviceRequests", { id: "gw-1" });
  await polls(bench, "gw-1");
  expect((await accepts(bench, "gw-1", "anything")).status).toBe(200);
  expect((await polls(bench, "gw-1")).status).toBe(201);
});

test("too many wrong tokens block the request until it is made anew", async () => {
  await using bench = await startDeviceBench();
  await bench.admin("POST", "/devicecontrol/newDeviceRequests", { id: "gw-1" });
  await polls(bench, "gw-1", "right");
  for (let tries = 0; tries < tokenFailuresMax; tries += 1)
    expect((await accepts(bench, "gw-1", "wrong")).status).toBe(422);
  expect(await statusOf(bench, "gw-1")).toBe("BLOCKED");
  expect((await accepts(bench, "gw-1", "right")).json.message).toBe(
    "status: the request is blocked; remove it and make a new one",
  );
  expect((await polls(bench, "gw-1", "right")).status).toBe(404);
  const { auditRecords } = (await bench.admin("GET", "/audit/auditRecords?type=Inventory&pageSize=50")).json;
  const activities = auditRecords.map(({ activity }: { activity: string }) => activity);
  expect(activities).toContain("Device registration failed due to invalid token");
  expect(activities).toContain("Device registration failed due to max number of failed attempts reached");
  await bench.admin("DELETE", "/devicecontrol/newDeviceRequests/gw-1");
  await bench.admin("POST", "/devicecontrol/newDeviceRequests", { id: "gw-1" });
  await polls(bench, "gw-1", "right");
  expect((await accepts(bench, "gw-1", "right")).status).toBe(200);
});

test("where a token is required a device that sends none is blocked at once", async () => {
  await using bench = await startDeviceBench();
  await bench.admin("PUT", policy, { value: "REQUIRED" });
  await bench.admin("POST", "/devicecontrol/newDeviceRequests", { id: "gw-1" });
  await polls(bench, "gw-1");
  expect(await statusOf(bench, "gw-1")).toBe("BLOCKED");
  const { auditRecords } = (await bench.admin("GET", "/audit/auditRecords?type=Inventory&pageSize=50")).json;
  expect(auditRecords.map(({ activity }: { activity: string }) => activity)).toContain(
    "Device registration failed due to missing token",
  );
});

test("a device that came before a token was required is not accepted without one", async () => {
  await using bench = await startDeviceBench();
  await bench.admin("POST", "/devicecontrol/newDeviceRequests", { id: "gw-1" });
  await polls(bench, "gw-1");
  await bench.admin("PUT", policy, { value: "REQUIRED" });
  expect((await accepts(bench, "gw-1", "anything")).json.message).toBe(
    "securityToken: this tenant requires one, and the device has sent none",
  );
});

test("where tokens are ignored nobody needs one", async () => {
  await using bench = await startDeviceBench();
  await bench.admin("PUT", policy, { value: "IGNORED" });
  await bench.admin("POST", "/devicecontrol/newDeviceRequests", { id: "gw-1" });
  await polls(bench, "gw-1", "token");
  expect((await bench.admin("POST", "/devicecontrol/newDeviceRequests/acceptAll")).json.newDeviceRequests).toHaveLength(
    1,
  );
  expect((await polls(bench, "gw-1", "another")).status).toBe(201);
});

test("the policy has three words, and tools may read which one holds", async () => {
  await using bench = await startDeviceBench();
  const read = async () =>
    (await bench.admin("GET", "/tenant/system/options/device-registration/security-token.policy")).json.value;
  expect(await read()).toBe("OPTIONAL");
  const { status, json } = await bench.admin("PUT", policy, { value: "SOMETIMES" });
  expect([status, json.message]).toEqual([422, "value: must be one of IGNORED, OPTIONAL, REQUIRED"]);
  await bench.admin("PUT", policy, { value: "REQUIRED" });
  expect(await read()).toBe("REQUIRED");
});

test("over MQTT the token is what the device publishes to s/ucr", async () => {
  await using bench = await startBench();
  await bench.registration.create({ id: "gw-1", owner: "admin" });
  const client = await bench.connect({ clientId: "gw-1", ...bootstrap });
  await client.subscribe("s/dcr");
  await client.subscribe("s/e");
  await client.publish("s/ucr", "on the label");
  expect(await bench.registration.accept("gw-1", "admin", "wrong")).toEqual({ ok: false, why: "wrong-token" });
  expect(await bench.registration.accept("gw-1", "admin", "on the label")).toMatchObject({ ok: true });
  await client.publish("s/ucr", "");
  expect(client.received).toEqual([]);
  await client.publish("s/ucr", "on the label");
  expect(await client.next("s/dcr")).toMatch(/^70,t1000,device_gw-1,/);
  await client.publish("s/ucr", "x".repeat(257));
  expect(await client.next("s/e")).toBe("45,,The security token is too long");
});
