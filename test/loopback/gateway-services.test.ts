// The gateway's program with all that it offers to its own machine: status, metrics, and what systemd is told from start to end.
import { type ChildProcess, spawn } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { GatewayStatus } from "#firmware/status/gateway-status.ts";
import { projectRoot } from "../tidy/project-files.ts";

const command = join(projectRoot, "bin", "postern.mjs");
const limitMs = 20_000;

let folder = "";
let running: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "postern-services-"));
  running = [];
  // Stands in for systemd's program.
  await writeFile(join(folder, "systemd-notify"), `#!/bin/sh\necho "$@" >> ${folder}/said\n`);
  await chmod(join(folder, "systemd-notify"), 0o755);
});
afterEach(async () => {
  for (const child of running) child.kill("SIGKILL");
  await rm(folder, { recursive: true });
});

function postern(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}`, ...environment };
  const child = spawn(process.execPath, [command, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  running.push(child);
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    child.on("close", (code) => resolve({ code, out, err }));
  });
  return { child, ended, log: () => out };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

const said = async (): Promise<string> => readFile(join(folder, "said"), "utf8").catch(() => "");

test("status, metrics and systemd, from start to end", async () => {
  const config = join(folder, "gateway.toml");
  const port = await freePort();
  const lines = ["[cloud]", 'url = "https://127.0.0.1:1"', "[registration]", 'password = "never-shown"'];
  await writeFile(config, [...lines, "[metrics]", `port = ${port}`, "[log]", 'level = "warn"', ""].join("\n"), {
    mode: 0o600,
  });
  const gateway = postern(["gateway", "run", "--config", config], {
    NOTIFY_SOCKET: "@nobody",
    WATCHDOG_USEC: "1000000",
    RUNTIME_DIRECTORY: folder,
  });
  await expect.poll(said, { timeout: limitMs, interval: 20 }).toMatch(/READY=1(.|\n)*WATCHDOG=1/);
  expect(await said()).toMatch(/STATUS=(un)?register(ing|ed) with https:\/\/127\.0\.0\.1:1/);

  const socket = join(folder, "status.sock");
  const status = await postern(["gateway", "status", "--socket", socket, "--json"]).ended;
  expect({ code: status.code, err: status.err }).toEqual({ code: 0, err: "" });
  const read = JSON.parse(status.out) as GatewayStatus;
  expect(read).toMatchObject({ registration: "registering", connectivity: "offline", stateDir: join(folder, "state") });
  expect(status.out).not.toContain("never-shown");

  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(metrics).toContain("postern_registered 0\n");
  expect(metrics).not.toContain("never-shown");

  gateway.child.kill("SIGTERM");
  const end = await gateway.ended;
  expect({ code: end.code, err: end.err }).toEqual({ code: 0, err: "" });
  await expect.poll(said, { timeout: limitMs, interval: 20 }).toContain("STOPPING=1");
  // Only warnings were asked for.
  const levels = end.out
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { level: string }).level);
  expect(new Set(levels)).toEqual(new Set(["warn"]));
  const nobody = await postern(["gateway", "status", "--socket", socket]).ended;
  expect(nobody).toEqual({ code: 1, out: "", err: `no gateway runs: nobody listens at ${socket}\n` });
});

test("a port that is taken and a socket that cannot be made do not keep the gateway from running", {
  timeout: 60_000,
}, async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const address = other.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const config = join(folder, "gateway.toml");
  const lines = ["[cloud]", 'url = "https://127.0.0.1:1"', "[registration]", 'password = "never-shown"'];
  await writeFile(config, [...lines, "[metrics]", `port = ${port}`, ""].join("\n"), { mode: 0o600 });
  const gateway = postern(["gateway", "run", "--config", config], { RUNTIME_DIRECTORY: join(folder, "missing") });
  await expect.poll(gateway.log, { timeout: limitMs, interval: 20 }).toMatch(/metrics\.unavailable/);
  expect(gateway.log()).toMatch(/"event":"status\.unavailable"/);
  await expect.poll(gateway.log, { timeout: limitMs, interval: 20 }).toMatch(/"event":"registration\.waiting"/);
  gateway.child.kill("SIGTERM");
  expect((await gateway.ended).code).toBe(0);
  await new Promise((resolve) => other.close(resolve));
});

test("a second gateway on the same state says so", async () => {
  const config = join(folder, "gateway.toml");
  await writeFile(config, '[cloud]\nurl = "https://127.0.0.1:1"\n[registration]\npassword = "never-shown"\n', {
    mode: 0o600,
  });
  const first = postern(["gateway", "run", "--config", config]);
  await expect.poll(first.log, { timeout: limitMs, interval: 20 }).toMatch(/registration\.waiting/);
  await expect
    .poll(async () => (await postern(["gateway", "status", "--config", config]).ended).code, {
      timeout: limitMs,
      interval: 20,
    })
    .toBe(0);
  const second = postern(["gateway", "run", "--config", config]);
  await expect.poll(second.log, { timeout: limitMs, interval: 20 }).toMatch(/"event":"status\.taken".*end one of them/);
  for (const { child } of [first, second]) child.kill("SIGTERM");
  expect((await first.ended).code).toBe(0);
  expect((await second.ended).code).toBe(0);
});
