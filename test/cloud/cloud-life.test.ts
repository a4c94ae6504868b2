// Starting, stopping, dying and starting again: what of a cloud survives.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findMasterKey } from "#cloud-stub/master-key.ts";
import { createVault } from "#cloud-stub/remote-access/vault.ts";
import { createServices } from "#cloud-stub/services.ts";
import { openStore } from "#cloud-stub/store/store.ts";
import { countingHasher, ManualClock, secureRandom } from "./cloud-bench.ts";
import { basic, startHttpBench } from "./http-bench.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "postern-cloud-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const silentLog = { info: () => {}, warn: () => {}, error: () => {} };
const masterKey = new Uint8Array(32).fill(7);

test("what was registered before a stop is there after it, with the same device login", async () => {
  const databaseFile = join(folder, "a.db");
  const first = await startHttpBench({ databaseFile });
  const { id, password } = await first.registers("gw-1");
  await first[Symbol.asyncDispose]();
  await using second = await startHttpBench({ databaseFile });
  expect((await second.admin("GET", `/inventory/managedObjects/${id}`)).status).toBe(200);
  const headers = basic("t1000/device_gw-1", password);
  expect((await second.ask({ path: `/inventory/managedObjects/${id}`, headers })).status).toBe(200);
});

test("remote-access operations that an earlier run left unfinished are failed, others are not", async () => {
  const databaseFile = join(folder, "a.db");
  const first = await startHttpBench({ databaseFile });
  const { id } = await first.registers("gw-1");
  first.cloud.kill();
  const store = openStore(databaseFile);
  const clock = new ManualClock();
  const { operations } = await createServices({
    clock,
    random: secureRandom,
    tenantId: "t1000",
    store,
    vault: createVault(masterKey, secureRandom),
    hasher: countingHasher(),
    log: silentLog,
    allowedHosts: [],
  });
  const connect = { c8y_RemoteAccessConnect: { hostname: "192.0.2.1", port: 5900, connectionKey: "k" } };
  const make = (fragments: Record<string, unknown>) =>
    operations.create({ deviceId: id, description: "d", fragments, userName: "admin" });
  await make(connect);
  await operations.setStatus((await make(connect)).id, "EXECUTING");
  await make({ c8y_Restart: {} });
  store.close();
  await using second = await startHttpBench({ databaseFile });
  const { json } = await second.admin("GET", "/devicecontrol/operations");
  expect(json.operations.map(({ status, failureReason }: Record<string, string>) => [status, failureReason])).toEqual([
    ["FAILED", "cloud.stopping: The cloud is shutting down."],
    ["FAILED", "cloud.stopping: The cloud is shutting down."],
    ["PENDING", undefined],
  ]);
});

test("a killed cloud says nothing more", async () => {
  const bench = await startHttpBench();
  const { mqtt } = await bench.registers("gw-1");
  const closed = new Promise<void>((resolve) => mqtt.once("close", () => resolve()));
  const lines = bench.logLines.length;
  bench.cloud.kill();
  await closed;
  expect(bench.logLines).toHaveLength(lines);
  expect(bench.cloud.status()).toMatchObject({ sessions: 0, webSockets: 0 });
  expect(bench.clock.pending).toBe(0);
});

test("a stopped cloud has closed every connection and keeps no timer", async () => {
  const bench = await startHttpBench();
  const { mqtt } = await bench.registers("gw-1");
  const closed = new Promise<void>((resolve) => mqtt.once("close", () => resolve()));
  await bench.cloud.stop();
  await closed;
  expect(bench.cloud.status()).toEqual({ mqttClients: 0, sessions: 0, webSockets: 0 });
  expect(bench.clock.pending).toBe(0);
  await bench.cloud.stop();
});

test("passwords that were made up are given back once, and those that were given are not", async () => {
  const databaseFile = join(folder, "a.db");
  const first = await startHttpBench({ databaseFile, accounts: { bootstrapPassword: "given one" } });
  expect(first.cloud.created).toEqual({ adminPassword: expect.stringMatching(/^[\w-]{32}$/) });
  const headers = basic("admin", first.cloud.created.adminPassword!);
  expect((await first.ask({ path: "/user/currentUser", headers })).status).toBe(200);
  await first[Symbol.asyncDispose]();
  await using second = await startHttpBench({ databaseFile, accounts: { adminPassword: "another one" } });
  expect(second.cloud.created).toEqual({});
  expect((await second.ask({ path: "/user/currentUser", headers })).status).toBe(200);
});

test("a master key that does not fit the database is told with what to do", async () => {
  const databaseFile = join(folder, "a.db");
  await (await startHttpBench({ databaseFile })).cloud.stop();
  const other = startHttpBench({ databaseFile, masterKey: new Uint8Array(32).fill(8) });
  await expect(other).rejects.toMatchObject({
    code: "cloud.wrong-master-key",
    message: expect.stringContaining("Start with the key that was used before (--master-key-file)"),
  });
});

test("a password changed in the store by another process drops the remembered login and the tokens", async () => {
  const databaseFile = join(folder, "a.db");
  await using bench = await startHttpBench({ databaseFile });
  const { json } = await bench.ask({
    method: "POST",
    path: "/tenant/oauth/token",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: "grant_type=PASSWORD&username=admin&password=correct%20horse",
  });
  const bearer = { authorization: `Bearer ${json.access_token}` };
  const status = async (headers: Record<string, string>) =>
    (await bench.ask({ path: "/user/currentUser", headers })).status;
  expect([await status(bearer), await status(basic("admin", "correct horse"))]).toEqual([200, 200]);
  const store = openStore(databaseFile);
  const { accounts } = await createServices({
    clock: bench.clock,
    random: secureRandom,
    tenantId: "t1000",
    store,
    vault: createVault(masterKey, secureRandom),
    hasher: countingHasher(),
    log: silentLog,
    allowedHosts: [],
  });
  await accounts.setPassword("t1000", "admin", "new password");
  store.close();
  expect([await status(bearer), await status(basic("admin", "correct horse"))]).toEqual([401, 401]);
  expect(await status(basic("admin", "new password"))).toBe(200);
});

const key = Buffer.alloc(32, 1).toString("base64");
const base = { random: secureRandom, isForExistingDatabase: false };

test("the master key comes from the file named, then the credential, then the variable, else it is made", () => {
  const file = join(folder, "key");
  writeFileSync(file, `${key}\n`, { mode: 0o600 });
  const credentials = { CREDENTIALS_DIRECTORY: folder, XDG_CONFIG_HOME: folder, POSTERN_MASTER_KEY: key };
  expect(findMasterKey({ ...base, file, env: credentials })).toMatchObject({ source: file, isReadableByOthers: false });
  expect(findMasterKey({ ...base, env: credentials }).source).toBe("POSTERN_MASTER_KEY");
  writeFileSync(join(folder, "postern-master-key"), key);
  expect(findMasterKey({ ...base, env: credentials }).source).toBe(join(folder, "postern-master-key"));
  const made = findMasterKey({ ...base, env: { XDG_CONFIG_HOME: folder } });
  expect(made).toMatchObject({ source: join(folder, "postern", "master.key"), isNew: true });
  expect(statSync(made.source).mode & 0o777).toBe(0o600);
  const again = findMasterKey({ ...base, env: { XDG_CONFIG_HOME: folder } });
  expect(again.isNew).toBe(false);
  expect(Buffer.from(again.key)).toEqual(Buffer.from(made.key));
  expect(readFileSync(made.source, "utf8").trim()).toBe(Buffer.from(made.key).toString("base64"));
});

test("a key file that others may read is reported", () => {
  const file = join(folder, "key");
  writeFileSync(file, key, { mode: 0o644 });
  expect(findMasterKey({ ...base, file, env: {} }).isReadableByOthers).toBe(true);
});

test.each(["", "short", "not base64 !", Buffer.alloc(31).toString("base64"), Buffer.alloc(33).toString("base64")])(
  "the master key %j is refused with its source and what it should be",
  (text) => {
    const file = join(folder, "key");
    writeFileSync(file, text);
    const error = {
      code: "cloud.bad-master-key",
      message: expect.stringMatching(/key: a master key is 32 random bytes/),
    };
    expect(() => findMasterKey({ ...base, file, env: {} })).toThrow(expect.objectContaining(error));
  },
);

test("no new key is made for a database that has one somewhere", () => {
  const env = { XDG_CONFIG_HOME: folder };
  expect(() => findMasterKey({ ...base, env, isForExistingDatabase: true })).toThrow(
    /There is a database but no master key for it/,
  );
});
