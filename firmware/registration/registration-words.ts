// What the registration knows, and what it says in the log: each time the reason, and what a person can do about it.
import type { DeviceCredentials } from "#protocol/smartrest/downstream.ts";
import type { CloudIdentity } from "../cloud-identity.ts";
import type { Registration } from "../config/gateway-config.ts";
import type { MqttLogin } from "../connectivity/mqtt-connection.ts";
import { adviceFor, isLoginRefusal } from "../connectivity/offline-reason.ts";
import { isoTime, type LogEntry } from "../log.ts";
import type { CredentialsOutcome } from "./credentials.ts";
import type { BootstrapFact, StoreOutcome } from "./registration.actor.ts";

export interface RegistrationContext {
  readonly deviceId: string;
  readonly registration: Registration;
  /** Of the bootstrap connection. */
  readonly login: MqttLogin;
  /** By certificate, once it is known. */
  readonly identity: CloudIdentity | undefined;
  readonly credentials: DeviceCredentials | undefined;
  /** Whether the cloud issued them just now. */
  readonly isNew: boolean;
  /** Failures since the last lasting connection. */
  readonly attempt: number;
  readonly retryInMs: number;
}

/** Between two tries to write or read the credentials. */
export const storageRetryMs = 10_000;

export function waitingEntry({ context }: { readonly context: RegistrationContext }): LogEntry {
  const { clientId, user } = context.login;
  const advice = "register this device id in the cloud and accept it there";
  return { level: "info", event: "registration.waiting", fields: { device: clientId, user, advice } };
}

export function damagedEntry(outcome: CredentialsOutcome): LogEntry {
  return {
    level: "error",
    event: "registration.credentials-damaged",
    fields: { what: outcome.kind === "damaged" ? outcome.what : undefined, advice: "the gateway registers again" },
  };
}

export function closedEntry({
  context,
  event,
}: {
  readonly context: RegistrationContext;
  readonly event: BootstrapFact;
}): LogEntry {
  if (event.type !== "bootstrap.closed") return bootstrapErrorEntry();
  const { reason, detail } = event;
  const isRefused = isLoginRefusal(reason);
  return {
    level: "warn",
    event: isRefused ? "registration.refused" : "registration.interrupted",
    fields: {
      reason,
      detail,
      retryInMs: context.retryInMs,
      advice: isRefused
        ? "the cloud refuses the bootstrap user or password: see [registration] in the configuration"
        : adviceFor(reason),
    },
  };
}

export function unreadableEntry(what: string): LogEntry {
  return { level: "warn", event: "smartrest.refused", fields: { what } };
}

export function notStoredEntry(outcome: StoreOutcome): LogEntry {
  return storageEntry("cannot be written", outcome.ok ? "" : outcome.why);
}

export function storageEntry(what: string, error: unknown): LogEntry {
  const why = error instanceof Error ? error.message : String(error);
  return { level: "error", event: "registration.storage-failed", fields: { what, why, retryInMs: storageRetryMs } };
}

/** A certificate of the configuration that this gateway cannot be known by. */
export function unusableCertificateEntry(what: string): LogEntry {
  const advice =
    "make certificate and key of [registration] those of this gateway, or [device] id the certificate's common name, " +
    "and start it again";
  return { level: "error", event: "registration.certificate-unusable", fields: { what, advice } };
}

/** One that is good in itself but not at this time. */
export function certificateTimeEntry({ notBeforeMs, notAfterMs }: CertificateTimes, nowMs: number): LogEntry {
  const isOver = notAfterMs <= nowMs;
  return {
    level: isOver ? "error" : "warn",
    event: isOver ? "registration.certificate-expired" : "registration.certificate-not-yet-valid",
    fields: {
      notBefore: isoTime(notBeforeMs),
      notAfter: isoTime(notAfterMs),
      advice: isOver
        ? "the cloud will refuse it: put a new certificate in its place and start the gateway again, or set this machine's clock"
        : "this machine's clock is probably wrong: it is tried all the same",
    },
  };
}

interface CertificateTimes {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export function bootstrapErrorEntry(): LogEntry {
  return { level: "error", event: "internal.error", fields: { where: "registration" } };
}
