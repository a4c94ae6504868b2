// The passwords of a first start reach a person, whenever the process dies.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import SqliteDatabase from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type RunningCommand, startCommand } from "../support/running-command.ts";

let data = "";
const started: RunningCommand[] = [];
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), "postern-first-"));
});
afterEach(async () => {
  for (const command of started.splice(0)) await command.kill();
  rmSync(data, { recursive: true });
});

function runs(env: NodeJS.ProcessEnv = {}): RunningCommand {
  const ports = ["--http-port", "0", "--https-port", "0", "--mqtts-port", "0"];
  const masterKey = { POSTERN_MASTER_KEY: Buffer.alloc(32, 7).toString("base64") };
  const command = startCommand(["cloud", "run", "--data", data, ...ports], { env: { ...masterKey, ...env } });
  started.push(command);
  return command;
}

function accounts(): number {
  const file = join(data, "postern.db");
  if (!existsSync(file)) return 0;
  try {
    const database = new SqliteDatabase(file, { readonly: true });
    const { count } = database.prepare("select count(*) as count from users").get() as { count: number };
    database.close();
    return count;
  } catch {
    // It is being made just now.
    return 0;
  }
}

const passwordsFile = () => join(data, "first-passwords.txt");

/** The HTTP status of the administrator's request with the password that the file has for it. */
async function logsIn(ready: Record<string, unknown>): Promise<number> {
  const lines = readFileSync(passwordsFile(), "utf8").trim().split("\n");
  expect(lines.map((line) => line.split(" ")[0])).toEqual(["admin", "management/devicebootstrap"]);
  const password = lines[0]!.split(" ")[1]!;
  const authorization = `Basic ${Buffer.from(`t1000/admin:${password}`).toString("base64")}`;
  return (await fetch(`${ready["httpUrl"]}/user/currentUser`, { headers: { authorization } })).status;
}

test.each([
  ["as soon as the first account exists", () => accounts() > 0],
  ["before any account exists, but with the file written", () => existsSync(passwordsFile())],
])(
  "a kill -9 %s loses no password",
  async (_when, isTime) => {
    const first = runs();
    await expect.poll(isTime, { interval: 1, timeout: 30_000 }).toBe(true);
    await first.kill();
    const second = runs();
    const ready = await second.event("cloud.ready");
    expect(await logsIn(ready)).toBe(200);
    expect(statSync(passwordsFile()).mode & 0o777).toBe(0o600);
    expect(second.output()).toContain(passwordsFile());
  },
  60_000,
);

test("the file that was left is named again at each start, and holds nothing of accounts that were given passwords", async () => {
  const first = runs();
  await expect.poll(() => existsSync(passwordsFile()), { interval: 1, timeout: 30_000 }).toBe(true);
  expect(accounts()).toBe(0);
  await first.kill();
  const second = runs({ POSTERN_ADMIN_PASSWORD: "given by hand" });
  await second.event("cloud.ready");
  await second.kill();
  expect(readFileSync(passwordsFile(), "utf8")).toMatch(/^management\/devicebootstrap [\w-]{32}\n$/);
  const third = runs();
  await third.event("cloud.ready");
  expect(await third.event("accounts.passwords-kept")).toMatchObject({ level: "warn", passwords: passwordsFile() });
}, 60_000);
