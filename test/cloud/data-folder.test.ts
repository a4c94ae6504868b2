// What is done to a data folder as a whole: a new master key, a back-up, its return; and that a running cloud is left alone.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import SqliteDatabase from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readOrMakeMasterKey } from "#cloud-stub/master-key.ts";
import { Endpoints } from "#cloud-stub/remote-access/endpoints.ts";
import { createVault, sealedMark } from "#cloud-stub/remote-access/vault.ts";
import { backupStore } from "#cloud-stub/store/backup.ts";
import { lockDataFolder } from "#cloud-stub/store/data-lock.ts";
import { rekeyStore } from "#cloud-stub/store/rekey.ts";
import { type RestoreOptions, restoreStore } from "#cloud-stub/store/restore.ts";
import { openStore } from "#cloud-stub/store/store.ts";
import { TenantOptions } from "#cloud-stub/tenant/tenant-options.ts";
import { ManualClock, secureRandom } from "./cloud-bench.ts";
import { basic, type HttpBench, startHttpBench } from "./http-bench.ts";

const oldKey = new Uint8Array(32).fill(7);
const newKey = new Uint8Array(32).fill(9);
const password = "canary-panel";
const optionValue = "canary-option";

let dataDir = "";
let databaseFile = "";
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "postern-data-"));
  databaseFile = join(dataDir, "postern.db");
});
afterEach(() => rmSync(dataDir, { recursive: true }));

/** A cloud with a secret of each kind; the id of its device. */
async function fills(bench: HttpBench): Promise<string> {
  const { id } = await bench.registers("gw-1");
  const endpoint = { name: "HMI", hostname: "192.0.2.1", port: 5900, protocol: "VNC", credentialsType: "PASS_ONLY" };
  const path = `/service/remoteaccess/devices/${id}/configurations`;
  expect((await bench.admin("POST", path, { ...endpoint, password })).status).toBe(201);
  const option = "/tenant/options/a/credentials.b";
  expect((await bench.admin("PUT", option, { value: optionValue })).status).toBe(200);
  return id;
}

async function filled(): Promise<string> {
  await using bench = await startHttpBench({ databaseFile, masterKey: oldKey });
  return await fills(bench);
}

async function secretsUnder(masterKey: Uint8Array, deviceId: string, file = databaseFile): Promise<unknown[]> {
  const store = openStore(file);
  const vault = createVault(masterKey, secureRandom);
  try {
    const endpoints = new Endpoints({ clock: new ManualClock(), store, vault, tenantId: "t1000" });
    const options = new TenantOptions({ store, vault });
    return [await endpoints.password(deviceId, "1"), await options.get("a", "credentials.b")];
  } finally {
    store.close();
  }
}

describe("a new master key", () => {
  const rekey = (keys: { oldKey?: Uint8Array; newKey?: Uint8Array } = {}) =>
    rekeyStore({ dataDir, oldKey, newKey, random: secureRandom, ...keys });

  test("opens every secret, and the old one opens none any more", async () => {
    const deviceId = await filled();
    expect(rekey().secrets).toBeGreaterThanOrEqual(4);
    expect(await secretsUnder(newKey, deviceId)).toEqual([password, optionValue]);
    await expect(secretsUnder(oldKey, deviceId)).rejects.toThrow("sealed under another master key");
    await expect(startHttpBench({ databaseFile, masterKey: oldKey })).rejects.toThrow("The master key does not fit");
    await using bench = await startHttpBench({ databaseFile, masterKey: newKey });
    expect((await bench.admin("GET", "/user/currentUser")).status).toBe(200);
  });

  test("leaves no data key under the old one in any file of the folder", async () => {
    await filled();
    const mark = sealedMark(oldKey);
    expect(readFileSync(databaseFile, "latin1")).toContain(mark);
    // Another command that has the database open keeps SQLite from tidying up at the end.
    const other = new SqliteDatabase(databaseFile);
    other.prepare("select count(*) from settings").get();
    rekey();
    for (const name of readdirSync(dataDir))
      expect(readFileSync(join(dataDir, name), "latin1"), name).not.toContain(mark);
    other.close();
  });

  test("may be given twice", async () => {
    await filled();
    rekey();
    expect(rekey()).toEqual({ secrets: 0, wasDone: true });
  });

  test("is refused where the present key does not fit, and nothing changes", async () => {
    const deviceId = await filled();
    expect(() => rekey({ oldKey: new Uint8Array(32).fill(1) })).toThrow(/present master key does not fit/);
    expect(await secretsUnder(oldKey, deviceId)).toEqual([password, optionValue]);
  });

  test.each([
    [
      "a damaged secret",
      "update endpoints set sealed_password = substr(sealed_password, 1, 40) || 'AAAA' || substr(sealed_password, 45)",
    ],
    ["a secret where none belongs", "update devices set name = (select sealed_password from endpoints)"],
    [
      "a secret under a third key",
      "update tenant_options set sealed_value = 'v1.AAAAAAAAAAAAAAAA' || substr(sealed_value, 20)",
    ],
  ])("is refused as a whole because of %s", async (_what, sql) => {
    await filled();
    const database = new SqliteDatabase(databaseFile);
    database.exec(sql);
    const dump = () =>
      database.prepare("select sealed_password from endpoints union all select value from settings").all();
    const before = dump();
    expect(() => rekey()).toThrow();
    expect(dump()).toEqual(before);
    database.close();
  });

  test("is made on the disk, private, where its file is missing", () => {
    const file = join(dataDir, "keys", "new.key");
    const made = readOrMakeMasterKey(file, secureRandom);
    expect(made.isNew).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readOrMakeMasterKey(file, secureRandom)).toMatchObject({ isNew: false, key: Buffer.from(made.key) });
  });

  test("is not given to the database of a running cloud", async () => {
    await filled();
    const lock = lockDataFolder(dataDir);
    expect(() => rekey()).toThrow(`A cloud is running on ${dataDir}; stop it first.`);
    expect(() => lockDataFolder(dataDir)).toThrow("stop it first");
    lock.release();
    rekey();
  });

  test("is refused where there is no cloud", () => {
    expect(() => rekey()).toThrow(`There is no cloud in ${dataDir}`);
  });
});

describe("a back-up", () => {
  test("of a running cloud is whole, private, without the master key, and the cloud goes on", async () => {
    await using bench = await startHttpBench({ databaseFile, masterKey: oldKey });
    const deviceId = await fills(bench);
    const to = join(dataDir, "backup.db");
    const writing = Promise.all(
      Array.from({ length: 20 }, (_, index) => bench.admin("PUT", `/tenant/options/w/k${index}`, { value: "v" })),
    );
    backupStore({ dataDir, to });
    expect((await writing).map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(statSync(to).mode & 0o777).toBe(0o600);
    expect(readdirSync(dataDir).filter((name) => name.startsWith("backup"))).toEqual(["backup.db"]);
    const bytes = readFileSync(to);
    for (const secret of [Buffer.from(oldKey), Buffer.from(oldKey).toString("base64"), password, optionValue]) {
      expect(bytes.includes(secret)).toBe(false);
    }
    expect(await secretsUnder(oldKey, deviceId, to)).toEqual([password, optionValue]);
  });

  test("overwrites nothing, and leaves nothing where it cannot be written", async () => {
    await filled();
    const to = join(dataDir, "backup.db");
    writeFileSync(to, "precious");
    expect(() => backupStore({ dataDir, to })).toThrow(`${to} exists already`);
    expect(readFileSync(to, "utf8")).toBe("precious");
    writeFileSync(join(dataDir, "second.db.unfinished"), "half");
    expect(() => backupStore({ dataDir, to: join(dataDir, "second.db") })).toThrow(
      /second\.db\.unfinished is in the way: another back-up is being written, or one was broken off/,
    );
    const nowhere = join(dataDir, "missing", "backup.db");
    expect(() => backupStore({ dataDir, to: nowhere })).toThrow("The back-up cannot be written");
    expect(existsSync(`${nowhere}.unfinished`)).toBe(false);
  });
});

describe("a restored back-up", () => {
  const restore = (options: Partial<RestoreOptions> = {}) =>
    restoreStore({
      clock: new ManualClock(),
      random: secureRandom,
      from: join(dataDir, "backup.db"),
      dataDir,
      masterKey: oldKey,
      isForced: true,
      ...options,
    });

  test("is the cloud as it was then: later changes are gone, earlier ones are there, logins are over", async () => {
    const bench = await startHttpBench({ databaseFile, masterKey: oldKey });
    const deviceId = await fills(bench);
    const form = "grant_type=PASSWORD&username=admin&password=correct%20horse";
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const login = await bench.ask({ method: "POST", path: "/tenant/oauth/token", headers, body: form });
    const token = { authorization: `Bearer ${login.json.access_token}` };
    backupStore({ dataDir, to: join(dataDir, "backup.db") });
    await bench.admin("POST", "/user/t1000/users", { userName: "late", password: "long enough" });
    bench.cloud.kill();
    const verdict = await restore();
    expect(verdict).toMatchObject({ isUnbroken: true });
    await using again = await startHttpBench({ databaseFile, masterKey: oldKey });
    expect((await again.ask({ path: "/user/currentUser", headers: token })).status).toBe(401);
    expect((await again.ask({ path: "/user/currentUser", headers: basic("t1000/late", "long enough") })).status).toBe(
      401,
    );
    expect((await again.admin("GET", `/inventory/managedObjects/${deviceId}`)).status).toBe(200);
    const { json } = await again.admin("GET", "/audit/auditRecords?type=SYSTEM");
    expect(json.auditRecords).toMatchObject([{ activity: "Database restored" }]);
    expect(statSync(databaseFile).mode & 0o777).toBe(0o600);
  });

  test("is not mixed with the log that a killed cloud left", async () => {
    const killed = join(dataDir, "killed");
    mkdirSync(killed);
    const bench = await startHttpBench({ databaseFile, masterKey: oldKey });
    const deviceId = await fills(bench);
    const from = join(dataDir, "backup.db");
    backupStore({ dataDir, to: from });
    await bench.admin("POST", "/user/t1000/users", { userName: "late", password: "long enough" });
    // What is on the disk at this moment is what a kill -9 would leave.
    for (const suffix of ["", "-wal"]) copyFileSync(`${databaseFile}${suffix}`, join(killed, `postern.db${suffix}`));
    await bench[Symbol.asyncDispose]();
    await restore({ dataDir: killed });
    const file = join(killed, "postern.db");
    expect(await secretsUnder(oldKey, deviceId, file)).toEqual([password, optionValue]);
    const store = openStore(file);
    const names = await store.db.selectFrom("users").select("name").where("kind", "=", "user").execute();
    expect(names).toEqual([{ name: "admin" }]);
    store.close();
  });

  test("goes into a folder that is not there yet", async () => {
    const deviceId = await filled();
    const from = join(dataDir, "backup.db");
    backupStore({ dataDir, to: from });
    const other = join(dataDir, "other");
    await restore({ dataDir: other, isForced: false });
    expect(await secretsUnder(oldKey, deviceId, join(other, "postern.db"))).toEqual([password, optionValue]);
  });

  test("replaces a database that is damaged beyond reading", async () => {
    const deviceId = await filled();
    backupStore({ dataDir, to: join(dataDir, "backup.db") });
    writeFileSync(databaseFile, "not a database at all, long enough to be looked at as one ".repeat(100));
    writeFileSync(`${databaseFile}-wal`, "garbage");
    await restore();
    expect(await secretsUnder(oldKey, deviceId)).toEqual([password, optionValue]);
  });

  const refusals: readonly [string, (backup: string) => void, Partial<RestoreOptions>, RegExp][] = [
    ["without --force", () => {}, { isForced: false }, /There is a cloud in .* already; --force overwrites it/],
    [
      "under another master key",
      () => {},
      { masterKey: newKey },
      /The master key does not fit the database .*backup\.db/,
    ],
    ["that is missing", (backup) => rmSync(backup), {}, /There is no back-up/],
    ["that is no database", (backup) => writeFileSync(backup, "x".repeat(5_000)), {}, /is no sound back-up of a cloud/],
    ["that is cut short", (backup) => truncateSync(backup, 40_960), {}, /is no sound back-up of a cloud/],
    ["that is empty", (backup) => truncateSync(backup, 0), {}, /is a database, but not one of a cloud/],
    ["with a log beside it", (backup) => writeFileSync(`${backup}-wal`, ""), {}, /a cloud that was not stopped/],
    [
      "of another program",
      (backup) => {
        rmSync(backup);
        new SqliteDatabase(backup).exec("create table notes (text); pragma user_version = 3").close();
      },
      {},
      /is a database, but not one of a cloud/,
    ],
    [
      "of a newer program",
      (backup) => new SqliteDatabase(backup).exec("pragma user_version = 999").close(),
      {},
      /made by a newer Postern/,
    ],
  ];

  test.each(refusals)("%s is refused, and the folder stays as it was", async (_what, spoil, options, words) => {
    const deviceId = await filled();
    const backup = join(dataDir, "backup.db");
    backupStore({ dataDir, to: backup });
    spoil(backup);
    const before = readFileSync(databaseFile);
    await expect(restore(options)).rejects.toThrow(words);
    expect(readFileSync(databaseFile).equals(before)).toBe(true);
    expect(readdirSync(dataDir).filter((name) => name.includes("incoming"))).toEqual([]);
    expect(await secretsUnder(oldKey, deviceId)).toEqual([password, optionValue]);
  });

  test("does not come over a running cloud", async () => {
    await filled();
    backupStore({ dataDir, to: join(dataDir, "backup.db") });
    const lock = lockDataFolder(dataDir);
    await expect(restore()).rejects.toThrow("stop it first");
    lock.release();
  });

  test("says when the audit trail in it was tampered with", async () => {
    await filled();
    const backup = join(dataDir, "backup.db");
    copyFileSync(databaseFile, backup);
    new SqliteDatabase(backup)
      .exec("drop trigger audit_is_not_changed; update audit_records set text = 'x' where number = 2")
      .close();
    expect(await restore()).toMatchObject({ isUnbroken: false, record: 2 });
  });
});
