// When a leg of a tunnel counts as alive, lost or stalled: stories of samples, one a second.
import { describe, expect, test } from "vitest";
import { type LegSample, LegWatch } from "#firmware/tunnel/leg-watch.ts";

interface Second {
  readonly sent?: number;
  readonly queued?: number;
  readonly unacknowledged?: number;
  readonly retransmits?: number;
  readonly paused?: boolean;
  readonly heard?: boolean;
  readonly ponged?: boolean;
  /** No delivery state at all. */
  readonly unknown?: boolean;
}

/** Runs a story and says in which second (from 1) the leg was given up, and how. */
function story(answersPings: boolean, second: (at: number) => Second, seconds = 200): string {
  const watch = new LegWatch({ lostAfterMs: 20_000, stalledAfterMs: 30_000, answersPings, nowMs: 0 });
  for (let at = 1; at <= seconds; at++) {
    const { sent = 0, queued = 0, unacknowledged = 0, retransmits = 0, paused = false, ...rest } = second(at);
    if (rest.heard) watch.heard(at * 1_000);
    if (rest.ponged) watch.ponged(at * 1_000);
    if (at % 5 === 0 && watch.wantsPing) watch.pinged(sent);
    const delivery = rest.unknown ? undefined : { unacknowledgedBytes: unacknowledged, retransmits };
    const sample: LegSample = {
      nowMs: at * 1_000,
      sentBytes: sent,
      queuedBytes: queued,
      delivery,
      isReadingPaused: paused,
    };
    const verdict = watch.judge(sample);
    if (verdict !== "alive") return `${verdict} at ${at} s`;
  }
  return "alive";
}

describe("a panel, which answers no pings", () => {
  test.each([
    { what: "says nothing and is sent nothing", second: () => ({}), verdict: "alive" },
    { what: "is typed to and acknowledges", second: (at: number) => ({ sent: at }), verdict: "alive" },
    {
      what: "is typed to and the system retransmits",
      second: (at: number) => ({ sent: at, unacknowledged: at, retransmits: Math.ceil(Math.log2(at + 1)) }),
      verdict: "lost at 20 s",
    },
    {
      what: "is typed to from the tenth second on, when the link dies",
      second: (at: number) => ({
        sent: Math.max(0, at - 9),
        unacknowledged: Math.max(0, at - 9),
        retransmits: at > 10 ? 3 : 0,
      }),
      verdict: "lost at 30 s",
    },
    {
      what: "talks although our bytes need retransmission",
      second: (at: number) => ({ sent: at, unacknowledged: 5, retransmits: 1, heard: true }),
      verdict: "alive",
    },
    {
      what: "gets retransmissions that succeed now and then",
      second: (at: number) => ({ sent: at * 100, unacknowledged: 500, retransmits: at % 15 === 0 ? 0 : 2 }),
      verdict: "alive",
    },
    {
      what: "takes nothing of what waits in our queue",
      second: () => ({ sent: 100_000, queued: 60_000 }),
      verdict: "stalled at 31 s",
    },
    {
      what: "takes nothing of what waits in the system",
      second: () => ({ sent: 100_000, unacknowledged: 60_000 }),
      verdict: "stalled at 31 s",
    },
    {
      what: "takes a little every half minute",
      second: (at: number) => ({ sent: 1_000_000, queued: 900_000 - Math.floor(at / 29) }),
      verdict: "alive",
    },
    {
      what: "takes as much as comes, so that the queue keeps its length",
      second: (at: number) => ({ sent: at * 1_000, queued: 60_000 }),
      verdict: "alive",
    },
    {
      what: "takes nothing while more comes",
      second: (at: number) => ({ sent: at * 1_000, queued: at * 1_000 }),
      verdict: "stalled at 30 s",
    },
    {
      what: "is not read from and needs retransmission",
      second: () => ({ sent: 9, unacknowledged: 9, retransmits: 4, paused: true }),
      verdict: "lost at 20 s",
    },
    {
      what: "takes nothing, and the system knows nothing of delivery",
      second: () => ({ sent: 100_000, queued: 60_000, unknown: true }),
      verdict: "stalled at 31 s",
    },
  ])("that $what: $verdict", ({ second, verdict }) => {
    expect(story(false, second)).toBe(verdict);
  });
});

describe("the cloud, which answers pings", () => {
  test.each([
    { what: "answers", second: (at: number) => ({ ponged: at % 5 === 1 }), verdict: "alive" },
    { what: "answers nothing and was sent nothing", second: () => ({}), verdict: "lost at 20 s" },
    {
      what: "answers nothing while the ping is retransmitted",
      second: (at: number) => ({ unacknowledged: at > 5 ? 6 : 0, retransmits: at > 5 ? 3 : 0 }),
      verdict: "lost at 20 s",
    },
    {
      what: "answers nothing while we stream and the system retransmits",
      second: (at: number) => ({ sent: at * 1_000, queued: 60_000, unacknowledged: 60_000, retransmits: 5 }),
      verdict: "lost at 20 s",
    },
    {
      what: "answers no ping because it is paused, but pings itself",
      second: (at: number) => ({ sent: 5_000, heard: at % 5 === 0 }),
      verdict: "alive",
    },
    {
      what: "answers nothing, having acknowledged bytes that it may not have read",
      second: () => ({ sent: 5_000 }),
      verdict: "lost at 50 s",
    },
    {
      what: "answers nothing, having acknowledged them, where the system knows nothing of delivery",
      second: () => ({ sent: 5_000, unknown: true }),
      verdict: "lost at 50 s",
    },
    {
      what: "has read all and falls silent in the twelfth second",
      second: (at: number) => ({ sent: 5_000, ponged: at === 7 || at === 11 }),
      verdict: "lost at 31 s",
    },
    {
      what: "takes nothing of what waits although it pings",
      second: () => ({ sent: 100_000, queued: 60_000, heard: true }),
      verdict: "stalled at 31 s",
    },
    {
      what: "takes what waits slowly and answers nothing meanwhile",
      second: (at: number) => ({ sent: 2_000_000, queued: 1_900_000 - at * 1_000 }),
      verdict: "alive",
    },
    {
      what: "takes what waits in the system slowly and answers nothing meanwhile",
      second: (at: number) => ({ sent: 300_000, unacknowledged: 300_000 - at * 1_000 }),
      verdict: "alive",
    },
    {
      what: "answers nothing for long after it has taken what waited",
      second: (at: number) => ({ sent: 60_000, unacknowledged: Math.max(0, 60_000 - at * 1_000) }),
      verdict: "lost at 109 s",
    },
    {
      what: "is silent while we do not read from it",
      second: () => ({ paused: true }),
      verdict: "alive",
    },
    {
      what: "is read from again after a minute and says nothing",
      second: (at: number) => ({ paused: at < 60 }),
      verdict: "lost at 79 s",
    },
  ])("that $what: $verdict", ({ second, verdict }) => {
    expect(story(true, second)).toBe(verdict);
  });
});
