// The machine as a whole: load, memory, disk, boot and CPU as Linux shows them in /proc, and its restart.
import { readFileSync } from "node:fs";
import { readFile, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { CpuFacts, Processes, System, SystemFacts } from "../ports.ts";

export interface SystemPlaces {
  /** Where `proc` is: "/", but in tests. */
  readonly root?: string;
  /** A folder of the file system whose room is told. */
  readonly stateDir: string;
  readonly processes: Processes;
  /** Programs that restart the machine, tried in turn until one is there; those of systemd and of other systems, but in tests. */
  readonly restartCommands?: readonly (readonly string[])[];
}

const usualRestartCommands = [["systemctl", "reboot"], ["reboot"]];
/** systemctl answers at once; what asks for longer hangs. */
const restartLimitMs = 20_000;
const restartOutputBytesMax = 2_000;

/** Undefined where there is no /proc. */
export function openLinuxSystem(places: SystemPlaces): System | undefined {
  const { root = "/", stateDir, processes, restartCommands = usualRestartCommands } = places;
  const bootId = textOf(join(root, "proc/sys/kernel/random/boot_id"))?.trim();
  if (bootId === undefined || bootId === "") return undefined;
  const cpu = cpuFacts(textOf(join(root, "proc/cpuinfo")) ?? "");
  return {
    bootId,
    cpu: () => cpu,
    facts: () => readFacts(root, stateDir),
    restart: () => restart(processes, restartCommands),
  };
}

/** Of /proc/cpuinfo: a block for each core; x86 lists `flags`, ARM `Features`. */
export function cpuFacts(cpuinfo: string): CpuFacts {
  const cores = cpuinfo.match(/^processor\s*:/gm)?.length ?? 1;
  const features = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuinfo)?.[1] ?? "";
  return { cores, hasAes: features.split(/\s+/).includes("aes") };
}

async function readFacts(root: string, stateDir: string): Promise<SystemFacts> {
  const proc = (name: string): Promise<string> => readFile(join(root, "proc", name), "latin1");
  const [load, memory, uptime, disk] = await Promise.all([
    proc("loadavg"),
    proc("meminfo"),
    proc("uptime"),
    statfs(stateDir),
  ]);
  return {
    load1: numberAt(load, "loadavg"),
    memoryTotalBytes: kibibytes(memory, "MemTotal"),
    memoryAvailableBytes: kibibytes(memory, "MemAvailable"),
    diskTotalBytes: disk.blocks * disk.bsize,
    // Without what is kept back for root.
    diskFreeBytes: disk.bavail * disk.bsize,
    uptimeS: numberAt(uptime, "uptime"),
  };
}

async function restart(
  processes: Processes,
  commands: readonly (readonly string[])[],
): Promise<{ readonly ok: true } | { readonly ok: false; readonly why: string }> {
  let why = "there is no program to restart it with";
  for (const command of commands) {
    const limits = { timeoutMs: restartLimitMs, outputBytesMax: restartOutputBytesMax };
    const outcome = await processes.run(command, limits);
    if (outcome.kind === "not-started") {
      why = outcome.detail;
      continue;
    }
    if (outcome.kind === "exited" && outcome.exitCode === 0) return { ok: true };
    const said = outcome.output.replaceAll(/\s+/g, " ").trim();
    const end = outcome.kind === "timeout" ? "no answer in time" : `exit code ${outcome.exitCode}`;
    return {
      ok: false,
      why: `the system does not restart: ${command.join(" ")}: ${end}${said === "" ? "" : `: ${said}`}`,
    };
  }
  return { ok: false, why: `the system cannot be restarted: ${why}` };
}

function numberAt(text: string, name: string): number {
  const value = Number.parseFloat(text);
  if (Number.isNaN(value)) throw new Error(`/proc/${name} does not begin with a number`);
  return value;
}

function kibibytes(meminfo: string, name: string): number {
  const value = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(meminfo)?.[1];
  if (value === undefined) throw new Error(`/proc/meminfo has no ${name}`);
  return Number(value) * 1024;
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined; // no Linux
  }
}
