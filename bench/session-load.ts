// 200 sessions at once through one cloud: memory and processor time of the programs, and the echo's round trip.
import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { defaultSessionLimits } from "#cloud-stub/remote-access/limits.ts";
import type { ClientSession } from "#simulator/operator/client-session.ts";
import { inBatches, type Plant, type PlantGateway } from "./plant.ts";
import { cpuSeconds, machineCpuSeconds, percentile, residentMiB, sum } from "./process-figures.ts";

export const sessionCount = 200;
/** No setting of `postern cloud run` raises it, so the sessions are spread over several gateways. */
export const sessionsPerGateway = defaultSessionLimits.sessionsPerDeviceMax;
/** TLS handshakes at a time: the cloud takes 128 from one address. */
const openingsAtOnce = 32;
const settleMs = 3_000;
const idleMs = 5_000;
const activeMs = 20_000;
const echoEveryMs = 500;
const messageBytes = 1_000;
const sampleEveryMs = 1_000;
const lastEchoMs = 15_000;

interface Figures {
  /** MiB. */
  readonly cloud: number;
  readonly gateways: number;
}

/** Opens the sessions, leaves them idle, echoes through all of them, closes them, and prints what that took. */
export async function measureSessions(plant: Plant): Promise<void> {
  await pause(settleMs);
  const before = memory(plant);
  const openingMs = performance.now();
  const opened = await inBatches(placesOf(plant.gateways), openingsAtOnce, ({ echo }) =>
    plant.admin.opensPassthrough(echo),
  );
  const openedInS = (performance.now() - openingMs) / 1_000;
  await expectAllOpen(plant, opened);
  console.log(`${opened.length} passthrough sessions open at once, opened in ${openedInS.toFixed(1)} s`);
  await pause(settleMs);
  const idleCpu = cpu(plant);
  await pause(idleMs);
  const idle = memory(plant);
  const idleUsed = difference(cpu(plant), idleCpu);
  const active = await echoAtAll(plant, opened);
  await expectAllOpen(plant, opened);
  await inBatches(opened, openingsAtOnce, (session) => session.disconnects());
  await pause(settleMs);
  reportMemory(plant, { before, idle, active: active.highest, after: memory(plant) });
  reportCpu(`idle, ${idleMs / 1_000} s`, idleUsed, idleMs, plant);
  reportCpu(`active, ${(active.lastedMs / 1_000).toFixed(1)} s`, active.used, active.lastedMs, plant);
  console.log(`  the bench itself (clients and panels) while active: ${active.benchCpuS.toFixed(2)}`);
  console.log(`  everything else on the machine while active: ${active.othersCpuS.toFixed(2)}`);
  const [p50, p95, p99, longest] = [0.5, 0.95, 0.99, 1].map((share) => percentile(active.tookMs, share).toFixed(2));
  console.log(`echo of ${messageBytes} bytes, ${1_000 / echoEveryMs} a second in each session, round trip, ms`);
  console.log(`  ${active.tookMs.length} echoes: p50 ${p50}, p95 ${p95}, p99 ${p99}, longest ${longest}`);
}

function reportMemory(plant: Plant, taken: Readonly<Record<"before" | "idle" | "active" | "after", Figures>>): void {
  const { before, idle, active, after } = taken;
  const row = (what: string, { cloud, gateways }: Figures): void => {
    const each = gateways / plant.gateways.length;
    const shown = `cloud ${cloud.toFixed(1)}, ${plant.gateways.length} gateways ${gateways.toFixed(1)}, each ${each.toFixed(1)}`;
    console.log(`  ${what.padEnd(16)} ${shown}`);
  };
  console.log("resident memory, MiB");
  row("before", before);
  row("idle", idle);
  row("active, highest", active);
  row("all closed", after);
  const perSession = (what: string, now: Figures): void => {
    const { cloud, gateways } = difference(now, before);
    const kib = (mib: number): string => ((mib * 1024) / sessionCount).toFixed(0);
    console.log(`  ${what.padEnd(16)} cloud ${kib(cloud)}, gateway ${kib(gateways)}`);
  };
  console.log("resident memory per session (what came on top of before, over the count of sessions), KiB");
  perSession("idle", idle);
  perSession("active, highest", active);
}

/** The gateway of each session, in turn. */
function placesOf(gateways: readonly PlantGateway[]): readonly PlantGateway[] {
  const places: PlantGateway[] = [];
  for (let round = 0; round < sessionsPerGateway; round += 1) places.push(...gateways);
  return places.slice(0, sessionCount);
}

/** The cloud's own list is asked, not only our sockets. */
async function expectAllOpen(plant: Plant, opened: readonly ClientSession[]): Promise<void> {
  const list = (await plant.admin.gets("/service/remoteaccess/sessions"))["sessions"] as { readonly state: string }[];
  const atCloud = list.filter(({ state }) => state === "open").length;
  const here = opened.filter(({ ending }) => ending === undefined).length;
  if (atCloud !== sessionCount || here !== sessionCount) {
    throw new Error(`${sessionCount} sessions should be open: the cloud has ${atCloud}, ${here} are open here`);
  }
}

async function echoAtAll(plant: Plant, opened: readonly ClientSession[]) {
  const samples: Figures[] = [];
  const sampler = setInterval(() => samples.push(memory(plant)), sampleEveryMs);
  try {
    const cpuBefore = cpu(plant);
    const benchBefore = process.cpuUsage();
    const machineBefore = machineCpuSeconds();
    const startedMs = performance.now();
    const took = await Promise.all(
      opened.map((session, index) => echo(session, startedMs + (index * echoEveryMs) / opened.length)),
    );
    const lastedMs = performance.now() - startedMs;
    const used = difference(cpu(plant), cpuBefore);
    const bench = process.cpuUsage(benchBefore);
    const benchCpuS = (bench.user + bench.system) / 1e6;
    const othersCpuS = machineCpuSeconds() - machineBefore - used.cloud - used.gateways - benchCpuS;
    const last = memory(plant);
    const highest = {
      cloud: Math.max(last.cloud, ...samples.map(({ cloud }) => cloud)),
      gateways: Math.max(last.gateways, ...samples.map(({ gateways }) => gateways)),
    };
    return { tookMs: took.flat(), lastedMs, used, benchCpuS, othersCpuS, highest };
  } finally {
    clearInterval(sampler);
  }
}

/** Round-trip times in ms, each from the sending to the last byte of the echo. Rejects if what came back differs. */
async function echo(session: ClientSession, startMs: number): Promise<readonly number[]> {
  const count = activeMs / echoEveryMs;
  const hash = createHash("sha256");
  const sentMs: number[] = [];
  const tookMs: number[] = [];
  let received = 0;
  session.onBytes = (bytes) => {
    received += bytes.length;
    for (let next = tookMs.length; received >= (next + 1) * messageBytes; next += 1) {
      tookMs.push(performance.now() - (sentMs[next] ?? Number.NaN));
    }
  };
  for (let number = 0; number < count; number += 1) {
    await pause(Math.max(0, startMs + number * echoEveryMs - performance.now()));
    const message = Buffer.alloc(messageBytes, `${number}, `);
    hash.update(message);
    sentMs.push(performance.now());
    session.says(message);
  }
  await session.receives(count * messageBytes, lastEchoMs);
  if (session.digest !== hash.digest("hex")) throw new Error("What an echo panel sent back is not what it was sent");
  return tookMs;
}

function memory({ cloud, gateways }: Plant): Figures {
  return figures(residentMiB, cloud.program.child.pid, gateways);
}

function cpu({ cloud, gateways }: Plant): Figures {
  return figures(cpuSeconds, cloud.program.child.pid, gateways);
}

function figures(read: (pid: number) => number, cloud: number | undefined, gateways: readonly PlantGateway[]): Figures {
  return { cloud: read(cloud ?? 0), gateways: sum(gateways.map(({ program }) => read(program.child.pid ?? 0))) };
}

function difference(later: Figures, earlier: Figures): Figures {
  return { cloud: later.cloud - earlier.cloud, gateways: later.gateways - earlier.gateways };
}

function reportCpu(what: string, { cloud, gateways }: Figures, overMs: number, plant: Plant): void {
  const share = (seconds: number): string => `${((seconds / (overMs / 1_000)) * 100).toFixed(1)} % of one core`;
  const each = gateways / plant.gateways.length;
  console.log(`processor time, ${what}, s`);
  console.log(`  cloud ${cloud.toFixed(2)} (${share(cloud)}), a gateway ${each.toFixed(2)} (${share(each)})`);
}
