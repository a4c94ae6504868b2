// The swarm on a few seeds: nothing fails, the logs are the same whoever makes them, and what fails is made small.
import { hash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { drawPlan } from "#simulator/swarm/draw-plan.ts";
import { parsePlan } from "#simulator/swarm/plan-file.ts";
import { runPlan, type SwarmRun } from "#simulator/swarm/run-plan.ts";
import { replaySwarm, runSwarm, type SwarmProgress } from "#simulator/swarm/run-swarm.ts";
import { shrinkPlan } from "#simulator/swarm/shrink-plan.ts";
import { SwarmError } from "#simulator/swarm/swarm-failure.ts";
import { faultsOf, type SwarmPlan, usualSite } from "#simulator/swarm/swarm-plan.ts";
import { swarmReportLines } from "#simulator/swarm/swarm-words.ts";

describe("the swarm", () => {
  it("finds nothing on a few seeds, with the same logs on one process, on two, and in this one", async () => {
    const progress: SwarmProgress[] = [];
    const onProgress = (step: SwarmProgress): void => void progress.push(step);
    const one = await runSwarm({ seeds: 4, from: 21, onProgress });
    const two = await runSwarm({ seeds: 4, from: 21, jobs: 2 });
    expect(one.failures).toEqual([]);
    expect(two).toEqual(one);
    expect(progress.map(({ seed }) => seed)).toEqual([21, 22, 23, 24]);
    const here = await runPlan(drawPlan(22));
    expect(hash("sha256", here.text, "hex")).toBe(one.runs[1]?.sha256);
    const again = await replaySwarm({ seed: 22 });
    expect(again.text === here.text).toBe(true);
  }, 180_000);

  it("tells what was taken and what never was", async () => {
    const report = await runSwarm({ seeds: 1, from: 5, lastsMs: 60_000 });
    const text = swarmReportLines(report).join("\n");
    expect(report.coverage["tunnel"]?.states["standing.forwarding"]).toBeGreaterThan(0);
    expect(report.coverage["session"]?.states["open.established"]).toBeGreaterThan(0);
    expect(
      report.coverage["connectivity"]?.transitions["connected.online.outbox.sending: session.published 2 of 2"],
    ).toBeGreaterThan(0);
    expect(report.never).toContain("gateway state failed");
    expect(text).toContain("Nothing failed.");
    expect(text).toContain("  gateway state failed");
  }, 180_000);
});

/** Guilty when the power has failed while somebody had a session: what every run with both must show. */
function planted({ site }: SwarmRun): void {
  const hadPowerCut = site.record.entries.some((entry) => entry.kind === "fault" && entry.name === "power cut");
  const wasLost = site.cloudLog.some(
    ({ event, ["reason"]: reason }) => event === "session.closed" && reason === "gateway.lost",
  );
  if (hadPowerCut && wasLost) throw new SwarmError("planted", "somebody lost a session to a power cut");
}

describe("a failure", () => {
  it("is made small, and what is left fails in the same way from its file", async () => {
    const plan = planWith(["latency", "power-cut", "slice", "jitter", "stall", "refuse", "duplicate"]);
    const fails = async (smaller: SwarmPlan): Promise<boolean> =>
      (await runPlan(smaller, { extraOracle: planted })).failure?.check === "planted";
    expect(await fails(plan)).toBe(true);
    const shrunk = await shrinkPlan(plan, { fails, runsMax: 60 });
    expect(faultsOf(shrunk.plan).map((event) => event.kind === "fault" && event.fault)).toEqual(["power-cut"]);
    expect(shrunk.plan.events.filter(({ kind }) => kind === "session").length).toBe(1);
    const { writePlan } = await import("#simulator/swarm/plan-file.ts");
    const again = parsePlan(writePlan(shrunk.plan), "plan.json");
    expect(again).toEqual(shrunk.plan);
    expect(await fails(again)).toBe(true);
  }, 180_000);
});

/** A minute with these faults one after the other and a session that lives through all of them. */
function planWith(names: readonly string[]): SwarmPlan {
  const stream = { bytes: 50, pieceBytes: 5, everyMs: 2000 };
  const session = (id: number, atMs: number, lastsMs: number) =>
    ({
      kind: "session",
      atMs,
      id,
      panel: "plc",
      hasChannel: true,
      up: stream,
      down: stream,
      panelThen: "stays",
      lastsMs,
      leaves: "in-order",
      pausesMs: 0,
    }) as const;
  const faults = names.map((fault, at) => {
    const places = fault === "power-cut" ? {} : { between: ["cloud", "gateway"] as const };
    const parameters = {};
    return { kind: "fault", atMs: 6000 + at * 5000, forMs: 3000, fault, parameters, ...places } as const;
  });
  const events = [session(1, 0, 60_000), session(2, 1000, 2000), session(3, 2000, 40_000), ...faults];
  return {
    format: "postern-swarm-plan-1",
    seed: 77,
    lastsMs: 60_000,
    bytePanels: ["plc"],
    vncPanels: [],
    sshPanels: [],
    telnetPanels: [],
    ...usualSite,
    events: [...events].sort((one, other) => one.atMs - other.atMs),
  };
}
