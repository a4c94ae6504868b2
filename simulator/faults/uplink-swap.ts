// The uplink that carries the traffic goes down and the next one takes over, with another address.
import type { WorldFault } from "./fault.ts";
import { defineFault } from "./fault-kind.ts";
import { heldFault, need } from "./held-fault.ts";

/** Open connections over the old uplink are dead without a word; back to the first one when it ends. */
export function uplinkSwap(): WorldFault {
  const name = "uplink swap";
  return heldFault(name, (world) => need(world.swapUplink, name, "a board with two uplinks")());
}

export const uplinkSwapKind = defineFault({
  name: "uplink-swap",
  summary: "The uplink that carries the traffic goes down, and the next one takes over with another address.",
  kind: "world",
  isLossy: true,
  modes: { memory: true, loopback: "this machine's own interfaces are not ours to take down" },
  parameters: [],
  create: () => uplinkSwap(),
});
