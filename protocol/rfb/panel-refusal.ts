// How a handshake towards a panel fails, in words for people.
import { printable } from "../printable.ts";
import type { Proof } from "./security.ts";

export type ClientHandshakeRefusal =
  | "auth.failed"
  | "auth.required"
  | "hostkey.mismatch"
  | "protocol.unsupported"
  | "protocol.malformed";

/** `text` is for people: what the panel said or did, printable, without a secret. */
export interface Refusal {
  readonly kind: "refused";
  readonly code: ClientHandshakeRefusal;
  readonly text: string;
}

/** Longest part of a panel's reason that is handed on, in characters. */
const reasonTextLengthMax = 300;

export const noPassword: Refusal = {
  kind: "refused",
  code: "auth.required",
  text: "The panel asks for a VNC password and there is none",
};

export const noUserName: Refusal = {
  kind: "refused",
  code: "auth.required",
  text: "The panel asks for a user name and a password and they are not known",
};

export const noCertificate: Refusal = {
  kind: "refused",
  code: "hostkey.mismatch",
  text: "The panel showed no certificate, though the endpoint knows one; it is not signed in at without",
};

export function unsupported(text: string): Refusal {
  return { kind: "refused", code: "protocol.unsupported", text };
}

/** To what a panel said no, by what had been proven. */
export function failureLead(proof: Proof): string {
  switch (proof) {
    case "none":
      return "The panel refused the connection";
    case "vnc":
      return "The panel did not accept the password";
    case "plain":
      return "The panel did not accept the user name and the password";
    default:
      return proof satisfies never;
  }
}

/** With the panel's own reason behind it, made fit for people. */
export function withReason(refusal: Refusal, bytes: Uint8Array): Refusal {
  const reason = decodeReason(bytes);
  return reason === "" ? refusal : { ...refusal, text: `${refusal.text}: ${reason}` };
}

function decodeReason(bytes: Uint8Array): string {
  // Newer servers write UTF-8, older ones Latin-1 (RFC 6143 section 7.1.2 leaves it open).
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    text = Buffer.from(bytes).toString("latin1");
  }
  return printable(text, reasonTextLengthMax);
}
