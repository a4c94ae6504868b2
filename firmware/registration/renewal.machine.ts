// Keeps the gateway's certificate good: renews an enrolled one in time, changes over to the new one, and warns of an end that comes.
import { messageOf } from "../errors.ts";
import type { Alarm } from "../health/alarms.ts";
import type { LogEntry } from "../log.ts";
import type { CertificateIdentity } from "./enrolment-state.ts";
import type { StoreOutcome } from "./registration.actor.ts";
import type { Renewed } from "./renewal.actor.ts";
import { certificateOf, type RenewalContext, renewalSetup, renewedOf, warningOf } from "./renewal-setup.ts";
import {
  brokenEntry,
  certificateAlarms,
  completedEntry,
  expiryEntry,
  failedEntry,
  refusedAlarm,
  renewedEntry,
  revertedEntry,
  storageProblemEntry,
} from "./renewal-words.ts";

export const renewalMachine = renewalSetup.createMachine({
  id: "renewal",
  context: ({ input: { deviceId, identity, isOnline = false } }) => ({
    deviceId,
    identity: identity.kind === "certificate" ? identity : undefined,
    renewed: undefined,
    nowMs: 0,
    isOnline,
    draw: undefined,
    warned: undefined,
    isRefusalTold: false,
    attempt: 0,
    refusals: 0,
    waitMs: 0,
  }),
  on: {
    "renewal.online": { actions: "noteOnline" },
    "renewal.offline": { actions: "noteOffline" },
  },
  initial: "choosing",
  states: {
    choosing: { always: [{ guard: "hasNoCertificate", target: "notNeeded" }, { target: "looking" }] },
    notNeeded: { description: "A password has no end." },
    looking: {
      invoke: {
        src: "look",
        input: ({ context }) => ({ deviceId: context.deviceId, identity: certificateOf(context) }),
        onDone: { target: "judging", actions: { type: "noteLook", params: ({ event }) => event.output } },
        onError: {
          target: "waiting",
          actions: ["noteBroken", { type: "log", params: ({ event }) => storageProblemEntry(messageOf(event.error)) }],
        },
      },
    },
    judging: {
      always: [
        {
          guard: "hasNewWarning",
          target: "deciding",
          actions: [
            { type: "log", params: ({ context }) => expiryEntry(certificateOf(context), warningToTell(context)) },
            { type: "tellAlarm", params: ({ context }) => warningToTell(context) },
            "noteWarning",
          ],
        },
        {
          guard: "isWarningOver",
          target: "deciding",
          actions: [{ type: "tellCleared", params: certificateAlarms.expires }, "noteWarning"],
        },
        { target: "deciding" },
      ],
    },
    deciding: {
      always: [
        { guard: "hasRenewed", target: "changing" },
        { guard: "isOverAndOffline", target: "ended" },
        { guard: "isDueAndOnline", target: "renewing" },
        { guard: "isDue", target: "waitingForCloud" },
        { target: "waiting" },
      ],
    },
    waiting: {
      after: { waitDelay: "looking" },
      on: {
        "renewal.offline": [{ guard: "isOver", target: "looking", actions: "noteOffline" }, { actions: "noteOffline" }],
      },
    },
    ended: { description: "The parent begins the registration anew.", entry: "tellEnded" },
    waitingForCloud: {
      description: "It is time, but a token comes over the connection only.",
      after: { waitDelay: "looking" },
      on: { "renewal.online": { target: "looking", actions: "noteOnline" } },
    },
    renewing: {
      invoke: {
        src: "renew",
        input: ({ context }) => ({ deviceId: context.deviceId, identity: certificateOf(context) }),
        onDone: [
          {
            guard: { type: "isStored", params: ({ event }) => event.output },
            target: "changing",
            actions: [
              { type: "takeRenewed", params: ({ event }) => storedOf(event.output) },
              { type: "log", params: ({ event }) => renewedEntry(storedOf(event.output)) },
            ],
          },
          {
            target: "waiting",
            actions: [
              { type: "noteFailed", params: ({ event }) => event.output.draw },
              { type: "log", params: ({ context, event }) => notRenewedEntry(context, event.output) },
            ],
          },
        ],
        onError: {
          target: "waiting",
          actions: [
            { type: "noteFailed", params: () => 1 },
            { type: "log", params: ({ event }) => brokenEntry(messageOf(event.error)) },
          ],
        },
      },
    },
    changing: {
      description: "The earlier certificate is kept until the new one has connected.",
      entry: ["startChange", { type: "tellSwitched", params: ({ context }) => renewedOf(context) }],
      initial: "leaving",
      states: {
        leaving: {
          description: "What is told of the connection before it was given up says nothing about the new certificate.",
          on: { "renewal.online": { actions: "noteOnline" }, "renewal.offline": "connecting" },
        },
        connecting: {
          on: {
            "renewal.online": { target: "#renewal.keeping", actions: "noteOnline" },
            "renewal.offline": [
              {
                guard: { type: "isLastRefusal", params: ({ event }) => event.reason },
                target: "#renewal.discarding",
                actions: [
                  "noteOffline",
                  "noteReverted",
                  { type: "log", params: ({ context, event }) => revertedEntry(event.reason, context.waitMs) },
                  { type: "tellSwitched", params: ({ context }) => certificateOf(context) },
                  { type: "tellAlarm", params: ({ context }) => refusedAlarm(certificateOf(context).notAfterMs) },
                ],
              },
              {
                guard: { type: "isRefusal", params: ({ event }) => event.reason },
                actions: ["noteOffline", "noteRefusal"],
              },
              { actions: "noteOffline" },
            ],
          },
        },
      },
    },
    keeping: {
      invoke: {
        src: "keep",
        input: ({ context }) => ({ deviceId: context.deviceId, ...renewedOf(context).certificate }),
        onDone: [
          {
            guard: { type: "isDone", params: ({ event }) => event.output },
            target: "kept",
            actions: [{ type: "log", params: ({ context }) => completedEntry(renewedOf(context)) }, "takeIntoUse"],
          },
          { target: "awaitingSpace", actions: { type: "log", params: ({ event }) => notKeptEntry(event.output) } },
        ],
        onError: {
          target: "awaitingSpace",
          actions: { type: "log", params: ({ event }) => storageProblemEntry(messageOf(event.error)) },
        },
      },
    },
    kept: {
      always: [
        {
          guard: "isRefusalTold",
          target: "looking",
          actions: [{ type: "tellCleared", params: certificateAlarms.renewalRefused }, "noteRefusalOver"],
        },
        { target: "looking" },
      ],
    },
    awaitingSpace: {
      description:
        "It is in use already; after a restart before it is written, it would be found beside the earlier one.",
      after: { storageRetryDelay: "keeping" },
    },
    discarding: {
      invoke: {
        src: "discard",
        onDone: [
          { guard: { type: "isDone", params: ({ event }) => event.output }, target: "waiting" },
          { target: "waiting", actions: { type: "log", params: ({ event }) => notKeptEntry(event.output) } },
        ],
        onError: {
          target: "waiting",
          actions: { type: "log", params: ({ event }) => storageProblemEntry(messageOf(event.error)) },
        },
      },
    },
  },
});

function warningToTell(context: RenewalContext): Alarm {
  const warning = warningOf(context);
  if (warning === undefined) throw new Error("must hold: there is something to warn of");
  return warning;
}

function storedOf(outcome: Renewed): CertificateIdentity {
  if (outcome.kind !== "stored") throw new Error("must hold: only a stored certificate is changed to");
  return outcome.identity;
}

function notRenewedEntry({ waitMs }: RenewalContext, outcome: Renewed): LogEntry {
  if (outcome.kind === "stored") throw new Error("must hold: a stored certificate is no failure");
  return failedEntry(outcome, waitMs);
}

function notKeptEntry(outcome: StoreOutcome): LogEntry {
  return storageProblemEntry(outcome.ok ? "" : outcome.why);
}
