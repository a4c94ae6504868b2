// Which way MQTT takes: the table of what is learnt from attempts, and what a login and the configuration allow.
import { expect, test } from "vitest";
import { afterAttempt, createMqttWays, freshMemory, nextWay, tlsRetryMs } from "#firmware/connectivity/mqtt-ways.ts";
import type { OfflineReason } from "#firmware/connectivity/offline-reason.ts";

type Outcome = OfflineReason | "answers";

/** The ways that are taken while attempts come out like this, `everyMs` apart, and the one after them. */
function waysTaken(outcomes: readonly Outcome[], everyMs = 1_000): readonly string[] {
  let memory = freshMemory;
  const taken: string[] = [];
  for (const [index, outcome] of outcomes.entries()) {
    const nowMs = index * everyMs;
    const way = nextWay(memory, nowMs);
    taken.push(way);
    memory = afterAttempt(memory, { way, reason: outcome === "answers" ? undefined : outcome, nowMs });
  }
  return [...taken, nextWay(memory, outcomes.length * everyMs)];
}

test.each<{ name: string; outcomes: readonly Outcome[]; everyMs?: number; ways: readonly string[] }>([
  { name: "begins with TLS", outcomes: [], ways: ["tls"] },
  { name: "stays where it works", outcomes: ["answers", "answers"], ways: ["tls", "tls", "tls"] },
  { name: "tries again once before it changes", outcomes: ["timeout", "timeout"], ways: ["tls", "tls", "websocket"] },
  {
    name: "remembers what worked",
    outcomes: ["timeout", "timeout", "answers", "answers"],
    ways: ["tls", "tls", "websocket", "websocket", "websocket"],
  },
  {
    name: "tries both in turn while neither works",
    outcomes: ["timeout", "refused", "refused", "unreachable", "reset", "timeout"],
    ways: ["tls", "tls", "websocket", "tls", "websocket", "tls", "websocket"],
  },
  {
    name: "does not hold against TLS that the cloud was away, and tries it first the next time",
    outcomes: ["timeout", "timeout", "timeout", "timeout", "answers", "answers"],
    ways: ["tls", "tls", "websocket", "tls", "websocket", "tls", "tls"],
  },
  {
    name: "is back at the websocket after one failure of TLS then",
    outcomes: ["timeout", "timeout", "timeout", "timeout", "answers", "timeout", "answers"],
    ways: ["tls", "tls", "websocket", "tls", "websocket", "tls", "websocket", "websocket"],
  },
  {
    name: "stays with a websocket that has worked where TLS is blocked, though the cloud is away, and looks at TLS now and then",
    outcomes: [
      "timeout",
      "timeout",
      "answers",
      "refused",
      "refused",
      "reset",
      "tls.failed",
      "timeout",
      "timeout",
      "refused",
    ],
    ways: ["tls", "tls", ...Array<string>(6).fill("websocket"), "tls", "websocket", "websocket"],
  },
  {
    name: "is done with the websocket when TLS works again",
    outcomes: ["timeout", "timeout", "answers", "reset", "reset", "reset", "reset", "reset", "answers", "answers"],
    ways: ["tls", "tls", ...Array<string>(6).fill("websocket"), "tls", "tls", "tls"],
  },
  {
    name: "changes where a proxy lets one port through only",
    outcomes: ["proxy.refused", "proxy.refused"],
    ways: ["tls", "tls", "websocket"],
  },
  {
    name: "takes an answer for no blocking, even a refusal",
    outcomes: ["timeout", "mqtt.login-refused", "timeout"],
    ways: ["tls", "tls", "tls", "tls"],
  },
  {
    name: "learns nothing from what has nothing to do with the way",
    outcomes: ["timeout", "name-unknown", "clock.wrong", "timeout"],
    ways: ["tls", "tls", "tls", "tls", "websocket"],
  },
  {
    name: "looks at TLS again after an hour, once, and goes back",
    outcomes: ["timeout", "timeout", "answers", "timeout"],
    everyMs: tlsRetryMs / 2,
    ways: ["tls", "tls", "websocket", "tls", "websocket"],
  },
  {
    name: "stays with TLS when it works again",
    outcomes: ["timeout", "timeout", "answers", "answers"],
    everyMs: tlsRetryMs / 2,
    ways: ["tls", "tls", "websocket", "tls", "tls"],
  },
])("$name", ({ outcomes, everyMs, ways }) => {
  expect(waysTaken(outcomes, everyMs)).toEqual(ways);
});

const tls = { host: "mqtt.example", port: 8883, authorities: [] };
const websocket = { host: "cloud.example", port: 443, authorities: [] };
const clock = { monotonicMs: () => 0 };

test("takes the HTTPS port for the websocket, and only what the configuration says", () => {
  const password = { hasCertificate: false };
  expect(createMqttWays({ clock, over: "websocket", tls, websocket }).next(password)).toEqual({
    way: "websocket",
    port: websocket,
  });
  const ways = createMqttWays({ clock, over: "tls", tls, websocket });
  for (let attempt = 0; attempt < 4; attempt += 1) {
    expect(ways.next(password)).toEqual({ way: "tls", port: tls });
    ways.tried("tls", "timeout");
  }
  // Where another way is left, this one is not waited for as long.
  expect(createMqttWays({ clock, over: "auto", tls, websocket }).next(password)).toMatchObject({ hasOther: true });
});

test("never shows a certificate through a websocket, where it cannot log in", () => {
  for (const over of ["auto", "websocket"] as const) {
    const ways = createMqttWays({ clock, over, tls, websocket });
    for (let attempt = 0; attempt < 4; attempt += 1) {
      expect(ways.next({ hasCertificate: true }).way).toBe("tls");
      ways.tried("tls", "timeout");
    }
  }
});
