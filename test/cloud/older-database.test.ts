// A database from before alarms, measurements and files: what is in it stays, and its own groups may see the new things.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import SqliteDatabase from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { migrations } from "#cloud-stub/store/migrations.ts";
import { openStore } from "#cloud-stub/store/store.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "postern-older-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What the groups of a tenant held then. */
const readers = ["ROLE_AUDIT_READ", "ROLE_EVENT_READ", "ROLE_INVENTORY_READ"];
const groups: readonly [string, readonly string[]][] = [
  ["admins", [...readers, "ROLE_TENANT_ADMIN"]],
  ["readers", readers],
  ["technicians", [...readers, "ROLE_DEVICE_CONTROL_ADMIN"]],
  ["night shift", readers],
];

test("the groups that every tenant starts with get the new roles, others keep what they have", async () => {
  const file = join(folder, "a.db");
  openStore(file, migrations.slice(0, 4)).close();
  const database = new SqliteDatabase(file);
  const insert = database.prepare("insert into groups values ('t1000', ?, ?, 'd', ?)");
  for (const [index, [name, roles]] of groups.entries()) insert.run(index + 1, name, JSON.stringify(roles));
  insert.run(9, "other", JSON.stringify([]));
  database
    .prepare("insert into groups values ('t2000', 1, 'readers', 'd', ?)")
    .run(JSON.stringify(["ROLE_AUDIT_READ"]));
  database.close();
  const store = openStore(file);
  const rows = await store.db.selectFrom("groups").selectAll().orderBy("tenant_id").orderBy("number").execute();
  store.close();
  const added = rows.map(({ name, roles }) => {
    const before = groups.find(([one]) => one === name)?.[1] ?? [];
    return [name, (JSON.parse(roles) as string[]).filter((role) => !before.includes(role))];
  });
  expect(added).toEqual([
    [
      "admins",
      [
        "ROLE_ALARM_ADMIN",
        "ROLE_ALARM_READ",
        "ROLE_EVENT_ADMIN",
        "ROLE_INVENTORY_CREATE",
        "ROLE_MEASUREMENT_ADMIN",
        "ROLE_MEASUREMENT_READ",
      ],
    ],
    ["readers", ["ROLE_ALARM_READ", "ROLE_MEASUREMENT_READ"]],
    ["technicians", ["ROLE_ALARM_ADMIN", "ROLE_ALARM_READ", "ROLE_INVENTORY_CREATE", "ROLE_MEASUREMENT_READ"]],
    ["night shift", []],
    ["other", []],
    // Of the other tenant: somebody took the right to see events from it.
    ["readers", []],
  ]);
});

test("its devices, events and operations are as they were", async () => {
  const file = join(folder, "a.db");
  openStore(file, migrations.slice(0, 4)).close();
  const database = new SqliteDatabase(file);
  database.exec(`
    insert into devices values ('1001', 'gw-1', 'Gateway', 't', 'device_gw-1', '{}', 3, 1, 2, 3);
    insert into events (device_id, type, text, time_ms, created_at_ms) values ('1001', 't', 'x', 1, 2);
    insert into operations (device_id, description, user_name, status, fragment_names, fragments, created_at_ms, updated_at_ms)
      values ('1001', 'd', 'admin', 'PENDING', ',c8y_Restart,', '{"c8y_Restart":{}}', 1, 2);
  `);
  database.close();
  const store = openStore(file);
  expect(await store.db.selectFrom("events").selectAll().execute()).toEqual([
    { number: 1, device_id: "1001", type: "t", text: "x", time_ms: 1, created_at_ms: 2, fragments: "{}" },
  ]);
  expect(await store.db.selectFrom("operations").select(["status", "fragments"]).execute()).toEqual([
    { status: "PENDING", fragments: '{"c8y_Restart":{}}' },
  ]);
  expect(await store.db.selectFrom("alarms").selectAll().execute()).toEqual([]);
  store.close();
});
