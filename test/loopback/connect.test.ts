// `postern connect` as a process beside a real cloud and gateway: ports, pipes, bulk, ends of stream and everything that can be wrong.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Operator } from "#simulator/operator.ts";
import { echoPanel, patternBytes, type RunningSink, sinkPanel, sourcePanel } from "#simulator/panels/byte-panels.ts";
import type { RunningPanel } from "#simulator/panels/panel.ts";
import { vncPanel } from "#simulator/panels/vnc-panel.ts";
import { type ConnectProgram, cloudOptions, startConnect } from "../support/connect-program.ts";
import { operatorOf, startPanel } from "../support/loopback.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { eventually, type Program, repositoryRoot, temporaryFolder } from "../support/processes.ts";
import { adminPassword, type RunningCloud, startCloudProgram, startGatewayProgram } from "../support/running-cloud.ts";
import { freePort } from "../support/xvnc.ts";

const id = "gw-connect";
const bulkBytes = 100_000_000;
const request = "GET /status\r\n";

describe("postern connect", () => {
  const folder = temporaryFolder();
  const running: ConnectProgram[] = [];
  const servers: Server[] = [];
  let panels: Record<string, RunningPanel>;
  let sink: RunningSink;
  let slow: RunningSink;
  let cloud: RunningCloud;
  let gateway: Program;
  let operator: Operator;

  beforeAll(async () => {
    sink = await startPanel(sinkPanel(), "sink");
    slow = await startPanel(sinkPanel(), "slow");
    panels = {
      echo: await startPanel(echoPanel(), "echo"),
      source: await startPanel(sourcePanel({ bytes: bulkBytes }), "source"),
      press4: await startPanel(vncPanel({ password: "on-panel" }), "press4"),
    };
    const ports = {
      echo: panels["echo"]?.port ?? 0,
      source: panels["source"]?.port ?? 0,
      sink: sink.port,
      slow: slow.port,
      "PLC web": await listen(servers, answersAndEnds),
      keeper: await listen(servers, answersAndStays),
      nobody: await freePort(),
    };
    const press4 = panels["press4"]?.port ?? 0;
    cloud = await startCloudProgram(folder.path);
    operator = operatorOf(cloud);
    await operator.expectsDevice(id);
    const allow = JSON.stringify([...Object.values(ports), press4].map((port) => `127.0.0.1:${port}`));
    gateway = startGatewayProgram(folder.path, cloud, { id, tunnels: `[tunnels]\nallow = ${allow}` });
    await operator.acceptsDevice(id);
    await gateway.event("connectivity.online");
    await operator.worksWith(id);
    await operator.seesDeviceOnline();
    for (const [name, port] of Object.entries(ports)) {
      await operator.addsEndpoint({ name, hostname: "127.0.0.1", port, protocol: "PASSTHROUGH" });
    }
    const screen = { name: "press4", hostname: "127.0.0.1", port: press4, protocol: "VNC", password: "on-panel" };
    await operator.addsEndpoint({ ...screen, protocol: "VNC" });
  });

  afterEach(async () => {
    for (const { child, ended } of running.splice(0)) {
      child.kill("SIGKILL");
      await ended;
    }
  });

  afterAll(async () => {
    await gateway?.stop();
    await cloud?.program.stop();
    for (const panel of [sink, slow, ...Object.values(panels ?? {})]) await panel?.close();
    for (const server of servers) server.close();
    folder[Symbol.dispose]();
  });

  function connects(args: readonly string[], options: Parameters<typeof startConnect>[1] = {}): ConnectProgram {
    const program = startConnect([...args, ...cloudOptions(cloud)], options);
    running.push(program);
    return program;
  }

  describe("with a port of its own", () => {
    test.each([
      ["its serial number", id],
      ["its name", `Gateway ${id}`],
      ["its internal id", undefined],
    ])("finds the gateway by %s, and says how to use the port", async (_what, device) => {
      const program = connects([device ?? operator.deviceId, "echo"]);
      const { line, port } = await program.ready();
      expect(line).toBe(`127.0.0.1:${port} is now echo on Gateway ${id}: nc localhost ${port}`);
      const socket = await program.dials();
      expect(await exchange(socket, "good morning")).toBe("good morning");
      socket.destroy();
    });

    test("serves several connections at once, each by a session of its own, and goes on after the first has ended", async () => {
      const program = connects([id, "echo"]);
      const [one, other] = [await program.dials(), await program.dials()];
      expect(await Promise.all([exchange(one, "one"), exchange(other, "other")])).toEqual(["one", "other"]);
      one.destroy();
      expect(await exchange(other, "still here")).toBe("still here");
      expect(await exchange(await program.dials(), "third")).toBe("third");
      other.destroy();
    });

    test("opens the port that was asked for, and refuses one that is taken with exit code 9", async () => {
      const port = await freePort();
      const program = connects([id, "echo", "--port", String(port)]);
      expect((await program.ready()).port).toBe(port);
      const second = connects([id, "echo", "--port", String(port)]);
      expect(await second.ended).toEqual({ code: 9, signal: null });
      expect(second.errors()).toBe(
        `postern: Port ${port} cannot be opened: another program uses it; leave out --port for a free one.\n`,
      );
    });

    test("gives a VNC viewer the panel without its password", async () => {
      const program = connects([id, "press4"]);
      expect((await program.ready()).line).toMatch(/: vncviewer localhost::\d+$/);
      const socket = await program.dials();
      expect(String(await readBytes(socket, 12))).toBe("RFB 003.008\n");
      socket.write("RFB 003.008\n");
      // One security type, and that is None (RFC 6143 section 7.1.2).
      expect([...(await readBytes(socket, 2))]).toEqual([1, 1]);
      socket.destroy();
    });

    test("brings 100 MB down from the panel with equal SHA-256, the last byte before the end", async () => {
      const program = connects([id, "source"]);
      const startedAtMs = performance.now();
      const got = await digest(await program.dials());
      report("down", startedAtMs, program);
      expect(got).toEqual({ bytes: bulkBytes, hash: hashOfPattern() });
      await eventually("the end in words", () => said(program, "(panel.closed)"));
    });

    test("takes 100 MB up to the panel with equal SHA-256, though the program is gone right after its last byte", async () => {
      const program = connects([id, "sink"]);
      const startedAtMs = performance.now();
      const socket = await program.dials();
      for (let offset = 0; offset < bulkBytes; offset += 1_000_000) {
        if (!socket.write(patternBytes(offset, 1_000_000))) await once(socket, "drain");
      }
      socket.end(() => socket.destroy());
      await eventually("all at the panel", () => (sink.bytesReceived >= bulkBytes ? true : undefined), 60_000);
      report("up", startedAtMs, program);
      expect(sink.digest).toBe(hashOfPattern());
      await eventually("the panel's connection to be gone", () => (sink.connections === 0 ? true : undefined), 5_000);
    });

    test("holds no more while the local program does not read", async () => {
      const program = connects([id, "source"]);
      const socket = await program.dials();
      await once(socket, "readable");
      const before = program.residentMiB();
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      const stalled = program.residentMiB();
      console.info(`resident memory with a stalled reader, MiB: ${before} at its first byte, ${stalled} after 3 s`);
      expect(stalled - before).toBeLessThan(24);
      expect((await digest(socket)).bytes).toBe(bulkBytes);
    });

    test("takes no more from the local program than the panel takes", async () => {
      slow.paused = true;
      const program = connects([id, "slow"]);
      const socket = await program.dials();
      const before = program.residentMiB();
      const chunk = Buffer.alloc(1_000_000, 1);
      let taken = 0;
      while (taken < 200 && (socket.write(chunk) || (await within(once(socket, "drain"), 2_000)))) taken += 1;
      const held = program.residentMiB();
      console.info(`a panel that does not read: ${taken} of 200 MB taken, ${before} -> ${held} MiB resident`);
      expect(taken).toBeLessThan(40);
      expect(held - before).toBeLessThan(48);
      slow.paused = false;
      await eventually("the panel to have all", () => (slow.bytesReceived >= (taken + 1) * 1e6 ? true : undefined));
      socket.destroy();
    });
  });

  describe("the end of a stream", () => {
    test("a program that sends, ends its sending and waits gets the whole answer and then the end", async () => {
      const program = connects([id, "plc web"]);
      const socket = await program.dials();
      socket.end(request);
      expect(String(await collect(socket))).toBe(answer(request));
    });

    test("so does one in a pipe: printf | postern connect --stdio", async () => {
      const program = connects([id, "PLC web", "--stdio"]);
      program.child.stdin.end(request);
      expect(await program.ended).toEqual({ code: 0, signal: null });
      expect(String(await program.output())).toBe(answer(request));
      expect(program.errors()).toBe("");
    });

    test("a panel that has answered and stays connected is left after --answer-wait without more", async () => {
      const program = connects([id, "keeper", "--stdio", "--answer-wait", "2"]);
      program.child.stdin.end(request);
      expect(await program.ended).toEqual({ code: 0, signal: null });
      expect(String(await program.output())).toBe(answer(request));
    });

    test("a program that is gone altogether ends its session at once, without --answer-wait", async () => {
      const program = connects([id, "keeper"]);
      const socket = await program.dials();
      socket.end(request);
      await readBytes(socket, 1);
      socket.destroy();
      await eventually("the end in words", () => said(program, "connection 1: The connection was closed here."), 6_000);
    });

    test("what a program sends before the tunnel stands arrives", async () => {
      const program = connects([id, "echo", "--stdio"]);
      program.child.stdin.write("early");
      await once(program.child.stdout, "data");
      program.child.stdin.end();
      program.child.kill("SIGHUP");
      expect(await program.ended).toEqual({ code: 129, signal: null });
      expect(String(await program.output())).toBe("early");
    });
  });

  describe("what is wrong is said in one line and an exit code", () => {
    const cases: readonly [what: string, args: readonly string[], code: number, says: RegExp][] = [
      [
        "an unknown device, with what was meant",
        ["gw-conect", "echo"],
        5,
        /^postern: There is no device "gw-conect"\. Did you mean "Gateway gw-connect" \(id \d+\)\?\n$/,
      ],
      [
        "an unknown endpoint, with what was meant",
        [id, "ehco"],
        6,
        /^postern: "Gateway gw-connect" has no endpoint "ehco"\. Did you mean "echo"\?\n$/,
      ],
      [
        "an unknown endpoint that is like none, with what there is",
        [id, "boiler"],
        6,
        /has no endpoint "boiler"\. It has "echo", "source", /,
      ],
      [
        "a panel on which nothing listens",
        [id, "nobody", "--stdio"],
        12,
        /^postern: The panel refused the connection: nothing listens on that port\. \(panel\.refused\)\n$/,
      ],
    ];
    test.each(cases)("%s", async (_what, args, code, says) => {
      const program = connects(args);
      expect(await program.ended).toEqual({ code, signal: null });
      expect(program.errors()).toMatch(says);
      expect(String(await program.output())).toBe("");
    });

    test("a wrong password, which is not repeated", async () => {
      const program = connects([id, "echo"], { env: { POSTERN_PASSWORD: "not-the-password" } });
      expect(await program.ended).toEqual({ code: 3, signal: null });
      expect(program.errors()).toMatch(/^postern: The cloud does not accept this user and password\./);
      expect(program.errors()).not.toContain("not-the-password");
    });

    test("a certificate of an authority that is not known here", async () => {
      const program = startConnect([id, "echo", "--url", `https://localhost:${cloud.ports.https}`, "--user", "admin"]);
      expect(await program.ended).toEqual({ code: 8, signal: null });
      expect(program.errors()).toMatch(
        /^postern: The certificate of https:\/\/localhost:\d+ is not trusted: it comes from an authority that is not known here \([A-Z_]+\)\. If that is right, name the authority's certificate with --ca\.\n$/,
      );
    });

    test("a cloud that is not there", async () => {
      const url = `https://localhost:${await freePort()}`;
      const program = startConnect([id, "echo", "--url", url, "--user", "admin"]);
      expect(await program.ended).toEqual({ code: 7, signal: null });
      expect(program.errors()).toBe(
        `postern: The cloud at ${url} cannot be reached: nothing listens there (ECONNREFUSED).\n`,
      );
    });

    test("something else that answers there", async () => {
      const program = startConnect([id, "echo", "--url", `https://localhost:${panels["echo"]?.port}`, "--user", "a"]);
      expect(await program.ended).toEqual({ code: 7, signal: null });
      expect(program.errors()).toMatch(/cannot be reached: what answers there does not speak TLS \(/);
    });
  });

  test("takes the password from a file, and says so if others can read that", async () => {
    const file = join(folder.path, "password");
    writeFileSync(file, `${adminPassword}\r\nsecond line\n`, { mode: 0o644 });
    const program = connects([id, "PLC web", "--stdio", "--password-file", file], { env: { POSTERN_PASSWORD: "x" } });
    program.child.stdin.end(request);
    expect(await program.ended).toEqual({ code: 0, signal: null });
    expect(program.errors()).toBe(`postern: ${file} can be read by others; chmod 600 keeps it private.\n`);
  });

  test.skipIf(isAnyMissing(peers.script))("asks for the password at the terminal without showing it", async () => {
    const words = [process.execPath, join(repositoryRoot, "bin/postern.mjs"), "connect", id, "PLC web", "--stdio"];
    const command = `printf 'GET /asked\\r\\n' | ${[...words, ...cloudOptions(cloud)].map((word) => `'${word}'`).join(" ")}`;
    const { POSTERN_PASSWORD: _none, ...env } = process.env;
    // Makes a terminal of its own, and types there what comes on standard input.
    const typed = spawn("script", ["-qec", command, "/dev/null"], { env, stdio: "pipe" });
    let shown = "";
    typed.stdout.setEncoding("utf8").on("data", (text: string) => {
      shown += text;
    });
    await eventually("the question", () => (shown.includes("Password of t1000/admin at https://") ? true : undefined));
    // A slip of the finger, and the key that takes it back.
    typed.stdin.write(`${adminPassword}x\u007f\r`);
    const [code] = await once(typed, "exit");
    expect(code).toBe(0);
    expect(shown).toContain("answer to GET /asked");
    expect(shown).not.toContain(adminPassword);
    expect(shown).not.toContain(adminPassword.slice(0, 4));
  });

  test("Ctrl-C closes the port and its sessions in order, with exit code 0", async () => {
    const program = connects([id, "echo"]);
    const socket = await program.dials();
    await exchange(socket, "hello");
    const closed = collect(socket);
    program.child.kill("SIGINT");
    expect(await program.ended).toEqual({ code: 0, signal: null });
    expect(String(await closed)).toBe("");
    await gateway.event("tunnel.closed", 10_000, (line) => line["reason"] === "client.closed" && line["bytesUp"] === 5);
  });

  test("--once serves one connection and leaves with its exit code", async () => {
    const program = connects([id, "nobody", "--once"]);
    const socket = await program.dials();
    expect(String(await collect(socket))).toBe("");
    expect(await program.ended).toEqual({ code: 12, signal: null });
    expect(program.errors()).toContain("postern: connection 1: The panel refused the connection");
  });

  // The last ones: they take the gateway and the cloud away.
  test("a gateway that is offline: the reason in words, and exit code 10", async () => {
    await gateway.stop();
    const piped = connects([id, "echo", "--stdio"]);
    const ported = connects([id, "echo"]);
    const socket = await ported.dials();
    expect(String(await collect(socket))).toBe("");
    const words = "The gateway is offline and did not come online in time. (gateway.offline)";
    await eventually("the end in words", () => said(ported, `connection 1: ${words}`));
    expect(await piped.ended).toEqual({ code: 10, signal: null });
    expect(piped.errors()).toContain(`postern: ${words}\n`);
    expect(piped.errors()).toContain("postern: The gateway is offline at the moment; a connection waits");
  });

  test("a cloud that is killed in mid-session: exit code 14", async () => {
    const program = connects([id, "echo", "--stdio"]);
    await eventually("the session to be asked for", async () =>
      (await operator.operations())[0]?.["status"] === "PENDING" ? true : undefined,
    );
    await cloud.program.stop("SIGKILL");
    expect(await program.ended).toEqual({ code: 14, signal: null });
    expect(program.errors()).toContain("postern: The connection to the cloud broke. (cloud.lost)\n");
  });
});

function answer(of: string): string {
  return `answer to ${of}${"x".repeat(300_000)}.`;
}

/** Answers a second after the first bytes, in pieces, whatever the other side has ended meanwhile. */
function answersAndEnds(socket: Socket): void {
  socket.once("data", (chunk) => {
    const text = answer(String(chunk));
    setTimeout(() => socket.write(text.slice(0, 1000)), 1_000);
    setTimeout(() => socket.end(text.slice(1000)), 1_500);
  });
}

function answersAndStays(socket: Socket): void {
  socket.once("data", (chunk) => socket.write(answer(String(chunk))));
}

async function listen(servers: Server[], serve: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => undefined);
    socket.once("end", () => socket.end());
    serve(socket);
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function exchange(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  return String(await readBytes(socket, Buffer.byteLength(text)));
}

async function readBytes(socket: Socket, length: number): Promise<Buffer> {
  for (;;) {
    const bytes = socket.read(length) as Buffer | null;
    if (bytes !== null) return bytes;
    if (socket.readableEnded || socket.destroyed) throw new Error("The connection ended");
    await once(socket, "readable");
  }
}

async function collect(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function digest(socket: Socket): Promise<{ bytes: number; hash: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of socket) {
    bytes += (chunk as Buffer).length;
    hash.update(chunk as Buffer);
  }
  return { bytes, hash: hash.digest("hex") };
}

function hashOfPattern(): string {
  return createHash("sha256").update(patternBytes(0, bulkBytes)).digest("hex");
}

/** Whether the promise settles within the limit. */
async function within(promise: Promise<unknown>, limitMs: number): Promise<boolean> {
  const limit = new Promise<false>((resolve) => setTimeout(() => resolve(false), limitMs));
  return await Promise.race([promise.then(() => true), limit]);
}

function said(program: ConnectProgram, words: string): true | undefined {
  return program.errors().includes(words) ? true : undefined;
}

function report(direction: string, startedAtMs: number, program: ConnectProgram): void {
  const seconds = (performance.now() - startedAtMs) / 1000;
  const speed = (bulkBytes / 1e6 / seconds).toFixed(0);
  console.info(
    `100 MB ${direction} by postern connect: ${seconds.toFixed(1)} s, ${speed} MB/s, ${program.residentMiB()} MiB resident`,
  );
}
