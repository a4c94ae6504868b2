// Keeps the gateway online: connects, introduces it in the cloud's order, hands messages through, comes back after a loss.
import { connectivitySetup } from "./connectivity-setup.ts";
import {
  brokenPartEntry,
  damagedQueueEntry,
  failedQueueEntry,
  offlineEntry,
  onlineEntry,
  refusedTopicsEntry,
} from "./connectivity-words.ts";
import { heartbeatState, lastingState, outboxState, stoppingState, subscriptionsState } from "./online-states.ts";
import { enqueuePublished, takeStored } from "./outbox-actions.ts";

export const connectivityMachine = connectivitySetup.createMachine({
  id: "connectivity",
  context: ({ input }) => ({
    device: input.device,
    login: { clientId: input.device.id },
    attempt: 0,
    loginRefusals: 0,
    silentEnds: 0,
    retryInMs: 0,
    why: undefined,
    way: undefined,
    standing: "no",
    hasTakeoverAlarm: false,
    hasBeenOnline: false,
    isStopping: false,
    wanted: [],
    refused: [],
    outbox: [],
    nextId: 1,
    droppedUntold: 0,
    isQueueLoaded: false,
    sending: undefined,
  }),
  invoke: {
    id: "queue",
    src: "queue",
    onError: { actions: [{ type: "log", params: brokenPartEntry("queue") }, "noteLoaded"] },
  },
  on: {
    "connectivity.publish": { actions: enqueuePublished },
    "queue.loaded": [
      { guard: "isDamaged", actions: [{ type: "log", params: damagedQueueEntry }, takeStored, "noteLoaded"] },
      { actions: [takeStored, "noteLoaded"] },
    ],
    "queue.failed": { actions: { type: "log", params: failedQueueEntry } },
  },
  initial: "unregistered",
  states: {
    unregistered: {
      description: "There are no credentials yet.",
      on: {
        "connectivity.start": { target: "connected", actions: "takeIdentity" },
        "connectivity.stop": "keeping",
      },
    },
    connected: {
      description: "A connection is being made, stands, or is being ended.",
      entry: "beginConnection",
      invoke: {
        id: "session",
        src: "session",
        input: ({ context }) => ({ login: context.login }),
        onError: {
          target: "offline",
          actions: ["noteSessionError", { type: "log", params: brokenPartEntry("session") }, "tellOffline"],
        },
      },
      on: {
        "connectivity.stop": { target: ".ending", actions: "rememberStopping" },
        "connectivity.start": { target: ".relogging", actions: ["takeIdentity", "noteChange", "tellOffline"] },
        "connectivity.reconnect": [
          { guard: "isStopping" },
          { target: ".relogging", actions: ["noteMove", "tellOffline"] },
        ],
        "session.closed": [
          { guard: "isStopping", target: "keeping" },
          { target: "judging", actions: "noteClosed" },
        ],
        "session.received": { actions: "tellReceived" },
      },
      initial: "connecting",
      states: {
        connecting: {
          after: { answerLimit: { actions: "giveUpAnswer" } },
          on: { "session.connected": { target: "announcing", actions: "noteWay" } },
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
          entry: ["noteOnline", { type: "log", params: onlineEntry }, "tellOnline"],
          on: { "connectivity.stop": { actions: ["rememberStopping", "flushQueue"] } },
          type: "parallel",
          states: {
            lasting: lastingState,
            heartbeat: heartbeatState,
            subscriptions: subscriptionsState,
            outbox: outboxState,
            stopping: stoppingState,
          },
        },
        relogging: {
          description: "Leaves the cloud in order to come back with another login.",
          entry: ["forgetSending", "endSession"],
          after: { endLimit: { target: "#connectivity.connected", reenter: true } },
          on: { "session.closed": { target: "#connectivity.connected", reenter: true } },
        },
        ending: {
          entry: ["endSession", "flushQueue"],
          after: { endLimit: "#connectivity.keeping" },
        },
      },
    },
    judging: {
      description: "The connection has ended; whether by another device with this one's id is known now.",
      entry: [{ type: "log", params: offlineEntry }, "tellOffline"],
      always: [
        { guard: "isNewlyTakenOver", target: "takenOver", actions: ["noteTakeoverAlarm", "tellTakeover"] },
        { guard: "isTakenOver", target: "takenOver" },
        { target: "offline" },
      ],
    },
    offline: {
      invoke: {
        id: "clockWatch",
        src: "clockWatch",
        onError: { actions: { type: "log", params: brokenPartEntry("clockWatch") } },
      },
      after: { reconnectDelay: "connected" },
      on: {
        "connectivity.stop": "keeping",
        "connectivity.start": { target: "connected", actions: ["takeIdentity", "noteChange", "tellOffline"] },
        "connectivity.reconnect": "connected",
        "clock.changed": { guard: "isClockToBlame", target: "connected" },
      },
    },
    takenOver: {
      description: "Another device has this one's client id: whoever of the two fights most keeps both offline.",
      after: { reconnectDelay: "connected" },
      on: {
        "connectivity.stop": "keeping",
        "connectivity.start": { target: "connected", actions: ["takeIdentity", "noteChange", "tellOffline"] },
      },
    },
    keeping: {
      description: "What was not sent goes to the disk.",
      entry: "flushQueue",
      after: { keepLimit: "stopped" },
      on: { "queue.flushed": "stopped" },
    },
    stopped: { type: "final" },
  },
});
