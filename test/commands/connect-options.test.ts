// What `postern connect` takes on its command line, and the words and exit codes for what comes back.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseCloudUrl, parseUser } from "#bin/connect/cloud-login.ts";
import { exitCodeOf } from "#bin/connect/exit-codes.ts";
import { nearestNames } from "#bin/connect/nearest-name.ts";
import { isOrphan } from "#bin/connect/peer-process.ts";
import { endLine, readClose } from "#bin/connect/session-end.ts";
import { clientCommand } from "#bin/connect/usage-line.ts";
import { closeCode, closeReasons } from "#protocol/close-reason.ts";
import { projectRoot } from "../tidy/project-files.ts";

describe("the cloud's address", () => {
  it.each([
    ["https://cloud.example", "https://cloud.example"],
    ["https://cloud.example:8443/apps/cockpit/index.html#/device/7", "https://cloud.example:8443"],
    ["http://localhost:8080/", "http://localhost:8080"],
    ["http://127.0.0.1:8080", "http://127.0.0.1:8080"],
    ["http://[::1]:8080", "http://[::1]:8080"],
  ])("%s is read as %s", (text, origin) => {
    expect(parseCloudUrl(text)).toBe(origin);
  });

  it.each([
    ["cloud.example", "It must be the cloud's address"],
    ["ftp://cloud.example", "It must be the cloud's address"],
    ["http://cloud.example", "It must begin with https://"],
    ["http://localhost.cloud.example", "It must begin with https://"],
    ["https://admin:secret@cloud.example", "It must not hold user or password"],
  ])("%s is refused", (text, says) => {
    expect(() => parseCloudUrl(text)).toThrow(says);
  });
});

describe("the user", () => {
  it.each(["admin", "t1000/admin", "t1000/anna.k@plant.example", "t1000/device_gw 4"])("%s is taken", (text) => {
    expect(parseUser(text)).toBe(text);
  });

  it.each(["", "t1000/", "/admin", "admin:secret", "a/b/c", "ad\nmin"])("%j is refused", (text) => {
    expect(() => parseUser(text)).toThrow("It must be tenant/user");
  });
});

describe("the end of a session", () => {
  it("has an exit code for every word there is, and 0 only for ends in order", () => {
    const codes = new Map(closeReasons.map((reason) => [reason, exitCodeOf(reason)]));
    expect([...codes].filter(([, code]) => code === 0).map(([reason]) => reason)).toEqual([
      "client.closed",
      "panel.closed",
    ]);
    expect([...codes].filter(([, code]) => code === 1).map(([reason]) => reason)).toEqual(["internal.error"]);
    expect([...codes].filter(([, code]) => code === 10).map(([reason]) => reason)).toEqual(["gateway.offline"]);
  });

  it.each([
    [closeCode("panel.refused"), "panel.refused", 12, /^The panel refused .*\(panel\.refused\)$/],
    [4023, "gateway.stopping", 11, /\(gateway\.stopping\)$/],
    [4041, "session.expired", 13, /\(session\.expired\)$/],
    [4061, "auth.required", 15, /\(auth\.required\)$/],
    [4034, "cloud.stopping", 14, /\(cloud\.stopping\)$/],
    [1000, "", 0, /^The far end closed the connection\.$/],
    [1005, "", 0, /^The far end closed the connection\.$/],
    [1001, "", 14, /^The cloud is going away\.$/],
    [1006, "", 14, /^The connection to the cloud broke\. \(cloud\.lost\)$/],
    [1008, "no role", 4, /^The cloud does not allow this session\. It says: no role$/],
    [
      1011,
      "device\u001b[2J offline",
      11,
      /^The cloud ended the session with code 1011\. It says: device \[2J offline$/,
    ],
  ])("by close frame %i %j is exit code %i", (code, text, exitCode, line) => {
    const end = readClose(code, text);
    expect(end.exitCode).toBe(exitCode);
    expect(endLine(end)).toMatch(line);
  });
});

describe("names that are alike", () => {
  it.each([
    ["ehco", ["echo", "source", "sink"], ["echo"]],
    ["ECHO", ["echo"], ["echo"]],
    ["press", ["Press line 4", "Press line 12", "Oven"], ["Press line 4", "Press line 12"]],
    ["x", ["y", "boiler"], ["y"]],
    ["", ["a"], ["a"]],
    ["boiler", ["echo", "sink"], []],
    ["a", Array.from({ length: 50 }, (_, at) => String.fromCharCode(98 + (at % 20))), ["b", "c", "d"]],
  ])("to %j among %j are %j", (written, names, expected) => {
    expect(nearestNames(written, names)).toEqual(expected);
  });

  it("are found in no time among long ones", () => {
    const startedAtMs = performance.now();
    nearestNames(
      "a".repeat(100_000),
      Array.from({ length: 200 }, (_, at) => `${at}${"b".repeat(10_000)}`),
    );
    expect(performance.now() - startedAtMs).toBeLessThan(1_000);
  });
});

describe("the command for the open port", () => {
  it.each([
    ["VNC", 5901, "vncviewer localhost::4000"],
    ["TELNET", 2323, "telnet localhost 4000"],
    ["PASSTHROUGH", 22, "ssh -p 4000 -o HostKeyAlias=postern-7-2 user@localhost"],
    ["PASSTHROUGH", 23, "telnet localhost 4000"],
    ["PASSTHROUGH", 80, "http://localhost:4000/"],
    ["PASSTHROUGH", 443, "https://localhost:4000/"],
    ["PASSTHROUGH", 3389, "xfreerdp /v:localhost:4000"],
    ["PASSTHROUGH", 5900, "vncviewer localhost::4000"],
    ["PASSTHROUGH", 502, "nc localhost 4000"],
  ])("for %s to port %i is %s", (protocol, port, command) => {
    const endpoint = { id: "2", name: "plc", hostname: "10.0.0.5", port, protocol };
    expect(clientCommand({ id: "7", name: "gw", otherNames: [] }, endpoint, 4000)).toBe(command);
  });
});

describe("the other end of a connection on this machine", () => {
  // Rows as Linux writes them (proc(5)): 127.0.0.1:40000 to 127.0.0.1:5000 in FIN_WAIT2, held by a program and by none.
  const header = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
  const row = (inode: string) =>
    `   1: 0100007F:9C40 0100007F:1388 05 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0000 20 4 0 10 -1\n`;
  const listener =
    "   0: 0100007F:1388 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 555 1 0000 100 0 0 10 0\n";

  it.each([
    ["a program holds it", header + listener + row("424242"), false],
    ["none does", header + listener + row("0"), true],
    ["it is not there any more", header + listener, true],
  ])("%s", (_what, table, isGone) => {
    expect(isOrphan(table, 40_000, 5000)).toBe(isGone);
  });
});

describe("help", () => {
  it("names every option, and that the password is none of them", async () => {
    const { code, out } = await postern(["--help"]);
    expect(code).toBe(0);
    for (const words of [
      "--url",
      "--user",
      "--password-file",
      "--ca",
      "--port",
      "--stdio",
      "--once",
      "--answer-wait",
    ]) {
      expect(out).toContain(words);
    }
    expect(out).toContain("POSTERN_PASSWORD");
    expect(out).not.toMatch(/--password[ ,]/);
  });
});

describe("a mistake on the command line", () => {
  const cloud = ["--url", "https://cloud.example", "--user", "admin"];
  it.each([
    [["gw", ...cloud], "error: missing required argument 'endpoint'"],
    [["gw", "plc", "--user", "admin"], "error: required option '--url <address>' not specified"],
    [["gw", "plc", "--url", "https://cloud.example"], "error: required option '--user <name>' not specified"],
    [["gw", "plc", ...cloud, "--password", "x"], "error: unknown option '--password'"],
    [
      ["gw", "plc", ...cloud, "--stdio", "--port", "5"],
      "error: option '--port <number>' cannot be used with option '--stdio'",
    ],
    [["gw", "plc", ...cloud, "--stdio", "--once"], "error: option '--stdio' cannot be used with option '--once'"],
    [
      ["gw", "plc", ...cloud, "--answer-wait", "0"],
      "error: option '--answer-wait <seconds>' argument '0' is invalid. It must be a number of seconds from 1 to 86400.",
    ],
    [
      ["gw", "plc", "--user", "admin", "--url", "http://cloud.example"],
      "error: option '--url <address>' argument 'http://cloud.example' is invalid. It must begin with https://, or the password would travel in clear.",
    ],
  ])("is one clear line and exit code 1: %j", async (args, line) => {
    expect(await postern(args)).toEqual({ code: 1, out: "", err: `${line}\n` });
  });

  it("is exit code 2 where it is the password that is missing and nobody can be asked", async () => {
    // A session of its own has no terminal.
    const { code, err } = await postern(["gw", "plc", ...cloud], "setsid");
    expect(code).toBe(2);
    expect(err).toBe(
      "postern: There is no password: set POSTERN_PASSWORD, name a file with --password-file, or run this at a terminal.\n",
    );
  });

  it.each([
    ["--ca", "no-such-file", "postern: no-such-file cannot be used: it does not exist.\n"],
    ["--ca", "package.json", "postern: package.json cannot be used: it holds no certificate in PEM form.\n"],
    ["--password-file", "no-such-file", "postern: no-such-file cannot be used: it does not exist.\n"],
    ["--password-file", "/dev/null", "postern: The password is empty.\n"],
  ])("is exit code 2 where a file does not serve: %s %s", async (option, file, says) => {
    const { code, err } = await postern(["gw", "plc", ...cloud, option, file], undefined, { POSTERN_PASSWORD: "x" });
    expect({ code, err }).toEqual({ code: 2, err: says });
  });
});

function postern(
  args: readonly string[],
  below?: string,
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number; out: string; err: string }> {
  const words = [process.execPath, join(projectRoot, "bin", "postern.mjs"), "connect", ...args];
  const [program = "", ...rest] = below === undefined ? words : [below, "--wait", ...words];
  const { POSTERN_URL: _url, POSTERN_USER: _user, POSTERN_PASSWORD: _password, ...clean } = process.env;
  return new Promise((resolve) => {
    execFile(program, rest, { timeout: 15_000, cwd: projectRoot, env: { ...clean, ...env } }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err });
    });
  });
}
