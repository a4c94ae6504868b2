// When the watches of tunnels look at their legs: all at the same moments, whenever each of them began.
import { expect, test } from "vitest";
import type { TunnelSettings } from "#firmware/config/gateway-config.ts";
import type { Forwarder } from "#firmware/tunnel/forwarder.ts";
import { LegsWatch } from "#firmware/tunnel/legs-watch.ts";
import type { Clock, Connection, TimerHandle } from "#hardware/ports.ts";

/** Time that goes on when it is told to, and whose timers come late or early by so much. */
class HandClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Set<{ atMs: number; run: () => void }>();
  readonly #offMs: () => number;

  constructor(offMs: () => number = () => 0) {
    this.#offMs = offMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  setTimeout(run: () => void, delayMs: number): TimerHandle {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs + this.#offMs()), run };
    this.#timers.add(timer);
    return { timer };
  }

  clearTimeout(handle: TimerHandle | undefined): void {
    this.#timers.delete(handle?.timer as { atMs: number; run: () => void });
  }

  async advanceTo(endMs: number): Promise<void> {
    for (;;) {
      const [next] = [...this.#timers].filter(({ atMs }) => atMs <= endMs).sort((one, other) => one.atMs - other.atMs);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.run();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#nowMs = endMs;
  }
}

interface Watched {
  /** When each leg's delivery was asked for. */
  readonly asked: Record<"panel" | "cloud", number[]>;
  readonly pinged: number[];
  readonly watch: LegsWatch;
}

/** A tunnel over which bytes go all the time, so that each look has something to ask. */
function watched(clock: HandClock): Watched {
  const asked: Watched["asked"] = { panel: [], cloud: [] };
  const pinged: number[] = [];
  const connection = (side: "panel" | "cloud"): Partial<Connection> => ({
    delivery: async () => {
      asked[side].push(clock.monotonicMs());
      return { unacknowledgedBytes: 1, retransmits: 0 };
    },
  });
  const forwarder: Partial<Forwarder> = {
    get bytesUp() {
      return clock.monotonicMs();
    },
    get bytesDown() {
      return clock.monotonicMs();
    },
    isPanelGone: false,
    isCloudGone: false,
    queuedBytes: () => 0,
    isPaused: () => false,
    ping: () => {
      pinged.push(clock.monotonicMs());
      watch.ponged();
    },
  };
  const watch = new LegsWatch({
    clock,
    settings: { lostAfterMs: 20_000, stalledAfterMs: 30_000 } as TunnelSettings,
    connections: { panel: connection("panel"), cloud: connection("cloud") } as Record<"panel" | "cloud", Connection>,
    forwarder: forwarder as Forwarder,
    ended: (side, verdict) => {
      throw new Error(`${side} is ${verdict}`);
    },
    looked: () => undefined,
  });
  return { asked, pinged, watch };
}

test("tunnels that began at different times ask for delivery at the same moments", async () => {
  const clock = new HandClock();
  const tunnels: Watched[] = [];
  for (const startMs of [0, 130, 490, 510, 999, 1_000, 1_001]) {
    await clock.advanceTo(startMs);
    tunnels.push(watched(clock));
  }
  await clock.advanceTo(6_900);
  for (const { asked, watch } of tunnels) {
    watch.stop();
    expect(asked.panel.slice(-5)).toEqual([2_000, 3_000, 4_000, 5_000, 6_000]);
    expect(asked.cloud).toEqual(asked.panel);
  }
});

test.each([
  { what: "a little early", offMs: () => -0.4 },
  { what: "a little late", offMs: () => 7.3 },
  {
    what: "now early, now late",
    offMs: (
      (at) => () =>
        at++ % 2 === 0 ? -0.4 : 2
    )(0),
  },
])("looks once a second and pings every 5 s where timers come $what", async ({ offMs }) => {
  const clock = new HandClock(offMs);
  await clock.advanceTo(300);
  const { asked, pinged, watch } = watched(clock);
  await clock.advanceTo(60_990);
  watch.stop();
  expect(asked.panel).toHaveLength(60);
  expect(pinged.map((atMs) => Math.round(atMs / 1_000))).toEqual([5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60]);
});
