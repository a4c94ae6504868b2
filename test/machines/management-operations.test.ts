// Operations of device management: taken once, from JSON or a line, one at a time by name, and told what was not done.
import { describe, expect, test } from "vitest";
import { parseCloudMessage } from "#firmware/connectivity/cloud-message.ts";
import {
  disconnected,
  type IntakeEffect,
  type IntakeState,
  type IntakeStep,
  initialIntake,
  type ManagementOutcome,
  managed,
  managementLost,
  received,
  turnMissed,
  twinMissed,
  unnamedMax,
} from "#firmware/operations/intake.ts";
import { operationsMachine } from "#firmware/operations/operations.machine.ts";
import { play } from "./steps.ts";

type Deed = (state: IntakeState) => readonly IntakeStep[];

const taken = ["c8y_Restart", "c8y_Command", "c8y_LogfileRequest", "c8y_UploadConfigFile", "c8y_DownloadConfigFile"];

/** What the cloud publishes, as it comes over MQTT. */
function arrives(topic: string, payload: string): Deed {
  return (state) => {
    const steps: IntakeStep[] = [];
    for (const message of parseCloudMessage(topic, Buffer.from(payload))) {
      steps.push(received(steps.at(-1)?.state ?? state, message));
    }
    return steps;
  };
}

const line = (text: string): Deed => arrives("s/ds", text);
const json = (id: string, fragments: object, more: object = {}): Deed =>
  arrives(
    "devicecontrol/notifications",
    JSON.stringify({ id, deviceId: "7", status: "PENDING", ...fragments, ...more }),
  );
const noTwin =
  (name: string): Deed =>
  (state) => [twinMissed(state, name)];
const noTurn =
  (name: string): Deed =>
  (state) => [turnMissed(state, name)];
const over =
  (operation: string, outcome: ManagementOutcome = { ok: true }): Deed =>
  (state) => [managed(state, operation, outcome)];
const lost: Deed = (state) => [{ state: disconnected(state), effects: [] }];

/** All that the story made happen, in order; waits are left out. */
function story(deeds: readonly Deed[], does: readonly string[] = taken): string[] {
  let state = initialIntake("gw-1", does);
  return deeds.flatMap((deed) =>
    deed(state).flatMap((step) => {
      state = step.state;
      return step.effects.flatMap(words);
    }),
  );
}

function words(effect: IntakeEffect): string[] {
  switch (effect.kind) {
    case "request":
      return [`open ${effect.operation}`];
    case "manage":
      return [`do ${effect.operation} (${effect.id}): ${JSON.stringify(effect.request)}`];
    case "report":
      return [effect.message.isRepeatable ? effect.message.text : `${effect.message.text} (once)`];
    case "log":
      return [`${effect.entry.event}: ${effect.entry.fields?.["why"] ?? effect.entry.fields?.["what"]}`];
    default:
      return [];
  }
}

const restart = '{"fragment":"c8y_Restart"}';
const uptime = '{"fragment":"c8y_Command","text":"uptime"}';

test.each<{ name: string; deeds: readonly Deed[]; does: readonly string[] }>([
  {
    name: "runs JSON at once, by its id",
    deeds: [json("1", { c8y_Restart: {} }), over("1")],
    does: ["504,1", `do 1 (1): ${restart}`, "506,1"],
  },
  {
    name: "tells what an operation gave",
    deeds: [json("1", { c8y_Command: { text: "uptime" } }), over("1", { ok: true, parameters: ["up 3 days, 2 h"] })],
    does: ["504,1", `do 1 (1): ${uptime}`, '506,1,"up 3 days, 2 h"'],
  },
  {
    name: "tells in words why it was not done",
    deeds: [json("1", { c8y_Restart: {} }), over("1", { ok: false, why: "not permitted" })],
    does: ["504,1", `do 1 (1): ${restart}`, "505,1,not permitted"],
  },
  {
    name: "runs a line by name when no twin comes",
    deeds: [line("511,gw-1,uptime"), noTwin("smartrest-1"), over("smartrest-1", { ok: true, parameters: ["up"] })],
    does: ["501,c8y_Command (once)", `do smartrest-1 (undefined): ${uptime}`, "503,c8y_Command,up (once)"],
  },
  {
    name: "ends what runs when the part that does it is lost, and the next gets its turn",
    deeds: [
      json("1", { c8y_Restart: {} }),
      json("2", { c8y_RemoteAccessConnect: { hostname: "10.0.0.1", port: 22, connectionKey: "k" } }),
      lost,
      line("511,gw-1,uptime"),
      line("511,gw-1,again"),
      noTwin("smartrest-1"),
      noTwin("smartrest-2"),
      (state) => [managementLost(state)],
    ],
    does: [
      "504,1",
      `do 1 (1): ${restart}`,
      "504,2",
      "open 2",
      "501,c8y_Command (once)",
      `do smartrest-1 (undefined): ${uptime}`,
      "505,1,it could not be finished: a part of the gateway broke",
      "502,c8y_Command,it could not be finished: a part of the gateway broke (once)",
      "501,c8y_Command (once)",
      'do smartrest-2 (undefined): {"fragment":"c8y_Command","text":"again"}',
    ],
  },
  {
    name: "runs the twin and forgets the line",
    deeds: [line("510,gw-1"), json("1", { c8y_Restart: {} }), noTwin("smartrest-1"), over("1")],
    does: ["504,1", `do 1 (1): ${restart}`, "506,1"],
  },
  {
    name: "takes the id from a twin that comes while it runs by name, and does not run it again",
    deeds: [line("510,gw-1"), noTwin("smartrest-1"), json("1", { c8y_Restart: {} }), over("smartrest-1")],
    does: ["501,c8y_Restart (once)", `do smartrest-1 (undefined): ${restart}`, "506,1"],
  },
  {
    name: "does not run the twin of what has run by name",
    deeds: [line("510,gw-1"), noTwin("smartrest-1"), over("smartrest-1"), json("1", { c8y_Restart: {} })],
    does: ["501,c8y_Restart (once)", `do smartrest-1 (undefined): ${restart}`, "503,c8y_Restart (once)"],
  },
  {
    name: "runs in a new connection what looks like something that ran by name in the one before",
    deeds: [line("510,gw-1"), noTwin("smartrest-1"), over("smartrest-1"), lost, json("1", { c8y_Restart: {} })],
    does: [
      "501,c8y_Restart (once)",
      `do smartrest-1 (undefined): ${restart}`,
      "503,c8y_Restart (once)",
      "504,1",
      `do 1 (1): ${restart}`,
    ],
  },
  {
    name: "runs the same command under two ids twice",
    deeds: [json("1", { c8y_Command: { text: "uptime" } }), json("2", { c8y_Command: { text: "uptime" } })],
    does: ["504,1", `do 1 (1): ${uptime}`, "504,2", `do 2 (2): ${uptime}`],
  },
  {
    name: "runs the same id once, over connections too",
    deeds: [json("1", { c8y_Restart: {} }), over("1"), lost, json("1", { c8y_Restart: {} })],
    does: ["504,1", `do 1 (1): ${restart}`, "506,1"],
  },
  {
    name: "runs lines of one kind one at a time, of different kinds side by side",
    deeds: [
      line("511,gw-1,uptime\n511,gw-1,uptime\n510,gw-1"),
      noTwin("smartrest-1"),
      noTwin("smartrest-2"),
      noTwin("smartrest-3"),
      over("smartrest-1"),
    ],
    does: [
      "501,c8y_Command (once)",
      `do smartrest-1 (undefined): ${uptime}`,
      "501,c8y_Restart (once)",
      `do smartrest-3 (undefined): ${restart}`,
      "503,c8y_Command (once)",
      "501,c8y_Command (once)",
      `do smartrest-2 (undefined): ${uptime}`,
    ],
  },
  {
    name: "gives up a line whose turn does not come",
    deeds: [line("510,gw-1\n510,gw-1"), noTwin("smartrest-1"), noTwin("smartrest-2"), noTurn("smartrest-2")],
    does: [
      "501,c8y_Restart (once)",
      `do smartrest-1 (undefined): ${restart}`,
      "operation.ignored: its turn came too late: the cloud has given it up",
    ],
  },
  {
    name: "ignores a line for another device",
    deeds: [line("510,gw-2")],
    does: ["operation.ignored: for another device"],
  },
  {
    name: "ignores JSON for another device",
    deeds: [json("1", { c8y_Restart: {} }, { externalSource: { externalId: "gw-2", type: "c8y_Serial" } })],
    does: ["operation.ignored: for another device"],
  },
  {
    name: "ignores JSON that is over",
    deeds: [json("1", { c8y_Restart: {} }, { status: "FAILED" })],
    does: ["operation.ignored: not PENDING any more"],
  },
  {
    name: "ignores JSON that asks for nothing",
    deeds: [json("1", { "": {}, "<b>": 1 })],
    does: ["operation.ignored: it asks for nothing"],
  },
  {
    name: "fails what no gateway knows, by its id",
    deeds: [json("1", { c8y_Firmware: { name: "x" } })],
    does: ["505,1,this gateway is not set up to do c8y_Firmware"],
  },
  {
    name: "fails what no gateway knows, by its name",
    deeds: [line("515,gw-1,image,1.2,https://x"), noTwin("smartrest-1")],
    does: ["501,c8y_Firmware (once)", "502,c8y_Firmware,this gateway is not set up to do c8y_Firmware (once)"],
  },
  {
    name: "fails JSON that cannot be read, once, and says what is wrong",
    deeds: [json("1", { c8y_Command: { text: 7 } }), json("1", { c8y_Command: { text: 7 } })],
    does: ["505,1,the operation cannot be read: c8y_Command: text must be a text"],
  },
  {
    name: "opens a tunnel where an operation asks for that too",
    deeds: [json("1", { c8y_Restart: {}, c8y_RemoteAccessConnect: { hostname: "h", port: 22, connectionKey: "k" } })],
    does: ["504,1", "open 1"],
  },
])("$name", ({ deeds, does }) => {
  expect(story(deeds)).toEqual(does);
});

test("says of an operation that it is not set up for, and does not do it", () => {
  expect(story([json("1", { c8y_Command: { text: "uptime" } })], ["c8y_Restart"])).toEqual([
    "505,1,this gateway is not set up to do c8y_Command",
  ]);
});

test("keeps lines of all kinds to one limit", () => {
  const done = story(Array.from({ length: unnamedMax + 1 }, () => line("510,gw-1")));
  expect(done).toEqual(["operation.ignored: more than 16 operations without an id at the same time"]);
});

describe("bad input is said and nothing is done", () => {
  const tooLong = "x".repeat(1_001);
  test.each<[what: string, payload: string, said: string]>([
    [
      "a line cut in a quote",
      '511,gw-1,"upt',
      "s/ds: SmartREST line 1, character 10: the quote that opens here is never closed",
    ],
    ["a line cut before its device", "510", "s/ds: SmartREST 510, field 1 (device id): is missing"],
    ["a command without a text", "511,gw-1", "s/ds: SmartREST 511: c8y_Command: text must be a text"],
    [
      "a command too long",
      `511,gw-1,${tooLong}`,
      "s/ds: SmartREST 511: c8y_Command: text must have at most 1000 characters",
    ],
    ["a log without a name", "522,gw-1", "s/ds: SmartREST 522: c8y_LogfileRequest: logFile must be a text"],
    [
      "a log of a time that is none",
      "522,gw-1,postern-gateway,yesterday,,,5",
      "s/ds: SmartREST 522: c8y_LogfileRequest: dateFrom must be ISO 8601 with a time zone",
    ],
    [
      "a log of half a line",
      "522,gw-1,postern-gateway,,,,0.5",
      "s/ds: SmartREST 522: c8y_LogfileRequest: maximumLines must be a whole number from 1 up",
    ],
    [
      "a configuration without an address",
      "524,gw-1,,postern-gateway",
      "s/ds: SmartREST 524: c8y_DownloadConfigFile: url must be a text",
    ],
    ["a template that nobody knows", "999,gw-1,x", "SmartREST 999 is nothing that this gateway handles"],
    ["a huge message", `511,gw-1,${"x".repeat(20_000)}`, "s/ds: SmartREST: 20009 bytes, at most 16184 are allowed"],
  ])("%s", (_, payload, said) => {
    const event = payload.startsWith("999") ? "operation.ignored" : "smartrest.refused";
    expect(story([line(payload)])).toEqual([`${event}: ${said}`]);
  });

  test.each<[what: string, payload: string, said: string]>([
    ["JSON that is none", '{"id":"1",', "not JSON"],
    ["JSON that is a list", "[]", "not a JSON object"],
    ["JSON without an id", '{"deviceId":"7","status":"PENDING"}', "id must be 1 to 20 digits"],
  ])("%s", (_, payload, said) => {
    expect(story([arrives("devicecontrol/notifications", payload)])).toEqual([
      `smartrest.refused: devicecontrol/notifications: Operation notification: ${said}`,
    ]);
  });
});

describe("the machine around it", () => {
  const input = { deviceId: "gw-1", taken };
  const command = {
    type: "operations.received",
    message: { kind: "manage", deviceId: "gw-1", request: { fragment: "c8y_Restart" } },
  };

  test.each([
    { name: "waits 2 s for a twin", events: [command], does: ["twin.missed in 2000 ms"] },
    {
      name: "then runs it",
      events: [command, { type: "twin.missed", name: "smartrest-1" }],
      does: ["turn.missed in 600000 ms", "tell", "tell"],
    },
    {
      name: "tells the end",
      events: [
        command,
        { type: "twin.missed", name: "smartrest-1" },
        { type: "operation.managed", operation: "smartrest-1", outcome: { ok: true } },
      ],
      does: ["tell"],
    },
  ])("$name", ({ events, does }) => {
    expect(play(operationsMachine, input, events).actions).toEqual(does);
  });
});
