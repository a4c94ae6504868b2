// Slow, but moving: everything arrives later, by a fixed time and some jitter.
import type { LinkFault } from "./fault.ts";
import { defineFault, numberOf, numberParameter } from "./fault-kind.ts";

/** Adds `ms`, and up to `jitterMs` more by the chunk's luck, to the time of everything that crosses the link. */
export function latency(ms: number, jitterMs = 0): LinkFault {
  return {
    name: jitterMs === 0 ? `latency ${ms} ms` : `latency ${ms} to ${ms + jitterMs} ms`,
    plan: (delivery, { draw }) => [{ ...delivery, atMs: delivery.atMs + ms + Math.round(draw * jitterMs) }],
  };
}

export const latencyKind = defineFault({
  name: "latency",
  summary: "Everything arrives later, by a fixed time and up to some more; order is kept.",
  kind: "link",
  isLossy: false,
  modes: { memory: true, loopback: true },
  onLoopback: "the relay accepts a connection at once, and its first bytes wait for the handshake with the target",
  parameters: [
    numberParameter("ms", "ms", {
      summary: "how much later, one way",
      min: 0,
      max: 600_000,
      default: 200,
      gentle: 1,
      severe: 2000,
    }),
    numberParameter("jitterMs", "ms", {
      summary: "up to so much more, by each chunk's luck",
      min: 0,
      max: 600_000,
      default: 0,
      gentle: 0,
      severe: 1000,
    }),
  ],
  create: (given) => latency(numberOf(given, "ms"), numberOf(given, "jitterMs")),
});
