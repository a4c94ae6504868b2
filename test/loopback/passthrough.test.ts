// Bulk through the whole path on real sockets: 100 MB each way unharmed, and a stalled reader that holds no memory.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseGatewayConfig } from "#firmware/config/parse-config.ts";
import { type Gateway, startGateway } from "#firmware/gateway.ts";
import { createLog } from "#firmware/log.ts";
import { openLinuxHardware } from "#hardware/linux/linux-hardware.ts";
import type { Operator } from "#simulator/operator.ts";
import { patternBytes, type RunningSink, sinkPanel, sourcePanel } from "#simulator/panels/byte-panels.ts";
import type { RunningPanel } from "#simulator/panels/panel.ts";
import { operatorOf, startPanel } from "../support/loopback.ts";
import { eventually, type Program, temporaryFolder } from "../support/processes.ts";
import {
  bootstrapPassword,
  type RunningCloud,
  startCloudProgram,
  startGatewayProgram,
} from "../support/running-cloud.ts";

const bulkBytes = 100_000_000;
const chunkBytes = 64 * 1024;
const heldBytesMax = 1024 * 1024;
const id = "gw-bulk";

describe("passthrough", () => {
  const folder = temporaryFolder();
  let cloud: RunningCloud;
  let gateway: Program;
  let operator: Operator;
  let source: RunningPanel;
  let sink: RunningSink;

  beforeAll(async () => {
    source = await startPanel(sourcePanel({ bytes: bulkBytes }), "source");
    sink = await startPanel(sinkPanel(), "sink");
    cloud = await startCloudProgram(folder.path);
    operator = operatorOf(cloud);
    await operator.expectsDevice(id);
    const tunnels = `[tunnels]\nallow = ["127.0.0.1:${source.port}", "127.0.0.1:${sink.port}"]`;
    gateway = startGatewayProgram(folder.path, cloud, { id, tunnels });
    await operator.acceptsDevice(id);
    await gateway.event("connectivity.online");
    await operator.worksWith(id);
    await operator.seesDeviceOnline();
    for (const [name, { port }] of Object.entries({ source, sink })) {
      await operator.addsEndpoint({ name, hostname: "127.0.0.1", port, protocol: "PASSTHROUGH" });
    }
  });

  afterAll(async () => {
    await gateway?.stop();
    await cloud?.program.stop();
    await source?.close();
    await sink?.close();
    folder[Symbol.dispose]();
  });

  test("100 MB come down from the panel with equal SHA-256, the last byte before the end", async () => {
    const expected = createHash("sha256").update(patternBytes(0, bulkBytes)).digest("hex");
    const startedAtMs = performance.now();
    const session = await operator.opens("source", { subprotocols: ["binary"] });
    const end = await session.ends(100_000);
    report("down", startedAtMs);
    expect({ bytes: session.bytesReceived, digest: session.digest, reason: end.reason }).toEqual({
      bytes: bulkBytes,
      digest: expected,
      reason: "panel.closed",
    });
  });

  test("100 MB go up to the panel with equal SHA-256", async () => {
    const hash = createHash("sha256");
    const startedAtMs = performance.now();
    const session = await operator.opensPassthrough("sink");
    for (let offset = 0; offset < bulkBytes; offset += chunkBytes) {
      const chunk = patternBytes(offset, Math.min(chunkBytes, bulkBytes - offset));
      hash.update(chunk);
      await session.sends(chunk);
    }
    await session.disconnects();
    await eventually("all bytes at the panel", () => (sink.bytesReceived >= bulkBytes ? true : undefined), 60_000);
    report("up", startedAtMs);
    expect({ bytes: sink.bytesReceived, digest: sink.digest }).toEqual({
      bytes: bulkBytes,
      digest: hash.digest("hex"),
    });
  });

  test("a reader that stalls makes neither the gateway nor the cloud hold more; their memory is reported", async () => {
    const before = residentMiB();
    const session = await operator.opens("source", { subprotocols: ["binary"] });
    await session.receives(1_000_000);
    session.pauses();
    await settled(() => session.bytesReceived);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const stalled = residentMiB();
    console.info(
      `resident memory before / stalled, MiB: gateway ${before.gateway} / ${stalled.gateway}, cloud ${before.cloud} / ${stalled.cloud}`,
    );
    expect(session.bytesReceived).toBeLessThan(bulkBytes / 10);
    session.resumes();
    expect((await session.ends(100_000)).reason).toBe("panel.closed");
    expect(session.bytesReceived).toBe(bulkBytes);
  });

  function residentMiB(): { gateway: number; cloud: number } {
    return { gateway: residentMiBOf(gateway), cloud: residentMiBOf(cloud.program) };
  }
});

describe("a tunnel's own count of what it holds", () => {
  const folder = temporaryFolder();
  let cloud: RunningCloud;
  let gateway: Gateway;
  let operator: Operator;
  let source: RunningPanel;
  let sink: RunningSink;

  beforeAll(async () => {
    source = await startPanel(sourcePanel({ bytes: bulkBytes }), "source");
    sink = await startPanel(sinkPanel(), "sink");
    cloud = await startCloudProgram(folder.path);
    operator = operatorOf(cloud);
    await operator.expectsDevice(id);
    gateway = await startGatewayHere(folder.path, cloud, [source.port, sink.port]);
    await operator.acceptsDevice(id);
    await eventually(
      "the gateway online",
      () => (gateway.status().connectivity === "online" ? true : undefined),
      40_000,
    );
    await operator.worksWith(id);
    await operator.seesDeviceOnline();
    for (const [name, { port }] of Object.entries({ source, sink })) {
      await operator.addsEndpoint({ name, hostname: "127.0.0.1", port, protocol: "PASSTHROUGH" });
    }
  });

  afterAll(async () => {
    await gateway?.stop();
    await cloud?.program.stop();
    await source?.close();
    await sink?.close();
    folder[Symbol.dispose]();
  });

  test("never passes 1 MiB while the client does not read", async () => {
    const session = await operator.opens("source", { subprotocols: ["binary"] });
    await session.receives(100_000);
    session.pauses();
    const held = await highestHeld(gateway, 3_000);
    console.info(`held by the tunnel with a stalled client: at most ${held} bytes`);
    expect(held).toBeGreaterThan(0);
    expect(held).toBeLessThanOrEqual(heldBytesMax);
    session.resumes();
    await session.disconnects();
  });

  test("never passes 1 MiB while the panel does not read", async () => {
    sink.paused = true;
    const session = await operator.opensPassthrough("sink");
    const chunk = Buffer.alloc(chunkBytes, 1);
    for (let sent = 0; sent < 40_000_000; sent += chunk.length) session.says(chunk);
    const held = await highestHeld(gateway, 3_000);
    console.info(`held by the tunnel with a stalled panel: at most ${held} bytes`);
    expect(held).toBeGreaterThan(0);
    expect(held).toBeLessThanOrEqual(heldBytesMax);
    sink.paused = false;
    await eventually("all bytes at the panel", () => (sink.bytesReceived >= 40_000_000 ? true : undefined), 60_000);
    await session.disconnects();
  });
});

/** The gateway in this process, so that its counters can be read while it runs. */
async function startGatewayHere(folder: string, cloud: RunningCloud, ports: readonly number[]): Promise<Gateway> {
  const toml = [
    "[cloud]",
    `url = "https://localhost:${cloud.ports.https}"`,
    `mqtt = "mqtts://localhost:${cloud.ports.mqtts}"`,
    "[device]",
    `id = "${id}"`,
    "[registration]",
    'method = "bootstrap"',
    'user = "management/devicebootstrap"',
    `password = "${bootstrapPassword}"`,
    "[tunnels]",
    `allow = ${JSON.stringify(ports.map((port) => `127.0.0.1:${port}`))}`,
  ].join("\n");
  const hardware = await openLinuxHardware({
    stateDir: join(folder, "state"),
    ...({ leds: false, button: false, watchdog: false } as const),
  });
  const { cloud: address, registration, ...parsed } = parseGatewayConfig(toml, "gateway.toml");
  if (registration.method !== "bootstrap") throw new Error("must hold: the file says bootstrap");
  const config = {
    ...parsed,
    cloud: { ...address, authorities: [cloud.authority] },
    registration: { ...registration, password: bootstrapPassword },
  };
  return startGateway({ hardware, config, log: createLog(hardware.clock, () => undefined) });
}

async function highestHeld(gateway: Gateway, forMs: number): Promise<number> {
  const endsAtMs = performance.now() + forMs;
  let highest = 0;
  while (performance.now() < endsAtMs) {
    for (const { heldBytes } of gateway.status().tunnels) highest = Math.max(highest, heldBytes);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return highest;
}

/** Waits until a count no longer grows. */
async function settled(count: () => number): Promise<void> {
  let last = -1;
  await eventually(
    "the stream to come to rest",
    async () => {
      const now = count();
      if (now === last) return true;
      last = now;
      await new Promise((resolve) => setTimeout(resolve, 200));
      return undefined;
    },
    30_000,
  );
}

function residentMiBOf(program: Program): number {
  const status = readFileSync(`/proc/${program.child.pid}/status`, "utf8");
  return Math.round(Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024);
}

function report(direction: string, startedAtMs: number): void {
  const seconds = (performance.now() - startedAtMs) / 1000;
  console.info(`100 MB ${direction}: ${seconds.toFixed(1)} s, ${(bulkBytes / 1e6 / seconds).toFixed(0)} MB/s`);
}
