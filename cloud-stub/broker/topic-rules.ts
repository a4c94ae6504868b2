// Which topics a client may publish to and subscribe to: exact lists, everything else is refused.
import { topics } from "#protocol/smartrest/topics.ts";

export type ClientKind = "device" | "bootstrap";

/** `unsupported`: a topic of the platform that is not built here; the message is answered with an error line. */
export type PublishRule = "static" | "credentials" | "token" | "unsupported" | "refused";

const staticTopics = new Set<string>([topics.staticUp, "t/us", "q/us", "c/us"]);

/** Upstream topics of Cumulocity that real agents use and this stand-in does not serve (protocol.md 1.5). */
const unsupportedShapes: readonly RegExp[] = [
  /** A child device. */
  /^[stqc]\/us\/[^/]+$/,
  /** Template collections. */
  /^s\/ut\/[^/]+$/,
  /^[stqc]\/uc\/[^/]+(\/[^/]+)?$/,
  /^[stqc]\/ud(\/[^/]+)?$/,
  /** JSON over MQTT. */
  /^(inventory\/managedObjects|event\/events|alarm\/alarms|measurement\/measurements|devicecontrol\/operations)\/(create|update|delete|createBulk)(\/[^/]+)?$/,
];

const deviceFilters = new Set<string>([
  topics.staticDown,
  topics.errors,
  topics.tokenDown,
  topics.operations,
  topics.jsonErrors,
  // Results of template collections. Nothing is ever sent there, but thin-edge.io wants the subscription granted.
  "s/dt",
  "s/dd",
  "s/dc/#",
]);

const bootstrapFilters = new Set<string>([topics.credentialsDown, topics.errors]);

/** Filters that are refused until the managed object exists (protocol.md 1.6). */
const filtersThatNeedTheDevice = new Set<string>([topics.staticDown, topics.tokenDown, topics.operations]);

export function publishRule(kind: ClientKind, topic: string): PublishRule {
  if (kind === "bootstrap") return topic === topics.credentialsUp ? "credentials" : "refused";
  if (staticTopics.has(topic)) return "static";
  if (topic === topics.tokenUp) return "token";
  return unsupportedShapes.some((shape) => shape.test(topic)) ? "unsupported" : "refused";
}

/** `exists`: whether the device of the connection has its managed object. */
export function maySubscribe(kind: ClientKind, filter: string, exists: boolean): boolean {
  if (kind === "bootstrap") return bootstrapFilters.has(filter);
  return deviceFilters.has(filter) && (exists || !filtersThatNeedTheDevice.has(filter));
}
