// The far program reads slowly: its system takes and acknowledges what fits the window, and then stops the sender.
import type { Delivery, LinkFault } from "./fault.ts";
import { defineFault, numberOf, numberParameter } from "./fault-kind.ts";

/** How often the program reads. */
const readEveryMs = 100;

/**
 * The far program takes `bytesPerSecond`. Unlike under a throttle its system already has the bytes: the sender's sees them
 * acknowledged, and is stopped by the full window and not by the line.
 */
export function slowReader(bytesPerSecond: number): LinkFault {
  if (!(bytesPerSecond > 0)) throw new RangeError(`slow reader: ${bytesPerSecond} is not a number of bytes above 0`);
  const readBytes = Math.max(1, Math.floor((bytesPerSecond * readEveryMs) / 1000));
  return {
    name: `slow reader of ${bytesPerSecond} bytes/s`,
    plan: (delivery, { nowMs, sinceMs = nowMs, previousAtMs }) => {
      if (delivery.kind !== "bytes" || delivery.atMs === Number.POSITIVE_INFINITY) return [delivery];
      const takenAtMs = delivery.takenAtMs ?? delivery.atMs;
      const pieces: Delivery[] = [];
      let readAtMs = Math.max(previousAtMs, delivery.atMs, sinceMs);
      for (let at = 0; at < delivery.bytes.length; at += readBytes) {
        const bytes = delivery.bytes.subarray(at, at + readBytes);
        readAtMs += (bytes.length * 1000) / bytesPerSecond;
        pieces.push({ ...delivery, bytes, atMs: readAtMs, takenAtMs });
      }
      return pieces;
    },
  };
}

export const slowReaderKind = defineFault({
  name: "slow-reader",
  summary: "The far program reads slowly: bytes are acknowledged until the window is full, then the sender must wait.",
  kind: "link",
  isLossy: false,
  modes: { memory: true, loopback: true },
  parameters: [
    numberParameter("bytesPerSecond", "bytes/s", {
      summary: "what the program takes",
      min: 1,
      max: 1_000_000_000,
      default: 2000,
      gentle: 100_000,
      severe: 200,
    }),
  ],
  create: (given) => slowReader(numberOf(given, "bytesPerSecond")),
});
