// The archive for ARM boards as it is built: the gateway in it runs on the other architecture, under QEMU, and does its work.
import { execFile, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { arm64Emulator, arm64Paths, isArm64NodeReady } from "#scripts/arm64-node.mjs";
import { packGateway } from "#scripts/gateway-package.mjs";
import type { Operator } from "#simulator/operator.ts";
import { echoPanel, patternBytes } from "#simulator/panels/byte-panels.ts";
import type { RunningPanel } from "#simulator/panels/panel.ts";
import { operatorOf, startPanel } from "../support/loopback.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { eventually, type Program, temporaryFolder } from "../support/processes.ts";
import { type RunningCloud, startCloudProgram, startGatewayProgram } from "../support/running-cloud.ts";

const run = promisify(execFile);
const packMs = 300_000;
const deviceId = "gateway-on-arm64";
const transferBytes = 2_000_000;
const pieceBytes = 50_000;

function cannotRun(): boolean {
  if (isAnyMissing(peers.qemuAarch64, peers.socat)) return true;
  const isReady = process.arch === "x64" && isArm64NodeReady();
  if (!isReady) console.warn("skipped: Node for arm64 is not in build/arm64 (scripts/install-peers.mjs puts it there)");
  return !isReady;
}

describe.skipIf(cannotRun())("the archive for ARM boards", () => {
  const folder = temporaryFolder();
  const root = join(folder.path, "unpacked");
  const node = join(root, "bin/node");
  const bundle = join(root, "lib/postern-gateway.mjs");
  const env = { ...process.env, QEMU_LD_PREFIX: arm64Paths.sysroot };
  const onArm = async (...args: readonly string[]) =>
    await run(arm64Emulator, [node, ...args], { env, timeout: 60_000 });
  let panel: RunningPanel;
  let cloud: RunningCloud;
  let operator: Operator;
  let gateway: Program;

  beforeAll(async () => {
    const archive = await packGateway(join(folder.path, "dist"), () => {});
    mkdirSync(root);
    execFileSync("tar", ["-xJf", archive, "-C", root, "--strip-components=1"]);
    panel = await startPanel(echoPanel(), "plc");
    cloud = await startCloudProgram(folder.path);
    operator = operatorOf(cloud);
    await operator.expectsDevice(deviceId);
    process.env["QEMU_LD_PREFIX"] = arm64Paths.sysroot;
    const tunnels = `[tunnels]\nallow = ["127.0.0.1:${panel.port}"]`;
    gateway = startGatewayProgram(folder.path, cloud, {
      id: deviceId,
      tunnels,
      command: [arm64Emulator, node, bundle],
    });
    delete process.env["QEMU_LD_PREFIX"];
  }, packMs);

  afterAll(async () => {
    await gateway?.stop();
    await cloud?.program.stop();
    await panel?.close();
    folder[Symbol.dispose]();
  });

  test("holds what a board needs, its own Node for arm64 and the licences among it", async () => {
    for (const name of [
      "VERSION",
      "LICENSE",
      "install.sh",
      "postern-gateway.service",
      "gateway.toml.example",
      "share/postern.1",
    ]) {
      expect(existsSync(join(root, name)), name).toBe(true);
    }
    expect(statSync(join(root, "install.sh")).mode & 0o111).not.toBe(0);
    const licences = readFileSync(join(root, "THIRD-PARTY.txt"), "utf8");
    for (const name of ["mqtt ", "ws ", "xstate ", "serialport ", "Node.js"]) expect(licences).toContain(name);
    const { stdout } = await onArm("-p", "process.arch + ' ' + process.version");
    expect(stdout.trim()).toBe(`arm64 ${process.version}`);
  });

  test("reads its own example of settings, and says what is missing", async () => {
    const failed = await onArm(bundle, "gateway", "doctor", "--config", join(root, "gateway.toml.example")).catch(
      (error: { readonly stdout: string; readonly stderr: string }) => error,
    );
    expect(`${failed.stdout}${failed.stderr}`).toMatch(/one.time.password|state/i);
    expect(`${failed.stdout}${failed.stderr}`).not.toContain("    at ");
  });

  test("opens a serial port by the native part that comes with it", async () => {
    const [one, other] = [join(folder.path, "tty-a"), join(folder.path, "tty-b")];
    const ends = [one, other].map((link) => `pty,raw,echo=0,link=${link}`);
    const line = spawn("socat", ends, { stdio: "ignore" });
    try {
      await eventually("the two ends of a line", () => (existsSync(one) && existsSync(other) ? true : undefined));
      const program = join(root, "lib", "try.mjs");
      writeFileSync(
        program,
        `const { SerialPort } = await import("serialport");
         const port = new SerialPort({ path: ${JSON.stringify(one)}, baudRate: 9600 });
         port.on("open", () => port.write("from the board"));
         port.on("data", (bytes) => { console.log(String(bytes)); process.exit(0); });
         port.on("error", (error) => { console.log(error.message); process.exit(1); });`,
      );
      const answers = run("sh", ["-c", `head -c 14 ${other} && printf back > ${other}`], { timeout: 60_000 });
      const [said, heard] = await Promise.all([onArm(program), answers]);
      expect([said.stdout.trim(), heard.stdout]).toEqual(["back", "from the board"]);
    } finally {
      line.kill();
    }
  });

  test("registers, comes online, and carries bytes both ways unchanged", async () => {
    await operator.acceptsDevice(deviceId);
    await gateway.event("connectivity.online", 60_000);
    await operator.worksWith(deviceId);
    await operator.seesDeviceOnline();
    const where = { hostname: "127.0.0.1", port: panel.port, protocol: "PASSTHROUGH" } as const;
    const session = await operator.opensPassthrough(await operator.addsEndpoint({ name: "plc", ...where }));
    const sent = patternBytes(0, transferBytes);
    const hash = createHash("sha256");
    session.onBytes = (bytes) => void hash.update(bytes);
    for (let from = 0; from < transferBytes; from += pieceBytes)
      await session.sends(sent.subarray(from, from + pieceBytes));
    await session.receives(transferBytes, 90_000);
    await session.disconnects();
    expect(hash.digest("hex")).toBe(createHash("sha256").update(sent).digest("hex"));
    await gateway.event("tunnel.closed", 30_000);
  });

  test("tells its state over its socket, and ends in order on a signal", async () => {
    const config = join(folder.path, `${deviceId}.toml`);
    const { stdout } = await onArm(bundle, "gateway", "status", "--json", "--config", config);
    expect(JSON.parse(stdout)).toMatchObject({ connectivity: "online", registration: "registered" });
    const { code } = await gateway.stop("SIGTERM", 20_000);
    expect(code).toBe(0);
    expect(gateway.lines.at(-1)?.event).toBe("gateway.stopped");
  });
});
