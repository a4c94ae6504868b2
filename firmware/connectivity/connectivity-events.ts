// The connectivity machine's events and what it knows, and its words for the log.
import type { DeviceCredentials } from "#protocol/smartrest/downstream.ts";
import type { LogEntry } from "../log.ts";
import type { CloudMessage } from "./cloud-message.ts";
import type { SessionFact } from "./connectivity.actor.ts";
import type { DeviceFacts } from "./first-session.ts";
import type { MqttLogin } from "./mqtt-connection.ts";
import { adviceFor, type OfflineReason } from "./offline-reason.ts";
import type { OutgoingMessage } from "./outbox.ts";

export interface ConnectivityInput {
  readonly device: DeviceFacts;
}

export type ConnectivityCommand =
  | { readonly type: "connectivity.start"; readonly credentials: DeviceCredentials }
  | ({ readonly type: "connectivity.publish" } & OutgoingMessage)
  /** Ends the actor; what waits for the cloud is sent first, within a limit. */
  | { readonly type: "connectivity.stop" };

/** What the parent is told. */
export type ConnectivityFact =
  | { readonly type: "connectivity.online" }
  | { readonly type: "connectivity.offline"; readonly reason: OfflineReason }
  | { readonly type: "connectivity.received"; readonly message: CloudMessage };

export interface ConnectivityContext {
  readonly device: DeviceFacts;
  readonly login: MqttLogin;
  /** Failures since the last lasting connection. */
  readonly attempt: number;
  /** Refusals of user and password in a row. */
  readonly loginRefusals: number;
  readonly retryInMs: number;
  readonly hasBeenOnline: boolean;
  readonly isStopping: boolean;
  /** Filters still to be asked for in this round, and those that were refused in it. */
  readonly wanted: readonly string[];
  readonly refused: readonly string[];
  readonly outbox: readonly OutgoingMessage[];
  /** Handed to the connection and not acknowledged yet. */
  readonly sending: OutgoingMessage | undefined;
}

export type ConnectivityEvent = ConnectivityCommand | SessionFact;

interface Moment {
  readonly context: ConnectivityContext;
  readonly event: ConnectivityEvent;
}

/** How many refusals in a row are certainly no passing trouble of the cloud (protocol.md 1.3). */
const loginRefusalsMax = 3;

export function offlineEntry({ context, event }: Moment): LogEntry {
  const isClosed = event.type === "session.closed";
  const advice =
    context.loginRefusals >= loginRefusalsMax
      ? "the cloud refuses this gateway's credentials: it may have been removed there; they are kept and tried again"
      : isClosed
        ? adviceFor(event.reason)
        : undefined;
  return {
    level: "warn",
    event: "connectivity.offline",
    fields: {
      reason: isClosed ? event.reason : "internal.error",
      detail: isClosed ? event.detail : undefined,
      retryInMs: context.retryInMs,
      advice,
    },
  };
}

export function refusedTopicsEntry({ context }: Moment): LogEntry {
  return { level: "warn", event: "connectivity.subscription-refused", fields: { topics: context.refused.join(" ") } };
}

export function sessionErrorEntry(): LogEntry {
  return { level: "error", event: "internal.error", fields: { where: "connectivity" } };
}
