// OpenSSH's own client through `postern connect` to OpenSSH's own server: as a ProxyCommand, and by a local port.
import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Operator } from "#simulator/operator.ts";
import { patternBytes } from "#simulator/panels/byte-panels.ts";
import { cloudOptions, startConnect } from "../support/connect-program.ts";
import { operatorOf } from "../support/loopback.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { type Program, repositoryRoot, temporaryFolder } from "../support/processes.ts";
import { adminPassword, type RunningCloud, startCloudProgram, startGatewayProgram } from "../support/running-cloud.ts";
import { type Sshd, startSshd } from "../support/sshd.ts";

const id = "gw-ssh";
const bulkBytes = 20_000_000;

describe.skipIf(isAnyMissing(peers.sshd, peers.ssh))("an ssh client by way of postern connect", () => {
  const folder = temporaryFolder();
  let sshd: Sshd;
  let cloud: RunningCloud;
  let gateway: Program;
  let operator: Operator;

  beforeAll(async () => {
    sshd = await startSshd(folder.path);
    console.info(`${sshd.version} as server, ${sshVersion()} as client`);
    writeFileSync(join(folder.path, "known_hosts"), `plc-of-the-test ${sshd.hostKey}\n`);
    cloud = await startCloudProgram(folder.path);
    operator = operatorOf(cloud);
    await operator.expectsDevice(id);
    const tunnels = `[tunnels]\nallow = ["127.0.0.1:${sshd.port}"]`;
    gateway = startGatewayProgram(folder.path, cloud, { id, tunnels });
    await operator.acceptsDevice(id);
    await gateway.event("connectivity.online");
    await operator.worksWith(id);
    await operator.seesDeviceOnline();
    await operator.addsEndpoint({ name: "plc", hostname: "127.0.0.1", port: sshd.port, protocol: "PASSTHROUGH" });
  });

  afterAll(async () => {
    await gateway?.stop();
    await cloud?.program.stop();
    await sshd?.stop();
    folder[Symbol.dispose]();
  });

  function sshOptions(): readonly string[] {
    const options = [
      "BatchMode=yes",
      "IdentitiesOnly=yes",
      "StrictHostKeyChecking=yes",
      "HostKeyAlias=plc-of-the-test",
      `UserKnownHostsFile=${join(folder.path, "known_hosts")}`,
    ];
    return ["-F", "none", "-i", sshd.keyFile, ...options.flatMap((option) => ["-o", option])];
  }

  function proxied(): readonly string[] {
    const words = [process.execPath, join(repositoryRoot, "bin/postern.mjs"), "connect", "--stdio", id, "plc"];
    const command = [...words, ...cloudOptions(cloud)].map((word) => `'${word}'`).join(" ");
    return [...sshOptions(), "-o", `ProxyCommand=${command}`, `${sshd.user}@plc`];
  }

  test("runs a command as a ProxyCommand, and gets its output, its errors and its exit status", async () => {
    const ended = await ssh([...proxied(), "echo out; echo err >&2; exit 7"]);
    expect({ code: ended.code, out: String(ended.out), err: ended.err }).toEqual({
      code: 7,
      out: "out\n",
      err: "err\n",
    });
  });

  test("sends a file into a command, ends its sending, and gets the answer that comes only then", async () => {
    const bytes = patternBytes(0, bulkBytes);
    const { code, out } = await ssh([...proxied(), "sha256sum"], bytes);
    expect(code).toBe(0);
    expect(String(out)).toContain(createHash("sha256").update(bytes).digest("hex"));
  });

  test("brings a file back byte for byte", async () => {
    const file = join(folder.path, "program.bin");
    writeFileSync(file, patternBytes(3, bulkBytes));
    const { code, out } = await ssh([...proxied(), `cat '${file}'`]);
    expect(code).toBe(0);
    expect(out.equals(readFileSync(file))).toBe(true);
  });

  test("serves a client by a local port", async () => {
    const program = startConnect([id, "plc", ...cloudOptions(cloud)]);
    const { port } = await program.ready();
    const { code, out } = await ssh([...sshOptions(), "-p", String(port), `${sshd.user}@127.0.0.1`, "echo by port"]);
    program.child.kill("SIGINT");
    expect({ code, out: String(out) }).toEqual({ code: 0, out: "by port\n" });
    expect(await program.ended).toEqual({ code: 0, signal: null });
  });

  test("is told why there is no connection: ssh shows postern's line", async () => {
    const { code, err } = await ssh([...proxied().map((word) => word.replace("'plc'", "'plk'")), "true"]);
    expect(code).toBe(255);
    expect(err).toContain(`postern: "Gateway ${id}" has no endpoint "plk". Did you mean "plc"?`);
  });

  test("leaves no session behind when ssh is gone", async () => {
    await gateway.until(
      () => {
        const opened = gateway.lines.filter(({ event }) => event === "tunnel.opened").length;
        const closed = gateway.lines.filter(({ event }) => event === "tunnel.closed").length;
        return opened > 0 && opened === closed ? true : undefined;
      },
      "end of every tunnel",
      10_000,
    );
  });
});

interface Ended {
  readonly code: number;
  readonly out: Buffer;
  readonly err: string;
}

function ssh(args: readonly string[], input?: Uint8Array): Promise<Ended> {
  const env = { ...process.env, POSTERN_PASSWORD: adminPassword };
  return new Promise((resolve) => {
    const options = { encoding: "buffer", maxBuffer: 2 * bulkBytes, timeout: 60_000, env } as const;
    const child = execFile("ssh", args, options, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err: String(err) });
    });
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });
}

function sshVersion(): string {
  // It writes it to standard error.
  return execFileSync("sh", ["-c", "ssh -V 2>&1"], { encoding: "utf8" }).split(",")[0] ?? "unknown";
}
