// Operations: JSON before 530 lines, the wait for the twin, one at a time by name, each once, and what is ignored.
import { describe, expect, test } from "vitest";
import {
  disconnected,
  ended,
  type IntakeEffect,
  type IntakeState,
  type IntakeStep,
  initialIntake,
  received,
  turnMissed,
  twinMissed,
  unnamedMax,
} from "#firmware/operations/intake.ts";
import { operationsMachine } from "#firmware/operations/operations.machine.ts";
import { play } from "./steps.ts";

type Deed = (state: IntakeState) => IntakeStep;

const request = (key: string) => ({ hostname: "192.168.10.11", port: 5900, connectionKey: key });
const line =
  (key: string, deviceId = "gw-1"): Deed =>
  (state) =>
    received(state, { kind: "connect", deviceId, request: request(key) });
const json =
  (id: string, key: string, more: Record<string, unknown> = {}): Deed =>
  (state) =>
    received(state, {
      kind: "operation",
      operation: {
        id,
        deviceId: "100",
        status: "PENDING",
        fragments: { c8y_RemoteAccessConnect: request(key) },
        ...more,
      },
    });
const noTwin =
  (name: string): Deed =>
  (state) =>
    twinMissed(state, name);
const noTurn =
  (name: string): Deed =>
  (state) =>
    turnMissed(state, name);
const opened =
  (operation: string): Deed =>
  (state) =>
    ended(state, operation);
const failed =
  (operation: string): Deed =>
  (state) =>
    ended(state, operation, { reason: "panel.refused", detail: "192.168.10.11:5900" });
const lost: Deed = (state) => ({ state: disconnected(state), effects: [] });

/** All that the story made happen, in order. */
function story(deeds: readonly Deed[]): string[] {
  let state = initialIntake("gw-1");
  return deeds.flatMap((deed) => {
    const step = deed(state);
    state = step.state;
    return step.effects.map(words);
  });
}

function words(effect: IntakeEffect): string {
  switch (effect.kind) {
    case "request":
      return `open ${effect.operation}`;
    case "manage":
      return `do ${effect.operation}: ${JSON.stringify(effect.request)}`;
    case "report":
      return effect.message.isRepeatable ? effect.message.text : `${effect.message.text} (once)`;
    case "log":
      return `${effect.entry.event}: ${effect.entry.fields?.["why"] ?? effect.entry.fields?.["what"]}`;
    case "wait":
      return `wait for ${effect.name}'s ${effect.what}`;
    case "calm":
      return `stop waiting for ${effect.name}`;
    default:
      return effect satisfies never;
  }
}

const executing = "501,c8y_RemoteAccessConnect (once)";
const successful = "503,c8y_RemoteAccessConnect (once)";
const refusal = "panel.refused: The panel refused the connection: nothing listens on that port. (192.168.10.11:5900)";

test.each<{ name: string; deeds: readonly Deed[]; does: readonly string[] }>([
  { name: "runs JSON at once, by its id", deeds: [json("1", "a"), opened("1")], does: ["504,1", "open 1", "506,1"] },
  {
    name: "reports a failure by its id",
    deeds: [json("1", "a"), failed("1")],
    does: ["504,1", "open 1", `505,1,${refusal}`],
  },
  {
    name: "runs JSON operations side by side",
    deeds: [json("1", "a"), json("2", "b"), opened("2"), opened("1")],
    does: ["504,1", "open 1", "504,2", "open 2", "506,2", "506,1"],
  },
  { name: "lets a 530 line wait for its twin", deeds: [line("a")], does: ["wait for smartrest-1's twin"] },
  {
    name: "runs the twin and forgets the line",
    deeds: [line("a"), json("1", "a"), noTwin("smartrest-1")],
    does: ["wait for smartrest-1's twin", "stop waiting for smartrest-1", "504,1", "open 1"],
  },
  { name: "ignores the line that comes after its JSON", deeds: [json("1", "a"), line("a")], does: ["504,1", "open 1"] },
  {
    name: "ignores all lines once JSON has come in this connection",
    deeds: [json("1", "a"), line("b")],
    does: ["504,1", "open 1"],
  },
  {
    name: "takes JSON of any operation for that",
    deeds: [json("1", "a", { fragments: { c8y_Restart: {} } }), line("b")],
    does: ["505,1,this gateway is not set up to do c8y_Restart"],
  },
  {
    name: "runs JSON whose line was ignored",
    deeds: [json("1", "a"), line("b"), json("2", "b")],
    does: ["504,1", "open 1", "504,2", "open 2"],
  },
  {
    name: "takes lines again in a new connection",
    deeds: [json("1", "a"), opened("1"), lost, line("b")],
    does: ["504,1", "open 1", "506,1", "wait for smartrest-1's twin"],
  },
  {
    name: "runs a line by name when its twin does not come",
    deeds: [line("a"), noTwin("smartrest-1"), opened("smartrest-1")],
    does: [
      "wait for smartrest-1's twin",
      "wait for smartrest-1's turn",
      "stop waiting for smartrest-1",
      executing,
      "open smartrest-1",
      successful,
    ],
  },
  {
    name: "reports a failure by name",
    deeds: [line("a"), noTwin("smartrest-1"), failed("smartrest-1")],
    does: [
      "wait for smartrest-1's twin",
      "wait for smartrest-1's turn",
      "stop waiting for smartrest-1",
      executing,
      "open smartrest-1",
      `502,c8y_RemoteAccessConnect,${refusal} (once)`,
    ],
  },
  {
    name: "runs lines one at a time",
    deeds: [
      line("a"),
      line("b"),
      noTwin("smartrest-1"),
      noTwin("smartrest-2"),
      opened("smartrest-1"),
      failed("smartrest-2"),
    ],
    does: [
      "wait for smartrest-1's twin",
      "wait for smartrest-2's twin",
      "wait for smartrest-1's turn",
      "stop waiting for smartrest-1",
      executing,
      "open smartrest-1",
      "wait for smartrest-2's turn",
      successful,
      "stop waiting for smartrest-2",
      executing,
      "open smartrest-2",
      `502,c8y_RemoteAccessConnect,${refusal} (once)`,
    ],
  },
  {
    name: "lets a line wait for its turn while an operation with an id is being opened",
    deeds: [line("b"), json("1", "a"), noTwin("smartrest-1"), opened("1")],
    does: [
      "wait for smartrest-1's twin",
      "504,1",
      "open 1",
      "wait for smartrest-1's turn",
      "506,1",
      "stop waiting for smartrest-1",
      executing,
      "open smartrest-1",
    ],
  },
  {
    name: "gives up a line whose turn comes too late",
    deeds: [line("b"), json("1", "a"), noTwin("smartrest-1"), noTurn("smartrest-1"), opened("1")],
    does: [
      "wait for smartrest-1's twin",
      "504,1",
      "open 1",
      "wait for smartrest-1's turn",
      "operation.ignored: its turn came too late: the cloud has given it up",
      "506,1",
    ],
  },
  {
    name: "takes the id from a twin that comes while the line waits for its turn",
    deeds: [line("b"), json("1", "a"), noTwin("smartrest-1"), json("2", "b")],
    does: [
      "wait for smartrest-1's twin",
      "504,1",
      "open 1",
      "wait for smartrest-1's turn",
      "stop waiting for smartrest-1",
      "504,2",
      "open 2",
    ],
  },
  {
    name: "takes the id from a twin that comes while it runs by name",
    deeds: [line("a"), noTwin("smartrest-1"), json("1", "a"), opened("smartrest-1")],
    does: [
      "wait for smartrest-1's twin",
      "wait for smartrest-1's turn",
      "stop waiting for smartrest-1",
      executing,
      "open smartrest-1",
      "506,1",
    ],
  },
  {
    name: "runs the same JSON once, over connections too",
    deeds: [json("1", "a"), opened("1"), lost, json("1", "a")],
    does: ["504,1", "open 1", "506,1"],
  },
  {
    name: "runs the same line once, over connections too",
    deeds: [line("a"), line("a"), noTwin("smartrest-1"), opened("smartrest-1"), lost, line("a")],
    does: [
      "wait for smartrest-1's twin",
      "wait for smartrest-1's turn",
      "stop waiting for smartrest-1",
      executing,
      "open smartrest-1",
      successful,
    ],
  },
  {
    name: "runs the same key under another id once",
    deeds: [json("1", "a"), json("2", "a")],
    does: ["504,1", "open 1"],
  },
  {
    name: "ignores a line for another device",
    deeds: [line("a", "gw-2")],
    does: ["operation.ignored: for another device"],
  },
  {
    name: "ignores JSON for another device",
    deeds: [json("1", "a", { externalId: "gw-2" })],
    does: ["operation.ignored: for another device"],
  },
  {
    name: "takes JSON that names this device",
    deeds: [json("1", "a", { externalId: "gw-1" })],
    does: ["504,1", "open 1"],
  },
  {
    name: "ignores JSON that is not PENDING",
    deeds: [json("1", "a", { status: "EXECUTING" })],
    does: ["operation.ignored: not PENDING any more"],
  },
  {
    name: "fails JSON whose request cannot be read, once",
    deeds: [
      json("1", "a", { fragments: { c8y_RemoteAccessConnect: { hostname: "h", port: 0, connectionKey: "k" } } }),
      json("1", "a", { fragments: { c8y_RemoteAccessConnect: 7 } }),
    ],
    does: [
      "505,1,policy.refused: The gateway's own policy does not allow this target. (port must be a whole number from 1 to 65535)",
    ],
  },
  {
    name: "does nothing on the end of an operation that it does not know",
    deeds: [opened("9"), failed("9"), noTwin("smartrest-1"), noTurn("smartrest-1")],
    does: [],
  },
  {
    name: "does nothing on a second end",
    deeds: [json("1", "a"), opened("1"), failed("1")],
    does: ["504,1", "open 1", "506,1"],
  },
])("$name", ({ deeds, does }) => {
  expect(story(deeds)).toEqual(does);
});

test("takes no more lines than its limit at the same time", () => {
  const lines = Array.from({ length: unnamedMax + 1 }, (_, index) => line(`key-${index}`));
  const done = story(lines);
  expect(done.filter((each) => each.startsWith("wait"))).toHaveLength(unnamedMax);
  expect(done.at(-1)).toBe("operation.ignored: more than 16 operations without an id at the same time");
});

test("keeps no connection key in what it remembers of operations that are done", () => {
  let state = initialIntake("gw-1");
  for (const deed of [
    line("secret-key-1"),
    json("1", "secret-key-1"),
    json("2", "secret-key-2"),
    opened("1"),
    opened("2"),
  ]) {
    state = deed(state).state;
  }
  expect(JSON.stringify(state)).not.toContain("secret-key");
});

describe("the machine around it", () => {
  const input = { deviceId: "gw-1" };
  const connect = {
    type: "operations.received",
    message: { kind: "connect", deviceId: "gw-1", request: request("a") },
  };

  test.each([
    { name: "waits 2 s for a twin", events: [connect], does: ["twin.missed in 2000 ms"] },
    {
      name: "then runs it",
      events: [connect, { type: "twin.missed", name: "smartrest-1" }],
      does: ["turn.missed in 20000 ms", "tell", "tell"],
    },
    {
      name: "tells the end",
      events: [
        connect,
        { type: "twin.missed", name: "smartrest-1" },
        { type: "operation.succeeded", operation: "smartrest-1" },
      ],
      does: ["tell"],
    },
    {
      name: "logs what it ignores",
      events: [{ type: "operations.received", message: { kind: "other", what: "x" } }],
      does: ["log operation.ignored"],
    },
    {
      name: "logs what was refused",
      events: [{ type: "operations.received", message: { kind: "refused", what: "x" } }],
      does: ["log smartrest.refused"],
    },
    {
      name: "does nothing on a loss of the connection",
      events: [connect, { type: "operations.disconnected" }],
      does: [],
    },
    {
      name: "does nothing on an unknown end",
      events: [{ type: "operation.failed", operation: "9", reason: "panel.refused", detail: "" }],
      does: [],
    },
  ])("$name", ({ events, does }) => {
    expect(play(operationsMachine, input, events).actions).toEqual(does);
  });
});
