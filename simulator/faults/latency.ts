// Slow, but moving: everything arrives later, by a fixed time and some jitter.
import type { LinkFault } from "./fault.ts";

/** Adds `ms`, and up to `jitterMs` more by the chunk's luck, to the time of everything that crosses the link. */
export function latency(ms: number, jitterMs = 0): LinkFault {
  return {
    name: jitterMs === 0 ? `latency ${ms} ms` : `latency ${ms} to ${ms + jitterMs} ms`,
    plan: (delivery, { draw }) => [{ ...delivery, atMs: delivery.atMs + ms + Math.round(draw * jitterMs) }],
  };
}
