// A running command stops in order on a signal, also when it comes twice or by way of an older Node.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { findOlderNode } from "../support/older-node.ts";
import { type RunningCommand, startCommand } from "../support/running-command.ts";

const limitMs = 60_000;
const accounts = { POSTERN_ADMIN_PASSWORD: "signals-admin-1", POSTERN_BOOTSTRAP_PASSWORD: "signals-bootstrap-1" };
const folder = await mkdtemp(join(tmpdir(), "postern-signals-"));
const olderNode = await findOlderNode();
const running: RunningCommand[] = [];
const keyFile = join(folder, "master.key");
await writeFile(keyFile, Buffer.alloc(32, 7).toString("base64"), { mode: 0o600 });

function startCloud(httpPort = 0): RunningCommand {
  const ports = ["--http-port", String(httpPort), "--https-port", "0", "--mqtts-port", "0"];
  const args = ["cloud", "run", "--data", join(folder, "cloud"), "--master-key-file", keyFile, ...ports];
  const command = startCommand(args, { env: accounts });
  running.push(command);
  return command;
}

/** A gateway whose cloud is not there: it starts, and tries again and again. */
async function startGateway(node = process.execPath): Promise<RunningCommand> {
  const config = join(folder, "gateway.toml");
  await writeFile(
    config,
    `[cloud]
url = "https://127.0.0.1:1"
mqtt = "mqtts://127.0.0.1:1"
[registration]
method = "bootstrap"
user = "management/devicebootstrap"
password = "unused"
[state]
dir = "state"
`,
  );
  const command = startCommand(["gateway", "run", "--config", config], { node });
  running.push(command);
  return command;
}

afterEach(async () => {
  for (const command of running.splice(0)) await command.kill();
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** The process below, on Linux. */
async function childOf(pid: number): Promise<number> {
  return Number((await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim());
}

describe("postern cloud run", () => {
  it.each(["SIGINT", "SIGTERM"] as const)(
    "stops on %s, given twice, with exit code 0",
    async (signal) => {
      const cloud = startCloud();
      await cloud.event("cloud.ready");
      cloud.process.kill(signal);
      cloud.process.kill(signal);
      expect(await cloud.ended).toEqual({ code: 0, signal: null });
    },
    limitMs,
  );

  it(
    "gives one clear line that names a port that is taken, and exit code 1",
    async () => {
      const blocker = createServer();
      await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", resolve));
      const { port } = blocker.address() as { port: number };
      const cloud = startCloud(port);
      expect(await cloud.ended).toEqual({ code: 1, signal: null });
      const complaints = cloud
        .output()
        .split("\n")
        .filter((line) => line !== "" && !line.startsWith("{"));
      expect(complaints).toHaveLength(1);
      expect(complaints[0]).toContain(String(port));
      await new Promise((resolve) => blocker.close(resolve));
    },
    limitMs,
  );
});

describe("postern gateway run", () => {
  it.each(["SIGINT", "SIGTERM"] as const)(
    "stops on %s, given twice, with exit code 0",
    async (signal) => {
      const gateway = await startGateway();
      await gateway.event("registration.interrupted");
      gateway.process.kill(signal);
      gateway.process.kill(signal);
      expect(await gateway.ended).toEqual({ code: 0, signal: null });
    },
    limitMs,
  );
});

if (olderNode !== undefined && process.platform === "linux") {
  describe("postern gateway run, started with an older Node", () => {
    it(
      "passes a signal on and ends with the same exit code, leaving nothing behind",
      async () => {
        const gateway = await startGateway(olderNode);
        await gateway.event("registration.interrupted");
        const below = await childOf(gateway.process.pid ?? 0);
        expect(below).toBeGreaterThan(0);
        gateway.process.kill("SIGTERM");
        expect(await gateway.ended).toEqual({ code: 0, signal: null });
        expect(() => process.kill(below, 0)).toThrow("ESRCH");
      },
      limitMs,
    );

    it(
      "dies of the signal of which the process below died",
      async () => {
        const gateway = await startGateway(olderNode);
        await gateway.event("registration.interrupted");
        process.kill(await childOf(gateway.process.pid ?? 0), "SIGKILL");
        expect(await gateway.ended).toEqual({ code: null, signal: "SIGKILL" });
      },
      limitMs,
    );
  });
}
