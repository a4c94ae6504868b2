// Panels that make much of little: what a client asks without reading must not grow inside the panel without end.
import { describe, expect, it } from "vitest";
import type { Connection } from "#hardware/ports.ts";
import type { PanelProgram, RunningPanel } from "#simulator/panels/panel.ts";
import { machines, ProcessModel } from "#simulator/panels/process-model.ts";
import { FileSystem } from "#simulator/panels/ssh/file-system.ts";
import { Shell } from "#simulator/panels/ssh/shell.ts";
import { sshPanel } from "#simulator/panels/ssh/ssh-panel.ts";
import { telnetPanel } from "#simulator/panels/telnet/telnet-panel.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { storyStartsAtMs } from "#simulator/simulated-clock.ts";
import { opensShell, PanelPlace, runs, signsIn } from "./ssh-panel-client.ts";
import { TwoHosts } from "./two-hosts.ts";

const fileBytes = 1024 * 1024;
const terminal = { columns: 80, rows: 24 };

/** Of the shell's user, on its own disk. */
const home = "/root";

/** A shell whose reader takes nothing until it is told to. */
function bench(size: typeof terminal | undefined) {
  const clock = {
    ...{ nowMs: () => storyStartsAtMs, monotonicMs: () => 0 },
    ...{ setTimeout: () => ({ timer: undefined }), clearTimeout: () => undefined },
  };
  const files = new FileSystem(() => storyStartsAtMs, { [`${home}/`]: "", "/big": "x".repeat(fileBytes) });
  const process = new ProcessModel(machines.press, 1, storyStartsAtMs);
  const machine = { hostName: "hmi", title: "PRESS", clock, bootedAtMs: 0, files, process, sessions: 1 };
  const said = { bytes: 0, text: "", status: undefined as number | undefined, hasRoom: true };
  const take = (bytes: Uint8Array): void => {
    said.bytes += bytes.length;
    if (bytes.length < 1000) said.text += Buffer.from(bytes).toString();
    said.hasRoom = false;
  };
  const shell = new Shell({
    ...{ machine, user: "root", size },
    ends: {
      ...{ out: take, err: take, hasRoom: () => said.hasRoom, wantsInput: () => undefined },
      exit: (status) => {
        said.status = status;
      },
    },
  });
  /** What was said is read; true while there is more to come. */
  const reads = (): boolean => {
    const before = said.bytes;
    said.hasRoom = true;
    shell.roomAgain();
    return said.bytes > before;
  };
  return { shell, said, reads };
}

describe("a shell whose output nobody reads", () => {
  it.each([
    ["lines without a terminal", undefined, "cat /big\n".repeat(100)],
    ["lines of a terminal", terminal, "cat /big\r".repeat(100)],
    ["commands of one line", undefined, `${"cat /big;".repeat(100)}\n`],
    ["files of one command", undefined, `cat${" /big".repeat(100)}\n`],
    ["files of one command of a terminal", terminal, `cat${" /big".repeat(100)}\r`],
  ])("goes on only when it was read: many %s", (_what, size, input) => {
    const { shell, said, reads } = bench(size);
    shell.input(Buffer.from(input));
    expect(said.bytes).toBeLessThan(2 * fileBytes);
    let rounds = 0;
    while (reads()) rounds += 1;
    expect(rounds).toBeGreaterThan(98);
    expect(said.bytes).toBeGreaterThanOrEqual(100 * fileBytes);
    expect(said.bytes).toBeLessThan(101 * fileBytes);
  });

  it("ends its command with Ctrl-C all the same, and begins none of the rest", () => {
    const { shell, said, reads } = bench(terminal);
    shell.input(Buffer.from("cat /big; cat /big; cat /big\r"));
    shell.input(Buffer.from("\x03"));
    while (reads());
    expect(said.bytes).toBeLessThan(2 * fileBytes);
    shell.input(Buffer.from("echo $?\r"));
    while (reads());
    expect(said.text).toContain("130\r\n");
  });

  it("ends one command when all was read, with its status", () => {
    const { shell, said, reads } = bench(undefined);
    shell.startCommand("cat /big; cat /big; false");
    expect(said.status).toBeUndefined();
    while (reads());
    expect(said).toMatchObject({ bytes: 2 * fileBytes, status: 1 });
  });

  it("says nothing more once nobody is there", () => {
    const { shell, said, reads } = bench(undefined);
    shell.startCommand("cat /big; cat /big");
    shell.hangUp();
    expect(reads()).toBe(false);
    expect(said).toMatchObject({ bytes: fileBytes, status: undefined });
  });
});

describe("variables of a shell", () => {
  const typed = (...lines: readonly string[]): string => {
    const { shell, said, reads } = bench(undefined);
    shell.input(Buffer.from(lines.map((line) => `${line}\n`).join("")));
    while (reads());
    return said.text;
  };

  it("that are doubled again and again end at what a system takes", () => {
    const said = typed("X=0123456789abcdef", ...Array.from({ length: 60 }, () => "X=$X$X"), "echo $?", "echo here");
    expect(said).toContain("argument list too long\n");
    expect(said).toMatch(/\n1\nhere\n$/);
  });

  it("are of a number that a system takes", () => {
    const lines = Array.from({ length: 1000 }, (_, index) => `V${index}=x`);
    expect(typed(...lines, "V0=y", "echo $V0 here")).toMatch(/too many variables\n(?:.*\n)*y here\n$/);
  });
});

/** Bytes that a panel holds of a connection whose client sends this and reads nothing. */
async function heldAfter(program: PanelProgram<RunningPanel>, sent: Uint8Array, forMs = 5_000): Promise<number> {
  const world = new TwoHosts();
  try {
    const { network } = world.network.host("panel");
    const accepted: Connection[] = [];
    const random = new SeededRandom("flood");
    const panel = await program.start({
      ...{ name: "Press 4", clock: world.clock, random, seed: 7, address: "0.0.0.0" },
      network: {
        ...network,
        listen: (options, accept) =>
          network.listen(options, (connection) => {
            accepted.push(connection);
            accept(connection);
          }),
      },
    });
    const outcome = await world.dials(panel.port);
    if (!outcome.ok) throw new Error(outcome.detail);
    const { stream } = outcome.connection;
    stream.pause();
    stream.write(sent);
    await world.clock.advance(forMs);
    return accepted[0]!.heldBytes();
  } finally {
    world.clock.stop();
  }
}

describe("a Telnet panel whose client only sends", () => {
  it.each([
    ["Ctrl-C", "\x03"],
    ["break", "\xff\xf3"],
    ["are-you-there", "\xff\xf6"],
    ["wrong choices", "x\r"],
  ])("holds little of what it would say to %s", async (_what, key) => {
    expect(await heldAfter(telnetPanel(), Buffer.from(key.repeat(100_000), "latin1"))).toBeLessThan(512 * 1024);
  });
});

describe("a Telnet panel's page of living values", () => {
  it("is not drawn again and again for a client that does not read it", async () => {
    expect(await heldAfter(telnetPanel(), Buffer.from("1\r"), 590_000)).toBeLessThan(256 * 1024);
  });
});

describe("a panel", () => {
  it("has 64 connections at a time, and resets the next one", async () => {
    using place = await PanelPlace.start(telnetPanel());
    let resets = 0;
    const dialled = [];
    for (let count = 0; count < 70; count += 1) {
      const connection = await place.dials();
      connection.stream.on("error", () => {
        resets += 1;
      });
      connection.stream.resume();
      dialled.push(connection);
    }
    await place.world.clock.advance(1_000);
    expect([place.panel.connections, resets]).toEqual([64, 6]);
    dialled[0]!.reset();
    await place.world.clock.advance(1_000);
    const next = await place.dials();
    await place.world.clock.advance(1_000);
    expect([place.panel.connections, next.stream.destroyed]).toEqual([64, false]);
  });
});

describe("an SSH panel", () => {
  it("brings much output of many lines whole, in order, when its reader is slow", async () => {
    using place = await PanelPlace.start(sshPanel({ files: { "/big": "0123456789abcde\n".repeat(16_384) } }));
    const client = await signsIn(place);
    const { channel, seen } = await opensShell(place, client, false);
    channel.pause();
    channel.write("cat /big; cat /big /big\n".repeat(5));
    channel.end("echo the end\nnonsense\nnonsense\necho really\n");
    await place.world.clock.advance(10_000);
    expect(seen.bytes).toBeLessThan(1024 * 1024);
    channel.resume();
    await place.until(() => seen.isClosed, "the end");
    expect(seen.bytes).toBe(15 * 262_144 + "the end\nreally\n".length);
    expect(seen.err).toBe("sh: nonsense: not found\n".repeat(2));
    const name = "n".repeat(4000);
    const both = `${"cat /big /big\n".repeat(6)}${`${name}\n`.repeat(600)}echo last\n`;
    const second = await opensShell(place, client, false);
    second.channel.end(both);
    await place.until(() => second.seen.isClosed, "the end of both streams");
    expect(second.seen.bytes).toBe(12 * 262_144 + "last\n".length);
    expect(second.seen.err === `sh: ${name}: not found\n`.repeat(600)).toBe(true);
    expect((await runs(place, client, "cat /big /big")).out).toHaveLength(2 * 262_144);
    client.end();
  });
});
