// The SmartREST messages that a gateway sends (protocol.md 4.3 to 4.5): one writer per message, and the cloud's parser.
import { cutToBytes } from "../printable.ts";
import { writeUpstream } from "./line.ts";
import { type DataMessage, parseDataMessage } from "./parse-data.ts";
import { type InventoryMessage, parseInventoryMessage } from "./parse-inventory.ts";
import { id, required } from "./upstream-fields.ts";

/** Longest failure reason, in bytes of UTF-8; longer ones are cut on a character border (protocol.md 4.5). */
export const failureReasonBytesMax = 500;

/** 100: creates the device of this connection if there is none yet. */
export function createDevice(name: string, type: string): string {
  return writeUpstream(["100", name, type]);
}

/** 110: serial number, model and revision of the board. */
export function setHardware(hardware: {
  readonly serialNumber: string;
  readonly model: string;
  readonly revision: string;
}): string {
  return writeUpstream(["110", hardware.serialNumber, hardware.model, hardware.revision]);
}

/** 114: replaces the whole list of operations that the device takes. */
export function setSupportedOperations(names: readonly string[]): string {
  return writeUpstream(["114", ...names]);
}

/** 117: the device says something at least this often, in whole minutes. */
export function setRequiredAvailability(minutes: number): string {
  return writeUpstream(["117", String(Math.trunc(minutes))]);
}

/** 122: the program on the device. */
export function setAgent(agent: {
  readonly name: string;
  readonly version: string;
  readonly url: string;
  readonly maintainer: string;
}): string {
  return writeUpstream(["122", agent.name, agent.version, agent.url, agent.maintainer]);
}

/** 123: asks for the device's id in the inventory. */
export function requestInternalId(): string {
  return writeUpstream(["123"]);
}

/** 125: the device is alive. */
export function heartbeat(): string {
  return writeUpstream(["125"]);
}

/** 150: the protocols that may be tunnelled; an empty list takes the restriction away. */
export function setSupportedProtocols(protocols: readonly string[]): string {
  return writeUpstream(["150", ...protocols]);
}

/** 400: an event. `time` is ISO 8601 with zone; without it the server's time counts. */
export function createEvent(event: { readonly type: string; readonly text: string; readonly time?: string }): string {
  const fields = ["400", event.type, event.text];
  return writeUpstream(event.time === undefined ? fields : [...fields, event.time]);
}

/** 500: asks for every operation that is still PENDING. */
export function requestPendingOperations(): string {
  return writeUpstream(["500"]);
}

/** 501: the oldest PENDING operation with this fragment is now EXECUTING. */
export function setExecutingByName(fragment: string): string {
  return writeUpstream(["501", fragment]);
}

/** 502: the oldest EXECUTING operation with this fragment FAILED. */
export function setFailedByName(fragment: string, reason: string): string {
  return writeUpstream(["502", fragment, cutToBytes(reason, failureReasonBytesMax)]);
}

/** 503: the oldest EXECUTING operation with this fragment was SUCCESSFUL. `parameters`: what it gave, see protocol.md 4.5. */
export function setSuccessfulByName(fragment: string, parameters: readonly string[] = []): string {
  return writeUpstream(["503", fragment, ...parameters]);
}

/** 504: the operation is now EXECUTING. */
export function setExecuting(operationId: string): string {
  return writeUpstream(["504", operationId]);
}

/** 505: the operation FAILED. */
export function setFailed(operationId: string, reason: string): string {
  return writeUpstream(["505", operationId, cutToBytes(reason, failureReasonBytesMax)]);
}

/** 506: the operation was SUCCESSFUL. `parameters`: what it gave, see protocol.md 4.5. */
export function setSuccessful(operationId: string, parameters: readonly string[] = []): string {
  return writeUpstream(["506", operationId, ...parameters]);
}

/** 507: every EXECUTING operation (with this fragment, if one is named) FAILED: what a crash left behind. */
export function failExecuting(fragment: string | undefined, reason: string): string {
  return writeUpstream(["507", fragment ?? "", cutToBytes(reason, failureReasonBytesMax)]);
}

/** One message of a device. A text that it left out is the empty string, unless the property is optional. */
export type UpstreamMessage =
  | InventoryMessage
  | DataMessage
  /** 500 */
  | { readonly kind: "request-pending-operations" }
  /** 501 to 507 */
  | { readonly kind: "set-executing-by-name"; readonly fragment: string }
  | { readonly kind: "set-failed-by-name"; readonly fragment: string; readonly reason: string }
  /** `parameters`: what the operation gave, such as the output of a command; often none. */
  | { readonly kind: "set-successful-by-name"; readonly fragment: string; readonly parameters: readonly string[] }
  | { readonly kind: "set-executing"; readonly operationId: string }
  | { readonly kind: "set-failed"; readonly operationId: string; readonly reason: string }
  | { readonly kind: "set-successful"; readonly operationId: string; readonly parameters: readonly string[] }
  | { readonly kind: "fail-executing"; readonly fragment?: string; readonly reason: string }
  | { readonly kind: "unknown"; readonly template: string };

/**
 * Reads one message of a device. Left-out trailing fields count as empty where the platform allows it.
 * Throws ProtocolError `smartrest.malformed` naming the template and the field.
 */
export function parseUpstream(fields: readonly string[]): UpstreamMessage {
  return (
    parseInventoryMessage(fields) ??
    parseDataMessage(fields) ??
    parseOperationMessage(fields) ?? { kind: "unknown", template: fields[0] ?? "" }
  );
}

function parseOperationMessage(fields: readonly string[]): UpstreamMessage | undefined {
  const reason = fields[2] ?? "";
  switch (fields[0]) {
    case "500":
      return { kind: "request-pending-operations" };
    case "501":
      return { kind: "set-executing-by-name", fragment: required(fields, 1, "fragment") };
    case "502":
      return { kind: "set-failed-by-name", fragment: required(fields, 1, "fragment"), reason };
    case "503":
      return {
        kind: "set-successful-by-name",
        fragment: required(fields, 1, "fragment"),
        parameters: fields.slice(2),
      };
    case "504":
      return { kind: "set-executing", operationId: id(fields, 1, "operationId") };
    case "505":
      return { kind: "set-failed", operationId: id(fields, 1, "operationId"), reason };
    case "506":
      return { kind: "set-successful", operationId: id(fields, 1, "operationId"), parameters: fields.slice(2) };
    case "507":
      return fields[1] ? { kind: "fail-executing", fragment: fields[1], reason } : { kind: "fail-executing", reason };
    default:
      return undefined;
  }
}
