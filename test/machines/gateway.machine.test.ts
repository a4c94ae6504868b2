// The switchboard as a table: what it passes on, what it opens, what it removes, and how it stops.
import { describe, expect, test } from "vitest";
import { gatewayMachine } from "#firmware/gateway.machine.ts";
import { play } from "./steps.ts";

const board = { serialNumber: "10000000c0ffee01", model: "Board", revision: "1" };
const input = {
  device: { id: "gw-1", name: "Line 3", type: "postern-gateway", board },
  registration: { method: "bootstrap" as const, user: "management/devicebootstrap", password: "p" },
  limits: { dialTimeoutMs: 10_000, drainMs: 5_000, tunnelsMax: 2 },
};
const identity = { kind: "password", tenant: "t1000", user: "device_gw-1", password: "secret" };
const registration = (isNew: boolean) => ({ type: "xstate.done.actor.registration", output: { identity, isNew } });
const registered = registration(true);
const requested = (operation: string) => ({
  type: "operation.requested",
  operation,
  request: { hostname: "192.168.10.11", port: 5900, connectionKey: `key-${operation}` },
});
const opened = (operation: string) => ({ type: "tunnel.opened", operation });
const failed = (operation: string) => ({ type: "tunnel.failed", operation, reason: "panel.refused", detail: "" });
const closed = (operation: string, wasOpen = true) => ({
  type: "tunnel.closed",
  operation,
  reason: "panel.closed",
  detail: "",
  wasOpen,
  bytesUp: 1,
  bytesDown: 2,
  durationMs: 3,
});
const broke = (actorId: string) => ({ type: `xstate.error.actor.${actorId}`, actorId, error: new Error("bug") });
const stop = { type: "gateway.stop" };
const connectivityDone = { type: "xstate.done.actor.connectivity", output: undefined };

test.each([
  {
    name: "starts with connectivity, operations and registration",
    events: [],
    state: "running.registering",
    does: ["spawn connectivity", "spawn operations", "log gateway.started", "spawn registration"],
  },
  {
    name: "starts connectivity once it is registered, and says so",
    events: [registered],
    state: "running.operating",
    does: ["stop registration", "log registration.completed", "send connectivity.start", "spawn renewal"],
  },
  {
    name: "says nothing when it was registered already",
    events: [registration(false)],
    state: "running.operating",
    does: ["stop registration", "send connectivity.start", "spawn renewal"],
  },
  {
    name: "registers again once its certificate is of no use any more",
    events: [registered, { type: "renewal.ended" }],
    state: "running.registering",
    does: ["stop renewal", "spawn registration"],
  },
  {
    name: "connects as another one with a renewed certificate",
    events: [registered, { type: "renewal.switched", identity }],
    state: "running.operating",
    does: ["send connectivity.start"],
  },
  {
    name: "starts the renewal again if it breaks",
    events: [registered, broke("renewal")],
    state: "running.renewalBroken",
    does: ["stop renewal", "log internal.error", "xstate.after.restartDelay.gateway.running.renewalBroken in 10000 ms"],
  },
  {
    name: "starts the registration again if it breaks",
    events: [broke("registration")],
    state: "running.registrationBroken",
    does: [
      "stop registration",
      "log internal.error",
      "xstate.after.restartDelay.gateway.running.registrationBroken in 10000 ms",
    ],
  },
  {
    name: "opens no second tunnel for an operation that has one",
    events: [registered, requested("1"), opened("1"), requested("1")],
    state: "running.operating",
    does: ["log operation.ignored"],
  },
  {
    name: "hands what the cloud says to the operations",
    events: [registered, { type: "connectivity.received", message: { kind: "other", what: "x" } }],
    state: "running.operating",
    does: ["send operations.received"],
  },
  {
    name: "tells the operations of a loss",
    events: [registered, { type: "connectivity.offline", reason: "reset" }],
    state: "running.operating",
    does: ["send renewal.offline", "send operations.disconnected"],
  },
  {
    name: "tells those who need it when it comes online",
    events: [registered, { type: "connectivity.online" }],
    state: "running.operating",
    does: ["send renewal.online"],
  },
  {
    name: "hands reports to the cloud",
    events: [registered, { type: "operation.reported", text: "504,1", isRepeatable: true }],
    state: "running.operating",
    does: ["send connectivity.publish"],
  },
  {
    name: "opens a tunnel per request",
    events: [registered, requested("1")],
    state: "running.operating",
    does: ["log tunnel.requested"],
    tunnels: ["1"],
  },
  {
    name: "opens as many as it may",
    events: [registered, requested("1"), requested("2")],
    state: "running.operating",
    does: ["log tunnel.requested"],
    tunnels: ["1", "2"],
  },
  {
    name: "refuses one more",
    events: [registered, requested("1"), requested("2"), requested("3")],
    state: "running.operating",
    does: ["log tunnel.requested", "log tunnel.closed", "send operation.failed"],
    tunnels: ["1", "2"],
  },
  {
    name: "tells the operations when a tunnel stands",
    events: [registered, requested("1"), opened("1")],
    state: "running.operating",
    does: ["log tunnel.opened", "send operation.succeeded", "send tunnel.reported"],
    tunnels: ["1"],
  },
  {
    name: "tells the cloud of a tunnel that stands by an event",
    events: [registered, requested("1"), opened("1"), { type: "tunnel.reported", operation: "1" }],
    state: "running.operating",
    does: ["send connectivity.publish"],
    tunnels: ["1"],
  },
  {
    name: "opens no tunnel while it is too hot, and keeps those that are open",
    events: [registered, requested("1"), opened("1"), { type: "health.hot" }, requested("2")],
    state: "running.operating",
    does: ["log tunnel.requested", "log tunnel.closed", "send operation.failed"],
    tunnels: ["1"],
  },
  {
    name: "opens tunnels again once it has cooled",
    events: [registered, { type: "health.hot" }, { type: "health.cooled" }, requested("2")],
    state: "running.operating",
    does: ["log tunnel.requested"],
    tunnels: ["2"],
  },
  {
    name: "answers in its own turn that it makes progress",
    events: [{ type: "progress.asked", answer: () => {} }],
    state: "running.registering",
    does: ["answerProgress"],
  },
  {
    name: "tells log and cloud of a press of the button",
    events: [{ type: "button.pressed" }],
    state: "running.registering",
    does: ["log button.pressed", "send connectivity.publish"],
  },
  {
    name: "ends to be reset by the button, as for a stop",
    events: [registered, requested("1"), { type: "button.reset-confirmed" }],
    state: "stopping.draining",
    tunnels: ["1"],
  },
  {
    name: "is reset once the cloud is left",
    events: [registered, { type: "button.reset-confirmed" }, connectivityDone],
    state: "reset",
  },
  {
    name: "is reset although leaving takes too long",
    events: [
      registered,
      { type: "button.reset-confirmed" },
      { type: "xstate.after.leaveLimit.gateway.stopping.leaving" },
    ],
    state: "reset",
  },
  {
    name: "stops and is not reset by a button while it stops",
    events: [registered, stop, { type: "button.reset-confirmed" }, connectivityDone],
    state: "stopped",
  },
  {
    name: "tells the operations when a tunnel cannot be opened, and keeps it until it is closed",
    events: [registered, requested("1"), failed("1")],
    state: "running.operating",
    does: ["send operation.failed"],
    tunnels: ["1"],
  },
  {
    name: "closes its tunnels before the machine restarts",
    events: [registered, requested("1"), opened("1"), { type: "management.quiet-wanted" }],
    state: "running.operating",
    does: ["send tunnel.stop"],
    tunnels: ["1"],
  },
  {
    name: "opens no other then",
    events: [registered, { type: "management.quiet-wanted" }, requested("2")],
    state: "running.operating",
    does: ["log tunnel.requested", "log tunnel.closed", "send operation.failed"],
    tunnels: [],
  },
  {
    name: "opens them again when the machine does not restart after all",
    events: [registered, { type: "management.quiet-wanted" }, { type: "management.quiet-over" }, requested("2")],
    state: "running.operating",
    does: ["log tunnel.requested"],
    tunnels: ["2"],
  },
  {
    name: "ends to begin anew with another configuration",
    events: [registered, { type: "management.reconfigured" }, connectivityDone],
    state: "reconfigured",
    does: ["log gateway.stopped", "stop connectivity", "stop operations"],
    tunnels: [],
  },
  {
    name: "ends so too when the cloud is not left in time",
    events: [
      registered,
      { type: "management.reconfigured" },
      { type: "xstate.after.leaveLimit.gateway.stopping.leaving" },
    ],
    state: "reconfigured",
    does: ["log gateway.stopped", "stop connectivity", "stop operations"],
    tunnels: [],
  },
  {
    name: "says of an operation of device management that nobody can do it while that part is broken",
    events: [registered, { type: "management.requested", operation: "9", request: { fragment: "c8y_Restart" } }],
    state: "running.operating",
    does: ["send operation.managed"],
  },
  {
    name: "passes on how an operation of device management ended",
    events: [registered, { type: "management.finished", operation: "9", outcome: { ok: true } }],
    state: "running.operating",
    does: ["send operation.managed"],
  },
  {
    name: "removes a tunnel that has closed, with an event",
    events: [registered, requested("1"), opened("1"), closed("1")],
    state: "running.operating",
    does: ["log tunnel.closed", "send connectivity.publish", "stop tunnel:1"],
    tunnels: [],
  },
  {
    name: "removes one that never stood without an event",
    events: [registered, requested("1"), failed("1"), closed("1", false)],
    state: "running.operating",
    does: ["log tunnel.closed", "stop tunnel:1"],
    tunnels: [],
  },
  {
    name: "has room again afterwards",
    events: [registered, requested("1"), requested("2"), closed("1"), requested("3")],
    state: "running.operating",
    does: ["log tunnel.requested"],
    tunnels: ["2", "3"],
  },
  {
    name: "survives a tunnel that breaks: fails its operation, and closes what it left",
    events: [registered, requested("1"), broke("tunnel:1")],
    state: "running.operating",
    does: ["log internal.error", "send operation.failed", "closeBroken"],
    tunnels: ["1"],
  },
  { name: "does not limp on without connectivity", events: [registered, broke("connectivity")], state: "failed" },
  { name: "does not limp on without operations", events: [registered, broke("operations")], state: "failed" },
  {
    name: "leaves the cloud at once when it stops without tunnels",
    events: [registered, stop],
    state: "stopping.leaving",
    does: [
      "stop renewal",
      "log gateway.stopping",
      "xstate.after.drainLimit.gateway.stopping.draining in 2500 ms",
      "send connectivity.stop",
      "xstate.after.leaveLimit.gateway.stopping.leaving in 1900 ms",
    ],
  },
  {
    name: "stops the registration when it stops",
    events: [stop],
    state: "stopping.leaving",
    does: [
      "stop registration",
      "log gateway.stopping",
      "xstate.after.drainLimit.gateway.stopping.draining in 2500 ms",
      "send connectivity.stop",
      "xstate.after.leaveLimit.gateway.stopping.leaving in 1900 ms",
    ],
  },
  {
    name: "closes tunnels first when it stops",
    events: [registered, requested("1"), requested("2"), stop],
    state: "stopping.draining",
    does: [
      "stop renewal",
      "log gateway.stopping",
      "send tunnel.stop",
      "send tunnel.stop",
      "xstate.after.drainLimit.gateway.stopping.draining in 2500 ms",
    ],
  },
  {
    name: "leaves once the last tunnel has closed",
    events: [registered, requested("1"), requested("2"), stop, closed("1"), closed("2")],
    state: "stopping.leaving",
    tunnels: [],
  },
  {
    name: "cuts tunnels that do not close",
    events: [registered, requested("1"), stop, { type: "xstate.after.drainLimit.gateway.stopping.draining" }],
    state: "stopping.cutting",
    does: ["send tunnel.cut", "xstate.after.cutLimit.gateway.stopping.cutting in 200 ms"],
  },
  {
    name: "leaves although a cut tunnel says nothing",
    events: [
      registered,
      requested("1"),
      stop,
      { type: "xstate.after.drainLimit.gateway.stopping.draining" },
      { type: "xstate.after.cutLimit.gateway.stopping.cutting" },
    ],
    state: "stopping.leaving",
  },
  {
    name: "refuses a request while it stops",
    events: [registered, requested("1"), stop, requested("2")],
    state: "stopping.draining",
    does: ["log tunnel.requested", "log tunnel.closed", "send operation.failed"],
    tunnels: ["1"],
  },
  { name: "is stopped once the cloud is left", events: [registered, stop, connectivityDone], state: "stopped" },
  {
    name: "is stopped although leaving takes too long",
    events: [registered, stop, { type: "xstate.after.leaveLimit.gateway.stopping.leaving" }],
    state: "stopped",
  },
  {
    name: "does nothing on a second stop",
    events: [registered, requested("1"), stop, stop],
    state: "stopping.draining",
    does: [],
  },
])("$name", ({ events, state, does, tunnels }) => {
  const step = play(gatewayMachine, input, events);
  expect(step.state).toBe(state);
  if (does !== undefined) expect(step.actions).toEqual(does);
  if (tunnels !== undefined) expect(Object.keys(step.snapshot.context.tunnels)).toEqual(tunnels);
});

describe("what a part that breaks has said", () => {
  const limits = { intervalMs: 60_000, diskFullPercent: 90, memoryFullPercent: 90, hotCelsius: 80 };
  const settings = { prefer: ["eth0", "wwan0"], failOverAfterMs: 60_000, failBackAfterMs: 300_000 };
  const whole = {
    ...input,
    parts: ["health", "management", "uplinks"] as const,
    healthLimits: limits,
    uplinkSettings: settings,
  };
  const due = (part: string) => ({ type: "board.part-due", part });

  test("keeps tunnels shut no longer: nobody would take it back", () => {
    const hot = [registered, { type: "health.hot", celsius: 90 }];
    expect(play(gatewayMachine, whole, [...hot, requested("1")]).snapshot.context.tunnels).toEqual({});
    const cool = play(gatewayMachine, whole, [...hot, broke("health"), due("health"), requested("1")]);
    expect(Object.keys(cool.snapshot.context.tunnels)).toEqual(["1"]);
    const quiet = [registered, { type: "management.quiet-wanted" }];
    expect(play(gatewayMachine, whole, [...quiet, requested("1")]).snapshot.context.tunnels).toEqual({});
    const loud = play(gatewayMachine, whole, [...quiet, broke("management"), due("management"), requested("1")]);
    expect(Object.keys(loud.snapshot.context.tunnels)).toEqual(["1"]);
  });

  test("and what it was asked for are not waited for any longer", () => {
    expect(play(gatewayMachine, whole, [registered, broke("management")]).actions).toContain(
      "send operations.management-lost",
    );
  });

  test("is told again when the queue for the cloud was too short for it", () => {
    const { actions } = play(gatewayMachine, whole, [registered, { type: "connectivity.dropped" }]);
    expect(actions).toEqual(["send health.retell"]);
  });

  test("is told to its successor: that the gateway is online", () => {
    const online = [registered, { type: "connectivity.online" }];
    expect(play(gatewayMachine, whole, [...online, broke("uplinks"), due("uplinks")]).actions).toContain(
      "send uplinks.online",
    );
    const again = { type: "xstate.after.restartDelay.gateway.running.renewalBroken" };
    const { snapshot } = play(gatewayMachine, whole, [...online, broke("renewal"), again]);
    expect(snapshot.children.renewal?.getSnapshot().context).toMatchObject({ isOnline: true });
  });
});

describe("the board's parts", () => {
  const withParts = { ...input, parts: ["indicator", "button", "watchdog"] as const };

  test("are started where they are", () => {
    const parts = ["indicator", "button", "watchdog"] as const;
    const { context } = play(gatewayMachine, withParts, []).snapshot;
    expect(parts.map((part) => context[part]?.id)).toEqual(parts);
    const without = play(gatewayMachine, input, []).snapshot.context;
    expect(parts.map((part) => without[part])).toEqual([undefined, undefined, undefined]);
  });

  test.each([
    { events: [registered], does: "send indicator.phase" },
    { events: [registered, { type: "connectivity.online" }], does: "send indicator.phase" },
    { events: [registered, { type: "connectivity.offline", reason: "reset" }], does: "send indicator.phase" },
    { events: [broke("registration")], does: "send indicator.faulted" },
    { events: [registered, requested("1"), opened("1")], does: "send indicator.tunnels" },
    { events: [registered, requested("1"), opened("1"), closed("1")], does: "send indicator.tunnels" },
    { events: [{ type: "health.hot", celsius: 90 }], does: "send indicator.faulted" },
    { events: [{ type: "health.cooled", celsius: 60 }], does: "send indicator.mended" },
    { events: [{ type: "alarm.raised", alarmType: "x", severity: "MAJOR", text: "" }], does: "send indicator.faulted" },
    { events: [{ type: "alarm.raised", alarmType: "x", severity: "MINOR", text: "" }], does: "send indicator.mended" },
    { events: [{ type: "alarm.cleared", alarmType: "x" }], does: "send indicator.mended" },
    { events: [{ type: "button.reset-warned" }], does: "send indicator.reset" },
    { events: [{ type: "button.reset-armed" }], does: "send indicator.reset" },
    { events: [{ type: "button.stuck" }], does: "send indicator.reset" },
    { events: [registered, stop], does: "send watchdog.stop" },
  ])("are told what happens: $does", ({ events, does }) => {
    expect(play(gatewayMachine, withParts, events).actions).toContain(does);
  });

  test.each(["indicator", "button", "watchdog"] as const)("a broken %s begins anew after a while", (part) => {
    const { state, actions, snapshot } = play(gatewayMachine, withParts, [broke(part)]);
    expect(state).toBe("running.registering");
    expect(actions).toEqual(["log internal.error", `stop ${part}`, "board.part-due in 10000 ms"]);
    expect(snapshot.context[part]).toBeUndefined();
    const again = play(gatewayMachine, withParts, [broke(part), { type: "board.part-due", part }]);
    expect(again.snapshot.context[part]?.id).toBe(part);
  });
});
