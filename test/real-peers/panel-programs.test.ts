// The simulator's SSH, Telnet, Modbus and HTTP panels on real sockets under programs that nobody here wrote.
import { execFile, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { linuxClock } from "#hardware/linux/clock.ts";
import { openLinuxNetwork } from "#hardware/linux/network.ts";
import { linuxRandom } from "#hardware/linux/random.ts";
import { patternBytes } from "#simulator/panels/byte-panels.ts";
import { statusPanel } from "#simulator/panels/http/status-panel.ts";
import { modbusPanel } from "#simulator/panels/modbus/modbus-panel.ts";
import type { PanelProgram, RunningPanel } from "#simulator/panels/panel.ts";
import { legacyKeyExchange } from "#simulator/panels/profiles/quirks.ts";
import { type RunningSshPanel, sshPanel } from "#simulator/panels/ssh/ssh-panel.ts";
import { telnetPanel } from "#simulator/panels/telnet/telnet-panel.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { eventually, temporaryFolder } from "../support/processes.ts";

const limitMs = 30_000;
const folder = temporaryFolder();
const running: RunningPanel[] = [];

afterEach(async () => {
  for (const panel of running.splice(0)) await panel.close();
});

afterAll(() => folder[Symbol.dispose]());

async function starts<R extends RunningPanel>(program: PanelProgram<R>): Promise<R> {
  const place = { network: openLinuxNetwork(), clock: linuxClock, random: linuxRandom, address: "127.0.0.1", port: 0 };
  const panel = await program.start({ ...place, name: "press4", seed: 7 });
  running.push(panel);
  return panel;
}

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function run(
  program: string,
  args: readonly string[],
  options: { input?: Uint8Array; env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const env = { ...process.env, ...options.env };
    const child = execFile(
      program,
      args,
      { timeout: limitMs, env, maxBuffer: 1 << 26, encoding: "latin1" } as const,
      (error, out, err) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err });
      },
    );
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(options.input);
  });
}

describe.skipIf(isAnyMissing(peers.ssh, peers.sshKeygen))("OpenSSH's client at the SSH panel", () => {
  beforeAll(() => {
    // It writes it to standard error.
    const version = execFileSync("sh", ["-c", "ssh -V 2>&1"], { encoding: "utf8" });
    console.info(version.split(",")[0]);
  });

  /** Knows the panel's key, and takes no other. */
  function options(panel: RunningSshPanel, more: readonly string[] = []): readonly string[] {
    const known = join(folder.path, `known-${panel.port}`);
    const lines = panel.hostKeys.map(({ publicLine }) => `[127.0.0.1]:${panel.port} ${publicLine}\n`);
    writeFileSync(known, lines.join(""));
    const settings = ["StrictHostKeyChecking=yes", `UserKnownHostsFile=${known}`, ...more, "LogLevel=ERROR"];
    return ["-F", "none", ...settings.flatMap((setting) => ["-o", setting]), "-p", String(panel.port)];
  }

  /** What a person would type. */
  function asking(password: string): NodeJS.ProcessEnv {
    const script = join(folder.path, `ask-${createHash("sha256").update(password).digest("hex").slice(0, 8)}`);
    writeFileSync(script, `#!/bin/sh\necho '${password}'\n`);
    chmodSync(script, 0o700);
    return { SSH_ASKPASS: script, SSH_ASKPASS_REQUIRE: "force", DISPLAY: ":none" };
  }

  test("signs in with a password and runs a command: output, errors and exit status", async () => {
    const panel = await starts(sshPanel({ password: "pässword 1" }));
    const args = [...options(panel, ["NumberOfPasswordPrompts=1"]), "root@127.0.0.1", "echo out; echo err >&2; exit 7"];
    expect(await run("ssh", args, { env: asking("pässword 1") })).toEqual({ code: 7, out: "out\n", err: "err\n" });
    expect((await run("ssh", args, { env: asking("wrong") })).code).toBe(255);
    expect(panel.signIns).toBe(1);
  });

  test("answers questions", async () => {
    const questions = [{ prompts: [{ text: "One-time code: ", echo: false, answer: "123456" }] }];
    const panel = await starts(sshPanel({ questions }));
    const ended = await run("ssh", [...options(panel), "root@127.0.0.1", "whoami"], { env: asking("123456") });
    expect(ended).toEqual({ code: 0, out: "root\n", err: "" });
  });

  test.each(["ed25519", "rsa", "ecdsa"])("signs in with a key of type %s and sends a file both ways", async (type) => {
    const file = join(folder.path, `key-${type}`);
    execFileSync("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", "test", "-f", file]);
    const panel = await starts(sshPanel({ publicKey: readFileSync(`${file}.pub`, "utf8").trim() }));
    const args = [
      ...options(panel, ["BatchMode=yes", "IdentitiesOnly=yes", "RekeyLimit=1M"]),
      "-i",
      file,
      "root@127.0.0.1",
    ];
    const bytes = patternBytes(0, 3_000_000);
    const digest = createHash("sha256").update(bytes).digest("hex");
    expect((await run("ssh", [...args, "cat > /tmp/program.bin"], { input: bytes })).code).toBe(0);
    expect((await run("ssh", [...args, "sha256sum /tmp/program.bin"])).out).toBe(`${digest}  /tmp/program.bin\n`);
    const { out } = await run("ssh", [...args, "cat /tmp/program.bin"]);
    expect(createHash("sha256").update(Buffer.from(out, "latin1")).digest("hex")).toBe(digest);
  });

  test("has a terminal with a prompt, an echo and a size, and leaves with the shell's status", async () => {
    const panel = await starts(sshPanel());
    const line = ["ssh", "-tt", ...options(panel), "root@127.0.0.1"].map((word) => `'${word}'`).join(" ");
    // util-linux's script gives ssh a terminal of the size that stty sets.
    const child = spawn("script", ["-qec", `stty rows 33 cols 101; ${line}`, "/dev/null"], {
      env: { ...process.env, TERM: "xterm", ...asking("changeme") },
      stdio: ["pipe", "pipe", "pipe"],
    });
    let out = "";
    child.stdout.on("data", (bytes: Buffer) => {
      out += bytes.toString();
    });
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    const shows = (text: string) =>
      eventually(`"${text}" in ${JSON.stringify(out)}`, () => out.includes(text) || undefined, limitMs);
    await shows("root@press4:/root# ");
    child.stdin.write("stty size\r");
    await shows("\r\n33 101\r\n");
    child.stdin.write("top\r");
    await shows(" 101 x 33 ");
    child.stdin.write("q");
    await shows("\x1b[?1049l");
    child.stdin.write("exit 3\r");
    expect(await ended).toBe(3);
    await eventually("the end of the connection", () => panel.connections === 0 || undefined);
  });

  test("refuses the panel of about 2008 unless it is told to take its algorithms", async () => {
    const panel = await starts(sshPanel({ profile: legacyKeyExchange }));
    const env = asking("changeme");
    const plain = await run("ssh", [...options(panel, ["LogLevel=INFO"]), "root@127.0.0.1", "uname"], { env });
    expect(plain).toMatchObject({ code: 255, err: expect.stringContaining("no matching key exchange method found") });
    const old = [
      "KexAlgorithms=+diffie-hellman-group1-sha1",
      "HostKeyAlgorithms=+ssh-rsa",
      "Ciphers=+3des-cbc",
      "MACs=+hmac-sha1",
    ];
    expect(await run("ssh", [...options(panel, old), "root@127.0.0.1", "uname"], { env })).toMatchObject({
      code: 0,
      out: "Linux\n",
    });
  });
});

describe.skipIf(isAnyMissing(peers.telnet))("inetutils' client at the Telnet panel", () => {
  test("logs in, walks the menu and sends a break", async () => {
    const panel = await starts(telnetPanel({ account: { username: "service", password: "geheim" } }));
    const child = spawn(
      "script",
      ["-qec", `stty rows 30 cols 90; inetutils-telnet 127.0.0.1 ${panel.port}`, "/dev/null"],
      {
        env: { ...process.env, TERM: "xterm" },
        stdio: ["pipe", "pipe", "pipe"],
      },
    );
    let out = "";
    child.stdout.on("data", (bytes: Buffer) => {
      out += bytes.toString();
    });
    const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
    const shows = (text: string) =>
      eventually(`"${text}" in ${JSON.stringify(out)}`, () => out.includes(text) || undefined, limitMs);
    await shows("login: ");
    child.stdin.write("service\r");
    await shows("Password: ");
    child.stdin.write("geheim\r");
    await shows("Choice: ");
    expect(out).not.toContain("geheim");
    expect(panel.terminal).toMatchObject({ columns: 90, rows: 30 });
    expect(panel.terminal?.type?.toLowerCase()).toBe("xterm");
    child.stdin.write("1\r");
    await shows(" 90 x 30 ");
    // Ctrl-] and the client's own command.
    child.stdin.write("\x1d");
    await shows("telnet> ");
    child.stdin.write("send brk\r");
    await shows("*** BREAK ***");
    expect(panel.breaks).toBe(1);
    child.stdin.write("9\r");
    await ended;
    expect(out).toContain("Goodbye.");
  });
});

describe.skipIf(isAnyMissing(peers.mbpoll))("mbpoll at the Modbus panel", () => {
  const poll = (panel: RunningPanel, ...args: string[]) =>
    run("mbpoll", ["-m", "tcp", "-p", String(panel.port), "-a", "1", "-0", "-1", "-q", ...args]);

  test("reads registers and coils, and writes a set point that the machine takes", async () => {
    const panel = await starts(modbusPanel());
    const [point] = panel.process.setPoints;
    const before = Math.round(point!.value * 10 ** point!.decimals);
    expect((await poll(panel, "-t", "4", "-r", "0", "-c", "1", "127.0.0.1")).out).toMatch(
      new RegExp(`\\[0\\]:\\s+${before}\\n`),
    );
    const wanted = Math.round(point!.max * 10 ** point!.decimals);
    expect((await poll(panel, "-t", "4", "-r", "0", "127.0.0.1", String(wanted))).code).toBe(0);
    expect(point!.value).toBe(point!.max);
    expect((await poll(panel, "-t", "0", "-r", "0", "127.0.0.1", "0")).code).toBe(0);
    expect(panel.process.isRunning).toBe(false);
    expect((await poll(panel, "-t", "0", "-r", "0", "-c", "1", "127.0.0.1")).out).toMatch(/\[0\]:\s+0\n/);
    expect(
      (await poll(panel, "-t", "3", "-r", "0", "-c", "4", "127.0.0.1")).out.match(/^\[\d\]:\s+\d+/gm),
    ).toHaveLength(4);
  });

  test("is told what is not there and what is out of range", async () => {
    const panel = await starts(modbusPanel());
    const missing = await poll(panel, "-t", "3", "-r", "500", "-c", "1", "127.0.0.1");
    expect(`${missing.out}${missing.err}`).toContain("Illegal data address");
    const refused = await poll(panel, "-t", "4", "-r", "0", "127.0.0.1", "65535");
    expect(`${refused.out}${refused.err}`).toContain("Illegal data value");
  });
});

describe("Node's own HTTP client at the HTTP panel", () => {
  test("gets page and JSON on one connection", async () => {
    const panel = await starts(statusPanel({ title: "PRESS 4" }));
    const base = `http://127.0.0.1:${panel.port}`;
    const page = await fetch(`${base}/`);
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining("<h1>PRESS 4</h1>")]);
    const status = (await (await fetch(`${base}/status.json`)).json()) as { running: boolean };
    expect(status.running).toBe(true);
    expect((await fetch(`${base}/nothing`, { method: "HEAD" })).status).toBe(404);
    expect((await fetch(`${base}/`, { method: "POST", body: "x" })).status).toBe(405);
    expect(panel.requests).toBe(4);
  });
});
