// One end of a connection is gone without a word while the other one believes in it.
import type { WorldFault } from "./fault.ts";
import { choiceParameter, defineFault, portOf, portParameter, wordOf } from "./fault-kind.ts";
import { need } from "./held-fault.ts";

export interface HalfOpenOptions {
  /** Whose end vanishes: that of the host named first ("near") or second ("far", the default) in `site.between`. */
  readonly end?: "near" | "far";
  /** Only connections to this port. */
  readonly port?: number;
}

/**
 * As when a machine has crashed and is up again: its end of each open connection is forgotten, its program's stream closes
 * without an end. The survivor learns of it when it sends (the answer is a RST) or by its system's keep-alive. It happens
 * once, when it begins; new connections are like any other.
 */
export function halfOpen(options: HalfOpenOptions = {}): WorldFault {
  const { end = "far", port } = options;
  const name = port === undefined ? `half-open, ${end} end gone` : `half-open, ${end} end gone, port ${port}`;
  return {
    name,
    begin: (world) => need(world.vanishConnections, name, "a wire with two ends (site.between)")(end, port),
  };
}

export const halfOpenKind = defineFault({
  name: "half-open",
  summary: "One end of the open connections vanishes silently; the other believes in them until it sends or probes.",
  kind: "world",
  places: ["link", "direction"],
  isLossy: true,
  modes: { memory: true, loopback: true },
  onLoopback:
    "the program whose end vanishes sees a reset, and the survivor learns of it when it sends, not by keep-alive",
  parameters: [
    choiceParameter("end", ["far", "near"], "whose end vanishes: of the host named second (far) or first (near)"),
    portParameter(),
  ],
  create: (given) => {
    const port = portOf(given);
    const end = wordOf(given, "end", ["far", "near"] as const);
    return halfOpen(port === undefined ? { end } : { end, port });
  },
});
