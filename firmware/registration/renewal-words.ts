// When a certificate is to be renewed or warned of, and what the renewal says in the log and as alarms.
import type { Alarm } from "../health/alarms.ts";
import { isoTime, type LogEntry } from "../log.ts";
import type { CertificateIdentity } from "./enrolment-state.ts";
import { networkAdvice } from "./enrolment-words.ts";
import type { Renewed } from "./renewal.actor.ts";

/** The part of a certificate's life after which it is renewed. */
const renewAfterShare = 2 / 3;
/** Gateways that were enrolled together come one after the other: later by up to this part of the life. */
const jitterShare = 1 / 60;
/** How long before its end the coming end of a certificate is an alarm. */
export const warnBeforeMs = 30 * 24 * 60 * 60_000;
/** A life may be shorter than that: then in this part of it. What renews itself has had half of its time in vain by then. */
const warnShare = { files: 1 / 3, enrolment: 1 / 6 } as const;

export const certificateAlarms = {
  expires: "postern_CertificateExpires",
  renewalRefused: "postern_CertificateRefused",
} as const;

/** In ms since the Unix epoch; `draw` is a random number in [0, 1). */
export function renewalDueMs({ notBeforeMs, notAfterMs }: CertificateIdentity, draw: number): number {
  return notBeforeMs + (notAfterMs - notBeforeMs) * (renewAfterShare + jitterShare * draw);
}

/** In ms since the Unix epoch. */
export function warningDueMs({ notBeforeMs, notAfterMs, source }: CertificateIdentity): number {
  return notAfterMs - Math.min(warnBeforeMs, (notAfterMs - notBeforeMs) * warnShare[source]);
}

/** What there is to warn of at `nowMs`, or undefined. */
export function expiryAlarm(identity: CertificateIdentity, nowMs: number): Alarm | undefined {
  const { notAfterMs, source } = identity;
  if (nowMs < warningDueMs(identity)) return undefined;
  const isOver = notAfterMs <= nowMs;
  const when = `${isOver ? "has been invalid since" : "is valid until"} ${isoTime(notAfterMs)}`;
  const advice =
    source === "files"
      ? "put a new one in the place of the files in [registration] and restart the gateway"
      : "renewing it has not worked so far; the gateway's log says why";
  return {
    alarmType: certificateAlarms.expires,
    severity: isOver ? "CRITICAL" : "MAJOR",
    text: `The certificate of this gateway ${when}: ${advice}`,
  };
}

export function expiryEntry({ notAfterMs }: CertificateIdentity, alarm: Alarm): LogEntry {
  const fields = { notAfter: isoTime(notAfterMs), advice: alarm.text };
  return { level: alarm.severity === "CRITICAL" ? "error" : "warn", event: "registration.certificate-expires", fields };
}

export function refusedAlarm(notAfterMs: number): Alarm {
  return {
    alarmType: certificateAlarms.renewalRefused,
    severity: "MAJOR",
    text:
      "The cloud refuses the renewed certificate of this gateway; the earlier one, valid until " +
      `${isoTime(notAfterMs)}, is in use again and a new one will be asked for`,
  };
}

export function renewedEntry({ notAfterMs }: CertificateIdentity): LogEntry {
  return { level: "info", event: "renewal.issued", fields: { notAfter: isoTime(notAfterMs) } };
}

export function completedEntry({ notAfterMs }: CertificateIdentity): LogEntry {
  return { level: "info", event: "renewal.completed", fields: { notAfter: isoTime(notAfterMs) } };
}

export function revertedEntry(reason: string, retryInMs: number): LogEntry {
  const advice = "the certificate authority issued a certificate that the cloud's MQTT does not take: look there";
  return { level: "error", event: "renewal.refused", fields: { reason, retryInMs, advice } };
}

export function storageProblemEntry(why: string): LogEntry {
  return { level: "error", event: "renewal.storage-failed", fields: { why } };
}

export function brokenEntry(what: string): LogEntry {
  return { level: "error", event: "internal.error", fields: { where: "renewal", what } };
}

type Failed = Exclude<Renewed, { readonly kind: "stored" }>;

export function failedEntry(outcome: Failed, retryInMs: number): LogEntry {
  const entry = (reason: string, detail: string | undefined, advice: string | undefined): LogEntry => {
    return { level: "warn", event: "renewal.failed", fields: { reason, detail, retryInMs, advice } };
  };
  switch (outcome.kind) {
    case "no-token":
      return entry("renewal.no-token", outcome.why, undefined);
    case "not-stored":
      return entry(
        "renewal.not-stored",
        outcome.why,
        "there must be room in the state folder, and it must be writable",
      );
    case "not-registered":
    case "unauthorized":
      return entry("renewal.unauthorized", undefined, "the cloud must give the device's user the right to renew");
    case "pending":
      return entry("renewal.pending", undefined, undefined);
    case "no-authority":
      return entry("renewal.no-authority", undefined, "the tenant has no certificate authority any more");
    case "refused":
      return entry("renewal.refused", `HTTP ${outcome.status} ${outcome.what}`.trim(), undefined);
    case "unusable":
      return entry("renewal.unusable-answer", outcome.what, undefined);
    case "unreachable":
      return entry(outcome.reason, outcome.detail, networkAdvice(outcome.reason));
    default:
      return outcome satisfies never;
  }
}
