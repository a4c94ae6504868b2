// The runner of scenarios: how a failure is told, what ends a story that does not end, and what is refused before anything runs.
import { describe, expect, it } from "vitest";
import { blackHole } from "#simulator/faults/black-hole.ts";
import { echoPanel } from "#simulator/panels/byte-panels.ts";
import { expectBetween, expectContains, expectSame, expectTrue } from "#simulator/scenario/expectations.ts";
import { runScenario } from "#simulator/scenario/run-scenario.ts";
import { checkScenario, defineScenario, type ScenarioPlan } from "#simulator/scenario.ts";
import type { Site } from "#simulator/site.ts";
import type { SiteMode, SitePanels } from "#simulator/site-vocabulary.ts";

const base = {
  ...{ name: "small-story", title: "A small story", summary: "Something happens.", faults: [], profiles: [] },
  ...{ modes: ["memory"] as const, panels: { plc: echoPanel() } },
};

function storyOf(story: (site: Site<{ plc: ReturnType<typeof echoPanel> }>) => Promise<void>) {
  return defineScenario({ ...base, story });
}

describe("a run", () => {
  it("has outcome, times, record and the faults that it applied", async () => {
    const steps: string[] = [];
    const scenario = storyOf(async (site) => {
      site.says("the link goes dark");
      await site.between("gateway", "plc").during(blackHole(), () => site.passes(5000));
    });
    const result = await runScenario(scenario, { seed: 7, onStep: ({ text }) => steps.push(text) });
    expect(result).toMatchObject({ outcome: "passed", seed: 7, mode: "memory", appliedFaults: ["black-hole"] });
    expect(result.failure).toBeUndefined();
    expect(result.virtualMs).toBeGreaterThan(5000);
    expect(result.world).toContain("Site with seed 7");
    expect(steps).toEqual(["the gateway is switched on", "the link goes dark"]);
  });

  it("gives the same record for the same seed, to the byte, and another one for another", async () => {
    const scenario = storyOf(async (site) => {
      const session = await site.operator.opensPassthrough("plc");
      session.says(Buffer.from("hello"));
      await session.receives(5);
      await session.disconnects();
    });
    const texts = [];
    for (const seed of [3, 3, 4]) texts.push((await runScenario(scenario, { seed })).record.text());
    expect(texts[0]).toBe(texts[1]);
    expect(texts[2]).not.toBe(texts[0]);
  });

  it("keeps bytes for a capture only when it is asked to", async () => {
    const scenario = storyOf((site) => site.passes(10));
    expect((await runScenario(scenario)).keptDeliveries).toEqual([]);
    expect((await runScenario(scenario, { keepBytes: true })).keptDeliveries.length).toBeGreaterThan(0);
  });
});

describe("a failure", () => {
  it.each([
    ["an expectation", async () => expectSame("the answer", 41, 42), "the answer: expected 42, was 41"],
    ["a fact that is not so", async () => expectTrue("the sky is green", false), "the sky is green: is not so"],
    ["a number out of its limits", async () => expectBetween("ms", 7, 1, 5), "ms: expected 1 to 5, was 7"],
    [
      "a text without a part",
      async () => expectContains("the answer", "no", "yes"),
      "the answer: expected 'yes' in 'no'",
    ],
  ] as const)("of %s has its words and the line of the story", async (_what, fails, message) => {
    const { failure, outcome } = await runScenario(storyOf(async () => fails()));
    expect(outcome).toBe("failed");
    expect(failure?.message).toBe(message);
    expect(failure?.stackLine?.file).toMatch(/test\/scenarios\/ready-made-runner\.test\.ts$/);
  });

  it("of a wait names what was waited for, the line that waited, and what the world looked like", async () => {
    const scenario = storyOf(async (site) => {
      site.says("nobody sends anything");
      const session = await site.operator.opensPassthrough("plc");
      await session.receives(5, 2000);
    });
    const { failure } = await runScenario(scenario);
    expect(failure?.message).toContain("Waited 2000 ms of simulated time for 5 bytes to be received");
    expect(failure?.message).toContain("Site with seed 1");
    expect(failure?.stackLine?.file).toMatch(/ready-made-runner\.test\.ts$/);
    expect(failure?.lastStep?.text).toBe("nobody sends anything");
  });

  it("of a wait inside a block is told with its line too", async () => {
    const scenario = storyOf(async (site) => {
      await site.between("gateway", "plc").during(blackHole(), async () => {
        await site.until(() => false, { what: "the impossible", limitMs: 100 });
      });
    });
    const { failure, world } = await runScenario(scenario);
    expect(failure?.message).toContain("Waited 100 ms of simulated time for the impossible");
    expect(failure?.stackLine).toBeDefined();
    expect(world).toContain("Faults in force: none");
  });

  it("ends a story that never ends, at the scenario's limit", async () => {
    const scenario = defineScenario({ ...base, limitMs: 60_000, story: () => new Promise(() => undefined) });
    const { failure } = await runScenario(scenario);
    expect(failure?.message).toContain("Waited 60000 ms of simulated time for the story to end");
  });

  it("that nobody catches is the run's and does not end the process", async () => {
    const scenario = storyOf(async (site) => {
      site.clock.setTimeout(() => void Promise.reject(new Error("nobody caught this")), 100);
      await site.passes(10_000);
    });
    const { failure } = await runScenario(scenario);
    expect(failure?.message).toBe("nobody caught this");
  });

  it("is a run that a person stops, in the middle of a wait", async () => {
    const stop = new AbortController();
    const scenario = storyOf(async (site) => {
      site.clock.setTimeout(() => stop.abort(), 5000);
      await site.passes(3_600_000);
    });
    const { failure, virtualMs } = await runScenario(scenario, { signal: stop.signal });
    expect(failure?.message).toBe("stopped by a signal before its end");
    expect(virtualMs).toBeLessThan(60_000);
  });

  it("is what a story leaves behind", async () => {
    const scenario = storyOf(async (site) => {
      site.clock.setNamedTimeout("the story's own", () => undefined, 3_600_000);
    });
    const { failure } = await runScenario(scenario);
    expect(failure?.message).toContain("timer of the story's own");
  });

  it("names a panel that the site does not have, and the one that was meant", async () => {
    const scenario = storyOf(async (site) => {
      (site.panels as unknown as { pcl: { port: number } }).pcl.port.toFixed();
    });
    const { failure } = await runScenario(scenario);
    expect(failure?.message).toBe('site.panels.pcl: there is no panel "pcl"; did you mean "plc"?');
    expect(failure?.stackLine).toBeDefined();
  });

  it.each([-5, Number.NaN, Number.POSITIVE_INFINITY])("is a time that cannot pass: %d", async (ms) => {
    const { failure } = await runScenario(storyOf((site) => site.passes(ms)));
    expect(failure?.message).toBe(`site.passes takes a number of ms from 0 up, not ${ms}`);
    expect(failure?.stackLine?.file).toMatch(/ready-made-runner\.test\.ts$/);
  });

  it("leaves nothing running: the next run is as if it had not been", async () => {
    await runScenario(storyOf(async () => expectTrue("it is so", false)));
    expect((await runScenario(storyOf((site) => site.passes(10)))).outcome).toBe("passed");
  });
});

describe("what is refused before anything runs", () => {
  type Plan = ScenarioPlan<SitePanels, readonly SiteMode[]>;
  const story = async (): Promise<void> => undefined;
  it.each([
    [{ name: "Bad Name" }, 'name: takes words in lower case with hyphens, such as "half-open-panel", not "Bad Name"'],
    [{ title: " " }, "title: says nothing"],
    [{ faults: ["latencie"] }, 'faults[0]: there is no fault "latencie"; did you mean "latency"?'],
    [{ profiles: ["tigervnc-1.7"] }, 'profiles: there is no profile "tigervnc-1.7"; did you mean "tigervnc-1.7.0"?'],
    [{ modes: ["lopback"] }, 'modes: there is no mode "lopback"; did you mean "loopback"?'],
    [{ modes: [] }, 'modes: is empty: "memory", "loopback" or both'],
    [{ faults: ["uplink-swap"], modes: ["loopback"] }, 'faults[0]: uplink-swap cannot run in the mode "loopback"'],
    [{ seed: -1 }, "seed: takes a whole number from 0 up, not -1"],
    [{ limitMs: Number.NaN }, "limitMs: takes ms above 0 and at most 2592000000"],
    [{ limitMs: 0 }, "limitMs: takes ms above 0"],
    [{ panels: { gateway: echoPanel() } }, "panels.gateway: another host of the site has this name"],
    [
      { panels: { "Press 4": echoPanel() } },
      "panels.Press 4: a panel's name has letters in lower case, digits and hyphens",
    ],
    [{ panels: { plc: {} } }, "panels.plc: is no panel such as vncPanel() or echoPanel()"],
    [{ story: undefined }, "story: is no function of a site"],
  ])("%j", (change, message) => {
    const plan = { ...base, story, ...change } as unknown as Plan;
    expect(() => checkScenario(plan, undefined)).toThrow(message);
    expect(() => checkScenario(plan, undefined)).toThrow(/^scenario "/);
  });

  it("a mode that the scenario does not have, with the reason of its fault", async () => {
    const scenario = defineScenario({ ...base, faults: ["uplink-swap"], story });
    await expect(runScenario(scenario, { mode: "loopback" })).rejects.toThrow(
      `small-story runs in the mode "memory" and not in "loopback": its fault uplink-swap cannot be had there: this machine's own interfaces`,
    );
  });
});
