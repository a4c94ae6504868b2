// Bytes change on their way and their TCP checksum is put right, as a broken middlebox or memory does it.
import type { LinkFault } from "./fault.ts";
import { defineFault, numberOf, shareParameter } from "./fault-kind.ts";

/**
 * Turns over one bit of each chunk that is unlucky, with a probability of `share`. A clear connection gets the altered
 * byte. Under TLS no program ever gets it: the record's code no longer fits, and the receiver breaks the connection off.
 */
export function corrupt(share = 1): LinkFault {
  if (!(share > 0 && share <= 1)) throw new RangeError(`corrupt: ${share} is not a share above 0 and at most 1`);
  return {
    name: share === 1 ? "corrupt" : `corrupt ${Number((share * 100).toPrecision(3))} % of chunks`,
    plan: (delivery, { draw }) => {
      if (delivery.kind !== "bytes" || draw >= share) return [delivery];
      const bytes = new Uint8Array(delivery.bytes);
      // Within its share the draw is as even as before: it also says which bit.
      const bit = Math.floor((draw / share) * bytes.length * 8);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      return [{ ...delivery, bytes, isCorrupt: true }];
    },
  };
}

export const corruptKind = defineFault({
  name: "corrupt",
  summary: "One bit of a chunk is turned over: a clear connection gets the wrong byte, one under TLS breaks.",
  kind: "link",
  isLossy: true,
  modes: { memory: true, loopback: true },
  parameters: [
    shareParameter("share", {
      summary: "probability with which a chunk is altered",
      min: 0.0001,
      max: 1,
      default: 1,
      gentle: 0.001,
      severe: 0.3,
    }),
  ],
  create: (given) => corrupt(numberOf(given, "share")),
});
