// The connectivity machine as a table: the order of the first session, losses, stopping, and rows in which nothing happens.
import { expect, test } from "vitest";
import { connectivityMachine } from "#firmware/connectivity/connectivity.machine.ts";
import { keptMessagesMax, messageBytesMax } from "#firmware/connectivity/outbox.ts";
import { play } from "./steps.ts";

const board = { serialNumber: "10000000c0ffee01", model: "Board", revision: "1" };
const input = { device: { id: "gw-1", name: "Line 3", type: "postern-gateway", board } };

const start = {
  type: "connectivity.start",
  identity: { kind: "password", tenant: "t1000", user: "device_gw-1", password: "p" },
};
const connected = { type: "session.connected", way: "tls" };
const loaded = { type: "queue.loaded", messages: [], dropped: 0, damaged: [] };
const flushed = { type: "queue.flushed" };
const published = (tag: string) => ({ type: "session.published", tag });
const granted = (topic: string) => ({ type: "session.subscribed", topic, isGranted: true });
const refused = (topic: string) => ({ type: "session.subscribed", topic, isGranted: false });
const closed = { type: "session.closed", reason: "mqtt.closed", draw: 0.5 };
const loginRefused = { type: "session.closed", reason: "mqtt.login-refused", draw: 0.5 };
const reconnect = { type: "xstate.after.reconnectDelay.connectivity.offline" };
const reconnectTakenOver = { type: "xstate.after.reconnectDelay.connectivity.takenOver" };
const message = (text: string, isRepeatable = true) => ({ type: "connectivity.publish", text, isRepeatable });
const stop = { type: "connectivity.stop" };
const after = (delay: string, state: string) => ({ type: `xstate.after.${delay}.connectivity.connected.${state}` });

const kept = (text: string) => ({ ...message(text), isKept: true });
const loadedWith = (messages: readonly { id: number; text: string }[]) => ({ ...loaded, messages });

const topics = ["s/e", "s/ds", "devicecontrol/notifications", "error"];
const toSubscribing = [loaded, start, connected, published("announcement")];
const toIntroducing = [...toSubscribing, ...topics.map(granted)];
const toOnline = [...toIntroducing, published("introduction")];
const again = [reconnectTakenOver, ...toOnline.slice(2)];
/** So many connections that came online, each ended like this. */
const rounds = (count: number, end: typeof closed) => [
  ...toOnline,
  end,
  ...Array.from({ length: count - 1 }, () => [reconnect, ...toOnline.slice(2), end]).flat(),
];
const takeover = rounds(5, closed);
const online = (subscriptions: string, outbox: string, stopping = "no", lasting = "young") =>
  `connected.online.(lasting.${lasting} heartbeat.waiting subscriptions.${subscriptions} outbox.${outbox} stopping.${stopping})`;
const timer = (delay: string, state: string, ms: number) =>
  `xstate.after.${delay}.connectivity.connected.${state} in ${ms} ms`;

test.each([
  {
    name: "waits for credentials, and looks what an earlier run has left",
    events: [],
    state: "unregistered",
    does: ["spawn queue"],
  },
  {
    name: "keeps messages while it waits for them",
    events: [message("400,a")],
    state: "unregistered",
    does: [],
    outbox: ["400,a"],
  },
  {
    name: "connects with credentials",
    events: [start],
    state: "connected.connecting",
    does: ["spawn session", timer("answerLimit", "connecting", 20_000)],
  },
  {
    name: "announces the device first",
    events: [start, connected],
    state: "connected.announcing",
    does: ["send session.publish", timer("answerLimit", "announcing", 20_000)],
  },
  {
    name: "subscribes once the announcement is acknowledged",
    events: toSubscribing,
    state: "connected.subscribing",
    does: ["send session.subscribe", timer("answerLimit", "subscribing", 20_000)],
  },
  {
    name: "subscribes to one topic after the other",
    events: [...toSubscribing, granted("s/e")],
    state: "connected.subscribing",
    does: ["send session.subscribe", timer("answerLimit", "subscribing", 20_000)],
  },
  {
    name: "introduces itself once all topics are granted",
    events: toIntroducing,
    state: "connected.introducing",
    does: ["send session.publish", timer("answerLimit", "introducing", 20_000)],
  },
  {
    name: "is online once the introduction is acknowledged",
    events: toOnline,
    state: online("settled", "idle"),
    does: [
      "log connectivity.online",
      "tellOnline",
      timer("lastingConnection", "online.lasting.young", 60_000),
      timer("heartbeatInterval", "online.heartbeat.waiting", 240_000),
      timer("resubscribeDelay", "online.subscriptions.settled", 60_000),
      timer("loadLimit", "online.outbox.loading", 10_000),
    ],
  },
  {
    name: "gives up a CONNECT without an answer",
    events: [start, after("answerLimit", "connecting")],
    state: "connected.connecting",
    does: ["send session.fail"],
  },
  {
    name: "gives up a PUBLISH without an answer",
    events: [start, connected, after("answerLimit", "announcing")],
    state: "connected.announcing",
    does: ["send session.fail"],
  },
  {
    name: "gives up a SUBSCRIBE without an answer",
    events: [...toSubscribing, after("answerLimit", "subscribing")],
    state: "connected.subscribing",
    does: ["send session.fail"],
  },
  {
    name: "goes on without a topic that brings no operations",
    events: [...toSubscribing, refused("s/e"), ...topics.slice(1).map(granted)],
    state: "connected.introducing",
    does: [
      "log connectivity.subscription-refused",
      "send session.publish",
      timer("answerLimit", "introducing", 20_000),
    ],
  },
  {
    name: "waits for the device while no topic with operations is granted",
    events: [
      ...toSubscribing,
      granted("s/e"),
      refused("s/ds"),
      refused("devicecontrol/notifications"),
      granted("error"),
    ],
    state: "connected.awaitingDevice",
    does: ["log connectivity.subscription-refused", timer("deviceRetryDelay", "awaitingDevice", 10_000)],
  },
  {
    name: "announces the device again after a while",
    events: [
      ...toSubscribing,
      granted("s/e"),
      refused("s/ds"),
      refused("devicecontrol/notifications"),
      granted("error"),
      after("deviceRetryDelay", "awaitingDevice"),
    ],
    state: "connected.announcing",
    does: ["send session.publish", timer("answerLimit", "announcing", 20_000)],
  },
  {
    name: "backs off after a loss",
    events: [...toOnline, closed],
    state: "offline",
    does: [
      "stop session",
      "log connectivity.offline",
      "tellOffline",
      "xstate.after.reconnectDelay.connectivity.offline in 500 ms",
      "spawn clockWatch",
    ],
    attempt: 1,
  },
  {
    name: "backs off longer after each failure",
    events: [start, closed, reconnect, closed, reconnect, closed],
    state: "offline",
    does: [
      "stop session",
      "log connectivity.offline",
      "tellOffline",
      "xstate.after.reconnectDelay.connectivity.offline in 2000 ms",
      "spawn clockWatch",
    ],
    attempt: 3,
  },
  {
    name: "does not take a short connection for a good one",
    events: [
      ...toOnline,
      closed,
      reconnect,
      connected,
      published("announcement"),
      ...topics.map(granted),
      published("introduction"),
      closed,
    ],
    state: "offline",
    attempt: 2,
  },
  {
    name: "takes a lasting connection for a good one",
    events: [
      loaded,
      start,
      closed,
      reconnect,
      connected,
      published("announcement"),
      ...topics.map(granted),
      published("introduction"),
      after("lastingConnection", "online.lasting.young"),
    ],
    state: online("settled", "idle", "no", "old"),
    does: [],
    attempt: 0,
  },
  {
    name: "comes back after the delay",
    events: [...toOnline, closed, reconnect],
    state: "connected.connecting",
    does: ["stop clockWatch", "spawn session", timer("answerLimit", "connecting", 20_000)],
  },
  {
    name: "sends a message while online",
    events: [...toOnline, message("504,1")],
    state: online("settled", "sending"),
    does: ["send session.publish", timer("answerLimit", "online.outbox.sending", 20_000)],
    outbox: ["504,1"],
  },
  {
    name: "sends one message at a time",
    events: [...toOnline, message("504,1"), message("506,1")],
    state: online("settled", "sending"),
    does: [],
    outbox: ["504,1", "506,1"],
  },
  {
    name: "sends the next once the first is acknowledged",
    events: [...toOnline, message("504,1"), message("506,1"), published("message")],
    state: online("settled", "sending"),
    does: ["send session.publish", timer("answerLimit", "online.outbox.sending", 20_000)],
    outbox: ["506,1"],
  },
  {
    name: "keeps an unacknowledged message over a loss",
    events: [...toOnline, message("506,1"), closed],
    state: "offline",
    outbox: ["506,1"],
  },
  {
    name: "does not send a status by name twice",
    events: [...toOnline, message("503,c8y_RemoteAccessConnect", false), closed],
    state: "offline",
    outbox: [],
  },
  {
    name: "sends nothing before it has introduced itself",
    events: [...toSubscribing, message("504,1")],
    state: "connected.subscribing",
    does: [],
    outbox: ["504,1"],
  },
  {
    name: "hands on what the cloud says while it is still subscribing",
    events: [...toSubscribing, { type: "session.received", message: { kind: "other", what: "x" } }],
    state: "connected.subscribing",
    does: ["tellReceived"],
  },
  {
    name: "sends a heartbeat",
    events: [...toOnline, after("heartbeatInterval", "online.heartbeat.waiting")],
    state: online("settled", "sending"),
    outbox: [],
  },
  {
    name: "asks again for a refused topic",
    events: [
      ...toSubscribing,
      granted("s/e"),
      granted("s/ds"),
      refused("devicecontrol/notifications"),
      granted("error"),
      published("introduction"),
      after("resubscribeDelay", "online.subscriptions.settled"),
    ],
    state: online("retrying", "idle"),
    does: ["send session.subscribe", timer("answerLimit", "online.subscriptions.retrying", 20_000)],
  },
  {
    name: "asks for pending operations when a topic that brings them is granted late",
    events: [
      ...toSubscribing,
      granted("s/e"),
      granted("s/ds"),
      refused("devicecontrol/notifications"),
      granted("error"),
      published("introduction"),
      after("resubscribeDelay", "online.subscriptions.settled"),
      granted("devicecontrol/notifications"),
    ],
    state: online("settled", "idle"),
    does: ["send session.publish", timer("resubscribeDelay", "online.subscriptions.settled", 60_000)],
  },
  {
    name: "asks for nothing again when nothing was refused",
    events: [...toOnline, after("resubscribeDelay", "online.subscriptions.settled")],
    state: online("settled", "idle"),
    does: [],
  },
  {
    name: "stops while unregistered once what waits is on the disk",
    events: [stop],
    state: "keeping",
    does: ["send queue.flush", "xstate.after.keepLimit.connectivity.keeping in 250 ms"],
  },
  { name: "is stopped once what waits is on the disk", events: [stop, flushed], state: "stopped" },
  {
    name: "is stopped although the disk does not answer",
    events: [stop, { type: "xstate.after.keepLimit.connectivity.keeping" }],
    state: "stopped",
  },
  { name: "stops while offline", events: [...toOnline, closed, stop, flushed], state: "stopped" },
  {
    name: "ends a connection that is being made",
    events: [start, stop],
    state: "connected.ending",
    does: ["send session.end", "send queue.flush", timer("endLimit", "ending", 1_000)],
  },
  { name: "ends the connection when nothing waits", events: [...toOnline, stop], state: "connected.ending" },
  {
    name: "sends what waits before it ends the connection",
    events: [...toOnline, message("400,a"), stop],
    state: online("settled", "sending", "flushing"),
    does: ["send queue.flush", timer("flushLimit", "online.stopping.flushing", 600)],
  },
  {
    name: "ends the connection once what waited is acknowledged",
    events: [...toOnline, message("400,a"), stop, published("message")],
    state: "connected.ending",
  },
  {
    name: "ends the connection although nothing is acknowledged",
    events: [...toOnline, message("400,a"), stop, after("flushLimit", "online.stopping.flushing")],
    state: "connected.ending",
  },
  { name: "is stopped once the connection has ended", events: [...toOnline, stop, closed, flushed], state: "stopped" },
  {
    name: "is stopped although the cloud does not close",
    events: [...toOnline, stop, after("endLimit", "ending"), flushed],
    state: "stopped",
  },
  {
    name: "is stopped when the connection breaks while it flushes",
    events: [...toOnline, message("400,a"), stop, closed],
    state: "keeping",
  },
  {
    name: "leaves in order to come back with a renewed login",
    events: [...toOnline, start],
    state: "connected.relogging",
    does: ["tellOffline", "send session.end", timer("endLimit", "relogging", 1_000)],
  },
  {
    name: "comes back with it once it has left",
    events: [...toOnline, start, closed],
    state: "connected.connecting",
    does: ["stop session", "spawn session", timer("answerLimit", "connecting", 20_000)],
    attempt: 0,
  },
  {
    name: "comes back with it although the cloud does not close",
    events: [...toOnline, start, after("endLimit", "relogging")],
    state: "connected.connecting",
  },
  {
    name: "tries a renewed login at once while offline",
    events: [start, closed, closed, start],
    state: "connected.connecting",
    attempt: 0,
  },
  {
    name: "does nothing on an answer that it does not wait for",
    events: [...toOnline, published("message"), published("announcement")],
    state: online("settled", "idle"),
    does: [],
  },
  {
    name: "does nothing on the wrong answer",
    events: [start, connected, published("message")],
    state: "connected.announcing",
    does: [],
  },
  {
    name: "does nothing on facts of a session that is gone",
    events: [...toOnline, closed, connected, published("introduction")],
    state: "offline",
    does: [],
  },
  {
    name: "sends nothing before it knows what an earlier run has left",
    events: [...toOnline.slice(1), message("400,a")],
    state: online("settled", "loading"),
    does: [],
  },
  {
    name: "sends reports first, then what an earlier run has left",
    events: [...toOnline.slice(1), message("504,1"), loadedWith([{ id: -1, text: "400,old" }])],
    state: online("settled", "sending"),
    does: ["send session.publish", timer("answerLimit", "online.outbox.sending", 20_000)],
    outbox: ["504,1", "400,old"],
  },
  {
    name: "goes on although the disk does not say what an earlier run has left",
    events: [...toOnline.slice(1), message("504,1"), after("loadLimit", "online.outbox.loading")],
    state: online("settled", "sending"),
    outbox: ["504,1"],
  },
  {
    name: "says which files of an earlier run are damaged",
    events: [{ ...loaded, damaged: ["queue-000000000001: damaged"] }],
    state: "unregistered",
    does: ["log connectivity.queue-damaged"],
  },
  {
    name: "says once that the disk takes nothing",
    events: [loaded, { type: "queue.failed", why: "ENOSPC" }],
    state: "unregistered",
    does: ["log connectivity.queue-failed"],
  },
  {
    name: "has an alarm, event or measurement stored",
    events: [loaded, kept("400,a")],
    state: "unregistered",
    does: ["send queue.put"],
    outbox: ["400,a"],
  },
  {
    name: "never has a status by name stored",
    events: [loaded, { ...kept("501,c8y_Restart"), isRepeatable: false }],
    state: "unregistered",
    does: [],
    outbox: ["501,c8y_Restart"],
  },
  {
    name: "drops the oldest kept message beyond the limit, has that stored and says so",
    events: [loaded, ...Array.from({ length: keptMessagesMax + 1 }, (_, index) => kept(`400,${index}`))],
    state: "unregistered",
    does: ["send queue.put", "log connectivity.message-dropped", "send queue.drop"],
    dropped: 1,
  },
  {
    name: "drops a message that no cloud would take, and says so",
    events: [loaded, kept(`400,${"x".repeat(messageBytesMax)}`)],
    state: "unregistered",
    does: ["log connectivity.message-dropped"],
    outbox: [],
    dropped: 0,
  },
  {
    name: "has the disk know that a kept message is done before it sends the next",
    events: [...toOnline, kept("400,a"), kept("400,b"), published("message")],
    state: online("settled", "settling"),
    does: ["send queue.done", timer("settleLimit", "online.outbox.settling", 5_000)],
    outbox: ["400,b"],
  },
  {
    name: "sends the next once the disk knows",
    events: [...toOnline, kept("400,a"), kept("400,b"), published("message"), { type: "queue.settled", id: 1 }],
    state: online("settled", "sending"),
    does: ["send session.publish", timer("answerLimit", "online.outbox.sending", 20_000)],
  },
  {
    name: "does nothing on the disk's word about another message",
    events: [...toOnline, kept("400,a"), kept("400,b"), published("message"), { type: "queue.settled", id: 7 }],
    state: online("settled", "settling"),
    does: [],
  },
  {
    name: "goes on although the disk does not answer",
    events: [...toOnline, kept("400,a"), published("message"), after("settleLimit", "online.outbox.settling")],
    state: online("settled", "idle"),
  },
  {
    name: "sends a kept message again that was not acknowledged",
    events: [...toOnline, kept("400,a"), closed],
    state: "offline",
    outbox: ["400,a"],
  },
  {
    name: "tells how many were dropped once all that is older is sent",
    events: [...toOnline.slice(1), { ...loaded, dropped: 7 }],
    state: online("settled", "sending"),
    does: [
      "send queue.put",
      "send queue.told",
      "tellDropped",
      "send session.publish",
      timer("answerLimit", "online.outbox.sending", 20_000),
    ],
    dropped: 0,
  },
  {
    name: "takes five silent ends soon after each connection for a takeover, raises an alarm and waits for minutes",
    events: rounds(5, closed),
    state: "takenOver",
    does: [
      "stop session",
      "log connectivity.offline",
      "tellOffline",
      "tellTakeover",
      "xstate.after.reconnectDelay.connectivity.takenOver in 90000 ms",
    ],
  },
  {
    name: "raises the alarm once, and waits longer each time",
    events: [...takeover, ...again, closed],
    state: "takenOver",
    does: [
      "stop session",
      "log connectivity.offline",
      "tellOffline",
      "xstate.after.reconnectDelay.connectivity.takenOver in 180000 ms",
    ],
  },
  {
    name: "does not fight on because another uplink has come up",
    events: [...takeover, { type: "connectivity.reconnect" }],
    state: "takenOver",
    does: [],
  },
  {
    name: "clears the alarm when it stays",
    events: [...takeover, ...again, after("lastingConnection", "online.lasting.young")],
    state: online("settled", "idle", "no", "old"),
    does: ["tellTakeoverOver"],
    attempt: 0,
  },
  { name: "stops while it is taken over", events: [...takeover, stop, flushed], state: "stopped" },
  {
    name: "takes ends with a word for no takeover",
    events: rounds(6, { ...closed, reason: "reset" }),
    state: "offline",
  },
  {
    name: "tries at once when the clock was set and was to blame",
    events: [start, { ...closed, reason: "clock.wrong" }, { type: "clock.changed" }],
    state: "connected.connecting",
    does: ["stop clockWatch", "spawn session", timer("answerLimit", "connecting", 20_000)],
  },
  {
    name: "does nothing on a set clock when something else is to blame",
    events: [start, { ...closed, reason: "refused" }, { type: "clock.changed" }],
    state: "offline",
    does: [],
  },
  {
    name: "does nothing on a set clock while it is online",
    events: [...toOnline, { type: "clock.changed" }],
    state: online("settled", "idle"),
    does: [],
  },
  {
    name: "tries at once when it is told to",
    events: [start, closed, { type: "connectivity.reconnect" }],
    state: "connected.connecting",
    does: ["stop clockWatch", "spawn session", timer("answerLimit", "connecting", 20_000)],
  },
  { name: "does nothing on an end without credentials", events: [closed, connected], state: "unregistered", does: [] },
])("$name", ({ events, state, does, outbox, attempt, dropped }) => {
  const step = play(connectivityMachine, input, events);
  expect(step.state).toBe(state);
  if (does !== undefined) expect(step.actions).toEqual(does);
  const { context } = step.snapshot;
  if (outbox !== undefined) expect(context.outbox.map(({ text }) => text)).toEqual(outbox);
  if (attempt !== undefined) expect(context.attempt).toBe(attempt);
  if (dropped !== undefined) expect(context.droppedUntold).toBe(dropped);
});

test("counts refusals of its credentials in a row, and forgets them at the first session that stands", () => {
  const refusals = [start, loginRefused, reconnect, loginRefused, reconnect, loginRefused];
  expect(play(connectivityMachine, input, refusals).snapshot.context.loginRefusals).toBe(3);
  const again = [...refusals, reconnect, ...toOnline.slice(1)];
  expect(play(connectivityMachine, input, again).snapshot.context.loginRefusals).toBe(0);
});
