// A process of its own for soak runs: one run at a time.
import "../deterministic-random.ts"; // First: libraries take the functions of node:crypto when they are loaded.
import { answerTasks } from "../swarm/worker-loop.ts";
import { runSoak, type SoakOutcome } from "./run-soak.ts";
import { drawSoak } from "./soak-plan.ts";

export interface SoakTask {
  readonly seed: number;
  readonly hours: number;
}

export interface SoakAnswer {
  readonly answer: "soak";
  readonly outcome: SoakOutcome;
}

answerTasks(async ({ seed, hours }: SoakTask): Promise<SoakAnswer> => {
  return { answer: "soak", outcome: await runSoak(drawSoak(seed, hours)) };
});
