// Files in the cloud: of people, of devices and attached to events; who may read them, how large they may be, and where they rest.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import SqliteDatabase from "better-sqlite3";
import { expect, test } from "vitest";
import { defaultFileLimits, Files } from "#cloud-stub/devices/files.ts";
import { backupStore } from "#cloud-stub/store/backup.ts";
import { startBench } from "./cloud-bench.ts";
import { type Answer, adminLogin, basic, type HttpBench, startHttpBench } from "./http-bench.ts";

const path = "/inventory/binaries";
const everyByte = Buffer.from(Array.from({ length: 256 }, (_, index) => index));

interface Field {
  readonly name: string;
  readonly fileName?: string;
  readonly type?: string;
  readonly content: Buffer | string;
}

/** As browsers write it. */
function form(fields: readonly Field[], boundary = "----WebKitFormBoundary7MA4"): { body: Buffer; type: string } {
  const parts = fields.flatMap(({ name, fileName, type, content }) => [
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"`,
    fileName === undefined ? "" : `; filename="${fileName}"`,
    type === undefined ? "" : `\r\nContent-Type: ${type}`,
    "\r\n\r\n",
    content,
    "\r\n",
  ]);
  const body = Buffer.concat([...parts, `--${boundary}--\r\n`].map((part) => Buffer.from(part)));
  return { body, type: `multipart/form-data; boundary=${boundary}` };
}

async function sends(
  bench: HttpBench,
  { body, type }: { body: Buffer; type: string },
  headers = adminLogin,
  to = path,
): Promise<Answer> {
  return bench.ask({ method: "POST", path: to, headers: { ...headers, "content-type": type }, body });
}

test("a file comes back byte for byte, as something that no page runs", async () => {
  await using bench = await startHttpBench();
  const about = JSON.stringify({ name: "gateway ü.toml", type: "text/html" });
  const made = await sends(
    bench,
    form([
      { name: "object", content: about },
      { name: "file", fileName: "x.toml", type: "text/plain", content: everyByte },
    ]),
  );
  expect(made.status, made.text).toBe(201);
  expect(made.json).toMatchObject({
    name: "gateway ü.toml",
    type: "text/html",
    length: 256,
    owner: "admin",
    // A device fetches it from the encrypted side.
    self: `https://localhost:8443${path}/${made.json.id}`,
  });
  expect(made.headers.location).toBe(made.json.self);
  const got = await bench.admin("GET", `${path}/${made.json.id}`);
  expect(got.status).toBe(200);
  expect(got.bytes.equals(everyByte)).toBe(true);
  expect(got.headers).toMatchObject({
    "content-type": "application/octet-stream",
    "content-disposition": "attachment; filename=\"gateway _.toml\"; filename*=UTF-8''gateway%20%C3%BC.toml",
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
  });
  const list = (await bench.admin("GET", `${path}?pageSize=10&withTotalElements=true`)).json;
  expect(list.managedObjects).toMatchObject([{ id: made.json.id, length: 256 }]);
  expect(list.statistics.totalElements).toBe(1);
  expect((await bench.admin("DELETE", `${path}/${made.json.id}`)).status).toBe(204);
  expect((await bench.admin("DELETE", `${path}/${made.json.id}`)).status).toBe(404);
  expect((await bench.admin("GET", `${path}/${made.json.id}`)).status).toBe(404);
  const { auditRecords } = (await bench.admin("GET", "/audit/auditRecords?pageSize=100")).json;
  expect(auditRecords.map(({ text }: { text: string }) => text)).toEqual(
    expect.arrayContaining([
      "File added: 'gateway ü.toml' (256 bytes).",
      "File removed: 'gateway ü.toml' (256 bytes).",
    ]),
  );
});

test("an id is never that of a device", async () => {
  await using bench = await startHttpBench();
  const before = await bench.registers("gw-1");
  const file = await sends(bench, form([{ name: "file", fileName: "a", content: "x" }]));
  const after = await bench.registers("gw-2");
  expect([before.id, file.json.id, after.id]).toEqual(["1001", "1002", "1003"]);
  expect((await bench.admin("GET", "/inventory/managedObjects/1002")).status).toBe(404);
  expect((await bench.admin("GET", `${path}/1001`)).status).toBe(404);
});

test("a device reads its own files and those that an unfinished operation points it to", async () => {
  await using bench = await startHttpBench();
  const { id: deviceId, password } = await bench.registers("gw-1");
  const other = await bench.registers("gw-2");
  const login = basic("t1000/device_gw-1", password);
  const otherLogin = basic("t1000/device_gw-2", other.password);
  const config = await sends(bench, form([{ name: "file", fileName: "gateway.toml", content: "[log]" }]));
  const status = async (headers: Record<string, string>, id: string) =>
    (await bench.ask({ path: `${path}/${id}`, headers })).status;
  expect(await status(login, config.json.id)).toBe(404);
  const operation = await bench.admin("POST", "/devicecontrol/operations", {
    deviceId,
    description: "Send configuration",
    c8y_DownloadConfigFile: { type: "postern-gateway", url: config.json.self },
  });
  expect(operation.status, operation.text).toBe(201);
  expect((await bench.ask({ path: `${path}/${config.json.id}`, headers: login })).text).toBe("[log]");
  expect(await status(otherLogin, config.json.id)).toBe(404);
  await bench.admin("PUT", `/devicecontrol/operations/${operation.json.id}`, { status: "FAILED", failureReason: "x" });
  expect(await status(login, config.json.id)).toBe(404);

  const own = await sends(bench, form([{ name: "file", fileName: "log", content: "lines" }]), login);
  expect(own.status, own.text).toBe(201);
  expect(await status(login, own.json.id)).toBe(200);
  expect(await status(otherLogin, own.json.id)).toBe(404);
  expect((await bench.ask({ path, headers: otherLogin })).json.managedObjects).toEqual([]);
  expect((await bench.ask({ path, headers: login })).json.managedObjects).toHaveLength(1);
  const removes = (headers: Record<string, string>) =>
    bench.ask({ method: "DELETE", path: `${path}/${own.json.id}`, headers });
  expect((await removes(otherLogin)).status).toBe(404);
  expect((await removes(login)).status).toBe(204);
});

test("an operation that only looks as if it named the file lets nobody read it", async () => {
  await using bench = await startHttpBench();
  const { id: deviceId, password } = await bench.registers("gw-1");
  const file = await sends(bench, form([{ name: "file", fileName: "secret", content: "x" }]));
  const { id } = file.json;
  for (const fragment of [
    { c8y_Command: { text: `https://localhost:8443${path}/${id}` } },
    { c8y_DownloadConfigFile: { type: "t", url: `https://localhost:8443/x?a=${path}/${id}` } },
    { c8y_DownloadConfigFile: { type: "t", url: `https://localhost:8443${path}/${id}1` } },
  ]) {
    const made = await bench.admin("POST", "/devicecontrol/operations", { deviceId, ...fragment });
    expect(made.status, made.text).toBe(201);
  }
  const headers = basic("t1000/device_gw-1", password);
  expect((await bench.ask({ path: `${path}/${id}`, headers })).status).toBe(404);
});

test("a device cannot point an operation of its own to a file that nobody meant for it", async () => {
  await using bench = await startHttpBench();
  const { id: deviceId, password } = await bench.registers("gw-1");
  const headers = basic("t1000/device_gw-1", password);
  const file = await sends(bench, form([{ name: "file", fileName: "secret", content: "x" }]));
  const url = `https://localhost:8443${path}/${file.json.id}`;
  for (const fragment of ["c8y_Command", "c8y_DownloadConfigFile"]) {
    const given = { text: "uptime", url: "https://localhost:8443/elsewhere" };
    const body = { deviceId, description: "", [fragment]: given };
    const { id } = (await bench.admin("POST", "/devicecontrol/operations", body)).json;
    const change = { status: "EXECUTING", [fragment]: { url } };
    const put = await bench.ask({ method: "PUT", path: `/devicecontrol/operations/${id}`, headers, body: change });
    expect(put.json).toMatchObject({ status: "EXECUTING", [fragment]: given });
    expect((await bench.ask({ path: `${path}/${file.json.id}`, headers })).status).toBe(404);
  }
});

test("a device that has no managed object yet leaves no file, which would count as a person's", async () => {
  await using bench = await startHttpBench();
  const rows = Buffer.from("ID,CREDENTIALS\ngw-9,password-of-gw-9\n");
  const added = await sends(
    bench,
    form([{ name: "file", fileName: "d.csv", type: "text/csv", content: rows }]),
    adminLogin,
    "/devicecontrol/bulkNewDeviceRequests",
  );
  expect(added.json.numberOfCreated).toBe(1);
  const login = basic("t1000/device_gw-9", "password-of-gw-9");
  const refused = await sends(bench, form([{ name: "file", fileName: "a", content: "x" }]), login);
  expect(refused.status).toBe(403);
  expect((await bench.admin("GET", path)).json.managedObjects).toEqual([]);
});

test("a device attaches one file to an event of its own, as it is or in a form", async () => {
  await using bench = await startHttpBench();
  const { id, password } = await bench.registers("gw-1");
  const other = await bench.registers("gw-2");
  const login = basic("t1000/device_gw-1", password);
  const otherLogin = basic("t1000/device_gw-2", other.password);
  const makes = async () => {
    const body = { source: { id }, type: "c8y_Logfile", text: "a log", postern_Log: { lines: 3 } };
    return (await bench.ask({ method: "POST", path: "/event/events", headers: login, body })).json;
  };
  const event = await makes();
  expect(event).toMatchObject({ postern_Log: { lines: 3 } });
  const to = `/event/events/${event.id}/binaries`;
  expect((await bench.ask({ path: to, headers: login })).status).toBe(404);
  expect((await sends(bench, { body: everyByte, type: "text/plain" }, otherLogin, to)).status).toBe(404);
  const made = await sends(bench, { body: everyByte, type: "text/plain" }, login, to);
  expect(made.status, made.text).toBe(201);
  expect(made.json).toMatchObject({
    self: `https://localhost:8443${to}`,
    source: event.id,
    type: "text/plain",
    length: 256,
  });
  expect((await sends(bench, { body: everyByte, type: "text/plain" }, login, to)).status).toBe(409);
  const got = await bench.admin("GET", to);
  expect(got.bytes.equals(everyByte)).toBe(true);
  expect(got.headers["content-type"]).toBe("text/plain");
  expect((await bench.ask({ path: to, headers: otherLogin })).status).toBe(404);
  // An attachment is no file of the inventory, whatever number it has there.
  expect((await bench.ask({ path: `${path}/1003`, headers: login })).status).toBe(404);
  expect((await bench.admin("DELETE", `${path}/1003`)).status).toBe(404);
  expect((await bench.admin("GET", path)).json.managedObjects).toEqual([]);
  const second = await makes();
  const inForm = form([{ name: "file", fileName: "gw.log", type: "text/plain", content: "lines" }]);
  const json = (await sends(bench, inForm, login, `/event/events/${second.id}/binaries`)).json;
  expect(json).toMatchObject({ name: "gw.log", type: "text/plain", length: 5 });
  // A body of JSON is a file like any other here.
  const third = `/event/events/${(await makes()).id}/binaries`;
  expect((await sends(bench, { body: Buffer.from("{"), type: "application/json" }, login, third)).status).toBe(201);
  expect((await bench.ask({ method: "DELETE", path: to, headers: login })).status).toBe(204);
  expect((await bench.admin("GET", to)).status).toBe(404);
  await bench.admin("DELETE", `/inventory/managedObjects/${id}`);
  expect((await bench.admin("GET", third)).status).toBe(404);
});

test.each<[string, { body: Buffer; type: string }, number, RegExp]>([
  ["no form", { body: Buffer.from("{}"), type: "application/json" }, 415, /multipart\/form-data with a boundary/],
  ["no boundary", { body: Buffer.from("x"), type: "multipart/form-data" }, 415, /boundary/],
  ["no parts", { body: Buffer.from("x"), type: "multipart/form-data; boundary=b" }, 400, /before its last boundary/],
  ["no body", { body: Buffer.alloc(0), type: "multipart/form-data; boundary=b" }, 400, /before its last boundary/],
  [
    "a part without an end",
    {
      body: Buffer.from('--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx'),
      type: "multipart/form-data; boundary=b",
    },
    400,
    /a boundary is not as it must be/,
  ],
  [
    "a part without headers",
    { body: Buffer.from("--b\r\nx\r\n--b--"), type: "multipart/form-data; boundary=b" },
    400,
    /no end of its headers/,
  ],
  [
    "endless headers",
    { body: Buffer.from(`--b\r\n${"X: y\r\n".repeat(2_000)}\r\nx\r\n--b--`), type: "multipart/form-data; boundary=b" },
    400,
    /no end of its headers/,
  ],
  [
    "a part without a name",
    { body: Buffer.from("--b\r\nX: y\r\n\r\nx\r\n--b--"), type: "multipart/form-data; boundary=b" },
    400,
    /which field it is/,
  ],
  ["no file", form([{ name: "object", content: "{}" }]), 422, /^file: this part/],
  [
    "words about the file that are no JSON",
    form([
      { name: "object", content: "{" },
      { name: "file", fileName: "x", content: "x" },
    ]),
    422,
    /^object: this part of the form is not JSON/,
  ],
  [
    "a list about the file",
    form([
      { name: "object", content: "[]" },
      { name: "file", fileName: "x", content: "x" },
    ]),
    422,
    /^object: .* must be a JSON object/,
  ],
  ["too many parts", form(Array.from({ length: 21 }, () => ({ name: "a", content: "b" }))), 400, /more than 20 parts/],
])("refuses %s", async (_what, body, status, words) => {
  await using bench = await startHttpBench();
  const answer = await sends(bench, body);
  expect(answer.status).toBe(status);
  expect(answer.json.message).toMatch(words);
  expect((await bench.admin("GET", path)).json.managedObjects).toEqual([]);
});

test("names come out of a form as they were", async () => {
  await using bench = await startHttpBench();
  const named = async (disposition: string) => {
    const head = `--b\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n\r\n--b--`;
    return (await sends(bench, { body: Buffer.from(head), type: 'multipart/form-data; boundary="b"' })).json;
  };
  expect(await named('name="file"; filename="a%22b.txt"')).toMatchObject({ name: 'a"b.txt', length: 0 });
  expect(await named('filename="c\\"d"; name=file')).toMatchObject({ name: 'c"d' });
  expect(await named("name=file")).toMatchObject({ name: "file", type: "application/octet-stream" });
  const odd = await named('name="file"; filename="\r\n\ud800"'.replaceAll("\r\n", "x"));
  expect((await bench.admin("GET", `${path}/${odd.id}`)).status).toBe(200);
});

test("a media type that is no such thing is none, and costs no time", async () => {
  await using bench = await startHttpBench();
  const type = `x${" ".repeat(3_900)}y`;
  const made = await sends(bench, form([{ name: "file", fileName: "x", type, content: "" }]));
  expect(made.json).toMatchObject({ name: "x", type: "application/octet-stream" });
});

test("a content that looks like the end of the form is content", async () => {
  await using bench = await startHttpBench();
  const content = "--b--\r\n--b \r\n-b\r\n\r\n--c--";
  const made = await sends(bench, form([{ name: "file", fileName: "x", content }], "b0"));
  expect((await bench.admin("GET", `${path}/${made.json.id}`)).text).toBe(content);
});

test("a file of exactly the limit is taken, one byte more is refused, and a body far above it is not even read", async () => {
  await using bench = await startHttpBench();
  const { fileBytesMax } = defaultFileLimits;
  const fits = await sends(bench, form([{ name: "file", fileName: "x", content: Buffer.alloc(fileBytesMax, 7) }]));
  expect(fits.status).toBe(201);
  const tooLarge = await sends(bench, form([{ name: "file", fileName: "x", content: Buffer.alloc(fileBytesMax + 1) }]));
  expect(tooLarge.status).toBe(413);
  expect(tooLarge.json.message).toBe("The file is larger than 10485760 bytes.");
  const huge = await bench.raw(
    [
      `POST ${path} HTTP/1.1`,
      "Host: localhost:8080",
      `Authorization: ${adminLogin["authorization"]}`,
      "Content-Type: multipart/form-data; boundary=b",
      "Content-Length: 1000000000",
      "Connection: close",
      "",
      "",
    ].join("\r\n"),
  );
  expect(huge).toMatch(/^HTTP\/1\.1 413 /);
  // Everywhere else bodies stay small.
  const body = `{"x":"${"x".repeat(300_000)}"}`;
  expect((await bench.admin("POST", "/alarm/alarms", body)).status).toBe(413);
});

test("of one login two files may be on their way at a time", async () => {
  await using bench = await startHttpBench();
  const head = [
    `POST ${path} HTTP/1.1`,
    "Host: localhost:8080",
    `Authorization: ${adminLogin["authorization"]}`,
    "Content-Type: multipart/form-data; boundary=b",
    "Content-Length: 100",
    "Connection: close",
    "",
    "",
  ].join("\r\n");
  const first = bench.raw(head);
  const second = bench.raw(head);
  await expect.poll(async () => (await bench.raw(head)).slice(0, 12)).toBe("HTTP/1.1 503");
  bench.clock.advance(61_000);
  expect((await first).slice(0, 12)).toBe("HTTP/1.1 408");
  expect((await second).slice(0, 12)).toBe("HTTP/1.1 408");
  bench.clock.advance(3_000);
  await expect
    .poll(async () => (await sends(bench, form([{ name: "file", fileName: "x", content: "x" }]))).status)
    .toBe(201);
});

test("of a device so many files are kept, however small: it cannot take the place of all others", async () => {
  await using bench = await startBench();
  await bench.device("gw-1");
  const files = new Files({ ...bench, limits: { ...defaultFileLimits, deviceFilesMax: 3, filesMax: 5 } });
  const create = (name: string, deviceId?: string) =>
    files.create({
      ...(deviceId === undefined ? {} : { deviceId }),
      owner: "x",
      name,
      type: "text/plain",
      content: Buffer.alloc(0),
    });
  for (const name of ["a", "b", "c", "d", "e", "f"]) expect(await create(name, "1001")).toMatchObject({ name });
  const { files: kept } = await files.list({ deviceId: "1001", skip: 0, take: 10 });
  expect(kept.map(({ name }) => name)).toEqual(["f", "e", "d"]);
  expect(await create("of a person")).toMatchObject({ name: "of a person" });
});

test("of a device the oldest make room; the tenant's limits are kept", async () => {
  await using bench = await startBench();
  await bench.device("gw-1");
  const limits = { fileBytesMax: 100, deviceBytesMax: 250, deviceFilesMax: 5, tenantBytesMax: 400, filesMax: 7 };
  const files = new Files({ ...bench, limits });
  const create = (bytes: number, deviceId?: string) =>
    files.create({
      ...(deviceId === undefined ? {} : { deviceId }),
      owner: deviceId === undefined ? "admin" : "device_gw-1",
      name: "n",
      type: "text/plain",
      content: Buffer.alloc(bytes, 1),
    });
  const kept = async () => (await files.list({ deviceId: "1001", skip: 0, take: 10 })).files.map(({ bytes }) => bytes);
  expect(await create(101)).toBe("too-large");
  for (const bytes of [100, 99, 50]) await create(bytes, "1001");
  expect(await kept()).toEqual([50, 99, 100]);
  await create(60, "1001");
  expect(await kept()).toEqual([60, 50, 99]);
  for (const bytes of [100, 91]) expect(await create(bytes)).toMatchObject({ bytes });
  expect(await create(1)).toBe("full");
  for (const bytes of [0, 0]) expect(await create(bytes)).toMatchObject({ bytes });
  expect(await create(0)).toBe("full");
  const contents = await bench.store.db.selectFrom("file_contents").select("file_id").execute();
  expect(contents).toHaveLength(7);
});

test("files rest in the database, which only its owner reads, and are part of a back-up", async () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-files-"));
  try {
    const databaseFile = join(folder, "postern.db");
    const bench = await startHttpBench({ databaseFile });
    const made = await sends(bench, form([{ name: "file", fileName: "x", content: everyByte }]));
    expect(statSync(databaseFile).mode & 0o777).toBe(0o600);
    const backup = join(folder, "backup.db");
    backupStore({ dataDir: folder, to: backup });
    await bench[Symbol.asyncDispose]();
    const database = new SqliteDatabase(backup, { readonly: true });
    const content = database.prepare("select content from file_contents where file_id = ?").pluck().get(made.json.id);
    database.close();
    expect(everyByte.equals(content as Buffer)).toBe(true);
    expect(statSync(backup).mode & 0o777).toBe(0o600);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
