// Dark: nothing passes, not even an acknowledgement, and nobody is told.
import type { LinkFault } from "./fault.ts";
import { defineFault } from "./fault-kind.ts";

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

/** What a relay in user space cannot do. */
export const kernelAnswers =
  "the relay's own kernel still accepts connections and acknowledges what its buffers hold, and the relay reads none of it";

export const blackHoleKind = defineFault({
  name: "black-hole",
  summary:
    "Dark: nothing passes, no acknowledgement either, and nobody is told; what both still want comes afterwards.",
  kind: "link",
  isLossy: false,
  modes: { memory: true, loopback: true },
  onLoopback: kernelAnswers,
  parameters: [],
  create: () => blackHole(),
});
