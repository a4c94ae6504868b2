// The soak: drawn from a seed, a few seconds' worth of it, and that it notices a gateway that does not come back.
import { describe, expect, test } from "vitest";
import { onlineAgainMs, runSoak } from "#simulator/soak/run-soak.ts";
import { soak } from "#simulator/soak/soak.ts";
import { drawSoak, lastsMs, type SoakPlan, soakFaultKinds } from "#simulator/soak/soak-plan.ts";
import { soakReportLines } from "#simulator/soak/soak-words.ts";

const powerFails: SoakPlan = {
  seed: 1,
  form: { login: "password", way: "direct", steers: false, hasModem: false, hasFile: false, startsInTrouble: false },
  hours: 1,
  spells: [
    {
      calmMs: 1_000,
      faults: [{ kind: "fault", atMs: 0, forMs: 5_000, fault: "power-cut", parameters: {} }],
      parts: [],
      isVisited: true,
    },
  ],
};

describe("a soak's plan", () => {
  test("is the same for the same seed, and another for another", () => {
    expect(drawSoak(7, 50)).toEqual(drawSoak(7, 50));
    expect(drawSoak(8, 50)).not.toEqual(drawSoak(7, 50));
  });

  test("lasts as long as it was asked to, and each spell of trouble at most two hours and a half minute", () => {
    const { spells, hours } = drawSoak(3, 100);
    expect(hours).toBeGreaterThanOrEqual(100);
    expect(Math.max(...spells.map(lastsMs))).toBeLessThanOrEqual(7_230_000);
    expect(spells.every(({ faults }) => faults.length >= 1)).toBe(true);
  });

  test("draws each kind of fault of cloud, uplink, power, disk and clock sooner or later", () => {
    const drawn = new Set<string>();
    for (let seed = 1; seed <= 40; seed += 1) {
      for (const { faults } of drawSoak(seed, 20).spells) {
        for (const event of faults) drawn.add(event.kind === "restart" ? "restart" : event.fault);
      }
    }
    expect([...drawn].toSorted()).toEqual([...soakFaultKinds.map(({ name }) => name), "restart"].toSorted());
  });
});

describe("a soak", () => {
  test("finds the gateway online again after each trouble, and a tunnel through it", { timeout: 120_000 }, async () => {
    const { seeds, hours, spells, visits, failures, recoveriesMs } = await soak({ hours: 30, hoursEach: 10, jobs: 2 });
    expect(failures).toEqual([]);
    expect(seeds).toBe(3);
    expect(hours).toBeGreaterThanOrEqual(30);
    expect(recoveriesMs).toHaveLength(spells);
    expect(recoveriesMs.at(-1)).toBeLessThanOrEqual(onlineAgainMs);
    expect(visits).toBeGreaterThan(0);
  });

  test("fails with the trouble's name when the gateway is not online in time", async () => {
    const { failure, visits } = await runSoak(powerFails, 1);
    expect(failure?.message).toContain("to be online within 0.001 s of the end of power-cut");
    expect(visits).toBe(0);
    expect((await runSoak(powerFails)).failure).toBeUndefined();
  });

  test("says in words what it did and what was never taken", async () => {
    const lines = soakReportLines({
      ...{ from: 3, seeds: 2, hours: 40.4, spells: 3, visits: 1, recoveriesMs: [0, 1_500, 9_000] },
      ...{
        failures: [{ seed: 4, form: powerFails.form, message: "not online", atMs: 12 }],
        injected: { "power-cut": 2, stall: 0 },
      },
      ...{ coverage: {}, never: ["gateway state failed"] },
    });
    expect(lines).toContain("FAILED: seed 4 (password, direct) at 12 ms: not online");
    expect(lines[0]).toBe("Seeds 3 to 4: 40 simulated hours, 3 spells of trouble with 2 faults, 1 failures");
    expect(lines[1]).toContain("at the latest 9.0 s; 1 times a tunnel was opened");
    expect(lines).toContain("  gateway state failed");
  });
});
