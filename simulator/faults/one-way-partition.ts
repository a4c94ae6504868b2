// Dark in one direction: what one host sends is lost, what the other sends arrives and its acknowledgements are lost.
import { kernelAnswers } from "./black-hole.ts";
import type { LinkFault } from "./fault.ts";
import { defineFault } from "./fault-kind.ts";

/**
 * To be laid with `site.from(a).to(b)`: nothing that `a` sends arrives. What `b` sends does, and nobody acknowledges it, so
 * that `b` stops when its window is full. What both still want arrives once it is lifted.
 */
export function oneWayPartition(): LinkFault {
  return {
    name: "one-way partition",
    isDark: true,
    isOneWay: true,
    plan: (delivery) => [{ ...delivery, atMs: Number.POSITIVE_INFINITY }],
  };
}

export const oneWayPartitionKind = defineFault({
  name: "one-way-partition",
  summary: "Dark in one direction: the other one's bytes arrive, and the acknowledgements of them are missing.",
  kind: "link",
  places: ["direction"],
  isLossy: false,
  modes: { memory: true, loopback: true },
  onLoopback: kernelAnswers,
  parameters: [],
  create: () => oneWayPartition(),
});
