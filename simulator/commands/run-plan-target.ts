// Runs a plan of the swarm as if it were a scenario, so that it has the same lines and reports.

import { sinkPanel } from "../panels/byte-panels.ts";
import type { StampedEntry } from "../record/event-log.ts";
import { appliedFaults } from "../scenario/applied-faults.ts";
import type { ScenarioResult } from "../scenario/run-scenario.ts";
import { defineScenario } from "../scenario.ts";
import { storyStartsAtMs } from "../simulated-clock.ts";
import { replaySwarm } from "../swarm/run-swarm.ts";
import { faultsOf } from "../swarm/swarm-plan.ts";
import type { CommandIo } from "./command-io.ts";
import type { RunTarget } from "./find-target.ts";

export async function runPlanTarget(
  io: CommandIo,
  { plan, word }: Extract<RunTarget, { kind: "plan" }>,
): Promise<ScenarioResult> {
  const count = faultsOf(plan).length;
  io.say(`${word}: ${plan.events.length} events, ${count} of them faults (seed ${plan.seed}, memory)`);
  const startedNs = process.hrtime.bigint();
  const outcome = await replaySwarm({ plan });
  const entries = outcome.text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as StampedEntry);
  const { failure } = outcome;
  const names = [...plan.bytePanels, ...plan.vncPanels];
  const scenario = defineScenario({
    name: `plan-${plan.seed}`,
    title: `Swarm plan of seed ${plan.seed}`,
    summary: `${word}: ${plan.events.length} events, ${count} of them faults; the swarm's oracle looks when everything has healed.`,
    ...{ faults: [], profiles: [], modes: ["memory"] as const, seed: plan.seed },
    panels: Object.fromEntries(names.map((name) => [name, sinkPanel()])),
    story: () => Promise.reject(new Error("must hold: a plan is carried out by the swarm")),
  });
  return {
    ...{ scenario, seed: plan.seed, mode: "memory" },
    outcome: failure === undefined ? "passed" : "failed",
    durationMs: Number((process.hrtime.bigint() - startedNs) / 1_000_000n),
    virtualMs: outcome.virtualMs,
    startedAtMs: storyStartsAtMs,
    record: { entries, text: () => outcome.text },
    appliedFaults: appliedFaults(entries),
    ...(failure === undefined
      ? {}
      : { failure: { message: `${failure.check}: ${failure.message}`, stack: failure.message } }),
    world: failure?.message ?? "",
    keptDeliveries: [],
  };
}
