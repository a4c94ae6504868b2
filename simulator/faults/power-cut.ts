// The gateway's power fails when the fault begins and is back when it ends.
import type { WorldFault } from "./fault.ts";

/** Nothing is said to anybody, timers and sockets are gone; storage keeps what was written whole. */
export function powerCut(): WorldFault {
  return {
    name: "power cut",
    begin: (world) => world.cutPower(),
    end: (world) => world.restorePower(),
  };
}
