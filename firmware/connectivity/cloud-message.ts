// What the cloud says to a registered gateway, parsed at the edge into a closed union.
import type { ManagementRequest } from "#protocol/device-management.ts";
import { ProtocolError } from "#protocol/protocol-error.ts";
import type { ConnectRequest } from "#protocol/remote-access.ts";
import { parseDownstream } from "#protocol/smartrest/downstream.ts";
import { parseMessagesUpToFault } from "#protocol/smartrest/line.ts";
import {
  type OperationNotification,
  parseOperationNotification,
  splitNotifications,
} from "#protocol/smartrest/operation-notification.ts";
import { topics } from "#protocol/smartrest/topics.ts";

export type CloudMessage =
  /** An operation as JSON, with its id. */
  | { readonly kind: "operation"; readonly operation: OperationNotification }
  /** A `530` line: a connect operation without its id. */
  | { readonly kind: "connect"; readonly deviceId: string; readonly request: ConnectRequest }
  /** A line of device management: an operation without its id. */
  | { readonly kind: "manage"; readonly deviceId: string; readonly request: ManagementRequest }
  /** A line for an operation that no gateway of ours knows, by its fragment. */
  | { readonly kind: "unknown-operation"; readonly deviceId: string; readonly fragment: string }
  /** A line about a message of ours that was refused, or one of the cloud's that cannot be read. */
  | { readonly kind: "refused"; readonly what: string }
  /** Something that this gateway has no use for. */
  | { readonly kind: "other"; readonly what: string };

/** Reads one MQTT message. What cannot be read becomes a `refused` message whose text quotes no payload. */
export function parseCloudMessage(topic: string, payload: Uint8Array): readonly CloudMessage[] {
  try {
    switch (topic) {
      case topics.operations:
        return splitNotifications(payload).map(parseOperation);
      case topics.jsonErrors:
        return [{ kind: "refused", what: "the cloud refused a JSON message" }];
      case topics.staticDown:
      case topics.errors:
        return parseLines(topic, payload);
      default:
        return [{ kind: "other", what: `a message on the topic ${topic}` }];
    }
  } catch (error) {
    return [unreadable(error, topic)];
  }
}

/** What stands before a malformed line is heard. */
function parseLines(topic: string, payload: Uint8Array): readonly CloudMessage[] {
  const { messages, fault } = parseMessagesUpToFault(payload);
  return [...messages.flatMap(parseLine), ...(fault === undefined ? [] : [unreadable(fault, topic)])];
}

function parseOperation(text: string): CloudMessage {
  try {
    return { kind: "operation", operation: parseOperationNotification(text) };
  } catch (error) {
    return unreadable(error, topics.operations);
  }
}

function parseLine(fields: readonly string[]): readonly CloudMessage[] {
  try {
    const message = parseDownstream(fields);
    switch (message.kind) {
      case "connect":
        return [{ kind: "connect", deviceId: message.deviceId, request: message.request }];
      case "manage":
        return [message];
      case "operation":
        return [{ kind: "unknown-operation", deviceId: message.deviceId, fragment: message.fragment }];
      case "error":
        // Every session begins with 100; that the device exists is the usual answer.
        if (message.code === 41 && message.template === "100") return [];
        return [{ kind: "refused", what: `${message.code} for template ${message.template}: ${message.text}` }];
      case "credentials":
      case "token":
        return [{ kind: "other", what: `an unasked ${message.kind} message` }];
      case "other":
        return [{ kind: "other", what: `SmartREST ${message.template}` }];
      default:
        return message satisfies never;
    }
  } catch (error) {
    return [unreadable(error, topics.staticDown)];
  }
}

function unreadable(error: unknown, topic: string): CloudMessage {
  if (!(error instanceof ProtocolError)) throw error;
  return { kind: "refused", what: `${topic}: ${error.message}` };
}
