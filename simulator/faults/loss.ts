// Segments are lost: TCP sends them again, so that a program sees no gap but a delay, longer with each further loss.
import type { LinkFault, PlanContext } from "./fault.ts";
import { defineFault, numberOf, numberParameter, shareParameter } from "./fault-kind.ts";

const segmentBytes = 1460;
/** Linux gives up after 15; by then half an hour has passed. */
const lossesMax = 15;
/** A handshake has no measured round trip to go by: RFC 6298 starts at 1 s. */
const handshakeRetransmitMs = 1000;

export interface LossOptions {
  /** Time after which a lost segment is sent again; doubled for each further loss of it. Linux takes at least 200. */
  readonly retransmitMs?: number;
}

/** Loses each segment with a probability of `share`. Everything behind a lost one waits for it, as a stream must. */
export function loss(share: number, options: LossOptions = {}): LinkFault {
  if (!(share > 0 && share < 1)) throw new RangeError(`loss: ${share} is not a share above 0 and below 1`);
  const { retransmitMs = 200 } = options;
  return {
    name: `loss of ${Number((share * 100).toPrecision(3))} % of segments`,
    plan: (delivery, { draw }) => {
      const segments = Math.max(1, Math.ceil(delivery.bytes.length / segmentBytes));
      const losses = lossesOf(draw, share, segments);
      if (losses === 0) return [delivery];
      const firstMs = delivery.kind === "bytes" || delivery.kind === "end" ? retransmitMs : handshakeRetransmitMs;
      return [{ ...delivery, atMs: delivery.atMs + firstMs * (2 ** losses - 1), retransmitMs: firstMs }];
    },
  };
}

/** How often the unluckiest of so many segments is lost. */
function lossesOf(draw: PlanContext["draw"], share: number, segments: number): number {
  const any = 1 - (1 - share) ** segments;
  if (draw >= any) return 0;
  // Given that one was lost, it is lost again with a probability of `share` each time.
  let losses = 1;
  for (let odds = any * share; draw < odds && losses < lossesMax; odds *= share) losses += 1;
  return losses;
}

export const lossKind = defineFault({
  name: "loss",
  summary: "Segments are lost and sent again: no gap, but a delay that doubles with each further loss.",
  kind: "link",
  isLossy: false,
  modes: { memory: true, loopback: true },
  parameters: [
    shareParameter("share", {
      summary: "probability with which a segment is lost",
      min: 0.0001,
      max: 0.9,
      default: 0.05,
      gentle: 0.001,
      severe: 0.3,
    }),
    numberParameter("retransmitMs", "ms", {
      summary: "time until a lost segment is sent again for the first time",
      min: 1,
      max: 60_000,
      default: 200,
    }),
  ],
  create: (given) => loss(numberOf(given, "share"), { retransmitMs: numberOf(given, "retransmitMs") }),
});
