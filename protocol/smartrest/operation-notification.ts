// An operation as JSON on `devicecontrol/notifications` (protocol.md 4.8): unlike a 530 line it bears the operation's id.
import { ProtocolError } from "../protocol-error.ts";

export interface OperationNotification {
  /** 1 to 20 digits. */
  readonly id: string;
  /** Internal id of the device. */
  readonly deviceId: string;
  /** External id of the device, where the platform sends it. */
  readonly externalId?: string;
  readonly status: string;
  readonly description?: string;
  /** Everything that is not the platform's own bookkeeping, for example `c8y_RemoteAccessConnect`. */
  readonly fragments: Readonly<Record<string, unknown>>;
}

/** Largest notification that is read, in bytes: well above what MQTT messages of the platform may have. */
export const notificationBytesMax = 65536;

const bookkeeping = new Set([
  "agentId",
  "bulkOperationId",
  "creationTime",
  "delivery",
  "description",
  "deviceId",
  "deviceName",
  "externalSource",
  "failureReason",
  "id",
  "self",
  "status",
]);

/**
 * The notifications of one MQTT message. The platform sends those that waited for a device together, one on a line
 * (thin-edge/thin-edge.io#3297); a single one may be spread over lines. Each is read by `parseOperationNotification`.
 */
export function splitNotifications(payload: Uint8Array | string): readonly string[] {
  const text = typeof payload === "string" ? payload : Buffer.from(payload).toString("utf8");
  if (!text.trim().includes("\n") || isJson(text)) return [text];
  return text.split("\n").filter((line) => line.trim() !== "");
}

/** Throws ProtocolError `smartrest.malformed` naming the property, or `smartrest.too-large`; never quotes the payload, which holds a connection key. */
export function parseOperationNotification(payload: Uint8Array | string): OperationNotification {
  const bytes = typeof payload === "string" ? Buffer.byteLength(payload, "utf8") : payload.length;
  if (bytes > notificationBytesMax) {
    throw new ProtocolError(
      "smartrest.too-large",
      `Operation notification: ${bytes} bytes, at most ${notificationBytesMax} are read`,
    );
  }
  const operation = parseObject(typeof payload === "string" ? payload : Buffer.from(payload).toString("utf8"));
  const id = idOf(operation, "id");
  const deviceId = idOf(operation, "deviceId");
  const status = operation["status"];
  if (typeof status !== "string" || status === "") throw malformed("status must be a text");
  const description = operation["description"];
  const externalId = externalIdOf(operation["externalSource"]);
  return {
    id,
    deviceId,
    ...(externalId === undefined ? {} : { externalId }),
    status,
    ...(typeof description === "string" ? { description } : {}),
    // fromEntries, not assignment: a property named __proto__ must stay a plain property.
    fragments: Object.fromEntries(Object.entries(operation).filter(([name]) => !bookkeeping.has(name))),
  };
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the payload.
    throw malformed("not JSON");
  }
  if (!isObject(value)) throw malformed("not a JSON object");
  return value;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    // Several notifications, or one that cannot be read: its own reading tells.
    return false;
  }
}

function idOf(operation: Record<string, unknown>, name: string): string {
  const value = operation[name];
  const text = typeof value === "number" ? String(value) : value;
  if (typeof text !== "string" || !/^[0-9]{1,20}$/.test(text)) throw malformed(`${name} must be 1 to 20 digits`);
  return text;
}

function externalIdOf(source: unknown): string | undefined {
  return isObject(source) && typeof source["externalId"] === "string" ? source["externalId"] : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function malformed(what: string): ProtocolError {
  return new ProtocolError("smartrest.malformed", `Operation notification: ${what}`);
}
