// A second device bears the gateway's identity, as a board does whose card was copied: the broker lets in only the newer one.
import type { WorldFault } from "./fault.ts";
import { defineFault, numberOf, numberParameter } from "./fault-kind.ts";
import { heldFault, need } from "./held-fault.ts";

/** The double connects when it begins, and again `againAfterMs` after each time that it was put out. */
export function duplicateClientId(againAfterMs = 30_000): WorldFault {
  const name = `duplicate client id, again after ${againAfterMs} ms`;
  return heldFault(name, (world) =>
    need(world.duplicateClient, name, "a gateway whose login can be copied")({ againAfterMs }),
  );
}

export const duplicateClientIdKind = defineFault({
  name: "duplicate-client-id",
  summary: "A second device with the gateway's identity connects over and over; each puts the other out.",
  kind: "world",
  isLossy: false,
  modes: { memory: true, loopback: true },
  parameters: [
    numberParameter("againAfterMs", "ms", {
      summary: "how long the double waits before it connects again",
      min: 100,
      max: 3_600_000,
      default: 30_000,
      gentle: 120_000,
      severe: 1000,
    }),
  ],
  create: (given) => duplicateClientId(numberOf(given, "againAfterMs")),
});
