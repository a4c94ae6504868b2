// The session's machine as tables: in this state, on this event, that state, that step and that reason; or nothing at all.
import { describe, expect, it } from "vitest";
import { initialTransition, transition } from "xstate";
import { defaultSessionLimits } from "#cloud-stub/remote-access/limits.ts";
import { type SessionEvent, sessionMachine } from "#cloud-stub/remote-access/session.machine.ts";

interface Options {
  readonly hasHandshake?: boolean;
  readonly isGatewayOnline?: boolean;
}

const after = {
  gatewayWait: { type: "xstate.after.gatewayWait.session.opening" },
  openWait: { type: "xstate.after.gatewayWait.session.open" },
  verdictWait: { type: "xstate.after.verdictWait.session.unpaired" },
  handshakeLimit: { type: "xstate.after.handshakeLimit.session.open.handshaking.awaitingPanel" },
  lifeLimit: { type: "xstate.after.lifeLimit.session.open.established" },
  finishLimit: { type: "xstate.after.finishLimit.session.closing" },
} as const;

type AnyEvent = SessionEvent | { readonly type: string };

function run(events: readonly AnyEvent[], options: Options = {}) {
  const input = { limits: defaultSessionLimits, hasHandshake: false, isGatewayOnline: true, ...options };
  let [snapshot, actions] = initialTransition(sessionMachine, input);
  for (const event of events) [snapshot, actions] = transition(sessionMachine, snapshot, event as SessionEvent);
  const names = actions.map((action) =>
    action.type === "sayStep" ? `say ${(action.params as { step: string }).step}` : action.type,
  );
  return {
    state: flatten(snapshot.value),
    end: snapshot.context.end,
    actions: names.filter((name) => !name.startsWith("xstate.")),
    status: snapshot.status,
  };
}

function flatten(value: unknown): string {
  if (typeof value === "string") return value;
  const [[name, inner] = ["", ""]] = Object.entries(value as object);
  return `${name}.${flatten(inner)}`;
}

const created: SessionEvent = { type: "operation.created" };
const executing: SessionEvent = { type: "operation.executing" };
const successful: SessionEvent = { type: "operation.successful" };
const failed: SessionEvent = { type: "operation.failed", reason: "panel.refused", text: "refused (192.0.2.1:5900)" };
const connected: SessionEvent = { type: "device.connected" };
const spoke: SessionEvent = { type: "device.spoke" };
const deviceEnded: SessionEvent = { type: "device.ended", reason: "gateway.lost" };
const clientEnded: SessionEvent = { type: "client.ended", reason: "client.closed" };
const stopped: SessionEvent = { type: "session.ended", reason: "cloud.stopping" };
const handshakeDone: SessionEvent = { type: "handshake.done" };
const handshakeFailed: SessionEvent = { type: "handshake.failed", reason: "auth.failed", text: "no" };
const finished: SessionEvent = { type: "session.finished" };

const toWaiting = [created];
const toOpening = [created, executing];
const toPaired = [...toOpening, connected];
const toEstablished = [...toPaired, successful];
const toClosing = [...toEstablished, clientEnded];
const vnc = { hasHandshake: true };

describe("session machine, the way to an open session", () => {
  it.each<[string, readonly AnyEvent[], Options, string, readonly string[]]>([
    ["begins by creating the operation", [], {}, "opening.requested", ["createOperation", "say waiting-for-gateway"]],
    ["waits once the operation is there", toWaiting, {}, "opening.waitingForGateway", []],
    ["says that the gateway opens the tunnel", toOpening, {}, "opening.openingTunnel", ["say opening-tunnel"]],
    ["pairs before SUCCESSFUL", toPaired, {}, "opening.paired", []],
    ["opens on SUCCESSFUL after pairing", toEstablished, {}, "open.established", ["say open", "openStream"]],
    [
      "opens on the panel's bytes after pairing",
      [...toPaired, spoke],
      {},
      "open.established",
      ["say open", "openStream"],
    ],
    ["waits for the websocket after SUCCESSFUL", [...toOpening, successful], {}, "opening.openingTunnel", []],
    [
      "opens on the websocket after SUCCESSFUL",
      [...toOpening, successful, connected],
      {},
      "open.established",
      ["say open", "openStream"],
    ],
    ["pairs before EXECUTING", [created, connected], {}, "opening.paired", ["say opening-tunnel"]],
    ["pairs before the operation's creation is confirmed", [connected], {}, "opening.paired", ["say opening-tunnel"]],
    ["takes EXECUTING before the confirmation", [executing], {}, "opening.openingTunnel", ["say opening-tunnel"]],
    [
      "opens without EXECUTING",
      [created, successful, connected],
      {},
      "open.established",
      ["say opening-tunnel", "say open", "openStream"],
    ],
    [
      "handshakes where the protocol has one",
      toEstablished,
      vnc,
      "open.handshaking.awaitingPanel",
      ["say handshaking", "startHandshake"],
    ],
    [
      "handshakes on the panel's bytes",
      [...toPaired, spoke],
      vnc,
      "open.handshaking.awaitingPanel",
      ["say handshaking", "startHandshake"],
    ],
    [
      "opens after the handshake",
      [...toEstablished, handshakeDone],
      vnc,
      "open.established",
      ["say open", "openStream"],
    ],
    [
      "reports the tunnel itself if nobody does",
      [...toPaired, spoke, after.openWait],
      {},
      "open.established",
      ["reportTunnel"],
    ],
  ])("%s", (_name, events, options, state, actions) => {
    const result = run(events, options);
    expect(result.state).toBe(state);
    expect(result.actions).toEqual(actions);
  });
});

describe("session machine, endings", () => {
  it.each<[string, readonly AnyEvent[], Options, string, string]>([
    [
      "the gateway was never online",
      [created, after.gatewayWait],
      { isGatewayOnline: false },
      "gateway.offline",
      "cloud",
    ],
    ["the gateway was online at the start", [created, after.gatewayWait], {}, "gateway.timeout", "cloud"],
    [
      "the gateway came online meanwhile",
      [created, { type: "gateway.online" }, after.gatewayWait],
      { isGatewayOnline: false },
      "gateway.timeout",
      "cloud",
    ],
    [
      "the gateway took the operation",
      [...toOpening, after.gatewayWait],
      { isGatewayOnline: false },
      "gateway.timeout",
      "cloud",
    ],
    [
      "the gateway never finished",
      [...toPaired, after.gatewayWait],
      { isGatewayOnline: false },
      "gateway.timeout",
      "cloud",
    ],
    [
      "the operation could not be created",
      [{ type: "operation.refused", reason: "internal.error" }],
      {},
      "internal.error",
      "cloud",
    ],
    ["FAILED while waiting", [created, failed], {}, "panel.refused", "device"],
    ["FAILED while opening", [...toOpening, failed], {}, "panel.refused", "device"],
    ["FAILED after pairing", [...toPaired, failed], {}, "panel.refused", "device"],
    ["FAILED in the handshake", [...toEstablished, failed], vnc, "panel.refused", "device"],
    ["FAILED when open", [...toPaired, spoke, failed], {}, "panel.refused", "device"],
    ["FAILED soon after the device websocket broke", [...toPaired, deviceEnded, failed], {}, "panel.refused", "device"],
    [
      "the device websocket broke and nothing followed",
      [...toPaired, deviceEnded, after.verdictWait],
      {},
      "gateway.lost",
      "device",
    ],
    [
      "the device websocket broke, then SUCCESSFUL",
      [...toPaired, deviceEnded, successful],
      {},
      "gateway.lost",
      "device",
    ],
    [
      "the client left while the verdict was awaited",
      [...toPaired, deviceEnded, clientEnded],
      {},
      "client.closed",
      "client",
    ],
    ["the client left at once", [clientEnded], {}, "client.closed", "client"],
    ["the client left while waiting", [created, clientEnded], {}, "client.closed", "client"],
    ["the client left when open", [...toEstablished, clientEnded], {}, "client.closed", "client"],
    ["the gateway vanished when open", [...toEstablished, deviceEnded], {}, "gateway.lost", "device"],
    ["the gateway vanished in the handshake", [...toEstablished, deviceEnded], vnc, "gateway.lost", "device"],
    ["the handshake failed", [...toEstablished, handshakeFailed], vnc, "auth.failed", "cloud"],
    [
      "the handshake took too long",
      [...toEstablished, { type: "handshake.expired", reason: "panel.timeout" }],
      vnc,
      "panel.timeout",
      "cloud",
    ],
    ["the cloud stops while waiting", [created, stopped], {}, "cloud.stopping", "cloud"],
    ["the cloud stops when open", [...toEstablished, stopped], {}, "cloud.stopping", "cloud"],
    ["the session is too old", [...toEstablished, after.lifeLimit], {}, "session.expired", "cloud"],
  ])("%s", (_name, events, options, reason, by) => {
    const result = run(events, options);
    expect(result.state).toBe("closing");
    expect(result.actions).toEqual(["finish"]);
    expect(result.end).toMatchObject({ reason, by });
    expect(result.end?.text).toMatch(/^[^\n]+$/);
  });

  it("hands on the text of the gateway", () => {
    expect(run([created, failed]).end?.text).toBe("refused (192.0.2.1:5900)");
  });

  it("is over once all is finished", () => {
    expect(run([...toClosing, finished])).toMatchObject({ state: "closed", status: "done" });
  });

  it("abandons what cannot be finished", () => {
    expect(run([...toClosing, after.finishLimit])).toMatchObject({
      state: "closed",
      actions: ["abandon"],
      status: "done",
    });
  });
});

describe("session machine, where nothing happens", () => {
  it.each<[string, readonly AnyEvent[], AnyEvent, Options]>([
    ["a second EXECUTING", toOpening, executing, {}],
    ["EXECUTING after pairing", toPaired, executing, {}],
    ["a confirmation that comes late", toOpening, created, {}],
    ["a second creation", toWaiting, created, {}],
    ["SUCCESSFUL when open", toEstablished, successful, {}],
    ["the gateway's coming online when open", toEstablished, { type: "gateway.online" }, {}],
    ["the panel's bytes before pairing", toOpening, spoke, {}],
    ["the panel's first bytes when open", toEstablished, spoke, {}],
    ["the wait's end when open and reported", toEstablished, after.openWait, {}],
    ["a handshake's end without a handshake", toEstablished, handshakeDone, {}],
    ["a handshake's failure when open", [...toEstablished, handshakeDone], handshakeFailed, vnc],
    ["a device's end before there was one", toOpening, deviceEnded, {}],
    ["FAILED when closing", toClosing, failed, {}],
    ["a device's end when closing", toClosing, deviceEnded, {}],
    ["a client's end when closing", toClosing, clientEnded, {}],
    ["a stop when closing", toClosing, stopped, {}],
  ])("%s", (_name, events, event, options) => {
    const before = run(events, options);
    const result = run([...events, event], options);
    expect(result.state).toBe(before.state);
    expect(result.end).toEqual(before.end);
    expect(result.actions).toEqual([]);
  });

  it("asks for the handshake's verdict at its limit, without deciding it", () => {
    const result = run([...toEstablished, after.handshakeLimit], vnc);
    expect(result).toMatchObject({ state: "open.handshaking.awaitingPanel", actions: ["expireHandshake"] });
  });
});

describe("a handshake that waits for a person", () => {
  const asked: SessionEvent = { type: "person.asked" };
  const answered: SessionEvent = { type: "person.answered" };
  const toHandshake = [...toPaired, successful];
  const personLimit = { type: "xstate.after.personLimit.session.open.handshaking.awaitingPerson" };

  it.each<[string, readonly AnyEvent[], string, readonly string[]]>([
    ["asks", [asked], "open.handshaking.awaitingPerson", []],
    ["is not stopped by the panel's limit", [asked, after.handshakeLimit], "open.handshaking.awaitingPerson", []],
    ["ends when nobody answers", [asked, personLimit], "open.handshaking.awaitingPerson", ["expireHandshake"]],
    ["goes on", [asked, answered], "open.handshaking.awaitingPanel", []],
    ["is through", [asked, answered, handshakeDone], "open.established", ["say open", "openStream"]],
  ])("%s", (_what, events, state, actions) => {
    expect(run([...toHandshake, ...events], { hasHandshake: true })).toMatchObject({ state, actions });
  });

  it("and the end of an open protocol is the panel's end", () => {
    const ended: SessionEvent = { type: "protocol.ended", reason: "panel.closed", text: "exit status 3" };
    expect(run([...toEstablished, ended])).toMatchObject({
      state: "closing",
      end: { reason: "panel.closed", text: "exit status 3", by: "device" },
    });
  });
});
