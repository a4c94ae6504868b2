// What the parts of the handshake towards a panel share: what to sign in with, how a part speaks, how it ends.
import type { Steps } from "./conversation.ts";

export type ClientHandshakeRefusal = "auth.failed" | "auth.required" | "protocol.unsupported" | "protocol.malformed";

/** `text` is for people: what the panel said or did, printable, without a secret. */
export interface Refusal {
  readonly kind: "refused";
  readonly code: ClientHandshakeRefusal;
  readonly text: string;
}

/** What may be used to sign in. Both strings are secrets. */
export interface SignIn {
  /** For VNC Authentication and Plain; empty is a password too. */
  readonly password?: string;
  /** For Plain only. */
  readonly username?: string;
  /** `tls`: the owner can run TLS over the stream when a step asks for it. */
  readonly supports?: { readonly tls: boolean };
  /** Plain may send user name and password without TLS, if the panel offers nothing better. Default false. */
  readonly allowsPlainInClear?: boolean;
}

/** `anonymous`: the panel has no certificate; `x509`: it has one, which the owner judges. */
export type PanelTls = "anonymous" | "x509";

/** How the sign-in is proven once the types are agreed on. */
export type Proof = "none" | "vnc" | "plain";

/** `subtype`: the VeNCrypt subtype or the Tight authentication. `hasResultSince37`: also 3.7 sends a SecurityResult. */
export interface Agreed {
  readonly kind: "agreed";
  readonly proof: Proof;
  readonly subtype?: number;
  readonly hasResultSince37: boolean;
}

/** How a part of the handshake speaks with the panel. */
export interface PanelTalk {
  readonly signIn: SignIn;
  send(bytes: Uint8Array): void;
  /** Names what the panel owes next. */
  waitFor(what: string): void;
  /** Goes on with decrypted bytes. */
  startTls(kind: PanelTls): Steps<void>;
  /** The panel said no; a SecurityResult and a reason may follow. `lead` says to what it said no. */
  refusedWithResult(code: ClientHandshakeRefusal, lead: string): Steps<Refusal>;
}

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

export function unsupported(text: string): Refusal {
  return { kind: "refused", code: "protocol.unsupported", text };
}
