// The status socket: who may open it, what it takes, how much of it, and what is told when nobody answers.
import { chmod, mkdir, mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createConnection, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { showStatus } from "#firmware/local/show-status.ts";
import { askStatus, type StatusServer, serveStatus, statusSocketPath } from "#firmware/local/status-socket.ts";
import { aStatus } from "./a-status.ts";

/** Instead of the product's 2 s. */
const limitMs = 300;
let folder = "";
let path = "";
let servers: StatusServer[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "postern-status-"));
  path = join(folder, "status.sock");
  servers = [];
});
afterEach(async () => {
  for (const server of servers) await server.close();
  await rm(folder, { recursive: true });
});

async function serve(at = path, read = () => aStatus(), clientLimitMs = limitMs): Promise<void> {
  const outcome = await serveStatus(at, read, clientLimitMs);
  if (outcome.kind !== "listening") throw new Error(JSON.stringify(outcome));
  servers.push(outcome.server);
}

/** Resolves with all that the server says until it ends the connection. */
function tell(text: string): Promise<string> {
  const socket = createConnection(path, () => socket.write(text));
  return heard(socket);
}

function heard(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let all = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      all += chunk;
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(all));
  });
}

describe("the socket", () => {
  test("is its owner's alone", async () => {
    await serve();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test("leaves the process's umask as it was", async () => {
    const before = process.umask();
    await serve();
    expect(process.umask()).toBe(before);
  });

  test("answers with the status of the moment", async () => {
    let count = 0;
    await serve(path, () => {
      count += 1;
      return aStatus({ queue: { messages: count, dropped: 0 } });
    });
    for (const messages of [1, 2]) {
      expect(await askStatus(path)).toEqual({ kind: "status", status: aStatus({ queue: { messages, dropped: 0 } }) });
    }
  });

  test("that a killed gateway has left is taken over", async () => {
    const left = createServer();
    await new Promise<void>((resolve) => left.listen(`${path}.old`, resolve));
    await symlink(`${path}.old`, path);
    await new Promise<void>((resolve) => left.close(() => resolve()));
    expect(await askStatus(path)).toEqual({ kind: "nobody" });
    await serve();
    expect((await askStatus(path)).kind).toBe("status");
  });

  test("of a gateway that runs is left alone", async () => {
    await serve();
    expect(await serveStatus(path, () => aStatus())).toEqual({ kind: "taken" });
    expect((await askStatus(path)).kind).toBe("status");
  });

  test("is gone when it is closed", async () => {
    await serve();
    await servers.pop()?.close();
    await expect(stat(path)).rejects.toMatchObject({ code: "ENOENT" });
    expect(await askStatus(path)).toEqual({ kind: "nobody" });
  });

  test("closes at once though a client hangs on to it", async () => {
    await serve(path, () => aStatus(), 60_000);
    const socket = createConnection(path);
    const end = heard(socket);
    await new Promise((resolve) => socket.once("connect", resolve));
    // Waiting for the client would outlast this test.
    await servers.pop()?.close();
    expect(await end).toBe("");
  });

  test.each(["statusx\n", "STATUS\n", "\n", "status", "status\r\n"])("says nothing to %j", async (text) => {
    await serve();
    // What is no line and not too long is given up at the limit.
    expect(await tell(text)).toBe("");
    expect((await askStatus(path)).kind).toBe("status");
  });

  test("gives up at once on a question without an end", async () => {
    // Waiting for the end would outlast this test.
    await serve(path, () => aStatus(), 60_000);
    expect(await tell("x".repeat(100_000))).toBe("");
  });

  test("turns more than four clients away", async () => {
    await serve();
    const held = Array.from({ length: 4 }, () => createConnection(path));
    await Promise.all(held.map((socket) => new Promise((resolve) => socket.once("connect", resolve))));
    expect(await askStatus(path)).toMatchObject({ kind: "failed", why: expect.stringContaining("busy") });
    for (const socket of held) socket.destroy();
  });

  test("whose path is too long is not there, and why is told", async () => {
    const long = join(folder, "x".repeat(100), "status.sock");
    expect(await serveStatus(long, () => aStatus())).toEqual({
      kind: "unavailable",
      why: `the path of a socket has at most 103 bytes: ${long}`,
    });
  });

  test("in a folder that is not there is not there either", async () => {
    const outcome = await serveStatus(join(folder, "no", "s"), () => aStatus());
    expect(outcome).toMatchObject({ kind: "unavailable", why: expect.stringMatching(/ENOENT|EACCES/) });
  });

  test("is in the folder that systemd has made, or else beside the state", () => {
    expect(statusSocketPath("/var/lib/postern", undefined)).toBe("/var/lib/postern/status.sock");
    expect(statusSocketPath("/var/lib/postern", "")).toBe("/var/lib/postern/status.sock");
    expect(statusSocketPath("/var/lib/postern", "/run/a:/run/b")).toBe("/run/a/status.sock");
  });
});

describe("what answers and is no gateway", () => {
  async function impostor(answer: (socket: Socket) => void): Promise<() => void> {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      answer(socket);
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    return () => server.close();
  }

  test("is told as such", async () => {
    const end = await impostor((socket) => socket.end("hello\n"));
    expect(await askStatus(path)).toEqual({ kind: "failed", why: "what answers is no gateway of this version" });
    end();
  });

  test("and says too much is cut off", async () => {
    const end = await impostor((socket) => void socket.write("x".repeat(5 * 1024 * 1024)));
    expect(await askStatus(path)).toEqual({ kind: "failed", why: "the answer is far too long" });
    end();
  });
});

describe("gateway status", () => {
  async function show(options: Partial<Parameters<typeof showStatus>[0]> = {}) {
    const out: string[] = [];
    const err: string[] = [];
    const code = await showStatus({
      stateDir: undefined,
      socket: undefined,
      isJson: false,
      say: (line) => out.push(line),
      explain: (line) => err.push(line),
      runtimeDir: join(folder, "run"),
      ...options,
    });
    return { code, out, err };
  }

  test("shows the gateway of a state folder", async () => {
    await serve(path, () => aStatus({ stateDir: folder }));
    const { code, out, err } = await show({ stateDir: folder });
    expect({ code, err }).toEqual({ code: 0, err: [] });
    expect(out[0]).toBe("Gateway       gw-1 (Line 3), Board, version 0.1.0");
  });

  test("shows the service without being told which gateway is meant", async () => {
    await mkdir(join(folder, "run"));
    await serve(join(folder, "run", "status.sock"));
    expect((await show()).code).toBe(0);
    expect((await show({ stateDir: "/var/lib/postern" })).code).toBe(0);
  });

  test("does not show the service for another gateway", async () => {
    await mkdir(join(folder, "run"));
    await serve(join(folder, "run", "status.sock"));
    expect(await show({ stateDir: folder })).toEqual({
      code: 1,
      out: [],
      err: [
        `no gateway runs with the state folder ${folder}; the gateway that runs as a service has another state folder (/var/lib/postern)`,
      ],
    });
  });

  test("as JSON has all that there is", async () => {
    await serve();
    const { code, out } = await show({ socket: path, isJson: true });
    expect(code).toBe(0);
    expect(JSON.parse(out.join("\n"))).toEqual(aStatus());
  });

  test("says that no gateway runs", async () => {
    expect(await show({ stateDir: folder })).toEqual({
      code: 1,
      out: [],
      err: [`no gateway runs: nobody listens at ${path} or ${join(folder, "run", "status.sock")}`],
    });
    await writeFile(path, "no socket");
    expect((await show({ socket: path })).err).toEqual([`no gateway runs: nobody listens at ${path}`]);
  });

  test.runIf(process.getuid?.() === 0 && process.seteuid !== undefined)("says that it may not be asked", async () => {
    await chmod(folder, 0o755);
    await serve();
    process.seteuid?.(65_534);
    try {
      expect(await show({ socket: path })).toEqual({
        code: 1,
        out: [],
        err: [`${path} may not be opened by this user: ask as the user that the gateway runs as, or with sudo`],
      });
    } finally {
      process.seteuid?.(0);
    }
  });
});
