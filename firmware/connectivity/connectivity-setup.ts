// The named parts of the connectivity machine: its actors, actions, guards and delays; the chart stands in connectivity.machine.ts.
import { assign, fromCallback, sendParent, sendTo, setup } from "xstate";
import { topics } from "#protocol/smartrest/topics.ts";
import { mqttLogin } from "../cloud-identity.ts";
import type { LogEntry } from "../log.ts";
import { backOffCapMs } from "./back-off.ts";
import type { SessionCommand, SessionInput } from "./connectivity.actor.ts";
import type {
  ConnectivityContext,
  ConnectivityEvent,
  ConnectivityFact,
  ConnectivityInput,
} from "./connectivity-events.ts";
import { takeoverAlarm, takeoverCleared } from "./connectivity-words.ts";
import { announcement, heartbeatMs, introduction, operationTopics, subscriptions } from "./first-session.ts";
import type { QueueCommand } from "./kept-queue.actor.ts";
import { afterSending, type Outbox, whileSending } from "./outbox.ts";
import { judgeEnd } from "./session-end.ts";

/** A connection that lasted this long was a good one: the back-off starts anew. */
export const lastingConnectionMs = 60_000;
/** Longest wait for the answer to a CONNECT, PUBLISH or SUBSCRIBE. */
export const answerLimitMs = 20_000;
/** Between two tries for the topics while none that brings operations is granted. */
export const deviceRetryMs = 10_000;
/** Between two tries for topics that can be done without. */
export const resubscribeMs = 60_000;
/** Longest wait for a disk that does not answer what an earlier run has left there. */
export const loadLimitMs = 10_000;
/** Longest wait for the disk to know that a message is done, before the next one is sent all the same. */
export const settleLimitMs = 5_000;
/** When the gateway stops: for messages that still wait, for the DISCONNECT, and for what is not sent to reach the disk. */
export const flushLimitMs = 600;
export const endLimitMs = 1_000;
export const keepLimitMs = 250;

export const connectivitySetup = setup({
  types: {
    input: {} as ConnectivityInput,
    context: {} as ConnectivityContext,
    events: {} as ConnectivityEvent,
  },
  actors: {
    session: fromCallback<SessionCommand, SessionInput>(() => {}),
    queue: fromCallback<QueueCommand>(() => {}),
    clockWatch: fromCallback(() => {}),
  },
  actions: {
    log: (_, _entry: LogEntry) => {},
    takeIdentity: assign(({ context, event }) => {
      if (event.type !== "connectivity.start") return {};
      return { login: mqttLogin(context.device.id, event.identity) };
    }),
    noteChange: assign({ attempt: 0, loginRefusals: 0, why: "certificate.changed", sending: undefined }),
    noteMove: assign({ attempt: 0, why: "uplink.changed", sending: undefined }),
    rememberStopping: assign({ isStopping: true }),

    keepOutbox: assign((_, { outbox, nextId, droppedUntold }: Outbox) => ({ outbox, nextId, droppedUntold })),
    commandQueue: sendTo("queue", (_, command: QueueCommand): QueueCommand => command),
    noteLoaded: assign({ isQueueLoaded: true }),
    flushQueue: sendTo("queue", { type: "queue.flush" } satisfies QueueCommand),
    takeFirstMessage: assign(({ context }) => ({
      sending: context.outbox[0],
      outbox: whileSending(context.outbox),
    })),
    dropSentMessage: assign(({ context }) => ({ outbox: afterSending(context.outbox, context.sending) })),
    settleSentMessage: sendTo("queue", ({ context }): QueueCommand => {
      return { type: "queue.done", id: context.sending?.id ?? Number.NEGATIVE_INFINITY };
    }),
    forgetSending: assign({ sending: undefined }),

    wantAllTopics: assign({ wanted: subscriptions.map(({ topic }) => topic), refused: [] }),
    wantRefusedTopics: assign(({ context }) => ({ wanted: context.refused, refused: [] })),
    noteSubscription: assign(({ context, event }) => {
      if (event.type !== "session.subscribed") return {};
      return {
        wanted: context.wanted.filter((topic) => topic !== event.topic),
        refused: event.isGranted ? context.refused : [...context.refused, event.topic],
      };
    }),

    beginConnection: assign({ standing: "no" }),
    noteWay: assign(({ event }) => (event.type === "session.connected" ? { way: event.way } : {})),
    noteOnline: assign({ hasBeenOnline: true, loginRefusals: 0, standing: "online" }),
    noteLasting: assign({ attempt: 0, silentEnds: 0, standing: "lasting", why: undefined }),
    noteClosed: assign(({ context, event }) => {
      if (event.type !== "session.closed") return {};
      const { reason, ...judged } = judgeEnd(context, event);
      return { ...judged, why: reason, sending: undefined };
    }),
    noteSessionError: assign(({ context }) => ({
      attempt: context.attempt + 1,
      retryInMs: backOffCapMs,
      why: "internal.error" as const,
      sending: undefined,
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
      ({ context }): ConnectivityFact => ({ type: "connectivity.offline", reason: context.why ?? "internal.error" }),
    ),
    tellReceived: sendParent(
      ({ event }): ConnectivityFact => ({
        type: "connectivity.received",
        message: event.type === "session.received" ? event.message : { kind: "other", what: event.type },
      }),
    ),
    tellDropped: sendParent({ type: "connectivity.dropped" } satisfies ConnectivityFact),
    tellTakeover: sendParent((): ConnectivityFact => takeoverAlarm()),
    tellTakeoverOver: sendParent((): ConnectivityFact => takeoverCleared),
    noteTakeoverAlarm: assign({ hasTakeoverAlarm: true }),
    noteTakeoverOver: assign({ hasTakeoverAlarm: false }),
  },
  guards: {
    isStopping: ({ context }) => context.isStopping,
    hasMessage: ({ context }) => context.outbox.length > 0,
    isQueueLoaded: ({ context }) => context.isQueueLoaded,
    hasDropsToTell: ({ context }) => context.droppedUntold > 0 && !context.isStopping,
    hasMoreTopics: ({ context }) => context.wanted.length > 0,
    hasRefusedTopics: ({ context }) => context.refused.length > 0,
    hasNoOperationTopic: ({ context }) => operationTopics.every((topic) => context.refused.includes(topic)),
    isLateOperationTopic: ({ event }) =>
      event.type === "session.subscribed" && event.isGranted && operationTopics.includes(event.topic),
    isDamaged: ({ event }) => event.type === "queue.loaded" && event.damaged.length > 0,
    isAnnouncement: ({ event }) => isAnswerTo(event, "announcement"),
    isIntroduction: ({ event }) => isAnswerTo(event, "introduction"),
    isKeptMessage: ({ context, event }) => isAnswerTo(event, "message") && context.sending?.isKept === true,
    isMessage: ({ event }) => isAnswerTo(event, "message"),
    isSettled: ({ context, event }) => event.type === "queue.settled" && event.id === context.sending?.id,
    isTakenOver: ({ context }) => context.why === "mqtt.taken-over",
    isNewlyTakenOver: ({ context }) => context.why === "mqtt.taken-over" && !context.hasTakeoverAlarm,
    hasTakeoverAlarm: ({ context }) => context.hasTakeoverAlarm,
    isClockToBlame: ({ context }) =>
      context.why !== undefined &&
      ["clock.wrong", "tls.not-yet-valid", "tls.expired", "certificate.expired"].includes(context.why),
  },
  delays: {
    reconnectDelay: ({ context }) => context.retryInMs,
    answerLimit: answerLimitMs,
    deviceRetryDelay: deviceRetryMs,
    resubscribeDelay: resubscribeMs,
    lastingConnection: lastingConnectionMs,
    heartbeatInterval: heartbeatMs,
    loadLimit: loadLimitMs,
    settleLimit: settleLimitMs,
    flushLimit: flushLimitMs,
    endLimit: endLimitMs,
    keepLimit: keepLimitMs,
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
