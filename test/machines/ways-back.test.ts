// No state that can be reached lacks a way back to online, and none waits for ever: walked by xstate's graph utilities.
import { describe, expect, test } from "vitest";
import { connectivityMachine } from "#firmware/connectivity/connectivity.machine.ts";
import { operationTopics, subscriptions } from "#firmware/connectivity/first-session.ts";
import { gatewayMachine } from "#firmware/gateway.machine.ts";
import { modemMachine } from "#firmware/modem/modem.machine.ts";
import { enrolmentMachine } from "#firmware/registration/enrolment.machine.ts";
import { registrationMachine } from "#firmware/registration/registration.machine.ts";
import { renewalMachine } from "#firmware/registration/renewal.machine.ts";
import { deadStates, type Moment, waitingStates, walk } from "./graph-walk.ts";

const board = { serialNumber: "1", model: "m", revision: "r" };
const device = { id: "gw", name: "gw", type: "t", board };
const identity = { kind: "password", tenant: "t", user: "u", password: "p" } as const;
const certificate = { chain: "", privateKey: "key" };
const enrolled = { kind: "certificate", certificate, notBeforeMs: 0, notAfterMs: 9e12, source: "enrolment" } as const;
const storeOutcomes = [{ output: { ok: true } }, { output: { ok: false, why: "ENOSPC" } }];
const closed = ["mqtt.closed", "timeout", "clock.wrong", "mqtt.login-refused"].map((reason) => ({ reason, draw: 0.5 }));
const isOver = ({ snapshot }: Moment): boolean => snapshot.status === "done";

describe("connectivity", () => {
  const moments = walk({
    machine: connectivityMachine,
    input: { device },
    payloads: {
      "connectivity.start": [{ identity }],
      "connectivity.publish": [{ text: "400,x,y", isRepeatable: true }],
      "session.connected": [{ way: "tls" }],
      "session.published": ["announcement", "introduction", "message", "pending"].map((tag) => ({ tag })),
      "session.subscribed": subscriptions.flatMap(({ topic }) => [
        { topic, isGranted: true },
        { topic, isGranted: false },
      ]),
      "session.closed": closed,
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

  test("waits for somebody else only where it has nothing to log in with", () => {
    expect(waitingStates(moments)).toEqual(["unregistered"]);
  });
});

describe("registration", () => {
  const methods = {
    bootstrap: { method: "bootstrap", user: "management/devicebootstrap", password: "p" },
    certificate: { method: "certificate", certificate },
    enrolment: { method: "enrolment", oneTimePassword: "o", keyAlgorithm: "ec-p256" },
  } as const;
  const walks = Object.entries(methods).map(([name, registration]) => {
    const moments = walk({
      machine: registrationMachine,
      input: { deviceId: "gw", registration },
      payloads: {
        "done loadCredentials": [
          { output: { kind: "found", credentials: { tenant: "t", user: "u", password: "p" } } },
          { output: { kind: "missing" } },
          { output: { kind: "damaged", what: "torn" } },
        ],
        "done storeCredentials": storeOutcomes,
        "done examineCertificate": [
          { output: { ok: true, notBeforeMs: 0, notAfterMs: 9e12, nowMs: 1 } },
          { output: { ok: true, notBeforeMs: 0, notAfterMs: 9e12, nowMs: 9.1e12 } },
          { output: { ok: false, what: "for another device" } },
        ],
        "done enrolment": [
          { output: { identity: enrolled, isNew: true } },
          { output: { identity: enrolled, isNew: false } },
        ],
        "bootstrap.received": [{ credentials: { tenant: "t", user: "u", password: "p" } }],
        "bootstrap.unreadable": [{ what: "garbage" }],
        "bootstrap.closed": closed,
      },
      decides: ({ credentials, identity: known, isNew }) => ({
        has: credentials !== undefined,
        known: known !== undefined,
        isNew,
      }),
      leftOut: [],
    });
    return [name, moments] as const;
  });

  test.each(walks)(
    "by %s has a way to its end from wherever it can get, and never waits for anybody else",
    (_name, moments) => {
      expect(moments.size).toBeGreaterThan(3);
      expect(deadStates(moments, isOver)).toEqual([]);
      expect(waitingStates(moments)).toEqual([]);
    },
  );
});

test("enrolment has a way to a certificate from wherever it can get", () => {
  const moments = walk({
    machine: enrolmentMachine,
    input: { deviceId: "gw", oneTimePassword: "o", keyAlgorithm: "ec-p256" },
    payloads: {
      "done loadState": [
        { output: { kind: "enrolled", identity: enrolled, problems: [] } },
        { output: { kind: "enrolled", identity: enrolled, problems: ["renewal.json: torn"] } },
        { output: { kind: "not-enrolled", problems: [] } },
        { output: { kind: "not-enrolled", privateKey: "key", problems: ["enrolment.json: torn"] } },
      ],
      "done makeKey": [{ output: { ok: true, privateKey: "key" } }, { output: { ok: false, why: "EROFS" } }],
      "done ask": [
        { output: { kind: "issued", chain: "", notBeforeMs: 0, notAfterMs: 9e12 } },
        { output: { kind: "not-registered" } },
        { output: { kind: "unreachable", reason: "timeout", detail: "", draw: 0.5 } },
        { output: { kind: "refused", status: 400, what: "bad request" } },
      ],
      "done storeCertificate": storeOutcomes,
    },
    decides: ({ privateKey, identity: known, lastRefusal, lastProblems }) => ({
      ...{ lastRefusal, lastProblems, hasKey: privateKey !== "", known: known !== undefined },
    }),
    leftOut: [],
  });
  expect(moments.size).toBeGreaterThan(8);
  expect(deadStates(moments, isOver)).toEqual([]);
  expect(waitingStates(moments)).toEqual([]);
});

test("the root has a way to operating from wherever it can get, but where a part broke that it cannot do without", () => {
  const opened = { operation: "1", request: { hostname: "h", port: 1, connectionKey: "k" } };
  const end = { operation: "1", reason: "panel.closed", detail: "", bytesUp: 0, bytesDown: 0, durationMs: 1 };
  const moments = walk({
    machine: gatewayMachine,
    input: {
      device,
      registration: { method: "bootstrap", user: "management/devicebootstrap", password: "p" },
      limits: { dialTimeoutMs: 1, drainMs: 1, tunnelsMax: 1 },
    },
    payloads: {
      "done registration": [{ output: { identity, isNew: true } }, { output: { identity, isNew: false } }],
      "connectivity.received": [{ message: { kind: "other", what: "x" } }],
      "connectivity.offline": [{ reason: "timeout" }],
      "renewal.switched": [{ identity: enrolled }],
      "operation.requested": [opened],
      "operation.reported": [{ text: "506,1", isRepeatable: true }],
      "tunnel.opened": [{ operation: "1" }],
      "tunnel.reported": [{ operation: "1" }],
      "tunnel.failed": [{ ...end }],
      "tunnel.closed": [
        { ...end, wasOpen: true },
        { ...end, wasOpen: false },
      ],
      "health.message": [{ message: { text: "400,a,b", isRepeatable: true } }],
      "modem.message": [{ message: { text: "400,a,b", isRepeatable: true } }],
      "uplinks.message": [{ message: { text: "400,a,b", isRepeatable: true } }],
      "management.message": [{ message: { text: "400,a,b", isRepeatable: true } }],
      "alarm.raised": [{ alarmType: "a", severity: "MAJOR", text: "t" }],
      "alarm.cleared": [{ alarmType: "a" }],
      "management.requested": [{ operation: "2", request: { fragment: "c8y_Restart" } }],
      "management.finished": [{ operation: "2", outcome: { ok: true } }],
      "button.pressed": [{ heldMs: 100 }],
      "progress.asked": [{ id: 1 }],
      "board.part-due": [{ part: "health" }],
    },
    decides: ({ identity: known, tunnels, isHot, isQuiet, isOnline, isResetting, isReconfiguring }) => ({
      ...{ isHot, isQuiet, isOnline, isResetting, isReconfiguring },
      known: known !== undefined,
      tunnels: Object.values(tunnels as Record<string, { wasOpen: boolean }>).map(({ wasOpen }) => wasOpen),
    }),
    // Connectivity ends only when it was told to. A person ends it, or begins it anew; what begins then is walked from the start.
    leftOut: [
      "gateway.stop",
      "button.reset-confirmed",
      "management.reconfigured",
      "xstate.error.actor.*",
      "xstate.done.actor.connectivity",
      "button.*",
      "watchdog.*",
    ],
  });
  expect(moments.size).toBeGreaterThan(10);
  expect(deadStates(moments, ({ state }) => state === "running.operating")).toEqual(["failed"]);
});

test("renewal looks again from wherever it can get, but where only another enrolment helps: then the root begins one", () => {
  const renewed = { ...enrolled, certificate: { chain: "new", privateKey: "key" }, notAfterMs: 18e12 };
  const draw = 0.5;
  const moments = walk({
    machine: renewalMachine,
    input: { deviceId: "gw", identity: enrolled },
    payloads: {
      "renewal.offline": [{ reason: "timeout" }, { reason: "mqtt.not-authorised" }],
      "done look": [
        // Long before, due, past the end; and with one that waits to prove itself.
        { output: { nowMs: 1, draw } },
        { output: { nowMs: 8e12, draw } },
        { output: { nowMs: 9.1e12, draw } },
        { output: { nowMs: 8e12, draw, renewed } },
      ],
      "done renew": [
        { output: { kind: "stored", identity: renewed, draw } },
        { output: { kind: "no-token", why: "offline", draw } },
        { output: { kind: "refused", status: 403, what: "no", draw } },
      ],
      "done keep": storeOutcomes,
      "done discard": storeOutcomes,
    },
    decides: ({ identity: used, renewed: waiting, nowMs, isOnline, warned, isRefusalTold, attempt, refusals }) => ({
      ...{ nowMs, isOnline, warned, isRefusalTold },
      attempt: Math.min(1, attempt as number),
      refusals: Math.min(3, refusals as number),
      isNew: (used as { notAfterMs: number } | undefined)?.notAfterMs === 18e12,
      hasRenewed: waiting !== undefined,
    }),
    leftOut: [],
  });
  expect(moments.size).toBeGreaterThan(20);
  expect(deadStates(moments, ({ state }) => state === "looking")).toEqual(["ended"]);
});

test("the modem is asked again from wherever it can get", () => {
  const facts = { sim: "ready", registration: "home", imei: "1", signalDbm: -70 };
  const moments = walk({
    machine: modemMachine,
    input: { settings: { port: "/dev/x", baudRate: 9_600, resetAfterFailures: 3 }, intervalMs: 60_000 },
    payloads: {
      "line.closed": [{ why: "pulled" }],
      "line.read": [
        { reading: { kind: "facts", facts } },
        { reading: { kind: "facts", facts: { ...facts, sim: "missing", registration: "searching" } } },
        { reading: { kind: "silent" } },
      ],
      "line.reset-asked": [{ answer: "ok" }],
    },
    decides: ({ trouble, looks, told }) => ({ trouble, looks: Math.min(4, looks as number), told }),
    leftOut: [],
  });
  expect(moments.size).toBeGreaterThan(8);
  expect(deadStates(moments, ({ state }) => state === "present.healthy")).toEqual([]);
  expect(waitingStates(moments)).toEqual([]);
});

describe("the walk itself", () => {
  test("names a state without a way back, and one that waits for ever", async () => {
    const { createMachine } = await import("xstate");
    const machine = createMachine({
      id: "trap",
      initial: "good",
      states: { good: { on: { fall: "trap", rest: "resting" } }, trap: {}, resting: { on: { wake: "good" } } },
    });
    const moments = walk({ machine, input: undefined, payloads: {}, decides: () => "", leftOut: [] });
    expect(deadStates(moments, ({ state }) => state === "good")).toEqual(["trap"]);
    expect(waitingStates(moments)).toEqual(["good", "resting", "trap"]);
  });

  test("fails when it is not whole", async () => {
    const { createMachine, assign } = await import("xstate");
    const machine = createMachine({
      id: "endless",
      context: { count: 0 },
      on: { more: { actions: assign({ count: ({ context }) => context.count + 1 }) } },
    });
    const options = { machine, input: undefined, payloads: {}, decides: (context: object) => context, leftOut: [] };
    expect(() => walk({ ...options, momentsMax: 50 })).toThrow("Traversal limit exceeded");
  });
});
