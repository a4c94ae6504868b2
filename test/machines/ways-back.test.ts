// No state that can be reached lacks a way back to online, and none waits for ever: walked by xstate's graph utilities.
import { describe, expect, test } from "vitest";
import { connectivityMachine } from "#firmware/connectivity/connectivity.machine.ts";
import { operationTopics, subscriptions } from "#firmware/connectivity/first-session.ts";
import { deadStates, walk } from "./graph-walk.ts";

describe("connectivity", () => {
  const moments = walk({
    machine: connectivityMachine,
    input: { device: { id: "gw", name: "gw", type: "t", board: { serialNumber: "1", model: "m", revision: "r" } } },
    payloads: {
      "connectivity.start": [{ identity: { kind: "password", tenant: "t", user: "u", password: "p" } }],
      "connectivity.publish": [{ text: "400,x,y", isRepeatable: true }],
      "session.connected": [{ way: "tls" }],
      "session.published": ["announcement", "introduction", "message", "pending"].map((tag) => ({ tag })),
      "session.subscribed": subscriptions.flatMap(({ topic }) => [
        { topic, isGranted: true },
        { topic, isGranted: false },
      ]),
      "session.closed": ["mqtt.closed", "timeout", "clock.wrong", "mqtt.login-refused"].map((reason) => ({
        reason,
        draw: 0.5,
      })),
      "queue.loaded": [{ messages: [], dropped: 0, damaged: [] }],
      "queue.settled": [{ id: 1 }, { id: 2 }],
      "queue.failed": [{ why: "ENOSPC" }],
    },
    decides: ({ isStopping, wanted, refused, outbox, standing, isQueueLoaded, hasTakeoverAlarm }) => ({
      ...{ isStopping, standing, isQueueLoaded, hasTakeoverAlarm },
      wanted: (wanted as string[]).length,
      refused: operationTopics.filter((topic) => (refused as string[]).includes(topic)).length,
      outbox: Math.min(1, (outbox as unknown[]).length),
    }),
    leftOut: ["connectivity.stop"],
  });

  test("has a way to online from wherever it can get", () => {
    expect(moments.size).toBeGreaterThan(20);
    expect(deadStates(moments, ({ state }) => state.includes("connected.online"))).toEqual([]);
  });
});
