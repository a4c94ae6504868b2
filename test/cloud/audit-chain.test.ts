// The audit trail cannot be changed without a trace: the chain, its check, and the table that people take along.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import SqliteDatabase from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Audit } from "#cloud-stub/audit/audit.ts";
import { csvCell } from "#cloud-stub/audit/audit-csv.ts";
import { auditHash, firstPreviousHash } from "#cloud-stub/audit/audit-hash.ts";
import { verifyAudit } from "#cloud-stub/audit/verify-audit.ts";
import { migrations } from "#cloud-stub/store/migrations.ts";
import { openStore } from "#cloud-stub/store/store.ts";
import { ManualClock } from "./cloud-bench.ts";
import { adminLogin, startHttpBench } from "./http-bench.ts";

let folder = "";
let file = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "postern-audit-"));
  file = join(folder, "a.db");
});
afterEach(() => rmSync(folder, { recursive: true }));

async function writes(count: number, to = file): Promise<void> {
  const store = openStore(to);
  const audit = new Audit({ clock: new ManualClock(), store });
  for (let number = 1; number <= count; number++) {
    await audit.record({ type: "User", activity: "Test", text: `Record ${number}.`, userName: "eve" });
  }
  store.close();
}

/** Changes the file as somebody would who can write it and knows SQLite. */
function tampers(sql: string): void {
  const database = new SqliteDatabase(file);
  database.exec("drop trigger audit_is_not_changed; drop trigger audit_is_not_removed; drop trigger audit_only_grows");
  database.exec(sql);
  database.close();
}

function verdict() {
  const database = new SqliteDatabase(file, { readonly: true });
  try {
    return verifyAudit(database);
  } finally {
    database.close();
  }
}

test("the hash of a record is the SHA-256 of its canonical form", () => {
  const record = {
    number: 1,
    type: "User",
    activity: "A",
    text: 'Ä "quote"',
    device_id: null,
    user_name: "eve",
    fields: '{"a":1}',
    time_ms: 1_795_514_400_000,
    previous_hash: firstPreviousHash,
  };
  // printf '%s' '[1,"User","A","Ä \"quote\"",null,"eve","{\"a\":1}",1795514400000,"000..."]' | sha256sum
  expect(auditHash(record)).toBe("895e645ec21313b2adb829226d03dc87ddec4af289c831a29c89820678248150");
});

test("what was only written is unbroken, also with records of two processes and none at all", async () => {
  await writes(0);
  expect(verdict()).toEqual({ isUnbroken: true, records: 0, lastHash: firstPreviousHash });
  await writes(3);
  await writes(2);
  expect(verdict()).toMatchObject({ isUnbroken: true, records: 5 });
});

test("records that are written at the same time stand one behind the other", async () => {
  const store = openStore(file);
  const audit = new Audit({ clock: new ManualClock(), store });
  const record = { type: "User", activity: "Test", text: "x", userName: "eve" } as const;
  await Promise.all(Array.from({ length: 50 }, () => audit.record(record)));
  store.close();
  expect(verdict()).toMatchObject({ isUnbroken: true, records: 50 });
});

test.each([
  ["a text", "update audit_records set text = 'x' where number = 4", 4, /^Record 4 was changed/],
  ["a user", "update audit_records set user_name = 'x' where number = 1", 1, /^Record 1 was changed/],
  ["a device", "update audit_records set device_id = '7' where number = 10", 10, /^Record 10 was changed/],
  ["a time", "update audit_records set time_ms = time_ms + 1 where number = 2", 2, /^Record 2 was changed/],
  ["a field", `update audit_records set fields = '{"a":1}' where number = 3`, 3, /^Record 3 was changed/],
  ["a hash", "update audit_records set hash = previous_hash where number = 5", 5, /^Record 5 was changed/],
  ["no hash", "update audit_records set hash = null where number = 5", 5, /^Record 5 was changed/],
  ["the order", "update audit_records set number = 99 where number = 5", 5, /^Record 5 is missing: the next one is 6/],
  ["a gap", "delete from audit_records where number = 6", 6, /^Record 6 is missing: the next one is 7/],
  ["the beginning", "delete from audit_records where number < 3", 1, /^Record 1 is missing: the next one is 3/],
  ["the end", "delete from audit_records where number > 8", 9, /^Record 9 is missing: 10 records were written, 8 are/],
  ["all", "delete from audit_records", 1, /^Record 1 is missing: 10 records were written, 0 are left/],
])("tampering is found and named: %s", async (_what, sql, record, what) => {
  await writes(10);
  tampers(sql);
  const found = verdict();
  expect(found).toMatchObject({ isUnbroken: false, record });
  expect(found).toHaveProperty("what", expect.stringMatching(what));
});

test("a record that was changed and hashed anew betrays itself at the next one", async () => {
  await writes(3);
  const database = new SqliteDatabase(file);
  database.function("audit_hash", { varargs: true }, (...values: unknown[]) => {
    const names = [
      "number",
      "type",
      "activity",
      "text",
      "device_id",
      "user_name",
      "fields",
      "time_ms",
      "previous_hash",
    ];
    return auditHash(Object.fromEntries(names.map((name, index) => [name, values[index]])) as never);
  });
  database.exec(`drop trigger audit_is_not_changed;
    update audit_records set text = 'x' where number = 2;
    update audit_records set hash = audit_hash(number, type, activity, text, device_id, user_name, fields, time_ms,
      previous_hash) where number = 2`);
  database.close();
  expect(verdict()).toMatchObject({ isUnbroken: false, record: 3, what: expect.stringMatching(/not continue/) });
});

test("a tail that was cut off stays known when more is written behind it", async () => {
  await writes(5);
  tampers("delete from audit_records where number > 3");
  await writes(4);
  expect(verdict()).toMatchObject({ isUnbroken: false, record: 4 });
});

test.each([
  ["update", "update audit_records set text = 'x'", "audit records never change"],
  ["delete", "delete from audit_records", "audit records are never removed"],
  [
    "replace",
    "insert or replace into audit_records select 1, type, activity, 'x', device_id, user_name, fields, time_ms, previous_hash, hash from audit_records",
    "an audit record continues the chain",
  ],
  [
    "insert without its place",
    "insert into audit_records (type, activity, text, user_name, fields, time_ms) values ('a', 'b', 'c', 'd', '{}', 1)",
    "an audit record continues the chain",
  ],
])("the database itself refuses an %s", async (_what, sql, words) => {
  await writes(2);
  const database = new SqliteDatabase(file);
  expect(() => database.exec(sql)).toThrow(words);
  database.close();
  expect(verdict()).toMatchObject({ isUnbroken: true, records: 2 });
});

test("records from before the chain get their place in it, unchanged", async () => {
  const older = openStore(file, migrations.slice(0, 2));
  older.close();
  const database = new SqliteDatabase(file);
  const insert = database.prepare(
    "insert into audit_records (type, activity, text, device_id, user_name, fields, time_ms) values ('User', 'a', ?, ?, 'eve', '{}', ?)",
  );
  for (let number = 1; number <= 20; number++) insert.run(`Record ${number}`, number % 2 === 0 ? "7" : null, number);
  const before = database.prepare("select number, type, text, device_id, time_ms from audit_records").all();
  database.close();
  await writes(1);
  expect(verdict()).toMatchObject({ isUnbroken: true, records: 21 });
  const after = new SqliteDatabase(file);
  const rows = after.prepare("select number, type, text, device_id, time_ms from audit_records limit 20").all();
  expect(rows).toEqual(before);
  expect(() => after.exec("update audit_records set text = 'x'")).toThrow("audit records never change");
  after.close();
});

test("records are filtered by what people look for", async () => {
  await using bench = await startHttpBench();
  await bench.admin("POST", "/user/t1000/users", { userName: "eve", password: "long enough" });
  const count = async (query: string) =>
    (await bench.admin("GET", `/audit/auditRecords?pageSize=100&${query}`)).json.auditRecords.length;
  expect(await count("type=User")).toBe(1);
  expect(await count("type=Option")).toBe(0);
  expect(await count("type=User&user=admin")).toBe(1);
  expect(await count("type=User&user=eve")).toBe(0);
  expect(await count("reason=client.closed")).toBe(0);
  expect(await count("type=User&dateTo=2026-11-24T09:00:00Z")).toBe(0);
  expect(await count("type=User&dateFrom=2026-11-24T09:00:00Z")).toBe(1);
  const [record] = (await bench.admin("GET", "/audit/auditRecords?type=User")).json.auditRecords;
  expect(record.postern_Chain.hash).toMatch(/^[0-9a-f]{64}$/);
  expect((await bench.admin("GET", `/audit/auditRecords/${record.id}`)).json).toEqual(record);
  expect((await bench.admin("GET", "/audit/auditRecords/0x1")).status).toBe(404);
  expect((await bench.admin("GET", "/audit/auditRecords?dateFrom=yesterday")).status).toBe(400);
});

test("the whole trail can be taken along as a table, filtered alike and not in pages", async () => {
  await using bench = await startHttpBench();
  for (let number = 1; number <= 12; number++) {
    await bench.admin("PUT", `/tenant/options/a/k${number}`, { value: "v" });
  }
  const ask = (path: string, accept: string) => bench.ask({ path, headers: { ...adminLogin, accept } });
  const table = await ask("/audit/auditRecords?type=Option&revert=true", "text/csv");
  expect(table.status).toBe(200);
  expect(table.headers["content-type"]).toBe("text/csv;charset=UTF-8;header=present");
  const lines = table.text.split("\r\n");
  expect(lines[0]).toBe(
    "id,time,type,activity,text,user,source,session,operation,endpoint,endpointName,protocol,clientAddress,reason,bytesUp,bytesDown,durationMs,hash",
  );
  expect(lines).toHaveLength(14);
  expect(lines[1]).toMatch(
    /^\d+,2026-11-24T10:00:00\.000Z,Option,Option set,Tenant option 'a\/k12' set\.,admin,,,,,,,,,,,,[0-9a-f]{64}$/,
  );
  expect((await ask("/audit/auditRecords", "text/html, text/csv")).json.auditRecords).toHaveLength(5);
});

test("a long trail comes whole, each record once", async () => {
  await writes(1_234);
  await using bench = await startHttpBench({ databaseFile: file });
  const headers = { ...adminLogin, accept: "text/csv" };
  const table = await bench.ask({ path: "/audit/auditRecords?user=eve", headers });
  const ids = table.text.split("\r\n").map((line) => line.split(",")[0]);
  expect(ids.slice(1, -1)).toEqual(Array.from({ length: 1_234 }, (_, index) => String(index + 1)));
});

test("a table is of one moment: what is recorded while it is read is not in it, newest first as well", async () => {
  await writes(7);
  const store = openStore(file);
  const audit = new Audit({ clock: new ManualClock(), store });
  for (const isNewestFirst of [false, true]) {
    const numbers: number[] = [];
    const last = await audit.lastNumber();
    for await (const records of audit.all({ isNewestFirst, userName: "eve" }, 3)) {
      expect(records.length).toBeLessThanOrEqual(3);
      numbers.push(...records.map(({ id }) => Number(id)));
      await audit.record({ type: "User", activity: "Test", text: "meanwhile", userName: "eve" });
    }
    const expected = Array.from({ length: last }, (_, index) => index + 1);
    expect(numbers).toEqual(isNewestFirst ? expected.reverse() : expected);
  }
  store.close();
});

test.each([
  ["plain", "plain"],
  ["a,b", '"a,b"'],
  ['a "b"', '"a ""b"""'],
  ["a\r\nb", '"a\r\nb"'],
  ["=1+1", "'=1+1"],
  ["+1", "'+1"],
  ["-1", "'-1"],
  ["@SUM(A1)", "'@SUM(A1)"],
  [" =1", "' =1"],
  ["\t=1", "'\t'=1"],
  ["\r=1", "\"'\r'=1\""],
  ["\u0000=1", "'\u0000=1"],
  ["＝1", "'＝1"],
  ['=HYPERLINK("http://x","y")', '"\'=HYPERLINK(""http://x"",""y"")"'],
  ["a=1", "a=1"],
  ["press;=1+1", "press;'=1+1"],
  ["press; =1+1;-2", "press;' =1+1;'-2"],
  ['press;"=1+1"', '"press;\'""=1+1"""'],
  ["press\t@SUM(A1)", "press\t'@SUM(A1)"],
  ["press\n=1", '"press\n\'=1"'],
  ["press | +1", "press |' +1"],
  ["a; b - c; d", "a; b - c; d"],
  [-5, "-5"],
  [0, "0"],
  [null, ""],
  [undefined, ""],
])("the cell of %j is %j", (value, cell) => {
  expect(csvCell(value)).toBe(cell);
});
