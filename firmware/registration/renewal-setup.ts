// The named parts of the renewal machine: its actors, actions, guards and delays; the chart stands in renewal.machine.ts.
import { assign, fromPromise, sendParent, setup } from "xstate";
import type { CloudIdentity } from "../cloud-identity.ts";
import { isLoginRefusal, type OfflineReason } from "../connectivity/offline-reason.ts";
import type { Alarm } from "../health/alarms.ts";
import type { LogEntry } from "../log.ts";
import type { StoreCertificateInput } from "./enrolment.actor.ts";
import type { CertificateIdentity } from "./enrolment-state.ts";
import type { StoreOutcome } from "./registration.actor.ts";
import { storageRetryMs } from "./registration-words.ts";
import type { Look, LookInput, Renewed } from "./renewal.actor.ts";
import { expiryAlarm, renewalDueMs, warningDueMs } from "./renewal-words.ts";

export interface RenewalInput {
  readonly deviceId: string;
  readonly identity: CloudIdentity;
  /** Whether it is at the start, since nobody says so again; false where absent. */
  readonly isOnline?: boolean;
}

/** Commands of the parent: what it heard of the connection to the cloud. */
export type RenewalCommand =
  | { readonly type: "renewal.online" }
  | { readonly type: "renewal.offline"; readonly reason: OfflineReason };

export type RenewalFact =
  /** From now on the gateway is to connect as this one. */
  | { readonly type: "renewal.switched"; readonly identity: CloudIdentity }
  /** The certificate is past its end and nothing connects with it: only another enrolment helps. */
  | { readonly type: "renewal.ended" }
  | ({ readonly type: "alarm.raised" } & Alarm)
  | { readonly type: "alarm.cleared"; readonly alarmType: string };

export interface RenewalContext {
  readonly deviceId: string;
  /** The one in use, but for the time of a change-over. */
  readonly identity: CertificateIdentity | undefined;
  readonly renewed: CertificateIdentity | undefined;
  readonly isOnline: boolean;
  /** The wall clock's time at the last look. */
  readonly nowMs: number;
  /** For the jitter: drawn once for each certificate. */
  readonly draw: number | undefined;
  /** Severity of the expiry alarm that was told of. */
  readonly warned: Alarm["severity"] | undefined;
  readonly isRefusalTold: boolean;
  /** Failures in a row. */
  readonly attempt: number;
  /** Ends of connections with the renewed certificate that look like a refusal, in a row. */
  readonly refusals: number;
  readonly waitMs: number;
}

/** The wall clock may jump and no timer lasts for months: the date is looked at this often at the latest. */
export const lookEveryMs = 6 * 60 * 60_000;
/** Between two tries to renew: full jitter, twice as long after each failure, within these two. */
export const retryMinMs = 60_000;
export const retryMaxMs = 6 * 60 * 60_000;
/** It is tried at least so often in what is left of the certificate's life. */
const retriesInRest = 8;
/** Before another certificate is asked for where the cloud refused the last one; a part of the life where that is short. */
export const refusedRetryMs = 60 * 60_000;
const refusedRetryShare = 1 / 12;
/** The platform also refuses when it has too much to do (protocol.md 1.3): so often must it be before it counts. */
export const refusalsMax = 3;

const notProvided = (): Promise<never> => Promise.reject(new Error("not provided"));

export const renewalSetup = setup({
  types: {
    input: {} as RenewalInput,
    context: {} as RenewalContext,
    events: {} as RenewalCommand,
  },
  actors: {
    look: fromPromise<Look, LookInput>(notProvided),
    renew: fromPromise<Renewed & { readonly draw: number }, LookInput>(notProvided),
    keep: fromPromise<StoreOutcome, StoreCertificateInput>(notProvided),
    discard: fromPromise<StoreOutcome>(notProvided),
  },
  actions: {
    log: (_, _entry: LogEntry) => {},
    tellSwitched: sendParent((_, identity: CloudIdentity): RenewalFact => ({ type: "renewal.switched", identity })),
    tellEnded: sendParent({ type: "renewal.ended" } satisfies RenewalFact),
    tellAlarm: sendParent((_, alarm: Alarm): RenewalFact => ({ type: "alarm.raised", ...alarm })),
    tellCleared: sendParent((_, alarmType: string): RenewalFact => ({ type: "alarm.cleared", alarmType })),
    noteOnline: assign({ isOnline: true }),
    noteOffline: assign({ isOnline: false }),
    noteLook: assign(({ context }, look: Look) => {
      const draw = context.draw ?? look.draw;
      return {
        nowMs: look.nowMs,
        draw,
        renewed: look.renewed,
        waitMs: untilNextMs(certificateOf(context), look.nowMs, draw),
      };
    }),
    noteWarning: assign(({ context }) => ({ warned: warningOf(context)?.severity })),
    takeRenewed: assign((_, renewed: CertificateIdentity) => ({ renewed })),
    startChange: assign({ attempt: 0, refusals: 0 }),
    noteFailed: assign(({ context }, draw: number) => {
      const attempt = context.attempt + 1;
      // The end may come sooner than the longest wait.
      const leftMs = certificateOf(context).notAfterMs - context.nowMs;
      const inTimeMs = Math.max(retryMinMs, leftMs / retriesInRest);
      const ceilingMs = Math.min(retryMaxMs, inTimeMs, retryMinMs * 2 ** Math.min(attempt, 16));
      return { attempt, waitMs: retryMinMs + Math.floor((ceilingMs - retryMinMs) * draw) };
    }),
    noteRefusal: assign(({ context }) => ({ refusals: context.refusals + 1 })),
    noteBroken: assign({ waitMs: retryMinMs }),
    noteReverted: assign(({ context }) => {
      return { renewed: undefined, isRefusalTold: true, waitMs: afterRefusalMs(certificateOf(context)) };
    }),
    takeIntoUse: assign(({ context }) => ({ identity: renewedOf(context), renewed: undefined, draw: undefined })),
    noteRefusalOver: assign({ isRefusalTold: false }),
  },
  guards: {
    hasNoCertificate: ({ context }) => context.identity === undefined,
    hasNewWarning: ({ context }) => {
      const warning = warningOf(context);
      return warning !== undefined && warning.severity !== context.warned;
    },
    isWarningOver: ({ context }) => context.warned !== undefined && warningOf(context) === undefined,
    hasRenewed: ({ context }) => context.renewed !== undefined,
    isOver: ({ context }) => isOver(context),
    isOverAndOffline: ({ context }) => isOver(context) && !context.isOnline,
    isDue: ({ context }) => isDue(context),
    isDueAndOnline: ({ context }) => context.isOnline && isDue(context),
    isRefusalTold: ({ context }) => context.isRefusalTold,
    isStored: (_, outcome: Renewed) => outcome.kind === "stored",
    isDone: (_, outcome: StoreOutcome) => outcome.ok,
    isLastRefusal: ({ context }, reason: OfflineReason) => looksRefused(reason) && context.refusals + 1 >= refusalsMax,
    isRefusal: (_, reason: OfflineReason) => looksRefused(reason),
  },
  delays: { waitDelay: ({ context }) => context.waitMs, storageRetryDelay: storageRetryMs },
});

function isDue(context: RenewalContext): boolean {
  const identity = certificateOf(context);
  return identity.source === "enrolment" && renewalDueMs(identity, context.draw ?? 0) <= context.nowMs;
}

function isOver(context: RenewalContext): boolean {
  const identity = certificateOf(context);
  return identity.source === "enrolment" && identity.notAfterMs <= context.nowMs;
}

export function warningOf(context: RenewalContext): Alarm | undefined {
  return expiryAlarm(certificateOf(context), context.nowMs);
}

/** Until something of it is due, at most `lookEveryMs`. */
function untilNextMs(identity: CertificateIdentity, nowMs: number, draw: number): number {
  const dues = [warningDueMs(identity), identity.notAfterMs];
  if (identity.source === "enrolment") dues.push(renewalDueMs(identity, draw));
  const ahead = dues.map((due) => Math.ceil(due - nowMs)).filter((ms) => ms > 0);
  return Math.min(lookEveryMs, ...ahead);
}

function afterRefusalMs({ notBeforeMs, notAfterMs }: CertificateIdentity): number {
  return Math.min(refusedRetryMs, Math.max(retryMinMs, (notAfterMs - notBeforeMs) * refusedRetryShare));
}

/** A refused client certificate may also show as a connection that is broken off: TLS 1.3 tells of it after the handshake. */
function looksRefused(reason: OfflineReason): boolean {
  return isLoginRefusal(reason) || ["tls.failed", "reset", "mqtt.closed", "certificate.expired"].includes(reason);
}

export function certificateOf({ identity }: RenewalContext): CertificateIdentity {
  if (identity === undefined) throw new Error("must hold: there is a certificate to be looked after");
  return identity;
}

export function renewedOf({ renewed }: RenewalContext): CertificateIdentity {
  if (renewed === undefined) throw new Error("must hold: a certificate is there before it is changed to");
  return renewed;
}
