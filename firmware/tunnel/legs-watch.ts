// Looks after both legs of a tunnel about once a second: pings the cloud, asks for delivery, reports a leg that is lost or stalled.
import type { Clock, Connection, DeliveryState, TimerHandle } from "#hardware/ports.ts";
import type { TunnelSettings } from "../config/gateway-config.ts";
import type { Forwarder } from "./forwarder.ts";
import { type LegVerdict, LegWatch } from "./leg-watch.ts";

export type Side = "panel" | "cloud";

/** Of all tunnels at the same moments, so that the port can answer what they ask of delivery with one read. */
const lookEveryMs = 1_000;
/** Nearest to it: a look comes a little early or late. */
export const pingEveryMs = 5_000;
/**
 * Added to the stall limit towards the cloud: when a client takes nothing, the cloud notices it first and can say so;
 * the gateway could only say that the cloud is lost.
 */
export const cloudStallGraceMs = 5_000;

interface LegsWatchOptions {
  readonly clock: Clock;
  readonly settings: TunnelSettings;
  readonly connections: Readonly<Record<Side, Connection>>;
  readonly forwarder: Forwarder;
  /** A side is not alive any more. May be called again for a side until it is cut. */
  ended(side: Side, verdict: Exclude<LegVerdict, "alive">): void;
  /** Called at each look, with how far the cloud has what was handed to its connection. */
  looked(delivered: CloudDelivery): void;
}

/** `under-way`: not acknowledged by the far system. `taken`: its program may still have to read it. */
export type CloudDelivery = "under-way" | "taken" | "read";

export class LegsWatch {
  readonly #options: LegsWatchOptions;
  readonly #watches: Readonly<Record<Side, LegWatch>>;
  /** Per side what had been sent when last nothing was unacknowledged: until more is sent there is nothing to ask. */
  readonly #settledAtBytes: Record<Side, number | undefined> = { panel: undefined, cloud: undefined };
  /** When the cloud was last pinged, or told that we live. */
  #spokeAtMs: number;
  #timer: TimerHandle | undefined;
  #isStopped = false;

  constructor(options: LegsWatchOptions) {
    const { clock, settings } = options;
    const { lostAfterMs, stalledAfterMs } = settings;
    const nowMs = clock.monotonicMs();
    this.#options = options;
    this.#spokeAtMs = nowMs;
    this.#watches = {
      panel: new LegWatch({ lostAfterMs, stalledAfterMs, answersPings: false, nowMs }),
      cloud: new LegWatch({
        lostAfterMs,
        stalledAfterMs: stalledAfterMs + cloudStallGraceMs,
        answersPings: true,
        nowMs,
      }),
    };
    this.#lookLater();
  }

  heard(side: Side): void {
    this.#watches[side].heard(this.#options.clock.monotonicMs());
  }

  ponged(): void {
    this.#watches.cloud.ponged(this.#options.clock.monotonicMs());
  }

  stop(): void {
    this.#isStopped = true;
    this.#options.clock.clearTimeout(this.#timer);
  }

  #lookLater(): void {
    const { clock } = this.#options;
    const delayMs = lookEveryMs - (clock.monotonicMs() % lookEveryMs);
    // Cannot be rejected by a port: what the system knows of delivery is asked for with care.
    this.#timer = clock.setTimeout(
      () => void this.#look(),
      delayMs < lookEveryMs / 2 ? delayMs + lookEveryMs : delayMs,
    );
  }

  async #look(): Promise<void> {
    this.#ping();
    const [panel, cloud] = await Promise.all([this.#delivery("panel"), this.#delivery("cloud")]);
    this.#judge({ panel, cloud });
  }

  #judge(delivery: Readonly<Record<Side, DeliveryState | undefined>>): void {
    if (this.#isStopped) return;
    this.#lookLater();
    for (const side of ["panel", "cloud"] as const) {
      if (this.#isGone(side)) continue;
      const verdict = this.#watches[side].judge({
        nowMs: this.#options.clock.monotonicMs(),
        sentBytes: this.#sentBytes(side),
        queuedBytes: this.#options.forwarder.queuedBytes(side),
        delivery: delivery[side],
        isReadingPaused: this.#options.forwarder.isPaused(side),
      });
      if (verdict !== "alive") this.#options.ended(side, verdict);
    }
    this.#options.looked(this.#cloudDelivery(delivery.cloud));
  }

  #cloudDelivery(state: DeliveryState | undefined): CloudDelivery {
    if ((state?.unacknowledgedBytes ?? 0) > 0) return "under-way";
    return this.#watches.cloud.hasRead(this.#sentBytes("cloud")) ? "read" : "taken";
  }

  #ping(): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#spokeAtMs < pingEveryMs - lookEveryMs / 2 || this.#isGone("cloud")) return;
    this.#spokeAtMs = nowMs;
    if (!this.#watches.cloud.wantsPing) {
      // We may have stopped reading for a slow panel: then neither our ping's answer nor the cloud's own ping is seen.
      this.#options.forwarder.tellAlive();
      return;
    }
    this.#watches.cloud.pinged(this.#sentBytes("cloud"));
    this.#settledAtBytes.cloud = undefined;
    this.#options.forwarder.ping();
  }

  async #delivery(side: Side): Promise<DeliveryState | undefined> {
    const sentBytes = this.#sentBytes(side);
    if (this.#isGone(side) || this.#settledAtBytes[side] === sentBytes) {
      return { unacknowledgedBytes: 0, retransmits: 0 };
    }
    // A port that fails here knows as little as one that cannot tell.
    const state = await this.#options.connections[side].delivery().catch(() => undefined);
    const isQueueEmpty = this.#options.forwarder.queuedBytes(side) === 0;
    const isSettled = isQueueEmpty && state?.unacknowledgedBytes === 0 && this.#sentBytes(side) === sentBytes;
    this.#settledAtBytes[side] = isSettled ? sentBytes : undefined;
    return state;
  }

  #sentBytes(side: Side): number {
    return side === "panel" ? this.#options.forwarder.bytesUp : this.#options.forwarder.bytesDown;
  }

  #isGone(side: Side): boolean {
    return side === "panel" ? this.#options.forwarder.isPanelGone : this.#options.forwarder.isCloudGone;
  }
}
