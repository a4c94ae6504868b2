// Why the gateway is not connected to the cloud: a closed list, for the log and for what the machines branch on.
import type { DialFailure } from "#hardware/ports.ts";

export type OfflineReason =
  | Exclude<DialFailure, "aborted">
  | "name-unknown"
  /** CONNACK 4: wrong user or password. */
  | "mqtt.login-refused"
  /** CONNACK 5; the platform also sends it on some load problems (protocol.md 1.3). */
  | "mqtt.not-authorised"
  /** CONNACK 3. */
  | "mqtt.unavailable"
  /** CONNACK 1, 2 and unknown ones. */
  | "mqtt.refused"
  /** The cloud left a CONNECT, PUBLISH or SUBSCRIBE unanswered for too long. */
  | "mqtt.no-answer"
  /** Nothing came for the keep-alive limit, not even the answer to a ping. */
  | "mqtt.keep-alive"
  /** The cloud closed the connection, for example because another client took over the id. */
  | "mqtt.closed"
  /** What came is not MQTT 3.1.1, or a second CONNACK (protocol.md 1.3). */
  | "mqtt.malformed"
  /** What answered is an HTTP server. */
  | "mqtt.http-answer"
  | "internal.error";

/** The reason for a CONNACK return code other than 0. */
export function refusalReason(returnCode: number): OfflineReason {
  if (returnCode === 3) return "mqtt.unavailable";
  if (returnCode === 4) return "mqtt.login-refused";
  return returnCode === 5 ? "mqtt.not-authorised" : "mqtt.refused";
}

/** Whether the cloud said that user and password are not (or not yet) good. */
export function isLoginRefusal(reason: OfflineReason): boolean {
  return reason === "mqtt.login-refused" || reason === "mqtt.not-authorised";
}

/** What a person can do about it, where the reason alone leaves that open. */
export function adviceFor(reason: OfflineReason): string | undefined {
  if (reason !== "mqtt.http-answer") return undefined;
  return "HTTP answers on the port of [cloud] mqtt: it must be the cloud's MQTT port (is it swapped with that of [cloud] url?)";
}
