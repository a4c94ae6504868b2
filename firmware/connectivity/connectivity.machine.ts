// Keeps the gateway online: connects, introduces it in the cloud's order, hands messages through, comes back after a loss.
import { assign, fromCallback, sendParent, sendTo, setup } from "xstate";
import { topics } from "#protocol/smartrest/topics.ts";
import { heartbeat } from "#protocol/smartrest/upstream.ts";
import type { LogEntry } from "../log.ts";
import { backOffCapMs, backOffMs } from "./back-off.ts";
import type { SessionCommand, SessionInput } from "./connectivity.actor.ts";
import {
  type ConnectivityContext,
  type ConnectivityEvent,
  type ConnectivityFact,
  type ConnectivityInput,
  offlineEntry,
  refusedTopicsEntry,
  sessionErrorEntry,
} from "./connectivity-events.ts";
import { announcement, heartbeatMs, introduction, operationTopics, subscriptions } from "./first-session.ts";
import { isLoginRefusal } from "./offline-reason.ts";
import { afterSending, outboxMessagesMax, whileSending, withMessage } from "./outbox.ts";

/** A connection that lasted this long was a good one: the back-off starts anew. */
export const lastingConnectionMs = 60_000;
/** Longest wait for the answer to a CONNECT, PUBLISH or SUBSCRIBE. */
export const answerLimitMs = 20_000;
/** Between two tries for the topics while none that brings operations is granted. */
export const deviceRetryMs = 10_000;
/** Between two tries for topics that can be done without. */
export const resubscribeMs = 60_000;
/** For messages that still wait when the gateway stops, and for the DISCONNECT. */
export const flushLimitMs = 700;
export const endLimitMs = 1_000;

export const connectivityMachine = setup({
  types: {
    input: {} as ConnectivityInput,
    context: {} as ConnectivityContext,
    events: {} as ConnectivityEvent,
  },
  actors: {
    session: fromCallback<SessionCommand, SessionInput>(() => {}),
  },
  actions: {
    log: (_, _entry: LogEntry) => {},
    takeCredentials: assign(({ context, event }) => {
      if (event.type !== "connectivity.start") return {};
      const { tenant, user, password } = event.credentials;
      return { login: { clientId: context.device.id, user: `${tenant}/${user}`, password } };
    }),
    rememberStopping: assign({ isStopping: true }),
    enqueue: assign(({ context, event }) => {
      if (event.type !== "connectivity.publish") return {};
      const { text, isRepeatable } = event;
      return { outbox: withMessage(context.outbox, { text, isRepeatable }) };
    }),
    enqueueHeartbeat: assign(({ context }) => ({
      outbox: withMessage(context.outbox, { text: heartbeat(), isRepeatable: false }),
    })),
    wantAllTopics: assign({ wanted: subscriptions.map(({ topic }) => topic), refused: [] }),
    wantRefusedTopics: assign(({ context }) => ({ wanted: context.refused, refused: [] })),
    noteSubscription: assign(({ context, event }) => {
      if (event.type !== "session.subscribed") return {};
      return {
        wanted: context.wanted.filter((topic) => topic !== event.topic),
        refused: event.isGranted ? context.refused : [...context.refused, event.topic],
      };
    }),
    noteClosed: assign(({ context, event }) => {
      if (event.type !== "session.closed") return {};
      const attempt = context.attempt + 1;
      return {
        attempt,
        retryInMs: backOffMs(attempt, event.draw),
        loginRefusals: isLoginRefusal(event.reason) ? context.loginRefusals + 1 : 0,
        sending: undefined,
      };
    }),
    noteSessionError: assign(({ context }) => ({
      attempt: context.attempt + 1,
      retryInMs: backOffCapMs,
      sending: undefined,
    })),
    noteOnline: assign({ hasBeenOnline: true, loginRefusals: 0 }),
    resetBackOff: assign({ attempt: 0 }),
    takeFirstMessage: assign(({ context }) => ({
      sending: context.outbox[0],
      outbox: whileSending(context.outbox),
    })),
    dropSentMessage: assign(({ context }) => ({
      sending: undefined,
      outbox: afterSending(context.outbox, context.sending),
    })),
    announce: sendTo("session", ({ context }) => publish("announcement", announcement(context.device))),
    introduce: sendTo("session", ({ context }) =>
      publish("introduction", introduction(context.device, !context.hasBeenOnline)),
    ),
    requestPending: sendTo("session", ({ context }) =>
      publish("pending", introduction(context.device, false).slice(-1)),
    ),
    subscribeNext: sendTo("session", ({ context }) => subscribe(context.wanted[0])),
    sendMessage: sendTo("session", ({ context }) => publish("message", context.sending ? [context.sending.text] : [])),
    giveUpAnswer: sendTo("session", { type: "session.fail", reason: "mqtt.no-answer" } satisfies SessionCommand),
    endSession: sendTo("session", { type: "session.end" } satisfies SessionCommand),
    tellOnline: sendParent({ type: "connectivity.online" } satisfies ConnectivityFact),
    tellOffline: sendParent(
      ({ event }): ConnectivityFact => ({
        type: "connectivity.offline",
        reason: event.type === "session.closed" ? event.reason : "internal.error",
      }),
    ),
    tellReceived: sendParent(
      ({ event }): ConnectivityFact => ({
        type: "connectivity.received",
        message: event.type === "session.received" ? event.message : { kind: "other", what: event.type },
      }),
    ),
  },
  guards: {
    isStopping: ({ context }) => context.isStopping,
    hasMessage: ({ context }) => context.outbox.length > 0,
    hasMoreTopics: ({ context }) => context.wanted.length > 0,
    hasRefusedTopics: ({ context }) => context.refused.length > 0,
    hasNoOperationTopic: ({ context }) => operationTopics.every((topic) => context.refused.includes(topic)),
    isLateOperationTopic: ({ event }) =>
      event.type === "session.subscribed" && event.isGranted && operationTopics.includes(event.topic),
    isOutboxFull: ({ context }) => context.outbox.length >= outboxMessagesMax,
    isAnnouncement: ({ event }) => isAnswerTo(event, "announcement"),
    isIntroduction: ({ event }) => isAnswerTo(event, "introduction"),
    isMessage: ({ event }) => isAnswerTo(event, "message"),
  },
  delays: {
    reconnectDelay: ({ context }) => context.retryInMs,
    answerLimit: answerLimitMs,
    deviceRetryDelay: deviceRetryMs,
    resubscribeDelay: resubscribeMs,
    lastingConnection: lastingConnectionMs,
    heartbeatInterval: heartbeatMs,
    flushLimit: flushLimitMs,
    endLimit: endLimitMs,
  },
}).createMachine({
  id: "connectivity",
  context: ({ input }) => ({
    device: input.device,
    login: { clientId: input.device.id, user: "", password: "" },
    attempt: 0,
    loginRefusals: 0,
    retryInMs: 0,
    hasBeenOnline: false,
    isStopping: false,
    wanted: [],
    refused: [],
    outbox: [],
    sending: undefined,
  }),
  on: {
    "connectivity.publish": [
      {
        guard: "isOutboxFull",
        actions: [{ type: "log", params: { level: "warn", event: "connectivity.message-dropped" } }, "enqueue"],
      },
      { actions: "enqueue" },
    ],
  },
  initial: "unregistered",
  states: {
    unregistered: {
      description: "There are no credentials yet.",
      on: {
        "connectivity.start": { target: "connected", actions: "takeCredentials" },
        "connectivity.stop": "stopped",
      },
    },
    connected: {
      description: "A connection is being made, stands, or is being ended.",
      invoke: {
        id: "session",
        src: "session",
        input: ({ context }) => ({ login: context.login }),
        onError: {
          target: "offline",
          actions: ["noteSessionError", { type: "log", params: sessionErrorEntry }, "tellOffline"],
        },
      },
      on: {
        "connectivity.stop": { target: ".ending", actions: "rememberStopping" },
        "session.closed": [
          { guard: "isStopping", target: "stopped" },
          { target: "offline", actions: ["noteClosed", { type: "log", params: offlineEntry }, "tellOffline"] },
        ],
        "session.received": { actions: "tellReceived" },
      },
      initial: "connecting",
      states: {
        connecting: {
          after: { answerLimit: { actions: "giveUpAnswer" } },
          on: { "session.connected": "announcing" },
        },
        announcing: {
          description: "The device must exist before anything else means something to the cloud.",
          entry: "announce",
          after: { answerLimit: { actions: "giveUpAnswer" } },
          on: {
            "session.published": { guard: "isAnnouncement", target: "subscribing", actions: "wantAllTopics" },
          },
        },
        subscribing: {
          entry: "subscribeNext",
          after: { answerLimit: { actions: "giveUpAnswer" } },
          on: { "session.subscribed": { target: "counting", actions: "noteSubscription" } },
        },
        counting: {
          always: [
            { guard: "hasMoreTopics", target: "subscribing" },
            {
              guard: "hasNoOperationTopic",
              target: "awaitingDevice",
              actions: { type: "log", params: refusedTopicsEntry },
            },
            { guard: "hasRefusedTopics", target: "introducing", actions: { type: "log", params: refusedTopicsEntry } },
            { target: "introducing" },
          ],
        },
        awaitingDevice: {
          description: "The cloud grants no topic that brings operations: it does not know the device yet.",
          after: { deviceRetryDelay: "announcing" },
        },
        introducing: {
          entry: "introduce",
          after: { answerLimit: { actions: "giveUpAnswer" } },
          on: { "session.published": { guard: "isIntroduction", target: "online" } },
        },
        online: {
          entry: ["noteOnline", { type: "log", params: { level: "info", event: "connectivity.online" } }, "tellOnline"],
          on: { "connectivity.stop": { actions: "rememberStopping" } },
          type: "parallel",
          states: {
            lasting: { after: { lastingConnection: { actions: "resetBackOff" } } },
            heartbeat: {
              initial: "waiting",
              states: {
                waiting: {
                  after: { heartbeatInterval: { target: "waiting", reenter: true, actions: "enqueueHeartbeat" } },
                },
              },
            },
            subscriptions: {
              initial: "settled",
              states: {
                settled: {
                  after: {
                    resubscribeDelay: { guard: "hasRefusedTopics", target: "retrying", actions: "wantRefusedTopics" },
                  },
                },
                retrying: {
                  entry: "subscribeNext",
                  after: { answerLimit: { actions: "giveUpAnswer" } },
                  on: {
                    "session.subscribed": [
                      {
                        guard: "isLateOperationTopic",
                        target: "deciding",
                        actions: ["noteSubscription", "requestPending"],
                      },
                      { target: "deciding", actions: "noteSubscription" },
                    ],
                  },
                },
                deciding: { always: [{ guard: "hasMoreTopics", target: "retrying" }, { target: "settled" }] },
              },
            },
            outbox: {
              initial: "idle",
              states: {
                idle: {
                  always: [
                    { guard: "hasMessage", target: "sending" },
                    { guard: "isStopping", target: "#connectivity.connected.ending" },
                  ],
                },
                sending: {
                  entry: ["takeFirstMessage", "sendMessage"],
                  after: { answerLimit: { actions: "giveUpAnswer" } },
                  on: { "session.published": { guard: "isMessage", target: "idle", actions: "dropSentMessage" } },
                },
              },
            },
            stopping: {
              initial: "no",
              states: {
                no: { always: { guard: "isStopping", target: "flushing" } },
                flushing: { after: { flushLimit: "#connectivity.connected.ending" } },
              },
            },
          },
        },
        ending: {
          entry: "endSession",
          after: { endLimit: "#connectivity.stopped" },
        },
      },
    },
    offline: {
      after: { reconnectDelay: "connected" },
      on: { "connectivity.stop": "stopped" },
    },
    stopped: { type: "final" },
  },
});

function publish(tag: string, payloads: readonly string[]): SessionCommand {
  return { type: "session.publish", tag, topic: topics.staticUp, payloads };
}

function subscribe(topic: string | undefined): SessionCommand {
  const known = subscriptions.find((each) => each.topic === topic);
  return { type: "session.subscribe", topic: topic ?? "", qos: known?.qos ?? 1 };
}

function isAnswerTo(event: ConnectivityEvent, tag: string): boolean {
  return event.type === "session.published" && event.tag === tag;
}
