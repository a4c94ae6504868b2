// Why the gateway is not connected to the cloud: a closed list, for the log and for what the machines branch on.
import type { CloudDialFailure } from "./dial-cloud.ts";

export type OfflineReason =
  | Exclude<CloudDialFailure, "aborted">
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
  /** The cloud closed the connection without a word. */
  | "mqtt.closed"
  /** The same, soon after each connection: another device has this gateway's client id. */
  | "mqtt.taken-over"
  /** What came is not MQTT 3.1.1. */
  | "mqtt.malformed"
  /** What answered is an HTTP server. */
  | "mqtt.http-answer"
  /** The HTTPS port took no websocket for MQTT; the detail has its status. */
  | "mqtt.no-websocket"
  /** The certificate with which this gateway logs in is past its end. */
  | "certificate.expired"
  /** This gateway left by itself, to come back with another certificate. */
  | "certificate.changed"
  /** This gateway left by itself, to come back through another uplink. */
  | "uplink.changed"
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
  return advice[reason];
}

const advice: Partial<Record<OfflineReason, string>> = {
  "mqtt.http-answer":
    "HTTP answers on the port of [cloud] mqtt: it must be the cloud's MQTT port (is it swapped with that of [cloud] url?)",
  "mqtt.no-websocket": "the cloud's HTTPS port takes no MQTT over websockets: see [cloud] url and mqtt_over",
  "mqtt.taken-over":
    "another device uses this gateway's client id (was its card copied?): give one of them another [device] id",
  "proxy.login-refused": "the proxy wants a login: see [cloud] proxy_user and proxy_password_file",
  "proxy.refused":
    "the proxy does not let this gateway through to the cloud: ask whoever runs it to allow the cloud's ports",
  "proxy.unreachable": "the proxy of [cloud] proxy cannot be reached: are its name and port right?",
  "clock.wrong": "this machine's clock is wrong: it is tried again as soon as the time service has set it",
  "certificate.expired": "the certificate of this gateway has expired: renew it, or check this machine's clock",
};
