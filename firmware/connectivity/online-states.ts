// What goes on side by side while the gateway is online: a part of the connectivity machine's chart.
import { connectivitySetup } from "./connectivity-setup.ts";
import { enqueueDroppedReport, enqueueHeartbeat } from "./outbox-actions.ts";

/** A connection that lasts was a good one: the back-off starts anew, and nobody else has this gateway's id. */
export const lastingState = connectivitySetup.createStateConfig({
  initial: "young",
  states: {
    young: { after: { lastingConnection: "judged" } },
    judged: {
      entry: "noteLasting",
      always: [
        { guard: "hasTakeoverAlarm", target: "old", actions: ["noteTakeoverOver", "tellTakeoverOver"] },
        { target: "old" },
      ],
    },
    old: {},
  },
});

export const heartbeatState = connectivitySetup.createStateConfig({
  initial: "waiting",
  states: {
    waiting: {
      after: {
        heartbeatInterval: { target: "waiting", reenter: true, actions: enqueueHeartbeat },
      },
    },
  },
});

/** Topics that were refused are asked for now and then. */
export const subscriptionsState = connectivitySetup.createStateConfig({
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
          { guard: "isLateOperationTopic", target: "deciding", actions: ["noteSubscription", "requestPending"] },
          { target: "deciding", actions: "noteSubscription" },
        ],
      },
    },
    deciding: { always: [{ guard: "hasMoreTopics", target: "retrying" }, { target: "settled" }] },
  },
});

/** One message at a time, and a kept one is done on the disk before the next: so a crash sends at most one twice. */
export const outboxState = connectivitySetup.createStateConfig({
  initial: "loading",
  states: {
    loading: {
      description: "What an earlier run has left goes first.",
      always: [
        { guard: "isQueueLoaded", target: "idle" },
        { guard: "isStopping", target: "#connectivity.connected.ending" },
      ],
      after: { loadLimit: { target: "idle", actions: "noteLoaded" } },
    },
    idle: {
      always: [
        { guard: "hasMessage", target: "sending" },
        { guard: "hasDropsToTell", target: "sending", actions: enqueueDroppedReport },
        { guard: "isStopping", target: "#connectivity.connected.ending" },
      ],
    },
    sending: {
      entry: ["takeFirstMessage", "sendMessage"],
      after: { answerLimit: { actions: "giveUpAnswer" } },
      on: {
        "session.published": [
          { guard: "isKeptMessage", target: "settling", actions: ["dropSentMessage", "settleSentMessage"] },
          { guard: "isMessage", target: "idle", actions: ["dropSentMessage", "forgetSending"] },
        ],
      },
    },
    settling: {
      exit: "forgetSending",
      after: { settleLimit: "idle" },
      on: { "queue.settled": { guard: "isSettled", target: "idle" } },
    },
  },
});

/** Once the gateway is to stop, what waits has so long. */
export const stoppingState = connectivitySetup.createStateConfig({
  initial: "no",
  states: {
    no: { always: { guard: "isStopping", target: "flushing" } },
    flushing: { after: { flushLimit: "#connectivity.connected.ending" } },
  },
});
