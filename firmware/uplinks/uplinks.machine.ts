// Chooses the uplink: the best that is up and reaches the cloud; leaves one that does not, and goes back to a better one.
import {
  type ActorRefFrom,
  assign,
  enqueueActions,
  fromCallback,
  fromPromise,
  raise,
  type SnapshotFrom,
  sendParent,
  setup,
} from "xstate";
import type { AlarmFact } from "../alarm.ts";
import type { UplinkSettings } from "../config/gateway-config.ts";
import type { OutgoingMessage } from "../connectivity/outbox.ts";
import { messageOf } from "../errors.ts";
import type { LogEntry } from "../log.ts";
import {
  betterNames,
  type Choosing,
  choiceAfterFailure,
  choiceAfterLook,
  choiceAfterProbes,
  hasBetterComeUp,
  type UplinkChoice,
  type UplinkSight,
} from "./choose-uplink.ts";
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

export interface UplinksInput {
  readonly settings: UplinkSettings;
}

/** What the parent says of the connection to the cloud. */
export type UplinksCommand = { readonly type: "uplinks.online" } | { readonly type: "uplinks.offline" };

/** What the parent is told. */
export type UplinksFact =
  /** What is dialled from now on leaves through another uplink. */
  | { readonly type: "uplinks.switched"; readonly name: string | undefined }
  | { readonly type: "uplinks.message"; readonly message: OutgoingMessage }
  | AlarmFact;

export type SightFact = { readonly type: "uplinks.seen"; readonly sights: readonly UplinkSight[] };

export interface ProbeInput {
  readonly names: readonly string[];
}

export type SteerOutcome =
  | { readonly ok: true; readonly name: string | undefined }
  | { readonly ok: false; readonly why: string };

interface UplinksContext extends Choosing {
  readonly settings: UplinkSettings;
  /** The choice that was last made true; undefined: none yet. */
  readonly steered: { readonly name: string | undefined } | undefined;
  /** Why the choice could not be made true, and how often in a row. */
  readonly refusal: string | undefined;
  readonly refusals: number;
  /** Whether the parent has ever told of the connection: before, the gateway may be waiting for people. */
  readonly isTold: boolean;
}

type UplinksEvent =
  | UplinksCommand
  | SightFact
  /** Another uplink is wanted. */
  | { readonly type: "choice.made" }
  /** And it is used. */
  | { readonly type: "choice.true" };

/** After a better one has come up, before it is probed for the first time. */
export const settleMs = 5_000;
/** Before the next try to make a choice true that could not be. */
export const refusedRetryMs = 60_000;
/** How long the best one must be missed before people are told. */
export const noticeMs = 60_000;
export const restartDelayMs = 10_000;
/** Longest wait for a choice to be made true, and for probes. */
export const steerLimitMs = 30_000;
export const probeLimitMs = 60_000;
/** Refusals in a row after which people are told: one may be a race with an uplink that goes down. */
export const refusalsMax = 2;
/** Times that probes alone may keep the gateway on an uplink. */
export const roundsMax = 5;

export const uplinksMachine = setup({
  types: {
    input: {} as UplinksInput,
    context: {} as UplinksContext,
    events: {} as UplinksEvent,
  },
  actors: {
    /** Sends `uplinks.seen` at its start and at each change. */
    watch: fromCallback(() => {}),
    steer: fromPromise<SteerOutcome, { readonly name: string | undefined }>(() => Promise.reject(notProvided)),
    /** The names over which the cloud has answered. */
    probe: fromPromise<readonly string[], ProbeInput>(() => Promise.reject(notProvided)),
  },
  actions: {
    log: (_, _entry: LogEntry) => {},
    choose: enqueueActions(({ context, enqueue }, { wanted, cause, worked, rounds }: UplinkChoice) => {
      enqueue.assign({ wanted, cause, worked, rounds });
      if (wanted !== context.wanted) enqueue.raise({ type: "choice.made" });
    }),
    see: assign((_, { sights }: SightFact) => ({ sights })),
    noteOnline: assign({ isOnline: true, isTold: true, rounds: 0 }),
    noteOffline: assign({ isOnline: false, isTold: true }),
    noteRound: assign(({ context }) => ({ rounds: context.rounds + 1 })),
    noteSteered: assign((_, name: string | undefined) => ({ steered: { name }, refusal: undefined, refusals: 0 })),
    sayTrue: raise({ type: "choice.true" }),
    noteRefused: assign(({ context }, why: string) => ({
      refusal: why,
      refusals: why === context.refusal ? context.refusals + 1 : 1,
    })),
    tell: sendParent((_, fact: UplinksFact) => fact),
  },
  guards: {
    wantsOther: ({ context }) =>
      context.sights !== undefined && (context.steered === undefined || context.steered.name !== context.wanted),
    isTroubled: ({ context }) => !context.isOnline && context.wanted !== undefined,
    isCalm: ({ context }) => context.isOnline || context.wanted === undefined,
    hasBetter: ({ context }) => betterNames(context).length > 0,
    hasNoBetter: ({ context }) => betterNames(context).length === 0,
    isBetterBack: ({ context }, { sights }: SightFact) => hasBetterComeUp(context, sights),
    isOnBest: ({ context }) => context.steered?.name === context.prefer[0],
    isOnLesser: ({ context }) => context.steered !== undefined && context.steered.name !== context.prefer[0],
    isDone: (_, outcome: SteerOutcome) => outcome.ok,
    isSwitch: ({ context }, outcome: SteerOutcome) => outcome.ok && outcome.name !== leftOf(context),
    isFirstRefusal: ({ context }) => context.refusals === 1,
    isLastingRefusal: ({ context }) => context.refusals === refusalsMax,
    /** The cloud answers a probe over it, so that the trouble may be another's: but not for ever. */
    mayStay: ({ context }, reached: readonly string[]) =>
      reached.length > 0 && (!context.isTold || context.rounds < roundsMax),
  },
  delays: {
    failOverDelay: ({ context }) => context.settings.failOverAfterMs,
    failBackDelay: ({ context }) => context.settings.failBackAfterMs,
    settleDelay: settleMs,
    refusedDelay: refusedRetryMs,
    noticeDelay: noticeMs,
    steerLimit: steerLimitMs,
    probeLimit: probeLimitMs,
    restartDelay: restartDelayMs,
  },
}).createMachine({
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
                  { type: "tell", params: ({ context, event }) => eventFact(switchOf(context, event.output)) },
                  { type: "noteSteered", params: ({ event }) => nameOf(event.output) },
                  { type: "tell", params: ({ event }) => switchedFact(nameOf(event.output)) },
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

const notProvided = new Error("not provided");

/** The uplink that was used until now: before the first choice the system's. */
function leftOf({ steered, sights }: UplinksContext): string | undefined {
  return steered === undefined ? sights?.find(({ isDefault }) => isDefault)?.name : steered.name;
}

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
