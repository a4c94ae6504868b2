// One seed, one record, whatever native parts of ssh2 could be compiled on a machine.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import type { NativeParts, Told } from "./tell-elsewhere.ts";

const run = promisify(execFile);

async function tellStory(seed: number, parts: NativeParts): Promise<Told> {
  const program = fileURLToPath(new URL("./tell-elsewhere.ts", import.meta.url));
  const { stdout } = await run(process.execPath, [program, String(seed), parts], { maxBuffer: 1e8 });
  return JSON.parse(stdout) as Told;
}

it("gives the same record to the byte with ssh2's native parts and without", async () => {
  const [one, other] = await Promise.all([tellStory(7, "with"), tellStory(7, "without")]);
  // They are two machines indeed, and SSH is spoken.
  expect([one.hasNativeCiphers, other.hasNativeCiphers]).toEqual([true, false]);
  expect(one.ciphers).not.toEqual(other.ciphers);
  expect(one.text).toMatch(/"connection":"gateway:\d+>pc:22"/);
  expect(one.text === other.text).toBe(true);
}, 60_000);
