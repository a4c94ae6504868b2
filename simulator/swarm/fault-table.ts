// Which faults the swarm draws from, and which of them leave the bytes of a session whole.
import { faultKinds } from "../faults/catalogue.ts";
import type { FaultKind } from "../faults/fault-kind.ts";
import type { FaultEvent } from "./swarm-plan.ts";

/** Kinds that a site in memory can have. */
export const swarmFaultKinds: readonly FaultKind[] = faultKinds.filter(({ modes }) => modes.memory === true);

export function kindNamed(name: string): FaultKind | undefined {
  return faultKinds.find((kind) => kind.name === name);
}

/** Longest delay under which a session must still work as if nothing were wrong. */
export const mildMs = 500;
/** Slowest trickle under which what is under way at the end still arrives within the limits for it. */
const mildBytesPerSecond = 256 * 1024;

/** Whether a session must work, and lose nothing, although this fault is in force. */
export function isMild({ fault, parameters }: FaultEvent): boolean {
  const number = (name: string): number => Number(parameters[name] ?? 0);
  if (fault === "latency" || fault === "jitter") {
    return Object.values(parameters).every((value) => typeof value !== "number" || value <= mildMs);
  }
  if (fault !== "slice") return false;
  return number("gapMs") === 0 || (number("bytes") * 1000) / number("gapMs") >= mildBytesPerSecond;
}

/** Whether bytes may arrive altered where nothing under them would notice. */
export function altersBytes({ fault }: FaultEvent): boolean {
  return fault === "corrupt";
}
