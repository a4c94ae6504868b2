// Small reads: bytes arrive in pieces, each on a turn of its own.
import type { Delivery, LinkFault } from "./fault.ts";

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
