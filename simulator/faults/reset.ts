// Connections break: those that are open are reset at once, new ones right after they were accepted.
import type { WorldFault } from "./fault.ts";
import { booleanParameter, defineFault, portOf, portParameter } from "./fault-kind.ts";

export interface ResetOptions {
  /** Only connections to this port of either end. */
  readonly port?: number;
  /** Only what is open when the fault begins is reset. */
  readonly spareNew?: boolean;
}

export function reset(options: ResetOptions = {}): WorldFault {
  const { port, spareNew = false } = options;
  return {
    name: [spareNew ? "reset of open connections" : "reset", ...(port === undefined ? [] : [`to port ${port}`])].join(
      " ",
    ),
    begin: (world) => world.resetConnections(port),
    onConnect: (attempt) => {
      if (spareNew || (port !== undefined && port !== attempt.port)) return false;
      attempt.reset();
      return true;
    },
  };
}

export const resetKind = defineFault({
  name: "reset",
  summary: "Open connections are reset, and new ones right after they were accepted.",
  kind: "world",
  places: ["link", "direction", "site"],
  isLossy: true,
  modes: { memory: true, loopback: true },
  parameters: [portParameter(), booleanParameter("spareNew", "only what is open when it begins is reset")],
  create: (given) => {
    const port = portOf(given);
    return reset({ spareNew: given["spareNew"] === true, ...(port === undefined ? {} : { port }) });
  },
});
