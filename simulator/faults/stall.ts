// Frozen, but alive: the far host's system answers and acknowledges, while its program takes no byte.
import type { LinkFault } from "./fault.ts";

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
