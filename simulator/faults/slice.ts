// Small reads: bytes arrive in pieces, each on a turn of its own.
import type { Delivery, LinkFault } from "./fault.ts";
import { defineFault, numberOf, numberParameter } from "./fault-kind.ts";

/** Cuts what arrives into pieces of `bytes`, `gapMs` apart (0: at the same time but on later turns). */
export function slice(bytes: number, gapMs = 0): LinkFault {
  if (!Number.isInteger(bytes) || bytes < 1) throw new RangeError(`slice: ${bytes} is not a number of bytes from 1 up`);
  return {
    name: gapMs === 0 ? `slice to ${bytes} bytes` : `slice to ${bytes} bytes every ${gapMs} ms`,
    plan: (delivery, { previousAtMs }) => {
      if (delivery.kind !== "bytes") return [delivery];
      const pieces: Delivery[] = [];
      const firstAtMs = Math.max(delivery.atMs, previousAtMs + gapMs);
      for (let at = 0; at < delivery.bytes.length; at += bytes) {
        const piece = delivery.bytes.subarray(at, at + bytes);
        pieces.push({ ...delivery, bytes: piece, atMs: firstAtMs + pieces.length * gapMs });
      }
      return pieces;
    },
  };
}

export const sliceKind = defineFault({
  name: "slice",
  summary: "Bytes arrive in small pieces, each on a turn of its own, with a gap between them if one is given.",
  kind: "link",
  isLossy: false,
  modes: { memory: true, loopback: true },
  onLoopback: "the receiving system joins pieces that its program has not read yet",
  parameters: [
    numberParameter("bytes", "bytes", {
      summary: "size of a piece",
      min: 1,
      max: 65_536,
      default: 1,
      gentle: 4096,
      severe: 7,
    }),
    numberParameter("gapMs", "ms", {
      summary: "time between two pieces; 0: the same time on later turns",
      min: 0,
      max: 600_000,
      default: 0,
    }),
  ],
  create: (given) => slice(numberOf(given, "bytes"), numberOf(given, "gapMs")),
});
