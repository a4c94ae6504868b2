// Our console's own channel on the client websocket: binary frames are the stream, text frames are these JSON messages.
import { type CloseReason, isCloseReason } from "./close-reason.ts";
import { ProtocolError } from "./protocol-error.ts";

export const sessionSteps = ["waiting-for-gateway", "opening-tunnel", "handshaking", "open"] as const;
export type SessionStep = (typeof sessionSteps)[number];

/** One question of a sign-in; `echo` false: what is typed is a secret and must not be shown. */
export interface Prompt {
  readonly text: string;
  readonly echo: boolean;
}

/** Cloud to client. */
export type CloudMessage =
  | { readonly type: "step"; readonly step: SessionStep }
  /** Asks whether this is the panel's key; `accept-host-key` with the same fingerprint says yes. */
  | {
      readonly type: "host-key";
      /** `SHA256:` and 43 characters of base64. */
      readonly fingerprint: string;
      readonly algorithm: string;
      /** Fingerprint of a stored key of another algorithm, to be shown beside it. */
      readonly known?: string;
    }
  /** Asks the person; one `answer` with the same id is expected. Texts may be empty and may come from the panel. */
  | {
      readonly type: "prompt";
      readonly id: number;
      readonly title: string;
      readonly instruction: string;
      /** 1 to `promptsMax`. */
      readonly prompts: readonly Prompt[];
    }
  /** Something worth knowing that asks for nothing. */
  | { readonly type: "notice"; readonly text: string }
  /** Sent before the close frame, because a browser may show neither code nor reason of it. */
  | { readonly type: "closed"; readonly reason: CloseReason; readonly text: string };

/** Client to cloud. */
export type ClientMessage =
  | { readonly type: "resize"; readonly columns: number; readonly rows: number }
  | { readonly type: "accept-host-key"; readonly fingerprint: string }
  | { readonly type: "break" }
  /** As many answers as there were prompts. Secrets: never logged, never stored. */
  | { readonly type: "answer"; readonly id: number; readonly answers: readonly string[] };

/** Prompts that one message may hold. */
export const promptsMax = 8;
/** Longest text of a prompt, title, instruction, notice or answer, in UTF-16 units. */
export const promptTextLengthMax = 1024;

/** Longest text frame either side accepts, in UTF-16 units: the largest prompt fits with every character escaped. */
export const sessionMessageLengthMax = 64 * 1024;

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
        ...(message["known"] === undefined ? {} : { known: textField(message, "known") }),
      };
    case "prompt":
      return {
        type: "prompt",
        id: idField(message),
        title: shortTextField(message, "title"),
        instruction: shortTextField(message, "instruction"),
        prompts: promptsField(message),
      };
    case "notice":
      return { type: "notice", text: shortTextField(message, "text") };
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
    case "answer":
      return { type: "answer", id: idField(message), answers: answersField(message) };
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

function shortTextField(message: Record<string, unknown>, name: string): string {
  const value = textField(message, name);
  if (value.length > promptTextLengthMax) {
    throw malformed(`${name} must have at most ${promptTextLengthMax} characters`);
  }
  return value;
}

function idField(message: Record<string, unknown>): number {
  const { id } = message;
  if (typeof id !== "number" || !Number.isSafeInteger(id) || id < 0) throw malformed("id must be a whole number");
  return id;
}

function listField(message: Record<string, unknown>, name: string): readonly unknown[] {
  const value = message[name];
  if (!Array.isArray(value) || value.length < 1 || value.length > promptsMax) {
    throw malformed(`${name} must be a list of 1 to ${promptsMax}`);
  }
  return value;
}

function promptsField(message: Record<string, unknown>): readonly Prompt[] {
  return listField(message, "prompts").map((prompt) => {
    if (typeof prompt !== "object" || prompt === null) throw malformed("each of prompts must be an object");
    const fields = prompt as Record<string, unknown>;
    const { echo } = fields;
    if (typeof echo !== "boolean") throw malformed("echo must be true or false");
    return { text: shortTextField(fields, "text"), echo };
  });
}

function answersField(message: Record<string, unknown>): readonly string[] {
  return listField(message, "answers").map((answer) => {
    if (typeof answer !== "string" || answer.length > promptTextLengthMax) {
      throw malformed(`each of answers must be a text of at most ${promptTextLengthMax} characters`);
    }
    return answer;
  });
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
