// How the root and the connection to the cloud follow the uplinks and the modem.
import { describe, expect, test } from "vitest";
import { connectivityMachine } from "#firmware/connectivity/connectivity.machine.ts";
import { gatewayMachine } from "#firmware/gateway.machine.ts";
import { play } from "./steps.ts";

const board = { serialNumber: "10000000c0ffee01", model: "Board", revision: "1" };
const device = { id: "gw-1", name: "Line 3", type: "postern-gateway", board };
const identity = { kind: "password", tenant: "t1000", user: "device_gw-1", password: "p" };

describe("the connection", () => {
  const start = [
    { type: "queue.loaded", messages: [], dropped: 0, damaged: [] },
    { type: "connectivity.start", identity },
    { type: "session.connected", way: "tls" },
  ];
  const online = [
    ...start,
    { type: "session.published", tag: "announcement" },
    ...["s/e", "s/ds", "devicecontrol/notifications", "error"].map((topic) => {
      return { type: "session.subscribed", topic, isGranted: true };
    }),
    { type: "session.published", tag: "introduction" },
  ];
  const closed = { type: "session.closed", reason: "mqtt.closed", draw: 0.5 };
  const reconnect = { type: "connectivity.reconnect" };
  const at = (events: readonly { readonly type: string }[]) => play(connectivityMachine, { device }, events);

  test.each([
    { what: "leaves the cloud in order when it is online", events: online, state: "connected.relogging" },
    { what: "leaves an attempt too", events: start, state: "connected.relogging" },
    { what: "comes back once it has left", events: [...online, reconnect, closed], state: "connected.connecting" },
    {
      what: "comes back although nobody says farewell",
      events: [...online, reconnect, { type: "xstate.after.endLimit.connectivity.connected.relogging" }],
      state: "connected.connecting",
    },
    { what: "does not wait for the next try", events: [...online, closed], state: "connected.connecting" },
    { what: "does nothing without credentials", events: start.slice(0, 1), state: "unregistered" },
  ])("$what", ({ events, state }) => {
    const asks = events.includes(reconnect as never) ? [] : [reconnect];
    expect(at([...events, ...asks]).state).toBe(state);
  });

  test("stays on its way out when the gateway stops", () => {
    const { state } = at([...online, { type: "connectivity.stop" }]);
    expect(at([...online, { type: "connectivity.stop" }, reconnect]).state).toBe(state);
    const ending = [...start, { type: "connectivity.stop" }];
    expect(at([...ending, reconnect]).state).toBe(at(ending).state);
  });

  test("tells the parent that it is offline, and why", () => {
    const { actions, snapshot } = at([...online, reconnect]);
    expect(actions).toContain("tellOffline");
    expect(snapshot.context.why).toBe("uplink.changed");
  });
});

describe("the root", () => {
  const settings = { prefer: ["eth0", "wlan0"], failOverAfterMs: 60_000, failBackAfterMs: 300_000 };
  const modem = { port: "/dev/ttyUSB2", baudRate: 115_200, resetAfterFailures: 3, intervalMs: 60_000 };
  const input = {
    device,
    registration: { method: "bootstrap" as const, user: "management/devicebootstrap", password: "p" },
    limits: { dialTimeoutMs: 10_000, drainMs: 5_000, tunnelsMax: 2 },
    parts: ["uplinks", "modem"] as const,
    uplinkSettings: settings,
    modemSettings: modem,
  };
  const at = (events: readonly { readonly type: string; readonly [key: string]: unknown }[], more = {}) =>
    play(gatewayMachine, { ...input, ...more }, events);
  const switched = { type: "uplinks.switched", name: "wlan0" };
  const message = (type: string) => ({ type, message: { text: "400,a,b", isRepeatable: true } });
  const broke = (actorId: string) => ({ type: `xstate.error.actor.${actorId}`, actorId, error: new Error("bug") });

  test("starts what is configured, and nothing else", () => {
    expect(Object.keys(at([]).snapshot.children)).toEqual(expect.arrayContaining(["uplinks", "modem"]));
    const without = at([], { parts: [], uplinkSettings: undefined, modemSettings: undefined }).snapshot.children;
    expect(Object.keys(without)).not.toEqual(expect.arrayContaining(["uplinks"]));
    expect(Object.keys(without)).not.toEqual(expect.arrayContaining(["modem"]));
  });

  test("has the connection follow the uplink", () => {
    expect(at([switched]).actions).toEqual(["send connectivity.reconnect"]);
  });

  test("tells the uplinks of the connection", () => {
    expect(at([{ type: "connectivity.online" }]).actions).toContain("send uplinks.online");
    expect(at([{ type: "connectivity.offline", reason: "timeout" }]).actions).toContain("send uplinks.offline");
    expect(at([{ type: "connectivity.online" }], { parts: [] }).actions).not.toContain("send uplinks.online");
  });

  test.each(["uplinks.message", "modem.message"])("passes %s on to the cloud", (type) => {
    expect(at([message(type)]).actions).toEqual(["send connectivity.publish"]);
  });

  test.each(["uplinks", "modem"] as const)("goes on without %s when it breaks, and starts it again", (part) => {
    const { actions, snapshot } = at([broke(part)]);
    expect(actions).toEqual(
      expect.arrayContaining(["log internal.error", `stop ${part}`, "board.part-due in 10000 ms"]),
    );
    expect(snapshot.context[part]).toBeUndefined();
    expect(at([broke(part), { type: "board.part-due", part }]).snapshot.context[part]).toBeDefined();
  });
});
