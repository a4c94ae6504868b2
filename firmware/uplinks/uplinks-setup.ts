// What the uplinks machine is made of: its events and limits, and what its chart names.
import { assign, enqueueActions, fromCallback, fromPromise, raise, sendParent, setup } from "xstate";
import type { AlarmFact } from "../alarm.ts";
import type { UplinkSettings } from "../config/gateway-config.ts";
import type { OutgoingMessage } from "../connectivity/outbox.ts";
import type { LogEntry } from "../log.ts";
import { betterNames, type Choosing, hasBetterComeUp, type UplinkChoice, type UplinkSight } from "./choose-uplink.ts";

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

export interface UplinksContext extends Choosing {
  readonly settings: UplinkSettings;
  /** The choice that was last made true; undefined: none yet. */
  readonly steered: { readonly name: string | undefined } | undefined;
  /** Why the choice could not be made true, and how often in a row. */
  readonly refusal: string | undefined;
  readonly refusals: number;
  /** Whether the parent has ever told of the connection: before, the gateway may be waiting for people. */
  readonly isTold: boolean;
}

export type UplinksEvent =
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

const notProvided = new Error("not provided");

export const uplinksSetup = setup({
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
});

/** The uplink that was used until now: before the first choice the system's. */
export function leftOf({ steered, sights }: UplinksContext): string | undefined {
  return steered === undefined ? sights?.find(({ isDefault }) => isDefault)?.name : steered.name;
}
