// The SmartREST messages that a gateway gets (protocol.md 4.6, 4.7, 4.9): the gateway's parser and the cloud's writers.
import { fragmentOfTemplate, type ManagementRequest, parseManagementLine } from "../device-management.ts";
import { ProtocolError } from "../protocol-error.ts";
import { type ConnectRequest, parseConnectRequest } from "../remote-access.ts";
import { writeDownstream } from "./line.ts";

/** What the platform hands to a device that was accepted. `password` is a secret. */
export interface DeviceCredentials {
  readonly tenant: string;
  /** Without the tenant; the MQTT user is `<tenant>/<user>`. */
  readonly user: string;
  readonly password: string;
}

export type DownstreamMessage =
  /** 530. `deviceId` is the external id of the device that is meant. */
  | { readonly kind: "connect"; readonly deviceId: string; readonly request: ConnectRequest }
  /** 510, 511, 520 to 522, 524, 526. */
  | { readonly kind: "manage"; readonly deviceId: string; readonly request: ManagementRequest }
  /** A line for another operation of the platform, named by its fragment. */
  | { readonly kind: "operation"; readonly deviceId: string; readonly fragment: string }
  /** 70 */
  | ({ readonly kind: "credentials" } & DeviceCredentials)
  /** 71. The token is a secret. */
  | { readonly kind: "token"; readonly token: string }
  /** 40 to 50: the platform refused what a message of `template` wanted; `template` may be empty. */
  | { readonly kind: "error"; readonly code: number; readonly template: string; readonly text: string }
  /** Anything else; `fields` are those after the template. */
  | { readonly kind: "other"; readonly template: string; readonly fields: readonly string[] };

/** Reads one message for a device. Throws ProtocolError `smartrest.malformed` naming the template and what is wrong. */
export function parseDownstream(fields: readonly string[]): DownstreamMessage {
  const template = fields[0] ?? "";
  switch (template) {
    case "530":
      return parseConnect(fields);
    case "70":
      return {
        kind: "credentials",
        tenant: required(fields, 1, "tenant"),
        user: required(fields, 2, "user"),
        password: required(fields, 3, "password"),
      };
    case "71":
      return { kind: "token", token: required(fields, 1, "token") };
    default: {
      const fragment = fragmentOfTemplate(template);
      if (fragment !== undefined) return parseOperationLine(fields, fragment);
      // The platform writes commas of the text without quotes (protocol.md 4.9).
      return /^(4[0-9]|50)$/.test(template)
        ? { kind: "error", code: Number(template), template: fields[1] ?? "", text: fields.slice(2).join(", ") }
        : { kind: "other", template, fields: fields.slice(1) };
    }
  }
}

/** 530: the device shall open a tunnel. The text holds the connection key, a secret. */
export function writeConnect(deviceId: string, request: ConnectRequest): string {
  return writeDownstream(["530", deviceId, request.hostname, String(request.port), request.connectionKey]);
}

/** 70: the answer to an accepted device. The text holds its password, a secret. */
export function writeCredentials(credentials: DeviceCredentials): string {
  return writeDownstream(["70", credentials.tenant, credentials.user, credentials.password]);
}

/** 71: the token that a device asked for. The text holds it, a secret. */
export function writeToken(token: string): string {
  return writeDownstream(["71", token]);
}

/** 124: the device's id in the inventory. */
export function writeInternalId(id: string): string {
  return writeDownstream(["124", id]);
}

/** 106: the external ids of the device's children. */
export function writeChildren(ids: readonly string[]): string {
  return writeDownstream(["106", ...ids]);
}

/** A line for the error topic: `code` 40 to 50, the template that was refused or an empty text, and why. */
export function writeError(code: number, template: string, text: string): string {
  return writeDownstream([String(code), template, text]);
}

function parseOperationLine(fields: readonly string[], fragment: string): DownstreamMessage {
  const [template = ""] = fields;
  const deviceId = required(fields, 1, "device id");
  try {
    const request = parseManagementLine(template, fields.slice(2));
    return request === undefined ? { kind: "operation", deviceId, fragment } : { kind: "manage", deviceId, request };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new ProtocolError("smartrest.malformed", `SmartREST ${template}: ${error.message}`);
  }
}

function parseConnect(fields: readonly string[]): DownstreamMessage {
  const deviceId = required(fields, 1, "device id");
  try {
    const request = parseConnectRequest({ hostname: fields[2], port: fields[3], connectionKey: fields[4] });
    return { kind: "connect", deviceId, request };
  } catch (error) {
    if (error instanceof ProtocolError)
      throw new ProtocolError("smartrest.malformed", `SmartREST 530: ${error.message}`);
    throw error;
  }
}

function required(fields: readonly string[], index: number, name: string): string {
  const value = fields[index] ?? "";
  if (value === "") {
    throw new ProtocolError("smartrest.malformed", `SmartREST ${fields[0]}, field ${index} (${name}): is missing`);
  }
  return value;
}
