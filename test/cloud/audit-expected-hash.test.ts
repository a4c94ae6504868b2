// A hash that somebody noted shows later whether the audit trail of then is still there, also where its end was cut off.
import { rmSync } from "node:fs";
import SqliteDatabase from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Audit } from "#cloud-stub/audit/audit.ts";
import { firstPreviousHash } from "#cloud-stub/audit/audit-hash.ts";
import { verifyAuditIn } from "#cloud-stub/data-commands.ts";
import { backupStore } from "#cloud-stub/store/backup.ts";
import { openStore } from "#cloud-stub/store/store.ts";
import { ManualClock } from "./cloud-bench.ts";
import { type DatabaseFile, withDatabaseFile } from "./refused-records.ts";

let database: DatabaseFile;
beforeEach(() => {
  database = withDatabaseFile();
});
afterEach(() => database[Symbol.dispose]());

async function writes(...texts: string[]): Promise<void> {
  const store = openStore(database.file);
  const audit = new Audit({ clock: new ManualClock(), store });
  for (const text of texts) await audit.record({ type: "User", activity: "Test", text, userName: "eve" });
  store.close();
}

/** As somebody would who can write the file and knows SQLite: the table's own counter is set back as well. */
function cutsOff(after: number): void {
  const file = new SqliteDatabase(database.file);
  const triggers = "select name, sql from sqlite_schema where type = 'trigger' and tbl_name = 'audit_records'";
  const kept = file.prepare(triggers).all() as { name: string; sql: string }[];
  for (const { name } of kept) file.exec(`drop trigger ${name}`);
  file.prepare("delete from audit_records where number > ?").run(after);
  file.prepare("update sqlite_sequence set seq = ? where name = 'audit_records'").run(after);
  for (const { sql } of kept) file.exec(sql);
  file.close();
}

const verify = (expected?: string) => verifyAuditIn(database.folder, expected);
const lastHash = () => /the last one has the hash ([0-9a-f]{64})\./.exec(verify().words)?.[1] ?? "";

test("a noted hash is found, and how many records were added since is said", async () => {
  await writes("one", "two", "three");
  const noted = lastHash();
  expect(verify(noted)).toEqual({
    isUnbroken: true,
    words: `The audit trail is unbroken: 3 records, the last one has the hash ${noted}. The expected hash is that of record 3; nothing was added since.`,
  });
  await writes("four");
  expect(verify(noted.toUpperCase())).toEqual({
    isUnbroken: true,
    words: `The audit trail is unbroken: 4 records, the last one has the hash ${lastHash()}. The expected hash is that of record 3; 1 record was added since.`,
  });
  await writes("five");
  expect(verify(noted).words).toMatch(/that of record 3; 2 records were added since\.$/);
  expect(verify(firstPreviousHash).words).toMatch(/stands for an empty trail; 5 records were added since\.$/);
});

const isMissing = /^The audit trail fits together, but the expected hash is not in it: .*cut off or written anew/;

test("an end that was cut off with its traces is found by the noted hash, and by nothing else", async () => {
  await writes("one", "two", "three");
  const noted = lastHash();
  cutsOff(2);
  expect(verify().isUnbroken).toBe(true);
  expect(verify(noted)).toEqual({ isUnbroken: false, words: expect.stringMatching(isMissing) });
  await writes("another third");
  expect(verify().isUnbroken).toBe(true);
  expect(verify(noted)).toEqual({ isUnbroken: false, words: expect.stringMatching(isMissing) });
});

test("a hash from after the back-up that was put in place is not in it", async () => {
  await writes("one");
  const early = lastHash();
  backupStore({ dataDir: database.folder, to: `${database.folder}/b.db` });
  await writes("two");
  const late = lastHash();
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${database.file}${suffix}`, { force: true });
  new SqliteDatabase(`${database.folder}/b.db`).prepare("vacuum into ?").run(database.file);
  expect(verify(early).isUnbroken).toBe(true);
  expect(verify(late).isUnbroken).toBe(false);
});

test("a broken chain is said first, whatever was expected", async () => {
  await writes("one", "two");
  const noted = lastHash();
  const file = new SqliteDatabase(database.file);
  file.exec("drop trigger audit_is_not_changed; update audit_records set text = 'x' where number = 1");
  file.close();
  expect(verify(noted)).toEqual({
    isUnbroken: false,
    words: "The audit trail is broken. Record 1 was changed: it does not fit its own hash.",
  });
});
