// `postern cloud user password`: one change with its record, in the name of who made it.
import SqliteDatabase from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { setPasswordInStore } from "#cloud-stub/set-user-password.ts";
import { scryptHasher } from "#cloud-stub/users/password-hasher.ts";
import { ManualClock, secureRandom } from "./cloud-bench.ts";
import { type HttpBench, startHttpBench } from "./http-bench.ts";
import { type DatabaseFile, withDatabaseFile } from "./refused-records.ts";

let database: DatabaseFile;
let bench: HttpBench;
beforeEach(async () => {
  database = withDatabaseFile();
  bench = await startHttpBench({ databaseFile: database.file });
  await bench.admin("POST", "/user/t1000/users", { userName: "eve", password: "password of eve" });
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
  database[Symbol.dispose]();
});

const sets = (password: string, name = "eve") =>
  setPasswordInStore({ clock: new ManualClock(), random: secureRandom, dataDir: database.folder, name, password });

/** With the command's own, memory-hard form; undefined where the account still has that of the test's cloud. */
async function isNow(password: string): Promise<boolean | undefined> {
  const file = new SqliteDatabase(database.file, { readonly: true });
  const hash = String(file.prepare("select password_hash from users where name = 'eve'").pluck().get());
  file.close();
  return hash.startsWith("plain$") ? undefined : scryptHasher(secureRandom).verify(password, hash);
}

test("its record names the command line, not the account whose password it is", async () => {
  await sets("another password");
  expect(await isNow("another password")).toBe(true);
  const { json } = await bench.admin("GET", "/audit/auditRecords?type=User&revert=true&pageSize=1");
  expect(json.auditRecords).toMatchObject([
    {
      activity: "Password changed",
      user: "command-line",
      text: "Password of 't1000/eve' changed on the command line.",
    },
  ]);
});

test("without its record the password stays", async () => {
  database.refuseRecords();
  await expect(sets("another password")).rejects.toThrow("no record can be written");
  expect(await isNow("another password")).toBeUndefined();
});

test.each([
  ["too short", "1234567"],
  ["too long", "x".repeat(1_025)],
])("a password that is %s is refused in one line", async (_what, password) => {
  const words = { code: "account.invalid", message: "password: must have 8 to 1024 characters" };
  await expect(sets(password)).rejects.toMatchObject(words);
  expect(await isNow(password)).toBeUndefined();
});

test("an account that does not exist is named", async () => {
  await expect(sets("another password", "nobody")).rejects.toMatchObject({
    code: "cloud.bad-option",
    message: "There is no account t1000/nobody",
  });
});
