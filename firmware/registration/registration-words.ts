// What the registration knows, and what it says in the log: each time the reason, and what a person can do about it.
import type { DeviceCredentials } from "#protocol/smartrest/downstream.ts";
import type { MqttLogin } from "../connectivity/mqtt-connection.ts";
import { adviceFor, isLoginRefusal } from "../connectivity/offline-reason.ts";
import type { LogEntry } from "../log.ts";
import type { CredentialsOutcome } from "./credentials.ts";
import type { BootstrapFact, StoreOutcome } from "./registration.actor.ts";

export interface RegistrationContext {
  readonly login: MqttLogin;
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

export function bootstrapErrorEntry(): LogEntry {
  return { level: "error", event: "internal.error", fields: { where: "registration" } };
}
