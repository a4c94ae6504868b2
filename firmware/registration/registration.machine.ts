// Makes an unknown gateway a registered one: asks the cloud with the bootstrap account until it hands out credentials.
import { assign, fromCallback, fromPromise, sendTo, setup } from "xstate";
import type { DeviceCredentials } from "#protocol/smartrest/downstream.ts";
import { backOffMs } from "../connectivity/back-off.ts";
import type { MqttLogin } from "../connectivity/mqtt-connection.ts";
import type { LogEntry } from "../log.ts";
import type { CredentialsOutcome } from "./credentials.ts";
import type { BootstrapCommand, BootstrapFact, BootstrapInput, StoreOutcome } from "./registration.actor.ts";
import {
  bootstrapErrorEntry,
  closedEntry,
  damagedEntry,
  notStoredEntry,
  type RegistrationContext,
  storageEntry,
  storageRetryMs,
  unreadableEntry,
  waitingEntry,
} from "./registration-words.ts";

export interface RegistrationInput {
  readonly login: MqttLogin;
}

/** Between two questions to the cloud (protocol.md 2.3). */
export const askEveryMs = 5_000;
/** Longest wait for the answers to CONNECT and SUBSCRIBE. */
export const readyLimitMs = 20_000;
/** A connection that lasted this long was a good one: the back-off starts anew. */
export const lastingConnectionMs = 60_000;
/** Longest wait for the bootstrap connection to close in order. */
export const leaveLimitMs = 1_500;

/** Its output are the credentials; it never gives up. */
export const registrationMachine = setup({
  types: {
    input: {} as RegistrationInput,
    context: {} as RegistrationContext,
    events: {} as BootstrapFact,
    output: {} as { readonly credentials: DeviceCredentials; readonly isNew: boolean },
  },
  actors: {
    loadCredentials: fromPromise<CredentialsOutcome>(() => Promise.reject(new Error("not provided"))),
    storeCredentials: fromPromise<StoreOutcome, { readonly credentials: DeviceCredentials }>(() =>
      Promise.reject(new Error("not provided")),
    ),
    bootstrap: fromCallback<BootstrapCommand, BootstrapInput>(() => {}),
  },
  actions: {
    log: (_, _entry: LogEntry) => {},
    keepCredentials: assign((_, credentials: DeviceCredentials) => ({ credentials })),
    noteIssued: assign({ isNew: true }),
    resetBackOff: assign({ attempt: 0 }),
    noteClosed: assign(({ context, event }) => {
      const attempt = context.attempt + 1;
      return { attempt, retryInMs: backOffMs(attempt, event.type === "bootstrap.closed" ? event.draw : 1) };
    }),
    ask: sendTo("bootstrap", { type: "bootstrap.ask" } satisfies BootstrapCommand),
    giveUpAnswer: sendTo("bootstrap", { type: "bootstrap.fail" } satisfies BootstrapCommand),
    leave: sendTo("bootstrap", { type: "bootstrap.leave" } satisfies BootstrapCommand),
  },
  guards: {
    isFound: (_, outcome: CredentialsOutcome) => outcome.kind === "found",
    isDamaged: (_, outcome: CredentialsOutcome) => outcome.kind === "damaged",
    isStored: (_, outcome: StoreOutcome) => outcome.ok,
  },
  delays: {
    reconnectDelay: ({ context }) => context.retryInMs,
    askInterval: askEveryMs,
    readyLimit: readyLimitMs,
    lastingConnection: lastingConnectionMs,
    leaveLimit: leaveLimitMs,
    storageRetryDelay: storageRetryMs,
  },
}).createMachine({
  id: "registration",
  context: ({ input }) => ({ login: input.login, credentials: undefined, isNew: false, attempt: 0, retryInMs: 0 }),
  initial: "loading",
  states: {
    loading: {
      invoke: {
        src: "loadCredentials",
        onDone: [
          {
            guard: { type: "isFound", params: ({ event }) => event.output },
            target: "known",
            actions: {
              type: "keepCredentials",
              params: ({ event }) => {
                if (event.output.kind !== "found") throw new Error("must hold: only found credentials are kept");
                return event.output.credentials;
              },
            },
          },
          {
            guard: { type: "isDamaged", params: ({ event }) => event.output },
            target: "asking",
            actions: { type: "log", params: ({ event }) => damagedEntry(event.output) },
          },
          { target: "asking" },
        ],
        onError: {
          target: "awaitingStorage",
          actions: { type: "log", params: ({ event }) => storageEntry("cannot be read", event.error) },
        },
      },
    },
    awaitingStorage: {
      description: "Reading failed: the credentials may be there, so nothing is asked for.",
      after: { storageRetryDelay: "loading" },
    },
    asking: {
      entry: { type: "log", params: waitingEntry },
      initial: "connected",
      states: {
        connected: {
          invoke: {
            id: "bootstrap",
            src: "bootstrap",
            input: ({ context }) => ({ login: context.login }),
            onError: {
              target: "offline",
              actions: ["noteClosed", { type: "log", params: bootstrapErrorEntry }],
            },
          },
          after: { lastingConnection: { actions: "resetBackOff" } },
          on: {
            "bootstrap.unreadable": { actions: { type: "log", params: ({ event }) => unreadableEntry(event.what) } },
            "bootstrap.closed": {
              target: "offline",
              actions: ["noteClosed", { type: "log", params: closedEntry }],
            },
          },
          initial: "connecting",
          states: {
            connecting: {
              after: { readyLimit: { actions: "giveUpAnswer" } },
              on: { "bootstrap.ready": "polling" },
            },
            polling: {
              entry: "ask",
              after: { askInterval: { target: "polling", reenter: true } },
              on: {
                "bootstrap.received": {
                  target: "storing",
                  actions: [{ type: "keepCredentials", params: ({ event }) => event.credentials }, "noteIssued"],
                },
              },
            },
            storing: {
              description: "The cloud hands credentials out once: they come first, before anything that could fail.",
              invoke: {
                src: "storeCredentials",
                input: ({ context }) => ({ credentials: issued(context) }),
                onDone: [
                  { guard: { type: "isStored", params: ({ event }) => event.output }, target: "leaving" },
                  {
                    target: "awaitingSpace",
                    actions: { type: "log", params: ({ event }) => notStoredEntry(event.output) },
                  },
                ],
                onError: {
                  target: "awaitingSpace",
                  actions: { type: "log", params: ({ event }) => storageEntry("cannot be written", event.error) },
                },
              },
              // The bootstrap connection is not needed any more, so its end changes nothing.
              on: { "bootstrap.closed": {} },
            },
            awaitingSpace: {
              description: "They are kept in memory until they can be written.",
              after: { storageRetryDelay: "storing" },
              on: { "bootstrap.closed": {} },
            },
            leaving: {
              entry: "leave",
              after: { leaveLimit: "#registration.registered" },
              on: { "bootstrap.closed": "#registration.registered" },
            },
          },
        },
        offline: { after: { reconnectDelay: "connected" } },
      },
    },
    known: { type: "final" },
    registered: { type: "final" },
  },
  output: ({ context }) => ({ credentials: issued(context), isNew: context.isNew }),
});

function issued({ credentials }: RegistrationContext): DeviceCredentials {
  if (credentials === undefined) throw new Error("must hold: credentials are there before they are used");
  return credentials;
}
