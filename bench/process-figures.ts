// What the kernel says of a process: resident memory, processor time and children; and how figures are summed up.
import { readFileSync } from "node:fs";

/** Linux shows processor time to programs in hundredths of a second on every machine. */
const ticksPerSecond = 100;

/** Of a running process, in MiB. Throws if it has ended. */
export function residentMiB(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  if (kilobytes === undefined) throw new Error(`Process ${pid} has no resident memory: it has ended`);
  return Number(kilobytes) / 1024;
}

/** User and system time since its start, all its threads together, in seconds. Throws if it has ended. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name of the program may hold blanks and brackets; the third field comes after the last bracket.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  if (!Number.isFinite(ticks)) throw new Error(`/proc/${pid}/stat does not read as expected`);
  return ticks / ticksPerSecond;
}

/** What all processes of the machine have used together since it started, in seconds. */
export function machineCpuSeconds(): number {
  const [user = 0, nice = 0, system = 0, , , interrupts = 0, softInterrupts = 0] = (
    /^cpu +(.+)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1] ?? ""
  )
    .split(" ")
    .map(Number);
  return (user + nice + system + interrupts + softInterrupts) / ticksPerSecond;
}

/** Processes that this one started and that have not ended. */
export function ownChildren(): readonly number[] {
  const list = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, "utf8").trim();
  return list === "" ? [] : list.split(" ").map(Number);
}

/** The value that a share from 0 to 1 of the values does not pass; throws for no values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  if (value === undefined) throw new Error("There are no values");
  return value;
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
