// docs/simulator.md: every command of the guide is run as it stands there, with the file that it tells to write.
import { execFile } from "node:child_process";
import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { projectRoot } from "../tidy/project-files.ts";

const commandMs = 120_000;
/** A folder of its own within the checkout, with the guide's "build" in it. */
const folder = join(projectRoot, "build", `guide-${process.pid}`);
const guide = await readFile(join(projectRoot, "docs/simulator.md"), "utf8");

interface Line {
  readonly command: string;
  readonly exitCode: number;
}

/** What stands between fences, with the word behind the first one. */
const blocks = guide
  .split(/^```/m)
  .filter((_, at) => at % 2 === 1)
  .map((block) => ({ word: block.slice(0, block.indexOf("\n")), text: block.slice(block.indexOf("\n") + 1) }));

const lines: readonly Line[] = blocks
  .filter(({ word }) => word === "sh")
  .flatMap(({ text }) => text.trim().split("\n"))
  .map((line) => {
    const [, command = "", code = "0"] = /^(.*?)(?:\s+# exit code (\d))?$/.exec(line) ?? [];
    return { command, exitCode: Number(code) };
  });
/** What brings the checkout to where tests run. */
const setUp = ["npm ci", "npm run setup"];
const story = blocks.find(({ word }) => word === "ts")?.text ?? "";

beforeAll(async () => {
  await mkdir(join(folder, "build"), { recursive: true });
  await writeFile(join(folder, "build/first.ts"), story);
  await symlink(join(projectRoot, "bin"), join(folder, "bin"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function run(command: string): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const [program = "", ...args] = command.split(/\s+/);
  const words =
    program === "postern" ? [process.execPath, join(projectRoot, "bin/postern.mjs"), ...args] : [program, ...args];
  return new Promise((resolve) => {
    execFile(words[0] ?? "", words.slice(1), { cwd: folder, timeout: commandMs }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err });
    });
  });
}

describe("the simulator's guide", () => {
  it("names commands, and a file to write", () => {
    expect(lines.length).toBeGreaterThan(8);
    expect(story).toContain("defineScenario");
    expect(lines.map(({ command }) => command)).toEqual(expect.arrayContaining(setUp));
  });

  const commands = lines.filter(({ command }) => !setUp.includes(command) && !command.startsWith("alias "));
  it.each(commands)("$command ends with $exitCode", { timeout: commandMs }, async ({ command, exitCode }) => {
    const { code, out, err } = await run(command);
    expect({ code, said: code === exitCode ? "" : `${out}${err}` }).toEqual({ code: exitCode, said: "" });
    if (command.startsWith("postern sim run build/first.ts --report"))
      expect(outputOf(out)).toEqual(outputOf(shown("FAILED first-story")));
    if (command === "postern sim run half-open-panel")
      expect(outputOf(out)).toEqual(outputOf(shown("half-open-panel: ")));
  });
});

/** The guide's own example of an output that has a line which begins so. */
function shown(beginning: string): string {
  return blocks.find(({ word, text }) => word === "" && text.startsWith(beginning))?.text ?? "";
}

/** Lines that do not depend on how fast the machine is; of the example of a failure, what the guide shows. */
function outputOf(text: string): readonly string[] {
  const kept = text.split("\n").map((line) => line.replace(/ in [\d.]+ (m?s|min.*)$/, ""));
  const from = kept.findIndex((line) => /^(FAILED|half-open-panel: )/.test(line));
  const to = kept.findIndex((line) => /^( {2}\| Faults in force|PASSED)/.test(line));
  return kept.slice(from, to + 1);
}
