// Frozen, but alive: the far host's system answers and acknowledges, while its program takes no byte.
import type { LinkFault } from "./fault.ts";
import { defineFault, numberOf, numberParameter } from "./fault-kind.ts";

/**
 * Holds bytes until it is lifted, from place `afterBytes` of a connection's direction on. New connections are accepted
 * and an end of stream with nothing before it passes, as a system does these for a program that is frozen.
 */
export function stall(options: { readonly afterBytes?: number } = {}): LinkFault {
  const afterBytes = options.afterBytes ?? 0;
  return {
    name: afterBytes === 0 ? "stall" : `stall after ${afterBytes} bytes`,
    plan: (delivery, { offsetBytes }) => {
      if (delivery.kind !== "bytes") return [delivery];
      const passing = Math.min(Math.max(0, afterBytes - offsetBytes), delivery.bytes.length);
      if (passing === delivery.bytes.length) return [delivery];
      const held = { ...delivery, bytes: delivery.bytes.subarray(passing), atMs: Number.POSITIVE_INFINITY };
      return passing === 0 ? [held] : [{ ...delivery, bytes: delivery.bytes.subarray(0, passing) }, held];
    },
  };
}

export const stallKind = defineFault({
  name: "stall",
  summary: "Frozen but alive: the far system accepts and acknowledges while its program takes no byte.",
  kind: "link",
  isLossy: false,
  modes: { memory: true, loopback: true },
  parameters: [
    numberParameter("afterBytes", "bytes", {
      summary: "lets so many bytes of a connection's direction pass first",
      min: 0,
      max: 2 ** 40,
      default: 0,
      gentle: 65_536,
      severe: 0,
    }),
  ],
  create: (given) => stall({ afterBytes: numberOf(given, "afterBytes") }),
});
