// Reports in JUnit XML: what a CI server reads, whatever a story says.
import { describe, expect, it } from "vitest";
import { echoPanel } from "#simulator/panels/byte-panels.ts";
import { writeJunit } from "#simulator/report/junit.ts";
import { replayCommand } from "#simulator/report/replay-command.ts";
import { duration, virtualTime } from "#simulator/report/words.ts";
import { xmlText } from "#simulator/report/xml-text.ts";
import { expectSame } from "#simulator/scenario/expectations.ts";
import { runScenario } from "#simulator/scenario/run-scenario.ts";
import { defineScenario } from "#simulator/scenario.ts";
import { projectRoot } from "../tidy/project-files.ts";

const nasty = 'says <b>"no"</b> & \u0007 \ud800 goes';

function scenarioOf(fails: boolean) {
  return defineScenario({
    ...{ name: "small-story", title: "A small story", summary: "Something happens.", faults: [], profiles: [] },
    ...{ modes: ["memory"] as const, panels: { plc: echoPanel() } },
    story: async (site) => {
      site.says(nasty);
      expectSame("the answer", 41, fails ? 42 : 41);
    },
  });
}

async function report(fails: boolean): Promise<string> {
  const result = await runScenario(scenarioOf(fails), { seed: 7 });
  return writeJunit([{ result, replay: replayCommand(result) }], projectRoot);
}

describe("a JUnit report", () => {
  it("of a run that passed has its times, seed and replay command, and no failure", async () => {
    const xml = await report(false);
    expect(xml).toMatch(
      /^<\?xml version="1.0" encoding="UTF-8"\?>\n<testsuites name="postern sim" tests="1" failures="0" errors="0" time="\d+\.\d{3}">/,
    );
    expect(xml).toContain('<property name="seed" value="7"/>');
    expect(xml).toContain('<property name="replay" value="postern sim run small-story --seed 7"/>');
    expect(xml).toContain('<testcase name="A small story" classname="simulator.scenarios.small-story"');
    expect(xml).toContain("<system-out>Seed 7. Replay: postern sim run small-story --seed 7\n");
    expect(xml).not.toContain("<failure");
  });

  it("of a run that failed says what, at which line of the story, and what the world looked like", async () => {
    const xml = await report(true);
    expect(xml).toContain('failures="1"');
    expect(xml).toContain('<failure type="scenario.failed" message="the answer: expected 42, was 41">');
    expect(xml).toMatch(/At test\/simulator\/report-junit\.test\.ts:\d+:\d+/);
    expect(xml).toContain("Site with seed 7");
  });

  it("is well-formed whatever a step says", async () => {
    const xml = await report(true);
    expect(xml).toContain("says &lt;b&gt;&quot;no&quot;&lt;/b&gt; &amp; \ufffd \ufffd goes");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these must not be there.
    expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/);
    expect(tagsLeftOpen(xml)).toEqual([]);
  });
});

/** Each tag must be closed by its own name, in order. */
function tagsLeftOpen(xml: string): readonly string[] {
  const open: string[] = [];
  for (const [, end, name, rest] of xml.matchAll(/<(\/?)([a-z-]+)((?:[^<>"]|"[^"]*")*)>/g)) {
    if (end === "/") expect(open.pop()).toBe(name);
    else if (!(rest ?? "").endsWith("/")) open.push(name ?? "");
  }
  return open;
}

describe("words", () => {
  it.each([
    [450, "450 ms"],
    [21_070, "21.1 s"],
    [185_000, "3 min 5 s"],
    [180_000, "3 min"],
    [7_440_000, "2 h 4 min"],
  ] as const)("%d ms is %s", (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  it.each([
    [7012, "0:07.012"],
    [67_012, "1:07.012"],
    [7_267_012, "2:01:07.012"],
  ] as const)("the time %d is %s", (ms, text) => {
    expect(virtualTime(ms)).toBe(text);
  });

  it("letters that XML does not have become the replacement character", () => {
    expect(xmlText("a\u0000b\uffffc\ud83d\ude00")).toBe("a\ufffdb\ufffdc\ud83d\ude00");
  });

  it("a replay command quotes what a shell would take apart", async () => {
    const result = await runScenario(scenarioOf(false));
    expect(replayCommand(result, "my stories/it's.ts")).toBe(`postern sim run 'my stories/it'\\''s.ts' --seed 1`);
  });
});
