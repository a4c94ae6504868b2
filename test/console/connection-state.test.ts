// Where a connection stands in the console's bar, fact by fact.
import { describe, expect, it } from "vitest";
import {
  type ConnectionFact,
  type ConnectionState,
  connectionAfter,
  startState,
} from "#cloud-stub/console/src/connect/connection-state.ts";

function stateAfter(...facts: readonly ConnectionFact[]): ConnectionState {
  return facts.reduce(connectionAfter, startState);
}

const waiting: ConnectionFact = { type: "cloud.step", step: "waiting-for-gateway" };
const opening: ConnectionFact = { type: "cloud.step", step: "opening-tunnel" };
const handshaking: ConnectionFact = { type: "cloud.step", step: "handshaking" };
const open: ConnectionFact = { type: "cloud.step", step: "open" };
const connected: ConnectionFact = { type: "vnc.connected" };
const panelClosed: ConnectionFact = {
  type: "cloud.closed",
  reason: "panel.closed",
  text: "The panel closed the connection.",
};
const gatewayOffline: ConnectionFact = { type: "cloud.closed", reason: "gateway.offline", text: "It is offline." };
const broken: ConnectionFact = { type: "socket.closed", code: 1006, text: "" };

describe("the steps of a connection", () => {
  it.each<[readonly ConnectionFact[], string]>([
    [[], "preparing"],
    [[waiting], "waiting-for-gateway"],
    [[waiting, opening], "opening-tunnel"],
    [[waiting, opening, handshaking], "handshaking"],
    [[waiting, opening, handshaking, open], "handshaking"],
    [[waiting, opening, open], "handshaking"],
    [[waiting, opening, handshaking, open, connected], "connected"],
    [[waiting, opening, handshaking, connected, open], "connected"],
    [[opening, waiting], "opening-tunnel"],
    [[waiting, gatewayOffline, opening], "disconnected"],
    [[waiting, gatewayOffline, connected], "disconnected"],
  ])("after %j is %s", (facts, step) => {
    expect(stateAfter(...facts).step).toBe(step);
  });

  it("remembers how far a connection came that ended", () => {
    expect(stateAfter(waiting, opening, panelClosed).reached).toBe("opening-tunnel");
  });
});

describe("why a connection ended", () => {
  it.each<[string, readonly ConnectionFact[], string | undefined, string]>([
    ["the cloud's word", [waiting, gatewayOffline], "gateway.offline", "It is offline."],
    ["the cloud's word, not the close frame after it", [gatewayOffline, broken], "gateway.offline", "It is offline."],
    [
      "the word in the close frame when no message came",
      [waiting, { type: "socket.closed", code: 4032, text: "gateway.lost" }],
      "gateway.lost",
      "The gateway vanished in mid-session.",
    ],
    ["a guess when there is no word", [connected, broken], undefined, "The connection to the cloud broke off."],
    [
      "the person's wish, whatever the cloud says to it",
      [connected, { type: "person.disconnected" }, panelClosed],
      "client.closed",
      "You ended the connection.",
    ],
    [
      "the panel's refusal, not that it hung up after it",
      [handshaking, { type: "vnc.refused", detail: "Authentication failure" }, panelClosed],
      "auth.failed",
      "The panel refused the sign-in: Authentication failure",
    ],
    [
      "the cloud's word when the relay refused in the panel's place",
      [handshaking, { type: "vnc.refused", detail: "no" }, gatewayOffline],
      "gateway.offline",
      "It is offline.",
    ],
    [
      "the panel's refusal without a reason of its own",
      [handshaking, { type: "vnc.refused", detail: undefined }, broken],
      "auth.failed",
      "The panel did not accept the password.",
    ],
    [
      "bytes that are not VNC, not that the panel hung up after them",
      [handshaking, { type: "vnc.failed" }, panelClosed],
      undefined,
      "The panel's screen could not be shown: what it sent is not VNC as the console knows it.",
    ],
    ["why it could not start", [{ type: "start.failed", text: "No such endpoint." }], undefined, "No such endpoint."],
  ])("is %s", (_what, facts, reason, text) => {
    const { step, ending } = stateAfter(...facts);
    expect({ step, reason: ending?.reason, text: ending?.text }).toEqual({ step: "disconnected", reason, text });
  });
});
