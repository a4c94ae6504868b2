// The tunnel machine as a table: where each event leads from each state, rows in which nothing happens included.
import { expect, test } from "vitest";
import { type TunnelInput, tunnelMachine } from "#firmware/tunnel/tunnel.machine.ts";
import { play } from "./steps.ts";

const input: TunnelInput = {
  operation: "42",
  request: { hostname: "192.168.10.11", port: 5900, connectionKey: "k" },
  limits: { dialTimeoutMs: 10_000, drainMs: 5_000 },
};

const checked = (output: unknown) => ({ type: "xstate.done.actor.0.tunnel.checking", output });
const allowed = checked({ kind: "allowed", target: { address: "192.168.10.11", port: 5900 } });
const refused = checked({ kind: "refused", reason: "policy.refused", detail: "why" });
const checkBroke = { type: "xstate.error.actor.0.tunnel.checking", error: new Error("bug") };
const dialLimit = { type: "xstate.after.dialLimit.tunnel.standing.opening" };
const awaitLimit = { type: "xstate.after.drainLimit.tunnel.standing.finishing.awaitingCloud" };
const drainLimit = { type: "xstate.after.drainLimit.tunnel.standing.finishing.draining" };
const panelUp = { type: "panel.connected" };
const cloudUp = { type: "cloud.connected" };
const panelFailed = { type: "panel.failed", reason: "panel.refused", detail: "d" };
const cloudFailed = { type: "cloud.failed", reason: "cloud.lost", detail: "d" };
const panelEnded = { type: "panel.ended" };
const panelBroke = { type: "panel.broke", reason: "panel.reset", detail: "d" };
const cloudEnded = { type: "cloud.ended", reason: "client.closed", detail: "" };
const flushed = { type: "cloud.flushed" };
const cloudGone = { type: "cloud.gone" };
const closed = { type: "legs.closed", bytesUp: 1, bytesDown: 2, durationMs: 3 };
const legsBroke = { type: "xstate.error.actor.legs", error: new Error("bug") };
const stop = { type: "tunnel.stop", reason: "gateway.stopping" };
const cut = { type: "tunnel.cut" };

const dialing = [allowed];
const open = [allowed, panelUp, cloudUp];

test.each([
  {
    name: "starts by checking the target",
    events: [],
    state: "checking",
    does: ["spawn 0.tunnel.checking"],
    reason: "internal.error",
  },
  {
    name: "dials what is allowed",
    events: [allowed],
    state: "standing.opening.dialing",
    does: ["stop 0.tunnel.checking", "spawn legs", "xstate.after.dialLimit.tunnel.standing.opening in 10500 ms"],
  },
  {
    name: "fails what is refused, with no legs",
    events: [refused],
    state: "closed",
    does: ["stop 0.tunnel.checking", "tellFailed", "tellClosed"],
    reason: "policy.refused",
  },
  {
    name: "fails when the check breaks",
    events: [checkBroke],
    state: "closed",
    does: ["stop 0.tunnel.checking", "tellFailed", "tellClosed"],
    reason: "internal.error",
  },
  {
    name: "fails when told to stop while checking",
    events: [stop],
    state: "closed",
    does: ["stop 0.tunnel.checking", "tellFailed", "tellClosed"],
    reason: "gateway.stopping",
  },
  {
    name: "waits for the cloud once the panel stands",
    events: [...dialing, panelUp],
    state: "standing.opening.awaitingCloud",
    does: [],
  },
  {
    name: "waits for the panel once the cloud stands",
    events: [...dialing, cloudUp],
    state: "standing.opening.awaitingPanel",
    does: [],
  },
  {
    name: "forwards once both stand",
    events: open,
    state: "standing.forwarding",
    does: ["tellOpened", "send legs.forward"],
  },
  {
    name: "forwards once both stand, whichever is first",
    events: [...dialing, cloudUp, panelUp],
    state: "standing.forwarding",
    does: ["tellOpened", "send legs.forward"],
  },
  {
    name: "fails with the panel's reason",
    events: [...dialing, panelFailed],
    state: "standing.finishing.flushing",
    does: ["tellFailed", "send legs.finish"],
    reason: "panel.refused",
  },
  {
    name: "fails with the panel's reason while the cloud stands",
    events: [...dialing, cloudUp, panelFailed],
    state: "standing.finishing.flushing",
    does: ["tellFailed", "send legs.finish"],
    reason: "panel.refused",
  },
  {
    name: "fails with the cloud's reason",
    events: [...dialing, panelUp, cloudFailed],
    state: "standing.finishing.flushing",
    does: ["tellFailed", "send legs.finish"],
    reason: "cloud.lost",
  },
  {
    name: "keeps the first failure when both fail",
    events: [...dialing, panelFailed, cloudFailed],
    state: "standing.finishing.flushing",
    does: [],
    reason: "panel.refused",
  },
  {
    name: "takes the dial limit for the panel's while nothing stands",
    events: [...dialing, dialLimit],
    state: "standing.finishing.flushing",
    does: ["tellFailed", "send legs.finish"],
    reason: "panel.timeout",
  },
  {
    name: "takes the dial limit for the panel's while only the cloud stands",
    events: [...dialing, cloudUp, dialLimit],
    state: "standing.finishing.flushing",
    does: ["tellFailed", "send legs.finish"],
    reason: "panel.timeout",
  },
  {
    name: "takes the dial limit for the cloud's while the panel stands",
    events: [...dialing, panelUp, dialLimit],
    state: "standing.finishing.flushing",
    does: ["tellFailed", "send legs.finish"],
    reason: "cloud.lost",
  },
  {
    name: "fails when told to stop while dialing",
    events: [...dialing, stop],
    state: "standing.finishing.flushing",
    does: ["tellFailed", "send legs.finish"],
    reason: "gateway.stopping",
  },
  {
    name: "finishes with panel.closed at the panel's end of stream",
    events: [...open, panelEnded],
    state: "standing.finishing.flushing",
    does: ["send legs.finish"],
    reason: "panel.closed",
  },
  {
    name: "finishes with the reason of the panel's break",
    events: [...open, panelBroke],
    state: "standing.finishing.flushing",
    does: ["send legs.finish"],
    reason: "panel.reset",
  },
  {
    name: "finishes with the cloud's word",
    events: [...open, cloudEnded],
    state: "standing.finishing.flushing",
    does: ["send legs.finish"],
    reason: "client.closed",
  },
  {
    name: "finishes when told to stop",
    events: [...open, stop],
    state: "standing.finishing.flushing",
    does: ["send legs.finish"],
    reason: "gateway.stopping",
  },
  {
    name: "keeps the first reason: a panel's end, then the cloud's",
    events: [...open, panelEnded, cloudEnded],
    state: "standing.finishing.flushing",
    does: [],
    reason: "panel.closed",
  },
  {
    name: "keeps the first reason: a stop, then the panel's reset",
    events: [...open, stop, panelBroke],
    state: "standing.finishing.flushing",
    does: [],
    reason: "gateway.stopping",
  },
  {
    name: "gives the far close frame a limit once ours is on its way",
    events: [...open, panelEnded, flushed],
    state: "standing.finishing.awaitingCloud",
    does: ["xstate.after.drainLimit.tunnel.standing.finishing.awaitingCloud in 5000 ms"],
  },
  {
    name: "cuts a cloud that does not close",
    events: [...open, panelEnded, flushed, awaitLimit],
    state: "standing.finishing.awaitingCloud",
    does: ["send legs.cut"],
    reason: "panel.closed",
  },
  {
    name: "gives the panel a limit once the cloud is gone",
    events: [...open, cloudEnded, cloudGone],
    state: "standing.finishing.draining",
    does: ["xstate.after.drainLimit.tunnel.standing.finishing.draining in 5000 ms"],
  },
  {
    name: "gives the panel its own limit after the cloud's",
    events: [...open, panelEnded, flushed, cloudGone],
    state: "standing.finishing.draining",
    does: ["xstate.after.drainLimit.tunnel.standing.finishing.draining in 5000 ms"],
  },
  {
    name: "cuts a panel that does not end",
    events: [...open, cloudEnded, cloudGone, drainLimit],
    state: "standing.finishing.draining",
    does: ["send legs.cut"],
  },
  {
    name: "is closed once both legs are gone",
    events: [...open, cloudEnded, cloudGone, closed],
    state: "closed",
    does: ["stop legs", "tellClosed"],
    reason: "client.closed",
  },
  {
    name: "fails when the legs break while dialing",
    events: [...dialing, legsBroke],
    state: "closed",
    does: ["stop legs", "tellFailed", "tellClosed"],
    reason: "internal.error",
  },
  {
    name: "ends when the legs break while forwarding",
    events: [...open, legsBroke],
    state: "closed",
    does: ["stop legs", "tellClosed"],
    reason: "internal.error",
  },
  {
    name: "keeps the first reason: a failure, then broken legs",
    events: [...dialing, panelFailed, legsBroke],
    state: "closed",
    does: ["stop legs", "tellClosed"],
    reason: "panel.refused",
  },
  {
    name: "cuts when told to",
    events: [...open, stop, cut],
    state: "standing.finishing.flushing",
    does: ["send legs.cut"],
    reason: "gateway.stopping",
  },
  {
    name: "does nothing on a second stop",
    events: [...open, stop, stop],
    state: "standing.finishing.flushing",
    does: [],
  },
  {
    name: "does nothing on legs' facts while checking",
    events: [panelUp, cloudUp, panelBroke],
    state: "checking",
    does: [],
  },
  {
    name: "does nothing on a break of the panel while dialing",
    events: [...dialing, panelBroke],
    state: "standing.opening.dialing",
    does: [],
  },
  {
    name: "does nothing on a flush while forwarding",
    events: [...open, flushed, cloudGone],
    state: "standing.forwarding",
    does: [],
  },
  { name: "does nothing on a late dial limit", events: [...open, dialLimit], state: "standing.forwarding", does: [] },
  {
    name: "does nothing on a failure while forwarding",
    events: [...open, panelFailed],
    state: "standing.forwarding",
    does: [],
  },
  { name: "does nothing once closed", events: [refused, stop], state: "closed", does: [], reason: "policy.refused" },
])("$name", ({ events, state, does, reason }) => {
  const step = play(tunnelMachine, input, events);
  expect(step.state).toBe(state);
  expect(step.actions).toEqual(does);
  if (reason !== undefined) expect(step.snapshot.context.reason).toBe(reason);
});

test("remembers what it carried and whether it ever stood", () => {
  const { context } = play(tunnelMachine, input, [...open, cloudEnded, cloudGone, closed]).snapshot;
  expect(context).toMatchObject({ wasOpen: true, counts: { bytesUp: 1, bytesDown: 2, durationMs: 3 } });
  expect(play(tunnelMachine, input, [...dialing, panelFailed, closed]).snapshot.context.wasOpen).toBe(false);
});
