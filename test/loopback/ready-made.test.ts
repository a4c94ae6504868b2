// The ready-made scenarios that promise to run over real sockets too do so, each in a process of its own, a few at a time.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scenarios } from "#simulator/scenarios/catalogue.ts";
import { projectRoot } from "../tidy/project-files.ts";

const scenarioMs = 240_000;
/** They wait most of their time: more of them than cores may run. */
const atATime = 4;

function run(name: string): Promise<{ readonly code: number; readonly out: string }> {
  return new Promise((resolve) => {
    const args = [join(projectRoot, "bin/postern.mjs"), "sim", "run", name, "--mode", "loopback"];
    execFile(process.execPath, args, { timeout: scenarioMs }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), out: `${out}${err}` });
    });
  });
}

describe("ready-made scenarios over real sockets", () => {
  const names = scenarios.filter(({ modes }) => modes.includes("loopback")).map(({ name }) => name);
  /** Each begins when the one so many places before it has ended. */
  const running: Promise<{ readonly code: number; readonly out: string }>[] = [];
  const begin = async (at: number): ReturnType<typeof run> => {
    await running[at - atATime];
    return run(names[at] ?? "");
  };

  it("are many", () => {
    expect(names.length).toBeGreaterThanOrEqual(15);
    for (let at = 0; at < names.length; at += 1) running.push(begin(at));
  });

  it.each(names.map((name, at) => [name, at] as const))("%s passes", { timeout: 600_000 }, async (_name, at) => {
    const { code, out } = (await running[at]) ?? { code: -1, out: "did not begin" };
    expect({ code, out: code === 0 ? "" : out }).toEqual({ code: 0, out: "" });
  });
});
