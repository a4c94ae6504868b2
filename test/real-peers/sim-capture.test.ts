// A capture of a run, read by tcpdump: every packet is understood, and its checksums are right.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeCapture } from "#simulator/report/capture/capture-file.ts";
import { runScenario } from "#simulator/scenario/run-scenario.ts";
import { findScenario } from "#simulator/scenarios/catalogue.ts";
import { isAnyMissing, peers } from "../support/peers.ts";

const run = promisify(execFile);
const outputBytesMax = 64 * 1024 * 1024;
let folder: string;
let file: string;
let deliveries: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "postern-capture-"));
  file = join(folder, "run.pcapng");
  const scenario = findScenario("vnc-passwords");
  const { keptDeliveries, record, startedAtMs } = await runScenario(scenario, { keepBytes: true });
  deliveries = keptDeliveries.length;
  await writeFile(
    file,
    writeCapture({ deliveries: keptDeliveries, entries: record.entries, startedAtMs, title: scenario.title }),
  );
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function tcpdump(...args: readonly string[]): Promise<string> {
  // Without looking up names, and without losing rights in a container.
  const { stdout } = await run("tcpdump", ["-r", file, "-nn", ...args], { maxBuffer: outputBytesMax });
  return stdout;
}

describe.skipIf(isAnyMissing(peers.tcpdump))("tcpdump", () => {
  it("reads every packet with right checksums", async () => {
    const shown = await tcpdump("-vv");
    expect(shown.match(/cksum 0x[0-9a-f]+ \(correct\)/g)?.length).toBeGreaterThan(deliveries);
    expect(shown).not.toMatch(/incorrect|bad (hdr|cksum)|truncated|malformed/i);
  });

  it("sees the handshakes and the greeting of the VNC sessions on port 5900", async () => {
    const shown = await tcpdump("-A", "port", "5900");
    expect(shown.match(/Flags \[S\],/g)).toHaveLength(3);
    expect(shown.match(/Flags \[S\.\],/g)).toHaveLength(3);
    expect(shown).toContain("RFB 003.008");
  });

  it("sees the times of the site's clock", async () => {
    expect(await tcpdump("-tttt", "-c", "1")).toContain("2026-11-24");
  });
});
