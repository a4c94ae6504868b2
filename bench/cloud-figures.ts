// Memory and processor time of the measured cloud, as a table with a line for each step, and what a session adds to it.
import type { Program } from "#test/support/processes.ts";
import { cpuSeconds, residentMiB } from "./process-figures.ts";

const answerMs = 10_000;
const sampleEveryMs = 100;
const bytesPerMiB = 1024 * 1024;

export interface Memory {
  /** MiB; pages that the allocators keep for later are among them. */
  readonly resident: number;
  /** MiB of it that V8 has taken for the heap, used or not: it takes more when many objects come and go, up to a limit, and keeps it. */
  readonly heap: number;
  /** MiB that are still in use when all garbage has been collected: objects of the program, and buffers beside them. */
  readonly live: number;
}

export interface Step {
  readonly sessions: number;
  readonly idle: Memory;
  /** Resident: the highest of it. */
  readonly traffic?: Memory & { readonly cpuPercent: number };
}

/** Asks the program in which tell-memory.ts runs. */
export async function memoryOf(cloud: Program): Promise<Memory> {
  const seenLines = cloud.lines.length;
  cloud.child.kill("SIGUSR2");
  const told = await cloud.event("bench.memory", answerMs, undefined, seenLines);
  return {
    resident: Number(told["residentBytes"]) / bytesPerMiB,
    heap: Number(told["heapBytes"]) / bytesPerMiB,
    live: Number(told["liveBytes"]) / bytesPerMiB,
  };
}

/** Runs the traffic and asks for memory in the middle of it. */
export async function memoryDuring(
  cloud: Program,
  middleMs: number,
  traffic: () => Promise<void>,
): Promise<Memory & { readonly cpuPercent: number }> {
  const pid = cloud.child.pid ?? 0;
  let resident = residentMiB(pid);
  let asked: Promise<Memory> | undefined;
  const look = (): void => {
    resident = Math.max(resident, residentMiB(pid));
  };
  const sampler = setInterval(look, sampleEveryMs);
  const asking = setTimeout(() => {
    asked = memoryOf(cloud);
    // It is awaited below; until then its failure is not to end the bench.
    asked.catch(() => undefined);
  }, middleMs);
  try {
    const cpuBefore = cpuSeconds(pid);
    const startedMs = performance.now();
    await traffic();
    const cpuPercent = ((cpuSeconds(pid) - cpuBefore) / (performance.now() - startedMs)) * 100_000;
    look();
    const { heap, live } = await (asked ?? memoryOf(cloud));
    return { resident, heap, live, cpuPercent };
  } finally {
    clearInterval(sampler);
    clearTimeout(asking);
  }
}

/** Of a straight line through the points by least squares; the unit of y over that of x. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (values: readonly number[]): number =>
    values.reduce((total, value) => total + value, 0) / Math.max(1, values.length);
  const meanX = mean(points.map(([x]) => x));
  const meanY = mean(points.map(([, y]) => y));
  const spread = points.reduce((total, [x]) => total + (x - meanX) ** 2, 0);
  if (spread === 0) throw new Error("One place alone has no slope");
  return points.reduce((total, [x, y]) => total + (x - meanX) * (y - meanY), 0) / spread;
}

const nameWidth = 20;
const columnWidth = 10;
const memoryColumns = ["resident", "heap", "live"] as const;

export function reportHead(what: string): void {
  const idle = "idle".padStart(columnWidth * memoryColumns.length);
  const traffic = "with traffic".padStart(columnWidth * (memoryColumns.length + 1));
  const columns = [...memoryColumns, ...memoryColumns, "CPU"];
  console.log(`${what}: the cloud's memory in MiB, and its processor time as a share of one core`);
  console.log(`  ${"".padEnd(nameWidth)}${idle}${traffic}`);
  reportRow("sessions", columns);
}

export function reportStep(what: string, { idle, traffic }: Step): void {
  const shown = [idle, ...(traffic === undefined ? [] : [traffic])].flatMap((memory) =>
    memoryColumns.map((column) => memory[column].toFixed(1)),
  );
  reportRow(what, [...shown, ...(traffic === undefined ? [] : [`${traffic.cpuPercent.toFixed(0)} %`])]);
}

export function reportSlopes(steps: readonly Step[]): void {
  const kib = (of: (step: Step) => number | undefined): string => {
    const points = steps.flatMap((step) => {
      const value = of(step);
      return value === undefined ? [] : [[step.sessions, value * 1024] as const];
    });
    return slope(points).toFixed(0);
  };
  reportRow("a session adds, KiB", [
    ...memoryColumns.map((column) => kib(({ idle }) => idle[column])),
    ...memoryColumns.map((column) => kib(({ traffic }) => traffic?.[column])),
  ]);
}

function reportRow(name: string, columns: readonly string[]): void {
  console.log(`  ${name.padEnd(nameWidth)}${columns.map((column) => column.padStart(columnWidth)).join("")}`);
}
