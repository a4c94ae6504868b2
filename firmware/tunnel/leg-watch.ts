// Judges whether one side of a tunnel is alive, lost or stalled, from samples taken about once a second. Pure: no clock.
import type { DeliveryState } from "#hardware/ports.ts";

export interface LegLimits {
  /** Silence after which the leg is lost, although what is sent to it is being taken. */
  readonly lostAfterMs: number;
  /** How long the leg may take nothing of what waits for it. */
  readonly stalledAfterMs: number;
}

export interface LegSample {
  readonly nowMs: number;
  /** Bytes handed to the leg since it stood. */
  readonly sentBytes: number;
  /** Those of them that are still in our queues. */
  readonly queuedBytes: number;
  readonly delivery: DeliveryState | undefined;
  /** While we do not read from the leg, its silence says nothing. */
  readonly isReadingPaused: boolean;
}

export type LegVerdict = "alive" | "lost" | "stalled";

/**
 * Two kinds of evidence say "lost": unacknowledged bytes that the system keeps retransmitting, and, where the leg answers
 * pings, a missing answer. A missing answer alone proves nothing while the far end may have paused reading because of what
 * we sent: then it answers no ping although it lives.
 */
export class LegWatch {
  readonly #limits: LegLimits;
  readonly #answersPings: boolean;
  #heardAtMs: number;
  #silentFromMs: number;
  #deliveringAtMs: number;
  #progressAtMs: number;
  #waitingBytes = 0;
  #sentBytes = 0;
  /** Bytes that the far end has read for certain: those sent before the last ping that it answered. */
  #readBytes = 0;
  #pinged: number | undefined;
  /** When what the far end is to answer came to its system. */
  #askedAtMs: number;

  constructor(options: LegLimits & { readonly answersPings: boolean; readonly nowMs: number }) {
    this.#limits = options;
    this.#answersPings = options.answersPings;
    this.#heardAtMs = options.nowMs;
    this.#silentFromMs = options.nowMs;
    this.#deliveringAtMs = options.nowMs;
    this.#progressAtMs = options.nowMs;
    this.#askedAtMs = options.nowMs;
  }

  /** Something came from the leg. */
  heard(nowMs: number): void {
    this.#heardAtMs = nowMs;
    this.#silentFromMs = nowMs;
  }

  /** Whether a ping should be sent: not while one is unanswered. */
  get wantsPing(): boolean {
    return this.#answersPings && this.#pinged === undefined;
  }

  pinged(sentBytes: number): void {
    this.#pinged = sentBytes;
  }

  ponged(nowMs: number): void {
    this.heard(nowMs);
    this.#readBytes = this.#pinged ?? this.#readBytes;
    this.#pinged = undefined;
  }

  /** Whether the far end has read for certain as many bytes. */
  hasRead(sentBytes: number): boolean {
    return this.#readBytes >= sentBytes;
  }

  judge(sample: LegSample): LegVerdict {
    const { nowMs, queuedBytes, sentBytes, delivery, isReadingPaused } = sample;
    const unacknowledgedBytes = delivery?.unacknowledgedBytes ?? 0;
    const waitingBytes = queuedBytes + unacknowledgedBytes;
    const isRetransmitting = unacknowledgedBytes > 0 && (delivery?.retransmits ?? 0) > 0;
    if (!isRetransmitting) this.#deliveringAtMs = nowMs;
    if (isReadingPaused) this.#silentFromMs = nowMs;
    // Something was taken if less waits than what waited before and what came since.
    const isTaken = waitingBytes < this.#waitingBytes + (sentBytes - this.#sentBytes);
    if (waitingBytes === 0 || isTaken) this.#progressAtMs = nowMs;
    // Behind a long queue on a slow link not even the ping has come to the far end.
    if (sentBytes - waitingBytes < (this.#pinged ?? sentBytes)) this.#askedAtMs = nowMs;
    this.#waitingBytes = waitingBytes;
    this.#sentBytes = sentBytes;
    if (this.#isLost(sample, waitingBytes, isRetransmitting)) return "lost";
    return nowMs - this.#progressAtMs >= this.#limits.stalledAfterMs ? "stalled" : "alive";
  }

  #isLost({ nowMs, queuedBytes, sentBytes }: LegSample, waitingBytes: number, isRetransmitting: boolean): boolean {
    const { lostAfterMs, stalledAfterMs } = this.#limits;
    const undeliveredMs = nowMs - Math.max(this.#heardAtMs, this.#deliveringAtMs);
    if (isRetransmitting && undeliveredMs >= lostAfterMs) return true;
    if (!this.#answersPings) return false;
    const silenceMs = nowMs - this.#silentFromMs;
    if (silenceMs < lostAfterMs) return false;
    // Pings go out more often than every half limit, so a dead link has been retransmitting for that long.
    if (isRetransmitting && nowMs - this.#deliveringAtMs >= lostAfterMs / 2) return true;
    if (waitingBytes === 0 && this.#readBytes >= sentBytes) return true;
    // A far end that is paused ends the session itself at its own stall limit; beyond both limits it is gone.
    const unansweredMs = Math.min(silenceMs, nowMs - this.#askedAtMs);
    return queuedBytes === 0 && unansweredMs >= lostAfterMs + stalledAfterMs;
  }
}
