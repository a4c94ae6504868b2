// What the enrolment says in the log: what the authority answered or the disk lacked, and what a person can do about it.
import type { HttpFailure } from "../cloud-http.ts";
import type { CloudDialFailure } from "../connectivity/dial-cloud.ts";
import { adviceFor } from "../connectivity/offline-reason.ts";
import type { LogEntry } from "../log.ts";
import type { Asked } from "./enrolment.actor.ts";
import { storageRetryMs } from "./registration-words.ts";

type Failed = Exclude<Asked, { readonly kind: "issued" }>;

/** What the log is told of an answer without a certificate. */
export function refusalEntry(deviceId: string, outcome: Failed, retryInMs: number): LogEntry {
  const entry = (level: "info" | "warn", event: string, reason: string, advice: string, detail?: string): LogEntry => {
    return { level, event, fields: { device: deviceId, reason, detail, retryInMs, advice } };
  };
  switch (outcome.kind) {
    case "not-registered":
      return entry(
        "info",
        "registration.waiting",
        "enrolment.not-registered",
        "register this device id in the cloud with the one-time password of [registration]; if that was done, the " +
          "password is used up by an earlier certificate: register the id again with a new one",
      );
    case "pending":
      return entry("info", "registration.waiting", "enrolment.pending", "the authority issues it later");
    case "unauthorized":
      return entry(
        "warn",
        "registration.refused",
        "enrolment.password-refused",
        "the cloud knows this device id but not this one-time password: make one_time_password of [registration] the " +
          "one with which the id was registered",
      );
    case "no-authority":
      return entry(
        "warn",
        "registration.refused",
        "enrolment.no-authority",
        "the tenant has no certificate authority: switch the feature on and create one there, or register this " +
          "gateway by another method",
      );
    case "refused": {
      const detail = `HTTP ${outcome.status}${outcome.what === "" ? "" : `: ${outcome.what}`}`;
      return entry("warn", "registration.refused", "enrolment.refused", "see the cloud's own log for why", detail);
    }
    case "unusable":
      return entry(
        "warn",
        "registration.refused",
        "enrolment.unusable-answer",
        "the certificate authority of the cloud must issue certificates for the id and key of the request",
        outcome.what,
      );
    case "unreachable":
      return {
        level: "warn",
        event: "registration.interrupted",
        fields: { reason: outcome.reason, detail: outcome.detail, retryInMs, advice: networkAdvice(outcome.reason) },
      };
    default:
      return outcome satisfies never;
  }
}

/** What a person can do about a failure of the network, where its name leaves that open. */
export function networkAdvice(reason: HttpFailure): string | undefined {
  return isDialFailure(reason) ? adviceFor(reason) : undefined;
}

function isDialFailure(reason: HttpFailure): reason is Exclude<CloudDialFailure, "aborted"> {
  return reason !== "aborted" && !reason.startsWith("http.");
}

/** State that cannot be used, and what the gateway does about it. */
export function damagedStateEntry(problems: readonly string[]): LogEntry {
  const advice =
    "the gateway enrols again with its one-time password; if the cloud refuses that as used up, register the device " +
    "id there again with a new one and write it into [registration]";
  return { level: "error", event: "registration.state-damaged", fields: { what: problems.join("; "), advice } };
}

export function passedOverEntry(problems: readonly string[]): LogEntry {
  const advice = "the other certificate is used; nothing needs to be done";
  return { level: "warn", event: "registration.state-damaged", fields: { what: problems.join("; "), advice } };
}

export function keyMadeEntry(): LogEntry {
  return { level: "info", event: "registration.key-made" };
}

export function storeFailedEntry(why: string): LogEntry {
  const fields = { what: "cannot be written", why, retryInMs: storageRetryMs };
  return { level: "error", event: "registration.storage-failed", fields };
}
