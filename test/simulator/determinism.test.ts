// One seed, one record: whole files are compared, byte for byte, within a process and between processes.
import { execFile } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { drawFrom } from "#simulator/deterministic-random.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { Site } from "#simulator/site.ts";
import { tellStory } from "./determinism-story.ts";

const run = promisify(execFile);

/** As `postern sim` would: another process, other memory addresses, other process id. */
async function tellStoryElsewhere(seed: number): Promise<string> {
  const story = new URL("./determinism-story.ts", import.meta.url).href;
  const program = `const { tellStory } = await import(${JSON.stringify(story)});
    process.stdout.write((await tellStory(${seed})).text);`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", program], { maxBuffer: 1e8 });
  return stdout;
}

describe("the record of a run", () => {
  it("is the same to the byte for one seed, here and in another process, with a thousand lines a minute", async () => {
    const first = await tellStory(7);
    const again = await tellStory(7);
    expect(again.text === first.text).toBe(true);
    expect((await tellStoryElsewhere(7)) === first.text).toBe(true);
    expect(first.text.split("\n").length / first.minutes).toBeGreaterThan(1000);
  }, 180_000);

  it("is another one for another seed", async () => {
    const registers = async (seed: number): Promise<string> => {
      await using site = await Site.start({ seed });
      return site.record.text();
    };
    const first = await registers(8);
    expect((await registers(8)) === first).toBe(true);
    expect((await registers(9)) === first).toBe(false);
  });
});

describe("the randomness of the process", () => {
  it("comes from the seed while a site runs and from the system before and after", () => {
    const draw = (): readonly unknown[] => [randomBytes(8).toString("hex"), randomUUID(), Math.random()];
    const drawSeeded = (): readonly unknown[] => {
      const release = drawFrom(new SeededRandom(3));
      try {
        return draw();
      } finally {
        release();
      }
    };
    const before = draw();
    const seeded = drawSeeded();
    expect(drawSeeded()).toEqual(seeded);
    const after = draw();
    for (const [at, value] of seeded.entries()) expect([before[at], after[at]]).not.toContain(value);
    expect(before).not.toEqual(after);
  });

  it("comes from one seed at a time", () => {
    const release = drawFrom(new SeededRandom(3));
    expect(() => drawFrom(new SeededRandom(4))).toThrow("from another seed already");
    release();
    drawFrom(new SeededRandom(4))();
  });
});
