// A connection attempt arrives twice: the far program gets two connections for one dial, the second with nobody behind it.
import type { LinkFault } from "./fault.ts";
import { defineFault, numberOf, numberParameter } from "./fault-kind.ts";

/**
 * As a middlebox does that dials again what it has already dialled: the second attempt comes `afterMs` later from a port
 * of its own, is accepted, and is reset as soon as its acceptance comes back. Bytes are never doubled: TCP drops those.
 */
export function duplicate(afterMs = 50): LinkFault {
  return {
    name: `duplicate connection attempts after ${afterMs} ms`,
    plan: (delivery) =>
      delivery.kind === "open" && delivery.isStray !== true
        ? [delivery, { ...delivery, atMs: delivery.atMs + afterMs, isStray: true }]
        : [delivery],
  };
}

export const duplicateKind = defineFault({
  name: "duplicate",
  summary: "Each connection attempt arrives a second time; the second connection has nobody behind it and is reset.",
  kind: "link",
  isLossy: false,
  modes: { memory: true, loopback: true },
  parameters: [
    numberParameter("afterMs", "ms", {
      summary: "how much later the second one comes",
      min: 0,
      max: 600_000,
      default: 50,
      gentle: 0,
      severe: 1000,
    }),
  ],
  create: (given) => duplicate(numberOf(given, "afterMs")),
});
