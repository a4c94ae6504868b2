// An example suite for somebody else's program: OpenSSH's client, through a link that fails on demand, to a simulated panel.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { SimulatorClient } from "#simulator/serve/client.ts";
import { type SimulatorServer, startSimulatorServer } from "#simulator/serve/serve.ts";

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
  readonly tookMs: number;
}

let server: SimulatorServer;
let simulator: SimulatorClient;
let folder: string;
let keyFile: string;
let publicKey: string;

beforeAll(async () => {
  server = await startSimulatorServer({ port: 0 });
  simulator = new SimulatorClient(server.url);
  folder = mkdtempSync(join(tmpdir(), "foreign-program-"));
  keyFile = join(folder, "operator");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "operator", "-f", keyFile]);
  publicKey = readFileSync(`${keyFile}.pub`, "utf8").trim();
  await simulator.createPanel({ name: "press4", kind: "ssh", options: { username: "operator", publicKey } });
  await simulator.createLink({ name: "line", panel: "press4", between: ["laptop", "press4"] });
});

afterEach(async () => {
  await simulator.reset();
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs OpenSSH's client through the link; `options`: as for -o. `began`: runs when the command has said something. */
async function ssh(
  command: string,
  options: readonly string[] = [],
  began: () => Promise<unknown> = async () => undefined,
): Promise<Ended> {
  const { port } = await simulator.readLink("line");
  const { hostKey } = await simulator.readPanel("press4");
  const known = join(folder, "known_hosts");
  writeFileSync(known, `[127.0.0.1]:${port} ${hostKey}\n`);
  const settings = [`UserKnownHostsFile=${known}`, "StrictHostKeyChecking=yes", "BatchMode=yes", ...options];
  const args = ["-F", "none", "-i", keyFile, "-p", String(port), ...settings.flatMap((setting) => ["-o", setting])];
  const startedAtMs = performance.now();
  const program = spawn("ssh", [...args, "operator@127.0.0.1", command], { stdio: ["ignore", "pipe", "pipe"] });
  let [output, errors] = ["", ""];
  let begun: Promise<unknown> | undefined;
  program.stdout.on("data", (bytes: Buffer) => {
    begun ??= began();
    output += bytes.toString();
  });
  program.stderr.on("data", (bytes: Buffer) => {
    errors += bytes.toString();
  });
  const code = await new Promise<number | null>((resolve) => program.once("close", resolve));
  await begun;
  return { code, output, errors, tookMs: performance.now() - startedAtMs };
}

describe("OpenSSH's client over a link that fails on demand", () => {
  test("runs a command on a healthy link, and takes the panel's key for the one that it knows", async () => {
    expect(await ssh("echo hello")).toMatchObject({ code: 0, output: "hello\n" });
  });

  test("needs at least a dozen journeys for a command: each of them pays for the latency", async () => {
    const { tookMs: healthyMs } = await ssh("true");
    await simulator.createFault("line", { fault: "latency", parameters: { ms: 60 } });
    const slow = await ssh("true");
    expect(slow.code).toBe(0);
    expect(slow.tookMs).toBeGreaterThan(healthyMs * 0.5 + 12 * 60);
  });

  test("ends with 255 and says so when the connection is reset before its greeting", async () => {
    await simulator.createFault("line", { fault: "reset" });
    const ended = await ssh("true");
    expect(ended.code).toBe(255);
    expect(ended.errors).toMatch(/Connection reset by /);
  });

  test("ends with 255 when it is refused", async () => {
    await simulator.createFault("line", { fault: "refuse" });
    const ended = await ssh("true");
    expect(ended.code).toBe(255);
    expect(ended.errors).toContain("Connection refused");
  });

  test("ends with 255 when the connection is reset while its command runs", async () => {
    const ended = await ssh("echo started; sleep 60", [], () => simulator.createFault("line", { fault: "reset" }));
    expect(ended.code).toBe(255);
    expect(ended.errors).toMatch(/Connection reset|client_loop: send disconnect|Broken pipe/);
  });

  test("gives up on a panel that is frozen after its ServerAliveInterval", async () => {
    const patience = ["ServerAliveInterval=1", "ServerAliveCountMax=2"];
    const ended = await ssh("echo started; sleep 60", patience, () =>
      simulator.createFault("line", { fault: "stall" }),
    );
    expect(ended.code).toBe(255);
    expect(ended.errors).toMatch(/Timeout, server 127\.0\.0\.1 not responding/);
  });

  test("is not harmed by bytes that come one by one", async () => {
    await simulator.createFault("line", { fault: "slice", parameters: { bytes: 1 } });
    expect(await ssh("echo whole")).toMatchObject({ code: 0, output: "whole\n" });
  });

  test("notices a single bit that is turned over", async () => {
    const when = { event: "bytes.seen", direction: "down", bytes: 1200 };
    await simulator.createFault("line", { fault: "corrupt", from: "press4", when });
    const ended = await ssh("echo never");
    expect(ended.code).toBe(255);
    expect(ended.output).toBe("");
  });

  test("waits for its ConnectTimeout on a dark link, whose panel never sees it", async () => {
    await simulator.createFault("line", { fault: "black-hole" });
    const ended = await ssh("true", ["ConnectTimeout=1"]);
    expect(ended.code).toBe(255);
    expect(ended.errors).toMatch(/Connection timed out during banner exchange|Operation timed out/);
    const { events } = await simulator.listEvents({ link: "line", kind: "delivery" });
    expect(events.filter(({ delivery }) => delivery === "open")).toEqual([]);
  });
});
