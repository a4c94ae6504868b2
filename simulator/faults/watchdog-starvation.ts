// The gateway's program hangs, so that nobody pets the watchdog and the board reboots.
import type { WorldFault } from "./fault.ts";
import { defineFault } from "./fault-kind.ts";
import { heldFault, need } from "./held-fault.ts";

/** Nothing of the program runs until it ends; the watchdog reboots the board after its own time. */
export function watchdogStarvation(): WorldFault {
  const name = "watchdog starved";
  return heldFault(name, (world) => need(world.starveWatchdog, name, "a board with a watchdog")());
}

export const watchdogStarvationKind = defineFault({
  name: "watchdog-starvation",
  summary: "The gateway's program hangs and nobody pets the watchdog: the board reboots.",
  kind: "world",
  isLossy: true,
  modes: { memory: true, loopback: "a hanging process of ours would hang the test with it" },
  parameters: [],
  create: () => watchdogStarvation(),
});
