// Watches an MQTT connection for silence on our clock: pings a quiet cloud, and says when nothing has come for too long.
import type { Clock, TimerHandle } from "#hardware/ports.ts";

/** After this silence the cloud is pinged, and after the next it is given up: within 20 s of its last sign of life. */
export const pingAfterMs = 8_000;
export const silenceMaxMs = 18_000;
/** How often it is seen to a ping that could not be sent, because there is no session yet. */
const silenceCheckMs = 1_000;

export interface SilenceEvents {
  /** False if it cannot be sent now. */
  ping(): boolean;
  /** Nothing came, not even the answer to a ping. Told once. */
  silent(): void;
}

/** mqtt.js pings only when nothing was sent either, so publishing into a dead link would keep it looking alive. */
export class SilenceWatch {
  readonly #clock: Clock;
  readonly #events: SilenceEvents;
  #timer: TimerHandle | undefined;
  #heardAtMs = 0;
  #isPinging = false;

  constructor(clock: Clock, events: SilenceEvents) {
    this.#clock = clock;
    this.#events = events;
  }

  start(): void {
    this.heard();
    this.#look();
  }

  /** A packet has come. */
  heard(): void {
    this.#heardAtMs = this.#clock.monotonicMs();
    this.#isPinging = false;
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
  }

  #look(): void {
    this.#timer = this.#clock.setTimeout(() => {
      const silenceMs = this.#clock.monotonicMs() - this.#heardAtMs;
      if (silenceMs >= silenceMaxMs) {
        this.#events.silent();
        return;
      }
      if (silenceMs >= pingAfterMs && !this.#isPinging) this.#isPinging = this.#events.ping();
      this.#look();
    }, this.#nextLookMs());
  }

  /** Until the silence may have become too long for something: a processor that is not woken for nothing sleeps. */
  #nextLookMs(): number {
    const silenceMs = this.#clock.monotonicMs() - this.#heardAtMs;
    const nextMs = silenceMs < pingAfterMs ? pingAfterMs : silenceMaxMs;
    const isPingDue = silenceMs >= pingAfterMs && !this.#isPinging;
    // After an answer in the meantime the next ping is due no earlier than so long from now.
    return isPingDue ? silenceCheckMs : Math.max(1, Math.min(nextMs - silenceMs, pingAfterMs));
  }
}
