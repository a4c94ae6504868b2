// The gateway's disk takes no change any more, as a worn card does or a file system after an error.
import type { WorldFault } from "./fault.ts";
import { defineFault } from "./fault-kind.ts";
import { heldFault, need } from "./held-fault.ts";

/** Each write and removal fails with EROFS until it ends. */
export function diskReadOnly(): WorldFault {
  const name = "disk read-only";
  return heldFault(name, (world) => need(world.failDisk, name, "a disk that can fail")("read-only"));
}

export const diskReadOnlyKind = defineFault({
  name: "disk-read-only",
  summary: "The gateway's disk takes no change any more: writes and removals fail with EROFS.",
  kind: "world",
  isLossy: false,
  modes: { memory: true, loopback: true },
  parameters: [],
  create: () => diskReadOnly(),
});
