// What a swarm and its worker processes say to each other.
import type { RunOutcome } from "./run-plan.ts";
import type { SwarmFailure } from "./swarm-failure.ts";
import type { SwarmPlan } from "./swarm-plan.ts";

export type WorkerTask =
  /** Carry the plan out. `wantsText`: the whole record comes back too. */
  | { readonly task: "run"; readonly plan: SwarmPlan; readonly wantsText: boolean }
  /** Find a smaller plan whose failure is of the same sort. */
  | { readonly task: "shrink"; readonly plan: SwarmPlan; readonly sort: string; readonly runsMax: number };

/** The outcome of one run without what is too large to be passed about. */
export interface RunSummary extends Omit<RunOutcome, "text"> {
  /** SHA-256 of the whole record's text, in hex. */
  readonly sha256: string;
  readonly text?: string;
}

export interface ShrunkSummary {
  readonly plan: SwarmPlan;
  readonly runs: number;
  readonly failure: SwarmFailure;
}

export type WorkerAnswer =
  | { readonly answer: "run"; readonly summary: RunSummary }
  | { readonly answer: "shrink"; readonly shrunk: ShrunkSummary };
