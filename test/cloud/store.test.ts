// The store: migrations from any version, private files, and a clear word where a database cannot be used.
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import SqliteDatabase from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { migrations } from "#cloud-stub/store/migrations.ts";
import { openStore } from "#cloud-stub/store/store.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "postern-store-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("versions count up from 1 without a gap", () => {
  expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, index) => index + 1));
});

test("a new database gets the latest version, and opening it again changes nothing", () => {
  const file = join(folder, "a.db");
  openStore(file).close();
  const schema = () => new SqliteDatabase(file, { readonly: true }).prepare("select sql from sqlite_schema").all();
  const before = schema();
  openStore(file).close();
  expect(schema()).toEqual(before);
  expect(new SqliteDatabase(file).pragma("user_version", { simple: true })).toBe(migrations.length);
});

test("an older database is brought to the present version with what is in it", async () => {
  const file = join(folder, "a.db");
  const older = openStore(file);
  await older.db.insertInto("settings").values({ name: "kept", value: "yes" }).execute();
  older.close();
  const next = { version: migrations.length + 1, what: "a test", sql: "alter table settings add column extra text" };
  const store = openStore(file, [...migrations, next]);
  expect(await store.db.selectFrom("settings").selectAll().execute()).toEqual([
    { name: "kept", value: "yes", extra: null },
  ]);
  store.close();
});

test("a migration that fails leaves the database as it was", () => {
  const file = join(folder, "a.db");
  openStore(file).close();
  const bad = {
    version: migrations.length + 1,
    what: "a test",
    sql: "create table half (x); alter table nothing add y",
  };
  expect(() => openStore(file, [...migrations, bad])).toThrow(
    `The database ${file} could not be brought to version ${bad.version} (a test) and was left as it was`,
  );
  const database = new SqliteDatabase(file);
  expect(database.pragma("user_version", { simple: true })).toBe(migrations.length);
  expect(database.prepare("select name from sqlite_schema where name = 'half'").all()).toEqual([]);
});

test("a database of a newer program is not touched", () => {
  const file = join(folder, "a.db");
  const newer = new SqliteDatabase(file);
  newer.pragma("user_version = 999");
  newer.close();
  expect(() => openStore(file)).toThrow(/has version 999, made by a newer Postern/);
});

test("a file that cannot be a database is named", () => {
  expect(() => openStore(join(folder, "missing", "a.db"))).toThrow(/Cannot open the database .*missing.a\.db: /);
});

test("the database and the files beside it are its owner's alone", async () => {
  const store = openStore(join(folder, "a.db"));
  await store.db.insertInto("settings").values({ name: "a", value: "b" }).execute();
  const files = readdirSync(folder);
  expect(files.sort()).toEqual(["a.db", "a.db-shm", "a.db-wal"]);
  for (const file of files) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
  store.close();
});

test("writes are durable before they are acknowledged, and references hold", async () => {
  const store = openStore(join(folder, "a.db"));
  const orphan = { device_id: "1", type: "t", text: "x", time_ms: 1, created_at_ms: 1 };
  await expect(store.db.insertInto("events").values(orphan).execute()).rejects.toThrow("FOREIGN KEY");
  store.close();
});

test("a transaction waits for another process that writes, and sees what it wrote", async () => {
  const file = join(folder, "a.db");
  const store = openStore(file);
  const other = openStore(file);
  const counting = (one: typeof store) =>
    one.db.transaction().execute(async (transaction) => {
      const row = await transaction.selectFrom("counters").selectAll().where("name", "=", "n").executeTakeFirst();
      const last = (row?.last ?? 0) + 1;
      await new Promise((resolve) => setImmediate(resolve));
      await transaction
        .insertInto("counters")
        .values({ name: "n", last })
        .onConflict((conflict) => conflict.column("name").doUpdateSet({ last }))
        .execute();
    });
  await counting(store);
  // One after the other: two connections of one process cannot wait for each other.
  await store.db.transaction().execute(async (transaction) => {
    await transaction.selectFrom("counters").selectAll().execute();
    const blocked = new SqliteDatabase(file, { timeout: 0 });
    expect(() => blocked.prepare("update counters set last = 7").run()).toThrow("database is locked");
    blocked.close();
  });
  await counting(other);
  expect(await store.db.selectFrom("counters").select("last").execute()).toEqual([{ last: 2 }]);
  other.close();
  store.close();
});
