// A process of its own for swarm runs: one run at a time, so that nothing of one is seen by the next job's.
import "../deterministic-random.ts"; // First: libraries take the functions of node:crypto when they are loaded.
import { hash } from "node:crypto";
import { type RunOutcome, runPlan } from "./run-plan.ts";
import { shrinkPlan } from "./shrink-plan.ts";
import { type SwarmFailure, sortOfFailure } from "./swarm-failure.ts";
import type { SwarmPlan } from "./swarm-plan.ts";
import { answerTasks } from "./worker-loop.ts";
import type { RunSummary, ShrunkSummary, WorkerAnswer, WorkerTask } from "./worker-messages.ts";

answerTasks(carryOut);

async function carryOut(task: WorkerTask): Promise<WorkerAnswer> {
  if (task.task === "run") {
    return { answer: "run", summary: summaryOf(await runPlan(task.plan), task.wantsText) };
  }
  return { answer: "shrink", shrunk: await shrink(task.plan, task.sort, task.runsMax) };
}

async function shrink(plan: SwarmPlan, sort: string, runsMax: number): Promise<ShrunkSummary> {
  let failure: SwarmFailure | undefined;
  const fails = async (smaller: SwarmPlan): Promise<boolean> => {
    const outcome = await runPlan(smaller);
    if (outcome.failure === undefined || sortOfFailure(outcome.failure) !== sort) return false;
    failure = outcome.failure;
    return true;
  };
  if (!(await fails(plan))) throw new Error(`The plan of seed ${plan.seed} does not fail any more by ${sort}`);
  const shrunk = await shrinkPlan(plan, { fails, runsMax });
  if (failure === undefined) throw new Error("must hold: the plan has just failed");
  return { ...shrunk, failure };
}

function summaryOf(outcome: RunOutcome, wantsText: boolean): RunSummary {
  const { text, ...rest } = outcome;
  return { ...rest, sha256: hash("sha256", text, "hex"), ...(wantsText ? { text } : {}) };
}
