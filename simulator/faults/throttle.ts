// Narrow: so many bytes a second and direction of each connection, as through a thin line.
import type { Delivery, LinkFault } from "./fault.ts";
import { defineFault, numberOf, numberParameter } from "./fault-kind.ts";

/** What travels as one on a thin line: the payload of a TCP segment on Ethernet. */
const segmentBytes = 1460;
/** On a wide line segments are planned together, so many ms' worth of them. */
const togetherMs = 20;

/**
 * Each segment arrives when its last byte has passed a line that takes `bytesPerSecond`. What waits for the line is bounded
 * by the connection's window; its bytes are unacknowledged all that time. Each direction of each connection has a line of
 * its own. Ends and resets wait for the bytes before them and take no time themselves.
 */
export function throttle(bytesPerSecond: number): LinkFault {
  if (!(bytesPerSecond > 0)) throw new RangeError(`throttle: ${bytesPerSecond} is not a number of bytes above 0`);
  const pieceBytes = Math.max(segmentBytes, Math.round((bytesPerSecond * togetherMs) / 1000));
  return {
    name: `throttle to ${bytesPerSecond} bytes/s`,
    plan: (delivery, { nowMs, sinceMs = nowMs, previousAtMs }) => {
      if (delivery.kind !== "bytes") return [delivery];
      if (delivery.atMs === Number.POSITIVE_INFINITY) return [delivery];
      const pieces: Delivery[] = [];
      // The past is no time to send in: what a black hole held comes through the line like everything else.
      let freeAtMs = Math.max(previousAtMs, delivery.atMs, sinceMs);
      for (let at = 0; at < delivery.bytes.length; at += pieceBytes) {
        const bytes = delivery.bytes.subarray(at, at + pieceBytes);
        freeAtMs += (bytes.length * 1000) / bytesPerSecond;
        pieces.push({ ...delivery, bytes, atMs: freeAtMs });
      }
      return pieces;
    },
  };
}

export const throttleKind = defineFault({
  name: "throttle",
  summary: "A thin line: so many bytes a second in each direction of each connection; what waits is unacknowledged.",
  kind: "link",
  isLossy: false,
  modes: { memory: true, loopback: true },
  onLoopback: "what waits is acknowledged, as the relay's own kernel has it",
  parameters: [
    numberParameter("bytesPerSecond", "bytes/s", {
      summary: "what the line takes",
      min: 1,
      max: 1_000_000_000,
      default: 8000,
      gentle: 1_000_000,
      severe: 500,
    }),
  ],
  create: (given) => throttle(numberOf(given, "bytesPerSecond")),
});
