// Chooses the uplink: the best that is up and reaches the cloud; leaves one that does not, and goes back to a better one.
import type { ActorRefFrom, SnapshotFrom } from "xstate";
import { messageOf } from "../errors.ts";
import type { LogEntry } from "../log.ts";
import { betterNames, choiceAfterFailure, choiceAfterLook, choiceAfterProbes } from "./choose-uplink.ts";
import { leftOf, type SteerOutcome, type UplinksContext, type UplinksFact, uplinksSetup } from "./uplinks-setup.ts";
import {
  cleared,
  lostAlarm,
  notSteeredAlarm,
  notSteeredEntry,
  notSteeredFact,
  type Switch,
  switchedEntry,
  switchedMessage,
  uplinkLostAlarm,
} from "./uplinks-words.ts";

export const uplinksMachine = uplinksSetup.createMachine({
  id: "uplinks",
  context: ({ input: { settings } }) => ({
    settings,
    prefer: settings.prefer,
    sights: undefined,
    wanted: undefined,
    cause: "start",
    worked: {},
    rounds: 0,
    steered: undefined,
    refusal: undefined,
    refusals: 0,
    isOnline: false,
    isTold: false,
  }),
  on: {
    "uplinks.online": { actions: "noteOnline" },
    "uplinks.offline": { actions: "noteOffline" },
  },
  type: "parallel",
  states: {
    sight: {
      initial: "watching",
      states: {
        watching: {
          invoke: {
            id: "watch",
            src: "watch",
            onError: { target: "broken", actions: { type: "log", params: errorEntry("uplinks.watch") } },
          },
          on: {
            "uplinks.seen": {
              actions: [
                { type: "choose", params: ({ context, event }) => choiceAfterLook(context, event.sights) },
                { type: "see", params: ({ event }) => event },
              ],
            },
          },
        },
        broken: { after: { restartDelay: "watching" } },
      },
    },
    steering: {
      initial: "settled",
      states: {
        settled: { always: { guard: "wantsOther", target: "steering" } },
        steering: {
          invoke: {
            id: "steer",
            src: "steer",
            input: ({ context }) => ({ name: context.wanted }),
            onDone: [
              {
                guard: { type: "isSwitch", params: ({ event }) => event.output },
                target: "settled",
                actions: [
                  { type: "log", params: ({ context, event }) => switchedEntry(switchOf(context, event.output)) },
                  // Before the message, which then waits for the connection to come: sent just before it goes it would be sent twice.
                  { type: "tell", params: ({ event }) => switchedFact(nameOf(event.output)) },
                  { type: "tell", params: ({ context, event }) => eventFact(switchOf(context, event.output)) },
                  { type: "noteSteered", params: ({ event }) => nameOf(event.output) },
                  { type: "tell", params: () => cleared(notSteeredAlarm) },
                  "sayTrue",
                ],
              },
              {
                guard: { type: "isDone", params: ({ event }) => event.output },
                target: "settled",
                actions: [
                  { type: "noteSteered", params: ({ event }) => nameOf(event.output) },
                  { type: "tell", params: () => cleared(notSteeredAlarm) },
                  "sayTrue",
                ],
              },
              {
                target: "refusing",
                actions: { type: "noteRefused", params: ({ event }) => whyOf(event.output) },
              },
            ],
            onError: {
              target: "refusing",
              actions: { type: "noteRefused", params: ({ event }) => messageOf(event.error) },
            },
          },
          after: { steerLimit: { target: "refusing", actions: { type: "noteRefused", params: () => "no answer" } } },
        },
        refusing: {
          always: [
            {
              guard: "isFirstRefusal",
              target: "refused",
              actions: { type: "log", params: ({ context }) => notSteeredEntry(context.wanted, context.refusal) },
            },
            {
              guard: "isLastingRefusal",
              target: "refused",
              actions: { type: "tell", params: ({ context }) => notSteeredFact(context.wanted, context.refusal) },
            },
            { target: "refused" },
          ],
        },
        refused: {
          description: "What was chosen could not be made true; what was before stands.",
          after: { refusedDelay: "steering" },
          on: { "uplinks.seen": "settled" },
        },
      },
    },
    patience: {
      initial: "calm",
      states: {
        calm: { always: { guard: "isTroubled", target: "waiting" } },
        waiting: {
          always: { guard: "isCalm", target: "calm" },
          after: { failOverDelay: "checking" },
          on: { "choice.made": { target: "waiting", reenter: true } },
        },
        checking: {
          description: "Whether it is the uplink that keeps the gateway from the cloud.",
          invoke: {
            id: "check",
            src: "probe",
            input: ({ context }) => ({ names: context.wanted === undefined ? [] : [context.wanted] }),
            onDone: [
              {
                guard: { type: "mayStay", params: ({ event }) => event.output },
                target: "waiting",
                actions: "noteRound",
              },
              {
                target: "waiting",
                actions: { type: "choose", params: ({ context }) => choiceAfterFailure(context) },
              },
            ],
            onError: {
              target: "waiting",
              actions: [
                { type: "log", params: errorEntry("uplinks.check") },
                { type: "choose", params: ({ context }) => choiceAfterFailure(context) },
              ],
            },
          },
          always: { guard: "isCalm", target: "calm" },
          after: {
            probeLimit: {
              target: "waiting",
              actions: { type: "choose", params: ({ context }) => choiceAfterFailure(context) },
            },
          },
          on: { "choice.made": "waiting" },
        },
      },
    },
    failBack: {
      initial: "idle",
      states: {
        idle: { always: { guard: "hasBetter", target: "settling" } },
        settling: {
          always: { guard: "hasNoBetter", target: "idle" },
          after: { settleDelay: "probing" },
        },
        probing: {
          invoke: {
            id: "probe",
            src: "probe",
            input: ({ context }) => ({ names: betterNames(context) }),
            onDone: {
              target: "waiting",
              actions: { type: "choose", params: ({ context, event }) => choiceAfterProbes(context, event.output) },
            },
            onError: { target: "waiting", actions: { type: "log", params: errorEntry("uplinks.probe") } },
          },
          after: { probeLimit: "waiting" },
        },
        waiting: {
          always: { guard: "hasNoBetter", target: "idle" },
          after: { failBackDelay: "probing" },
          on: {
            "uplinks.seen": { guard: { type: "isBetterBack", params: ({ event }) => event }, target: "settling" },
          },
        },
      },
    },
    notice: {
      initial: "unknown",
      states: {
        unknown: {
          always: [
            { guard: "isOnBest", target: "best" },
            { guard: "isOnLesser", target: "missing" },
          ],
        },
        best: {
          entry: { type: "tell", params: () => cleared(uplinkLostAlarm) },
          always: { guard: "isOnLesser", target: "missing" },
        },
        missing: {
          always: { guard: "isOnBest", target: "best" },
          after: { noticeDelay: "lesser" },
        },
        lesser: {
          entry: {
            type: "tell",
            params: ({ context }) => lostAlarm(context.prefer[0], context.steered?.name),
          },
          always: { guard: "isOnBest", target: "best" },
          on: { "choice.true": { target: "lesser", reenter: true } },
        },
      },
    },
  },
});

export type UplinksRef = ActorRefFrom<typeof uplinksMachine>;
export type UplinksSnapshot = SnapshotFrom<typeof uplinksMachine>;

function switchOf(context: UplinksContext, outcome: SteerOutcome): Switch {
  return { from: leftOf(context), to: nameOf(outcome), cause: context.cause };
}

function nameOf(outcome: SteerOutcome): string | undefined {
  return outcome.ok ? outcome.name : undefined;
}

function eventFact(change: Switch): UplinksFact {
  return { type: "uplinks.message", message: switchedMessage(change) };
}

function switchedFact(name: string | undefined): UplinksFact {
  return { type: "uplinks.switched", name };
}

function whyOf(outcome: SteerOutcome): string {
  return outcome.ok ? "" : outcome.why;
}

function errorEntry(where: string) {
  return ({ event }: { readonly event: { readonly error: unknown } }): LogEntry => ({
    level: "error",
    event: "internal.error",
    fields: { where, what: messageOf(event.error) },
  });
}
