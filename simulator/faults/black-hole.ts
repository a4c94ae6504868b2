// Dark: nothing passes, not even an acknowledgement, and nobody is told.
import type { LinkFault } from "./fault.ts";

/**
 * Holds everything until it is lifted, connection attempts, ends of stream and resets included: the senders' systems
 * keep retransmitting, so that whatever both ends still want arrives once the link is back.
 */
export function blackHole(): LinkFault {
  return {
    name: "black hole",
    isDark: true,
    plan: (delivery) => [{ ...delivery, atMs: Number.POSITIVE_INFINITY }],
  };
}
