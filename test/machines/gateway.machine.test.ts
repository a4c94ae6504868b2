// The switchboard as a table: what it passes on, what it opens, what it removes, and how it stops.
import { expect, test } from "vitest";
import { gatewayMachine } from "#firmware/gateway.machine.ts";
import { play } from "./steps.ts";

const board = { serialNumber: "10000000c0ffee01", model: "Board", revision: "1" };
const input = {
  device: { id: "gw-1", name: "Line 3", type: "postern-gateway", board },
  bootstrap: { user: "management/devicebootstrap", password: "p" },
  limits: { dialTimeoutMs: 10_000, drainMs: 5_000, tunnelsMax: 2 },
};
const credentials = { tenant: "t1000", user: "device_gw-1", password: "secret" };
const registration = (isNew: boolean) => ({ type: "xstate.done.actor.registration", output: { credentials, isNew } });
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
    does: ["stop registration", "log registration.completed", "send connectivity.start"],
  },
  {
    name: "says nothing when it was registered already",
    events: [registration(false)],
    state: "running.operating",
    does: ["stop registration", "send connectivity.start"],
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
    does: ["send operations.disconnected"],
  },
  {
    name: "needs to do nothing when it comes online",
    events: [registered, { type: "connectivity.online" }],
    state: "running.operating",
    does: [],
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
    does: ["log tunnel.opened", "send operation.succeeded"],
    tunnels: ["1"],
  },
  {
    name: "tells the operations when a tunnel cannot be opened, and keeps it until it is closed",
    events: [registered, requested("1"), failed("1")],
    state: "running.operating",
    does: ["send operation.failed"],
    tunnels: ["1"],
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
