// The gateway's disk lies about what it has kept: a write that a power cut meets is there in part.
import type { WorldFault } from "./fault.ts";
import { defineFault } from "./fault-kind.ts";
import { heldFault, need } from "./held-fault.ts";

/** A write under way at a power cut leaves the first part of the new contents. Does nothing without a power cut. */
export function diskTorn(): WorldFault {
  const name = "disk tears writes";
  return heldFault(name, (world) => need(world.failDisk, name, "a disk that can fail")("torn"));
}

export const diskTornKind = defineFault({
  name: "disk-torn",
  summary: "A write that a power cut meets is there in part, as on a card that lies about what it has kept.",
  kind: "world",
  isLossy: false,
  modes: { memory: true, loopback: true },
  parameters: [],
  create: () => diskTorn(),
});
