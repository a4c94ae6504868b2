// Runs ready-made scenarios as tests: each passes, and applies by its record what it declares.
import { describe, expect, it } from "vitest";
import { linkProfiles } from "#simulator/faults/profiles.ts";
import { runScenario, type ScenarioResult } from "#simulator/scenario/run-scenario.ts";
import { scenarios } from "#simulator/scenarios/catalogue.ts";

/** Real time that one scenario may take on a loaded machine. */
const scenarioMs = 60_000;

/** One file each for a worker: every n-th scenario. */
export function describeScenarios(turn: number, of: number): void {
  describe(`ready-made scenarios, ${turn + 1} of ${of}`, () => {
    const mine = scenarios.filter((scenario, at) => at % of === turn && scenario.modes.includes("memory"));
    it.each(mine.map((scenario) => [scenario.name, scenario] as const))(
      "%s passes",
      { timeout: scenarioMs },
      async (_name, scenario) => {
        const result = await runScenario(scenario);
        expect(result.failure).toBeUndefined();
        expect(result.outcome).toBe("passed");
        expect(result.appliedFaults).toEqual(expect.arrayContaining([...scenario.faults]));
        expect(appliedProfiles(result)).toEqual([...scenario.profiles].sort());
      },
    );
  });
}

/** A panel's profile counts when the panel has sent bytes to the gateway, a network's when it lay over a wire. */
function appliedProfiles({ record, scenario }: ScenarioResult): readonly string[] {
  const steps = record.entries.flatMap((entry) => (entry.kind === "step" ? [entry.text] : []));
  const panels = steps.flatMap((text) => {
    const [, panel = "", profile = ""] = /^the panel (\S+) is like (\S+)$/.exec(text) ?? [];
    return profile !== "" && hasSent(panel) ? [profile] : [];
  });
  const networks = linkProfiles
    .map(({ name }) => name)
    .filter((name) => steps.some((text) => text.endsWith(` lies ${name}`)));
  return [...new Set([...panels, ...networks])].sort();

  function hasSent(panel: string): boolean {
    expect(Object.keys(scenario.panels)).toContain(panel);
    return record.entries.some(
      (entry) => entry.kind === "delivery" && entry.from === panel && entry.delivery === "bytes",
    );
  }
}
