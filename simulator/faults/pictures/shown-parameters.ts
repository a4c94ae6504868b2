// Parameters with which each fault is drawn, where its defaults would not show in a second and a half.
import type { Parameters } from "../fault-kind.ts";

export const shownParameters: Readonly<Record<string, Parameters>> = {
  latency: { ms: 120, jitterMs: 0 },
  jitter: { ms: 300 },
  throttle: { bytesPerSecond: 6000 },
  slice: { bytes: 200, gapMs: 10 },
  "slow-reader": { bytesPerSecond: 6000 },
  loss: { share: 0.4, retransmitMs: 200 },
  corrupt: { share: 0.5 },
  duplicate: { afterMs: 60 },
  "duplicate-client-id": { againAfterMs: 250 },
};

/** The fault is there from here to there, in ms of the picture. */
export const shownFromMs = 300;
export const shownUntilMs = 900;
export const pictureMs = 1500;
