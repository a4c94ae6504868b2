// The Linux form of the machine as a whole and of its programs: real processes, and folders laid out as /proc is.
import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { afterEach, describe, expect, it } from "vitest";
import { linuxProcesses } from "#hardware/linux/processes.ts";
import { cpuFacts, openLinuxSystem } from "#hardware/linux/system.ts";
import type { Processes, ProcessOutcome } from "#hardware/ports.ts";
import { BoardFolder } from "./board-folder.ts";
import { describeProcessesContract } from "./processes.contract.ts";
import { describeSystemContract } from "./system.contract.ts";

const boards: BoardFolder[] = [];

function newBoard(): BoardFolder {
  const board = new BoardFolder();
  boards.push(board);
  return board;
}

afterEach(() => {
  for (const board of boards.splice(0)) board.close();
});

const limits = { timeoutMs: 10_000, outputBytesMax: 4_096 };
const shell = (script: string, ...args: string[]): readonly string[] => ["/bin/sh", "-c", script, "sh", ...args];

describeProcessesContract("Linux", () => ({
  processes: linuxProcesses,
  prints: shell('printf "%s\\n" "$@"'),
  fails: shell("echo sorry >&2; exit 3"),
  lasts: shell("sleep 600"),
  floods: shell("head -c 100000 /dev/zero | tr '\\0' x"),
  until: (outcome) => outcome,
}));

describe("programs of a real machine", () => {
  it("find nothing in their environment but where programs are", async () => {
    const outcome = await linuxProcesses.run(["env"], limits);
    expect(outcome).toEqual({
      kind: "exited",
      exitCode: 0,
      output: "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n",
      isCut: false,
    });
  });

  it("have nothing to read", async () => {
    expect(await linuxProcesses.run(["cat"], limits)).toMatchObject({ kind: "exited", exitCode: 0, output: "" });
  });

  it("are ended at the limit with all that they have started", async () => {
    const outcome = await linuxProcesses.run(shell("sleep 600 & echo $!; wait"), { ...limits, timeoutMs: 300 });
    expect(outcome.kind).toBe("timeout");
    await expect.poll(() => isAlive(pidOf(outcome)), { timeout: 10_000 }).toBe(false);
  });

  it("are over when they end, whatever they leave running with their output open, and that is ended", async () => {
    const outcome = await linuxProcesses.run(shell("sleep 600 & echo $!"), limits);
    expect(outcome).toMatchObject({ kind: "exited", exitCode: 0 });
    await expect.poll(() => isAlive(pidOf(outcome)), { timeout: 10_000 }).toBe(false);
  });

  it("that a signal ends have the exit code that shells give it", async () => {
    expect(await linuxProcesses.run(shell("kill -TERM $$"), limits)).toMatchObject({ kind: "exited", exitCode: 143 });
  });

  it("that may not be run are not started", async () => {
    const outcome = await linuxProcesses.run(["/etc/passwd"], limits);
    expect(outcome).toEqual({ kind: "not-started", detail: expect.stringContaining("may not be run") });
  });
});

function pidOf(outcome: ProcessOutcome): number {
  return outcome.kind === "not-started" ? 0 : Number(outcome.output);
}

/** A process that is gone and that nobody has asked about is not alive either. */
function isAlive(pid: number): boolean {
  if (!existsSync(`/proc/${pid}`)) return false;
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "latin1"));
  } catch {
    return false;
  }
}

describeSystemContract("Linux", () => {
  const board = newBoard();
  board.addSystem();
  const marker = `${board.root}/restarted`;
  let command = shell(`echo x >> ${marker}`);
  const open = () =>
    openLinuxSystem({
      root: board.root,
      stateDir: board.root,
      processes: { run: (_, options) => linuxProcesses.run(command, options) },
    })!;
  return {
    system: open(),
    again: open,
    nextBoot: () => {
      board.addSystem({ bootId: "00000000-1111-4222-8333-444444444444" });
      return open();
    },
    restarts: async () => (await readFile(marker, "utf8").catch(() => "")).length / 2,
    forbidsRestart: () => {
      command = shell("echo 'Call failed: Interactive authentication required.' >&2; exit 1");
    },
  };
});

describe("the system of a real machine", () => {
  it("is read as the kernel shows it", async () => {
    const board = newBoard();
    board.addSystem();
    const system = openLinuxSystem({ root: board.root, stateDir: board.root, processes: linuxProcesses })!;
    expect(await system.facts()).toMatchObject({
      load1: 0.42,
      memoryTotalBytes: 1_897_216 * 1024,
      memoryAvailableBytes: 1_402_112 * 1024,
      uptimeS: 350_735.47,
    });
  });

  it("rejects where the kernel shows something else", async () => {
    const board = newBoard();
    board.addSystem();
    board.write("proc/meminfo", "MemTotal: lots\n");
    const system = openLinuxSystem({ root: board.root, stateDir: board.root, processes: linuxProcesses })!;
    await expect(system.facts()).rejects.toThrow("MemTotal");
  });

  it("is not there without /proc", () => {
    const { root } = newBoard();
    expect(openLinuxSystem({ root, stateDir: root, processes: linuxProcesses })).toBeUndefined();
  });

  it.each([
    // /proc/cpuinfo of a Raspberry Pi 4 (Cortex-A72 without the crypto extension), a Raspberry Pi 5, and a PC.
    ["processor\t: 0\nFeatures\t: fp asimd evtstrm crc32 cpuid\n\nprocessor\t: 1\nFeatures\t: fp\n", 2, false],
    ["processor\t: 0\nFeatures\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics\n", 1, true],
    ["processor\t: 0\nflags\t\t: fpu vme sse4_2 x2apic popcnt aes xsave avx\n", 1, true],
    ["processor\t: 0\nflags\t\t: fpu vaes aesni\n", 1, false],
    ["", 1, false],
  ])("knows cores and AES from %j", (text, cores, hasAes) => {
    expect(cpuFacts(text)).toEqual({ cores, hasAes });
  });

  const restarting = (run: Processes["run"]) => {
    const board = newBoard();
    board.addSystem();
    return openLinuxSystem({ root: board.root, stateDir: board.root, processes: { run } })!.restart();
  };

  it("is restarted through systemd, and by the older program where there is no systemd", async () => {
    const tried: string[] = [];
    const outcome = await restarting(async (command) => {
      tried.push(command.join(" "));
      return tried.length === 1
        ? { kind: "not-started", detail: "there is no program systemctl" }
        : { kind: "exited", exitCode: 0, output: "", isCut: false };
    });
    expect(outcome).toEqual({ ok: true });
    expect(tried).toEqual(["systemctl reboot", "reboot"]);
  });

  it("says what is missing where neither is there", async () => {
    const outcome = await restarting(async ([name]) => ({
      kind: "not-started",
      detail: `there is no program ${name}`,
    }));
    expect(outcome).toEqual({ ok: false, why: "the system cannot be restarted: there is no program reboot" });
  });

  it("says that the program for it hangs", async () => {
    const outcome = await restarting(async () => ({ kind: "timeout", output: "", isCut: false }));
    expect(outcome).toEqual({ ok: false, why: "the system does not restart: systemctl reboot: no answer in time" });
  });
});
