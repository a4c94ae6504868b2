// The commands on a cloud's data folder, as a person runs them: accounts, audit, back-up, return, new master key.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import SqliteDatabase from "better-sqlite3";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runCloud } from "#cloud-stub/main.ts";
import { projectRoot } from "../tidy/project-files.ts";

const command = join(projectRoot, "bin", "postern.mjs");
const runMs = 15_000;

let folder = "";
let data = "";
let keyFile = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "postern-data-commands-"));
  data = join(folder, "data");
  keyFile = join(folder, "master.key");
  writeFileSync(keyFile, `${Buffer.alloc(32, 7).toString("base64")}\n`, { mode: 0o600 });
  const cloud = await runCloud({
    dataDir: data,
    httpPort: 0,
    httpsPort: 0,
    mqttsPort: 0,
    masterKeyFile: keyFile,
    accounts: { adminPassword: "admin password", bootstrapPassword: "bootstrap password" },
    write: () => {},
  });
  await cloud.stop();
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function postern(args: readonly string[], typed = ""): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [command, "cloud", ...args, "--data", data], {
      env: { ...process.env, XDG_CONFIG_HOME: join(folder, "config"), POSTERN_MASTER_KEY: "" },
      timeout: runMs,
    });
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      err += chunk.toString();
    });
    child.on("close", (code) => resolve({ code, out, err }));
    child.stdin.end(typed);
  });
}

const done = (out: string): Ended => ({ code: 0, out, err: "" });
const refused = (err: string): Ended => ({ code: 1, out: "", err: `postern: ${err}\n` });

it("makes accounts in groups, lists, disables and enables them", async () => {
  expect(await postern(["user", "add", "eve", "--group", "readers", "technicians"], "long enough\n")).toEqual(done(""));
  expect(await postern(["user", "disable", "eve"])).toEqual(done(""));
  const list = "admin  enabled   admins\neve    disabled  readers, technicians\n";
  expect(await postern(["user", "list"])).toEqual(done(list));
  expect(await postern(["user", "enable", "eve"])).toEqual(done(""));
  expect((await postern(["user", "list"])).out).toContain("eve    enabled ");
});

it("keeps no password, neither in a file nor in an answer", async () => {
  const canary = "canary-9d1f47";
  const answers = [
    await postern(["user", "add", "ida"], `${canary}\n`),
    await postern(["user", "add", "ida"], `${canary}\n`),
    await postern(["user", "password", "ida"], `${canary}-2\n`),
    await postern(["backup", "--to", join(data, "canary-backup.db")]),
  ];
  expect(answers.map(({ code }) => code)).toEqual([0, 1, 0, 0]);
  const files = readdirSync(data);
  expect(files).toEqual(expect.arrayContaining(["postern.db", "canary-backup.db"]));
  for (const file of files) expect(readFileSync(join(data, file), "latin1"), file).not.toContain(canary);
  for (const { out, err } of answers) expect(out + err).not.toContain(canary);
});

it("refuses what cannot be in one line", async () => {
  expect(await postern(["user", "add", "ann", "--group", "cooks"], "long enough\n")).toEqual(
    refused("There is no group cooks; there are: admins, readers, technicians"),
  );
  expect(await postern(["user", "add", "ann"], "short\n")).toEqual(refused("password: must have 8 to 1024 characters"));
  expect(await postern(["user", "disable", "ann"])).toEqual(refused('There is no user "ann".'));
  expect(await postern(["user", "disable", "admin"])).toEqual(
    refused(
      "Afterwards no enabled user would have the role ROLE_USER_MANAGEMENT_ADMIN; give it to somebody else first.",
    ),
  );
});

it("backs up, re-keys, restores and verifies, and names the record that was changed", async () => {
  const backup = join(folder, "backup.db");
  expect((await postern(["backup", "--to", backup])).code).toBe(0);
  expect(statSync(backup).mode & 0o777).toBe(0o600);
  const newKeyFile = join(folder, "new.key");
  const rekey = ["rekey", "--master-key-file", keyFile, "--new-master-key-file", newKeyFile];
  const rekeyed = await postern(rekey);
  expect(rekeyed).toMatchObject({ code: 0, err: "" });
  expect(rekeyed.out).toMatch(/^[0-9]+ secrets are under the new key\. Start the cloud with --master-key-file /);
  expect(readFileSync(newKeyFile, "utf8")).toMatch(/^[A-Za-z0-9+/]{43}=\n$/);
  expect(statSync(newKeyFile).mode & 0o777).toBe(0o600);
  expect((await postern(rekey)).out).toMatch(/^The database is under that key already\./);
  const restore = ["restore", "--from", backup, "--master-key-file"];
  expect(await postern([...restore, keyFile])).toEqual(
    refused(`There is a cloud in ${data} already; --force overwrites it.`),
  );
  expect((await postern([...restore, newKeyFile, "--force"])).err).toMatch(/The master key does not fit the database/);
  const restored = await postern([...restore, keyFile, "--force"]);
  expect(restored).toMatchObject({ code: 0, err: "" });
  expect(restored.out).toMatch(/^Restored\. The audit trail is unbroken: [0-9]+ records, /);
  const verified = await postern(["audit", "verify"]);
  expect(verified).toMatchObject({ code: 0, err: "" });
  expect(verified.out).toMatch(
    /^The audit trail is unbroken: [0-9]+ records, the last one has the hash [0-9a-f]{64}\.\n$/,
  );
  const noted = /hash ([0-9a-f]{64})/.exec(verified.out)?.[1] ?? "";
  const found = await postern(["audit", "verify", "--expect", noted]);
  expect(found).toEqual(done(expect.stringMatching(/that of record [0-9]+; nothing was added since\.\n$/)));
  const missing = await postern(["audit", "verify", "--expect", "f".repeat(64)]);
  expect(missing).toEqual({ code: 1, out: expect.stringMatching(/the expected hash is not in it/), err: "" });
  expect(await postern(["audit", "verify", "--expect", noted.slice(1)])).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^error: option '--expect <hash>' .* It must be the 64 digits/),
  });
  new SqliteDatabase(join(data, "postern.db"))
    .exec("drop trigger audit_is_not_changed; update audit_records set user_name = 'eve' where number = 2")
    .close();
  expect(await postern(["audit", "verify"])).toEqual({
    code: 1,
    out: "The audit trail is broken. Record 2 was changed: it does not fit its own hash.\n",
    err: "",
  });
});

it("leaves the folder of a running cloud to it", async () => {
  const cloud = await runCloud({
    dataDir: data,
    httpPort: 0,
    httpsPort: 0,
    mqttsPort: 0,
    masterKeyFile: keyFile,
    write: () => {},
  });
  try {
    const inUse = refused(`A cloud is running on ${data}; stop it first. It is process ${process.pid}.`);
    const backup = join(folder, "of-running.db");
    expect((await postern(["backup", "--to", backup])).code).toBe(0);
    expect((await postern(["user", "list"])).code).toBe(0);
    const keys = ["--master-key-file", keyFile];
    expect(await postern(["rekey", ...keys, "--new-master-key-file", join(folder, "third.key")])).toEqual(inUse);
    expect(await postern(["restore", ...keys, "--from", backup, "--force"])).toEqual(inUse);
    const again = await postern(["run", ...keys, "--http-port", "0", "--https-port", "0", "--mqtts-port", "0"]);
    expect(again).toEqual(inUse);
  } finally {
    await cloud.stop();
  }
});
