// `postern sim run|list|replay` without a process: lines, exit codes, files, and what is said about mistakes.
import { describe, expect, it } from "vitest";
import type { CommandIo } from "#simulator/commands/command-io.ts";
import { listScenarios } from "#simulator/commands/list-scenarios.ts";
import { runScenarios } from "#simulator/commands/run-scenarios.ts";
import { replayCommandOf, runSwarmCommand } from "#simulator/commands/run-swarm-command.ts";
import { echoPanel } from "#simulator/panels/byte-panels.ts";
import { expectSame } from "#simulator/scenario/expectations.ts";
import { defineScenario } from "#simulator/scenario.ts";
import { scenarios } from "#simulator/scenarios/catalogue.ts";
import { drawPlan } from "#simulator/swarm/draw-plan.ts";
import { writePlan } from "#simulator/swarm/plan-file.ts";
import { readCapture } from "../simulator/report-capture-reader.ts";

interface TestIo extends CommandIo {
  readonly said: string[];
  readonly complaints: string[];
  readonly written: Map<string, string | Uint8Array>;
}

function testIo(files: Readonly<Record<string, string | object>> = {}): TestIo {
  const said: string[] = [];
  const complaints: string[] = [];
  const written = new Map<string, string | Uint8Array>();
  return {
    ...{ said, complaints, written, folder: "/here", program: "Postern test" },
    say: (line) => void said.push(line),
    complain: (line) => void complaints.push(line),
    readText: (path) => {
      const file = files[path];
      if (file === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT" });
      return typeof file === "string" ? file : "";
    },
    importFile: async (path) => {
      const file = files[path];
      if (file instanceof Error) throw file;
      return file as object;
    },
    writeFile: (path, contents) => void written.set(path, contents),
    absolute: (path) => (path.startsWith("/") ? path : `/here/${path}`),
  };
}

const options = { mode: "memory", reports: [], out: "reports" } as const;
const own = (fails: boolean) => ({
  scenario: defineScenario({
    ...{
      name: "my-story",
      title: "My story",
      summary: "Something.",
      faults: [],
      profiles: [],
      modes: ["memory"] as const,
    },
    panels: { plc: echoPanel() },
    story: async (site) => {
      site.says("it begins");
      expectSame("the answer", 41, fails ? 42 : 41);
    },
  }),
});

describe("a run", () => {
  it("tells its steps with the site's time, its outcome, and writes reports, capture and record", async () => {
    const io = testIo();
    const files = { reports: ["junit", "html"], pcap: "a.pcapng", record: "a.jsonl" } as const;
    expect(await runScenarios(io, { ...options, ...files, targets: ["half-open-panel"], seed: 3 })).toBe(0);
    expect(io.said[0]).toBe("half-open-panel: The panel has forgotten its connection (seed 3, memory)");
    expect(io.said).toContainEqual(expect.stringMatching(/^ +0:0\d\.\d{3} {2}the panel's system restarts$/));
    expect(io.said).toContainEqual(expect.stringMatching(/^PASSED half-open-panel: [\d.]+ s of the site's time in /));
    expect([...io.written.keys()]).toEqual([
      "/here/a.pcapng",
      "/here/a.jsonl",
      "/here/reports/junit.xml",
      "/here/reports/half-open-panel-seed-3.html",
    ]);
    expect(readCapture(Buffer.from(io.written.get("/here/a.pcapng") as Uint8Array)).packets.length).toBeGreaterThan(
      100,
    );
    expect(String(io.written.get("/here/reports/junit.xml"))).toContain("postern sim run half-open-panel --seed 3");
    expect(io.complaints).toEqual([]);
  });

  it("of a file's scenario that fails says what, where, after which step, and how to run it again", async () => {
    const io = testIo({ "/here/my.ts": own(true) });
    expect(await runScenarios(io, { ...options, targets: ["my.ts"], reports: ["junit"] })).toBe(1);
    expect(io.said).toContain("  the answer: expected 42, was 41");
    expect(io.said).toContainEqual(expect.stringMatching(/^ {2}behind the step at 0:06\.\d{3}: it begins$/));
    expect(io.said).toContain("  again: postern sim run my.ts --seed 1");
    expect(String(io.written.get("/here/reports/junit.xml"))).toContain('failures="1"');
  });

  it("of several goes on behind one that fails, and counts", async () => {
    const io = testIo({ "/here/bad.ts": own(true), "/here/good.ts": own(false) });
    expect(await runScenarios(io, { ...options, targets: ["bad.ts", "good.ts"] })).toBe(1);
    expect(io.said.at(-1)).toBe("1 passed, 1 failed.");
  });

  it("of a plan of the swarm has the same lines and reports", { timeout: 60_000 }, async () => {
    const plan = drawPlan(3, { lastsMs: 20_000 });
    const io = testIo({ "/here/seed-3.json": writePlan(plan) });
    expect(await runScenarios(io, { ...options, targets: ["seed-3.json"], reports: ["junit", "html"] })).toBe(0);
    expect(io.said).toContainEqual(expect.stringMatching(/^PASSED plan-3: /));
    expect([...io.written.keys()]).toEqual(["/here/reports/junit.xml", "/here/reports/plan-3-seed-3.html"]);
  });

  it("is the same again: its record is equal to the byte", async () => {
    const texts: string[] = [];
    for (let turn = 0; turn < 2; turn += 1) {
      const io = testIo();
      await runScenarios(io, { ...options, targets: ["double-dial"], record: "r" });
      texts.push(String(io.written.get("/here/r")));
    }
    expect(texts[0]).toBe(texts[1]);
    expect(texts[0]?.split("\n").length).toBeGreaterThan(300);
  });
});

describe("a mistake", () => {
  const foreign = Object.assign(new Error('Package import specifier "#simulator/scenario.ts" is not defined'), {
    code: "ERR_PACKAGE_IMPORT_NOT_DEFINED",
  });
  const files = {
    "/here/empty.ts": {},
    "/here/other.ts": { story: 1, plan: 2 },
    "/here/wrong.ts": {
      scenario: {
        name: "wrong",
        title: "W",
        summary: "S",
        faults: ["latencie"],
        profiles: [],
        modes: ["memory"],
        story: async () => undefined,
      },
    },
    "/here/foreign.ts": foreign,
    "/here/plan.json": '{ "format": "postern-swarm-plan-1", "seeed": 3 }',
    "/here/no.json": "{",
    "/here/good.json": writePlan(drawPlan(3, { lastsMs: 20_000 })),
  };

  it.each([
    [
      { targets: ["half-open-pannel"] },
      'there is no ready-made scenario "half-open-pannel"; did you mean "half-open-panel"?',
    ],
    [{ targets: ["nix.ts"] }, "nix.ts: cannot be read: there is no such file"],
    [{ targets: ["notes.txt"] }, "notes.txt: is neither a TypeScript file with a scenario (.ts) nor a plan (.json)"],
    [
      { targets: ["empty.ts"] },
      'empty.ts: must export a scenario: "export const scenario = defineScenario({ ... })"; it exports nothing',
    ],
    [{ targets: ["other.ts"] }, "it exports story, plan"],
    [
      { targets: ["wrong.ts"] },
      'wrong.ts: scenario "wrong": faults[0]: there is no fault "latencie"; did you mean "latency"?',
    ],
    [{ targets: ["foreign.ts"] }, "are known inside the checkout only: put the file there"],
    [{ targets: ["plan.json"] }, 'plan.json: plan: there is no field "seeed"; did you mean "seed"?'],
    [{ targets: ["no.json"] }, "no.json: not JSON"],
    [
      { targets: ["uplink-swap-in-mid-session"], mode: "loopback" },
      'uplink-swap-in-mid-session runs in the mode "memory" and not in "loopback": its fault uplink-swap cannot be had there',
    ],
    [{ targets: ["good.json"], mode: "loopback" }, 'good.json: a plan runs in the mode "memory" and not in "loopback"'],
    [{ targets: ["good.json"], pcap: "x" }, "good.json: a plan's run keeps no bytes: --pcap is for scenarios"],
    [{ targets: ["good.json"], seed: 4 }, "good.json: a plan has a seed of its own"],
    [{ targets: ["double-dial"], mode: "loopback", pcap: "x" }, '--pcap is for the mode "memory", not for "loopback"'],
    [{ targets: ["double-dial", "dsl-resync"], pcap: "x" }, "--pcap is for one scenario, not for 2"],
    [{ targets: ["double-dial", "dsl-resync"], record: "x" }, "--record is for one scenario, not for 2"],
  ] as const)("%j is told in one line with exit code 2, and nothing runs", async (asked, line) => {
    const io = testIo(files);
    expect(await runScenarios(io, { ...options, ...asked })).toBe(2);
    expect(io.complaints).toHaveLength(1);
    expect(io.complaints[0]).toMatch(/^postern sim run: /);
    expect(io.complaints[0]).toContain(line);
    expect([io.said, io.written.size]).toEqual([[], 0]);
  });

  it("in the last of several names keeps the first from running", async () => {
    const io = testIo();
    expect(await runScenarios(io, { ...options, targets: ["double-dial", "nix"] })).toBe(2);
    expect(io.said).toEqual([]);
  });

  it.each([
    ["abc", '"abc" is neither a seed (a whole number) nor a plan\'s file (.json)'],
    ["gone.json", "gone.json: cannot be read: there is no such file"],
    ["no.json", "no.json: not JSON"],
  ])("in what to replay is told: %s", async (what, line) => {
    const io = testIo(files);
    expect(await replayCommandOf(io, what, {})).toBe(2);
    expect(io.complaints.join()).toContain(line);
  });
});

describe("the list", () => {
  it("has every scenario with title, faults, profiles and modes", async () => {
    const io = testIo();
    expect(listScenarios(io, {})).toBe(0);
    const text = io.said.join("\n");
    for (const { name, title } of scenarios)
      expect(text).toContain(`${name.padEnd(text.indexOf("  "))}`.trim() && title);
    expect(text).toContain(
      "profiles realvnc-connect-6.0.2, tightvnc-1.3.9, tigervnc-1.7.0, efonvnc-4.2; memory and loopback",
    );
  });

  it("is JSON where that is wanted", () => {
    const io = testIo();
    listScenarios(io, { json: true });
    const rows = JSON.parse(io.said.join("\n")) as readonly object[];
    expect(rows).toHaveLength(scenarios.length);
    expect(rows[0]).toEqual({
      name: expect.any(String),
      title: expect.any(String),
      summary: expect.any(String),
      faults: expect.any(Array),
      profiles: expect.any(Array),
      modes: expect.any(Array),
    });
  });
});

describe("the swarm", () => {
  it("tells its progress, writes its report, and a seed runs again with the same record", {
    timeout: 120_000,
  }, async () => {
    const io = testIo();
    expect(await runSwarmCommand(io, { seeds: 1, from: 3, jobs: 1, out: "swarm" })).toBe(0);
    expect(io.said).toContain("Nothing failed.");
    expect(String(io.written.get("/here/swarm/swarm.txt"))).toContain("1 of 1 seeds from 3 on");
    const again = testIo();
    expect(await replayCommandOf(again, "3", { record: "r.jsonl" })).toBe(0);
    const [line = ""] = again.said;
    expect(line).toMatch(/^Seed 3: .*\d+ lines of record, SHA-256 [0-9a-f]{64}$/);
    expect(String(again.written.get("/here/r.jsonl")).split("\n").length - 1).toBe(
      Number(/(\d+) lines/.exec(line)?.[1]),
    );
  });
});
