// One process at a time works on a data folder, told in one line; a process that was killed is in nobody's way.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lockDataFolder } from "#cloud-stub/store/data-lock.ts";
import { type RunningCommand, startCommand } from "../support/running-command.ts";
import { projectRoot } from "../tidy/project-files.ts";

const ports = ["--http-port", "0", "--https-port", "0", "--mqtts-port", "0"];
let folder = "";
let data = "";
const started: RunningCommand[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "postern-lock-"));
  data = join(folder, "data");
});
afterEach(async () => {
  for (const command of started.splice(0)) await command.kill();
  rmSync(folder, { recursive: true });
});

function start(args: readonly string[]): RunningCommand {
  const env = { POSTERN_MASTER_KEY: Buffer.alloc(32, 7).toString("base64"), POSTERN_ADMIN_PASSWORD: "admin password" };
  const command = startCommand(args, { env });
  started.push(command);
  return command;
}

const runsCloud = () => start(["cloud", "run", "--data", data, ...ports]);
const runsUp = (dataDir: string) =>
  start(["up", "--data", dataDir, "--port", "0", "--https-port", "0", "--mqtts-port", "0"]);

/** Whether another process may take the folder. */
function isFreeForOthers(dataDir: string): boolean {
  const script = `import { lockDataFolder } from "#cloud-stub/store/data-lock.ts"; lockDataFolder(${JSON.stringify(dataDir)});`;
  const args = ["--input-type=module", "--eval", script];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: projectRoot, encoding: "utf8" });
  if (status !== 0 && !stderr.includes("cloud.in-use")) throw new Error(stderr);
  return status === 0;
}

test("a second cloud on a folder gets one line and code 1, and the first one goes on", async () => {
  const first = runsCloud();
  const { url } = await first.event("cloud.ready");
  const second = runsCloud();
  expect(await second.ended).toEqual({ code: 1, signal: null });
  expect(second.output()).toBe(
    `postern: A cloud is running on ${data}; stop it first. It is process ${first.process.pid}.\n`,
  );
  expect(first.process.exitCode).toBeNull();
  expect(url).toMatch(/^https:/);
  first.process.kill("SIGTERM");
  expect(await first.ended).toEqual({ code: 0, signal: null });
  const third = runsCloud();
  await third.event("cloud.ready");
}, 60_000);

test("after a kill -9 the next start works, whatever process has the number of the dead one now", async () => {
  const first = runsCloud();
  await first.event("cloud.ready");
  await first.kill();
  // The killed one left its own number; a recycled one is a live process that has nothing to do with it.
  expect(readFileSync(join(data, "postern.pid"), "utf8").trim()).toBe(String(first.process.pid));
  writeFileSync(join(data, "postern.pid"), `${process.pid}\n`);
  const second = runsCloud();
  await second.event("cloud.ready");
}, 60_000);

test("a second try in the same process does not open the folder to others", () => {
  const lock = lockDataFolder(folder);
  expect(() => lockDataFolder(folder)).toThrow(expect.objectContaining({ code: "cloud.in-use" }));
  expect(isFreeForOthers(folder)).toBe(false);
  lock.release();
  expect(isFreeForOthers(folder)).toBe(true);
});

test("postern up takes its folder by the same lock, and lets it go when it is killed", async () => {
  // What an older Postern left: the number of a process that lives.
  writeFileSync(join(folder, "up.pid"), `${process.pid}\n`);
  const first = runsUp(folder);
  await first.event("site.ready");
  const second = runsUp(folder);
  expect(await second.ended).toEqual({ code: 1, signal: null });
  expect(second.output()).toBe(
    `postern up: a site is running in ${folder}; stop it, or name another folder with --data. It is process ${first.process.pid}.\n`,
  );
  expect(isFreeForOthers(folder)).toBe(false);
  await first.kill();
  const third = runsUp(folder);
  await third.event("site.ready");
  third.process.kill("SIGTERM");
  expect(await third.ended).toEqual({ code: 0, signal: null });
  expect(isFreeForOthers(folder)).toBe(true);
}, 90_000);
