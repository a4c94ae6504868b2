// What the parts of the handshake towards a panel share: what to sign in with, how a part speaks, how it ends.
import type { Steps } from "./conversation.ts";
import type { ClientHandshakeRefusal, Refusal } from "./panel-refusal.ts";
import type { Proof } from "./security.ts";

/** What may be used to sign in. Both strings are secrets. */
export interface SignIn {
  /** For VNC Authentication and Plain; empty is a password too. */
  readonly password?: string;
  /** For Plain only. */
  readonly username?: string;
  /** `tls`: the owner can run TLS over the stream when a step asks for it. */
  readonly supports?: { readonly tls: boolean };
  /** Only what shows a certificate is taken, and nothing is proven to anything else. Default false. */
  readonly needsCertificate?: boolean;
  /** Plain may send user name and password without TLS, if the panel offers nothing better. Default false. */
  readonly allowsPlainInClear?: boolean;
}

/** `anonymous`: the panel has no certificate; `x509`: it has one, which the owner judges. */
export type PanelTls = "anonymous" | "x509";

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
