// Our console's own channel on the client websocket: binary frames are the stream, text frames are these JSON messages.
import { type CloseReason, isCloseReason } from "./close-reason.ts";
import { ProtocolError } from "./protocol-error.ts";

export const sessionSteps = ["waiting-for-gateway", "opening-tunnel", "handshaking", "open"] as const;
export type SessionStep = (typeof sessionSteps)[number];

/** Cloud to client. */
export type CloudMessage =
  | { readonly type: "step"; readonly step: SessionStep }
  | { readonly type: "host-key"; readonly fingerprint: string; readonly algorithm: string }
  /** Sent before the close frame, because a browser may show neither code nor reason of it. */
  | { readonly type: "closed"; readonly reason: CloseReason; readonly text: string };

/** Client to cloud. */
export type ClientMessage =
  | { readonly type: "resize"; readonly columns: number; readonly rows: number }
  | { readonly type: "accept-host-key"; readonly fingerprint: string }
  | { readonly type: "break" };

/** Longest text frame either side accepts, in UTF-16 units. */
export const sessionMessageLengthMax = 4096;

export function writeSessionMessage(message: CloudMessage | ClientMessage): string {
  return JSON.stringify(message);
}

/** Reads a text frame from the cloud. Throws ProtocolError `session-channel.malformed`. */
export function parseCloudMessage(text: string): CloudMessage {
  const message = parseObject(text);
  switch (message["type"]) {
    case "step": {
      const step = sessionSteps.find((known) => known === message["step"]);
      if (step === undefined) throw malformed("step is not one of the known steps");
      return { type: "step", step };
    }
    case "host-key":
      return {
        type: "host-key",
        fingerprint: textField(message, "fingerprint"),
        algorithm: textField(message, "algorithm"),
      };
    case "closed": {
      const reason = textField(message, "reason");
      if (!isCloseReason(reason)) throw malformed("reason is not in the list of close reasons");
      return { type: "closed", reason, text: textField(message, "text") };
    }
    default:
      throw malformed("type is not a message of the cloud");
  }
}

/** Reads a text frame from a client. Throws ProtocolError `session-channel.malformed`. */
export function parseClientMessage(text: string): ClientMessage {
  const message = parseObject(text);
  switch (message["type"]) {
    case "resize":
      return { type: "resize", columns: sizeField(message, "columns"), rows: sizeField(message, "rows") };
    case "accept-host-key":
      return { type: "accept-host-key", fingerprint: textField(message, "fingerprint") };
    case "break":
      return { type: "break" };
    default:
      throw malformed("type is not a message of a client");
  }
}

function parseObject(text: string): Record<string, unknown> {
  if (text.length > sessionMessageLengthMax) throw malformed(`longer than ${sessionMessageLengthMax} characters`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the input, which may hold what a person typed.
    throw malformed("not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw malformed("not a JSON object");
  return value as Record<string, unknown>;
}

function textField(message: Record<string, unknown>, name: string): string {
  const value = message[name];
  if (typeof value !== "string") throw malformed(`${name} must be a text`);
  return value;
}

function sizeField(message: Record<string, unknown>, name: string): number {
  const value = message[name];
  if (typeof value !== "number" || !Number.isInteger(value) || value < 1 || value > 1000) {
    throw malformed(`${name} must be a whole number from 1 to 1000`);
  }
  return value;
}

function malformed(what: string): ProtocolError {
  return new ProtocolError("session-channel.malformed", `Session message: ${what}`);
}
