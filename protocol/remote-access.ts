// Names, paths and shapes of Cumulocity's Cloud Remote Access (protocol.md 5).
import { ProtocolError } from "./protocol-error.ts";

/** The operation's fragment and the name used with SmartREST 501 to 503 (protocol.md 4.7, 5.3). */
export const remoteAccessFragment = "c8y_RemoteAccessConnect";

/** The websocket subprotocol of raw bytes (protocol.md 5.4, 5.5). */
export const binarySubprotocol = "binary";

/** Subprotocol of our own console on the client websocket (protocol/session-channel.ts). */
export const sessionSubprotocol = "postern.session.v1";

export const remoteAccessProtocols = ["VNC", "SSH", "TELNET", "PASSTHROUGH"] as const;
export type RemoteAccessProtocol = (typeof remoteAccessProtocols)[number];

/** What a gateway is asked to do. `connectionKey` is a secret. */
export interface ConnectRequest {
  /** Address or name as the endpoint has it, 1 to 253 characters. */
  readonly hostname: string;
  /** 1 to 65535. */
  readonly port: number;
  /** Letters, digits and `-._~`, 1 to 128 characters; Cumulocity sends a UUID. */
  readonly connectionKey: string;
}

/** Path of the device websocket. The key in it is a secret: log `redactPath(path)`. */
export function devicePath(connectionKey: string): string {
  return `/service/remoteaccess/device/${encodeURIComponent(connectionKey)}`;
}

/** Path of the client websocket; ids are decimal strings. */
export function clientPath(deviceId: string, configurationId: string): string {
  return `/service/remoteaccess/client/${encodeURIComponent(deviceId)}/configurations/${encodeURIComponent(configurationId)}`;
}

/** Replaces a connection key in a device path and the query's values that may be secret (tokens, passwords) by `***`, for logs. */
export function redactPath(path: string): string {
  return path
    .replace(/(\/service\/remoteaccess\/device\/)[^/?#]+/gi, "$1***")
    .replace(/([?&](?:token|XSRF-TOKEN|access_token|password|tfa_code)=)[^&#]*/gi, "$1***");
}

/** Checks the three parts of a connect request, as SmartREST 530 (port as text) or JSON (port as number) gives them. */
export function parseConnectRequest(parts: {
  readonly hostname: unknown;
  readonly port: unknown;
  readonly connectionKey: unknown;
}): ConnectRequest {
  const { hostname, connectionKey } = parts;
  if (typeof hostname !== "string" || hostname.length < 1 || hostname.length > 253) {
    throw new ProtocolError("remote-access.malformed", "hostname must be a text of 1 to 253 characters");
  }
  const port = typeof parts.port === "string" && /^[0-9]{1,5}$/.test(parts.port) ? Number(parts.port) : parts.port;
  if (typeof port !== "number" || !Number.isInteger(port) || port < 1 || port > 65535) {
    throw new ProtocolError("remote-access.malformed", "port must be a whole number from 1 to 65535");
  }
  if (typeof connectionKey !== "string" || !/^[A-Za-z0-9._~-]{1,128}$/.test(connectionKey)) {
    throw new ProtocolError("remote-access.malformed", "connectionKey must be 1 to 128 letters, digits or -._~");
  }
  return { hostname, port, connectionKey };
}
