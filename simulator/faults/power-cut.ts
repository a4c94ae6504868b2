// The gateway's power fails when the fault begins and is back when it ends.
import type { WorldFault } from "./fault.ts";
import { defineFault } from "./fault-kind.ts";

/** Nothing is said to anybody, timers and sockets are gone; storage keeps what was written whole. */
export function powerCut(): WorldFault {
  return {
    name: "power cut",
    isOfSite: true,
    begin: (world) => world.cutPower(),
    end: (world) => world.restorePower(),
  };
}

export const powerCutKind = defineFault({
  name: "power-cut",
  summary: "The gateway's power fails when it begins and is back when it ends; nobody is told, the disk outlives it.",
  kind: "world",
  isLossy: true,
  modes: { memory: true, loopback: true },
  onLoopback: "the relay keeps the other ends' connections open and silent until it is back",
  parameters: [],
  create: () => powerCut(),
});
