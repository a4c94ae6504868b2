// One seed, one record on the gateway's other architecture too: the pinned Node for arm64, run by QEMU, against the x64 one.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { arm64Emulator, arm64Package, arm64Paths, isArm64NodeReady } from "#scripts/arm64-node.mjs";
import { isAnyMissing, peers } from "../support/peers.ts";
import type { ToldRuns } from "./tell-runs.ts";

const run = promisify(execFile);
const program = fileURLToPath(new URL("./tell-runs.ts", import.meta.url));
/** Idle, the emulated side takes about a minute. */
const limitMs = 400_000;

/** Only an x64 system has both sides; says what is missing. */
function cannotRun(): boolean {
  const isX64 = process.arch === "x64";
  if (!isX64) console.warn(`skipped: this is ${process.arch}, and the comparison wants x64`);
  if (isAnyMissing(peers.qemuAarch64)) return true;
  const isReady = isArm64NodeReady();
  if (!isReady)
    console.warn(`skipped: ${arm64Package} is not in build/arm64 (scripts/install-peers.mjs puts it there)`);
  return !isX64 || !isReady;
}

async function tells(signal: AbortSignal, command: string, ...args: readonly string[]): Promise<ToldRuns> {
  const env = { ...process.env, QEMU_LD_PREFIX: arm64Paths.sysroot };
  const { stdout } = await run(command, [...args, program], { env, signal, maxBuffer: 1e9, timeout: limitMs });
  return JSON.parse(stdout) as ToldRuns;
}

/** Where two records part, with the line of each; undefined: they are the same to the byte. */
function firstDifference(one: string, other: string): string | undefined {
  if (one === other) return undefined;
  const [lines, otherLines] = [one.split("\n"), other.split("\n")];
  const at = lines.findIndex((line, index) => line !== otherLines[index]);
  const index = at < 0 ? lines.length : at;
  return `line ${index + 1}:\n${lines[index]}\n${otherLines[index]}`;
}

describe.skipIf(cannotRun())("a seed on arm64", () => {
  let here: ToldRuns;
  let there: ToldRuns;

  beforeAll(async () => {
    const over = new AbortController();
    const { signal } = over;
    try {
      const both = [tells(signal, process.execPath), tells(signal, arm64Emulator, arm64Paths.node)] as const;
      [here, there] = await Promise.all(both);
    } finally {
      // If one side fails, nobody waits for the other.
      over.abort();
    }
  }, limitMs);

  test("is told by the pinned Node of the other architecture", () => {
    expect([here.arch, there.arch]).toEqual(["x64", "arm64"]);
    expect(there.version).toBe(here.version);
  });

  test.each(["story", "swarm"] as const)("gives the same record to the byte as on x64: the %s", (name) => {
    expect(here.records[name].split("\n").length).toBeGreaterThan(1000);
    expect(firstDifference(here.records[name], there.records[name])).toBeUndefined();
  });
});
