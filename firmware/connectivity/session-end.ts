// What follows from the end of a connection: how long to wait, and whether another device has this gateway's client id.
import { backOffMs, soonMs } from "./back-off.ts";
import type { NextTry } from "./mqtt-connection.ts";
import { isLoginRefusal, type OfflineReason } from "./offline-reason.ts";

/** How far a connection came. */
export type Standing = "no" | "online" | "lasting";

export interface EndFacts {
  /** Failures since the last lasting connection. */
  readonly attempt: number;
  /** Refusals of the login in a row. */
  readonly loginRefusals: number;
  /** Connections in a row that came online and were closed soon and without a word. */
  readonly silentEnds: number;
  readonly standing: Standing;
}

export interface Judgement extends Omit<EndFacts, "standing"> {
  readonly reason: OfflineReason;
  readonly retryInMs: number;
}

/**
 * Silent ends in a row that are a takeover. A cloud that restarts, or is updated, closes fewer in a row; two gateways of
 * one id come to as many within a minute or two.
 */
export const silentEndsMax = 5;
/** The wait after a takeover: twice as long after each, up to the last one, and half of it by luck: no two fight in step. */
const takeoverWaitsMs = [120_000, 240_000, 480_000] as const;

/** `draw` is a random number in [0, 1). */
export function judgeEnd(
  facts: EndFacts,
  end: { readonly reason: OfflineReason; readonly draw: number; readonly next?: NextTry },
): Judgement {
  const { reason, draw } = end;
  const isSilent = reason === "mqtt.closed" && facts.standing === "online";
  const silentEnds = isSilent ? facts.silentEnds + 1 : isBeside(reason, facts) ? facts.silentEnds : 0;
  const attempt = facts.attempt + 1;
  const loginRefusals = isLoginRefusal(reason) ? facts.loginRefusals + 1 : 0;
  if (!isSilent || silentEnds < silentEndsMax) {
    const retryInMs = end.next === "soon" ? soonMs(draw) : backOffMs(attempt, draw);
    return { reason, attempt, loginRefusals, silentEnds, retryInMs };
  }
  return { reason: "mqtt.taken-over", attempt, loginRefusals, silentEnds, retryInMs: takeoverWaitMs(silentEnds, draw) };
}

/** Two devices that come at the same time also put each other out before either is online. */
function isBeside(reason: OfflineReason, { standing }: EndFacts): boolean {
  return reason === "mqtt.closed" && standing === "no";
}

function takeoverWaitMs(silentEnds: number, draw: number): number {
  const ceiling = takeoverWaitsMs[Math.min(silentEnds - silentEndsMax, takeoverWaitsMs.length - 1)] ?? 0;
  return Math.floor(ceiling * (0.5 + draw / 2));
}
