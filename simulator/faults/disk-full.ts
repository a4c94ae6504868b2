// The gateway's disk is full: every write fails, and what is there can be read and removed.
import type { WorldFault } from "./fault.ts";
import { defineFault } from "./fault-kind.ts";
import { heldFault, need } from "./held-fault.ts";

/** Each write fails with ENOSPC until it ends. */
export function diskFull(): WorldFault {
  const name = "disk full";
  return heldFault(name, (world) => need(world.failDisk, name, "a disk that can fail")("full"));
}

export const diskFullKind = defineFault({
  name: "disk-full",
  summary: "The gateway's disk is full: writes fail with ENOSPC, what is there can be read.",
  kind: "world",
  isLossy: false,
  modes: { memory: true, loopback: true },
  parameters: [],
  create: () => diskFull(),
});
