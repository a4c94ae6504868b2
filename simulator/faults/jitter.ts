// Uneven: everything arrives later by its own luck, so that bytes sent evenly arrive in bunches.
import type { LinkFault } from "./fault.ts";
import { defineFault, numberOf, numberParameter } from "./fault-kind.ts";

/** Adds up to `ms` by the chunk's luck, most often little and seldom much: queues in routers are mostly short. */
export function jitter(ms: number): LinkFault {
  return {
    name: `jitter up to ${ms} ms`,
    // The cube of an even draw: half of all chunks wait less than an eighth of the worst.
    plan: (delivery, { draw }) => [{ ...delivery, atMs: delivery.atMs + Math.round(draw * draw * draw * ms) }],
  };
}

export const jitterKind = defineFault({
  name: "jitter",
  summary: "Chunks wait unevenly, most a little and few for long; nothing overtakes, so bytes arrive in bunches.",
  kind: "link",
  isLossy: false,
  modes: { memory: true, loopback: true },
  parameters: [
    numberParameter("ms", "ms", {
      summary: "the longest wait",
      min: 1,
      max: 600_000,
      default: 300,
      gentle: 5,
      severe: 3000,
    }),
  ],
  create: (given) => jitter(numberOf(given, "ms")),
});
