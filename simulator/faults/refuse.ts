// The far host is up and nothing listens: connections are refused.
import type { WorldFault } from "./fault.ts";
import { defineFault, portOf, portParameter } from "./fault-kind.ts";

/** Refuses each new connection, to `port` only if one is named. What is already connected lives on. */
export function refuse(options: { readonly port?: number } = {}): WorldFault {
  return {
    name: options.port === undefined ? "refuse" : `refuse port ${options.port}`,
    onConnect: (attempt) => {
      if (options.port !== undefined && options.port !== attempt.port) return false;
      attempt.refuse();
      return true;
    },
  };
}

export const refuseKind = defineFault({
  name: "refuse",
  summary: "New connections are refused, as if nothing listened; what is connected lives on.",
  kind: "world",
  places: ["link", "direction", "site"],
  isLossy: false,
  modes: { memory: true, loopback: true },
  onLoopback: "with a probability, an unlucky connection is accepted by the relay's kernel and then reset",
  parameters: [portParameter()],
  create: (given) => {
    const port = portOf(given);
    return refuse(port === undefined ? {} : { port });
  },
});
