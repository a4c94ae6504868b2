// The panel's side of the RFB handshake with a list of security types, each of which is then spoken by its own part.

import { Conversation, type Steps } from "#protocol/rfb/conversation.ts";
import { ExtendedServerHandshake } from "#protocol/rfb/extended-server-handshake.ts";
import { concatenate, writeU32 } from "#protocol/rfb/numbers.ts";
import type { PanelTls } from "#protocol/rfb/panel-talk.ts";
import { securityResults, securityTypes, veNCryptSubtypes } from "#protocol/rfb/security.ts";
import { ServerHandshake } from "#protocol/rfb/server-handshake.ts";
import { lowerVersion, parseVersion, type RfbVersion, versionBytes, writeVersion } from "#protocol/rfb/version.ts";
import type { RfbBehaviour, SecurityOffer } from "./rfb-behaviour.ts";

export interface PanelHandshakeOptions {
  readonly behaviour: RfbBehaviour;
  /** With one, viewers must prove that they know it. Both are secrets. */
  readonly password: string | undefined;
  readonly username: string | undefined;
  /** 16 random bytes, never used before. */
  readonly challenge: Uint8Array;
  readonly hasTls: boolean;
  /** Why nobody is let in now, and whether that is said before the viewer has greeted. */
  readonly refusal?: { readonly text: string; readonly isAtOnce: boolean } | undefined;
  /** One more wrong password shuts everybody out. */
  readonly isLastTry: boolean;
}

export type PanelHandshakeOutcome =
  | { readonly kind: "accepted"; readonly leftover: Uint8Array; readonly offer: SecurityOffer }
  /** `isWrongPassword`: a proof was given and was not right. */
  | { readonly kind: "refused"; readonly isWrongPassword: boolean };

export interface PanelHandshakeStep {
  readonly send: readonly Uint8Array[];
  readonly startTls?: { readonly kind: PanelTls };
  readonly outcome?: PanelHandshakeOutcome;
}

type Choice = { readonly offer: SecurityOffer; readonly version: RfbVersion };
type Part = ServerHandshake | ExtendedServerHandshake;

const tlsSubtypesMin = veNCryptSubtypes.tlsNone;

export class PanelHandshake {
  readonly #options: PanelHandshakeOptions;
  readonly #conversation: Conversation<Choice | undefined>;
  readonly #offers: readonly SecurityOffer[];
  #send: Uint8Array[] = [];
  #part: Part | undefined;
  #offer: SecurityOffer | undefined;
  #version: RfbVersion = "3.8";

  constructor(options: PanelHandshakeOptions) {
    this.#options = options;
    this.#offers = options.behaviour.security.flatMap((offer) => {
      if (offer.type === "vnc" && options.password === undefined) return [{ type: "none" } as const];
      if (offer.type !== "vencrypt" || options.hasTls) return [offer];
      const subtypes = offer.subtypes.filter((subtype) => !needsTls(subtype));
      return subtypes.length === 0 ? [] : [{ ...offer, subtypes }];
    });
    this.#conversation = new Conversation(this.#talk());
  }

  /** The greeting, and whether that is all that the viewer will hear. */
  start(): { readonly bytes: Uint8Array; readonly isAll: boolean } {
    const { refusal } = this.#options;
    if (refusal?.isAtOnce !== true) return { bytes: this.#greeting(), isAll: false };
    return { bytes: concatenate(writeVersion("3.3"), writeU32(0), reason(refusal.text)), isAll: true };
  }

  #greeting(): Uint8Array {
    return Buffer.from(this.#options.behaviour.greeting, "latin1");
  }

  /** Takes bytes of the viewer in any pieces. Throws ProtocolError for what is no RFB. */
  receive(bytes: Uint8Array): PanelHandshakeStep {
    if (this.#part !== undefined) return this.#taken(this.#part.receive(bytes), []);
    this.#conversation.receive(bytes);
    const send = this.#send;
    this.#send = [];
    const { end } = this.#conversation;
    if (end === undefined) return { send };
    if (end.outcome === undefined) return { send, outcome: { kind: "refused", isWrongPassword: false } };
    return this.#begin(end.outcome, { send, leftover: end.leftover });
  }

  /** TLS runs. Call it once, after the step that said `startTls`. */
  tlsStarted(): PanelHandshakeStep {
    return this.#part instanceof ExtendedServerHandshake ? this.#taken(this.#part.tlsStarted(), []) : { send: [] };
  }

  *#talk(): Steps<Choice | undefined> {
    const { behaviour, refusal } = this.#options;
    const version = lowerVersion(parseVersion(yield versionBytes), behaviour.version);
    if (refusal !== undefined) {
      const none = version === "3.3" ? writeU32(0) : Uint8Array.of(0);
      this.#send.push(concatenate(none, reason(refusal.text)));
      return undefined;
    }
    if (version === "3.3") {
      const offer = this.#offers.find(({ type }) => type === "vnc" || type === "none");
      if (offer !== undefined) return { offer, version };
      this.#send.push(concatenate(writeU32(0), reason("No security type for RFB 3.3")));
      return undefined;
    }
    this.#send.push(Uint8Array.of(this.#offers.length, ...this.#offers.map(codeOf)));
    const [code] = yield 1;
    const offer = this.#offers.find((one) => codeOf(one) === code);
    if (offer !== undefined && offer.type !== "foreign") return { offer, version };
    const text = offer === undefined ? "That security type was not offered" : "Internal error";
    this.#send.push(concatenate(writeU32(securityResults.failed), version === "3.8" ? reason(text) : noBytes));
    return undefined;
  }

  /** What has been said already is said again to the part, whose words about it go nowhere. */
  #begin({ offer, version }: Choice, so: { send: readonly Uint8Array[]; leftover: Uint8Array }): PanelHandshakeStep {
    this.#offer = offer;
    this.#version = version;
    const part = this.#partFor(offer, version);
    this.#part = part;
    const greeted = part.receive(writeVersion(version));
    if (version === "3.3") return this.#taken(greeted, so.send, so.leftover);
    return this.#taken(part.receive(Uint8Array.of(codeOf(offer))), so.send, so.leftover);
  }

  #partFor(offer: SecurityOffer, version: RfbVersion): Part {
    const { password, username, challenge } = this.#options;
    const known = { ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }) };
    if (offer.type === "vnc")
      return new ServerHandshake({ version, security: { type: "vnc", password: password ?? "", challenge } });
    const newer = version === "3.3" ? "3.7" : version;
    if (offer.type === "tight") {
      return new ExtendedServerHandshake({ version: newer, security: { type: "tight", challenge, ...known } });
    }
    if (offer.type === "vencrypt") {
      const security = { type: "vencrypt", subtypes: offer.subtypes, challenge, ...known } as const;
      return new ExtendedServerHandshake({ version: newer, security });
    }
    return new ServerHandshake({ version, security: { type: "none" } });
  }

  #taken(
    step: ReturnType<ExtendedServerHandshake["receive"]> | ReturnType<ServerHandshake["receive"]>,
    before: readonly Uint8Array[],
    behind: Uint8Array = noBytes,
  ): PanelHandshakeStep {
    const send = [...before, ...step.send];
    const { outcome } = step;
    const startTls = "startTls" in step ? step.startTls : undefined;
    if (outcome?.kind === "accepted" && this.#offer !== undefined) {
      const leftover = concatenate(outcome.leftover, behind);
      return { send, outcome: { kind: "accepted", leftover, offer: this.#offer } };
    }
    if (outcome?.kind === "refused") {
      const isWrongPassword = /password/.test(outcome.text);
      // The part's own result, and behind it a reason in 3.8, give way to this server's.
      const said = step.send.slice(0, this.#version === "3.8" ? -2 : -1);
      return {
        send: isWrongPassword ? [...before, ...said, ...this.#wrongPassword()] : send,
        outcome: { kind: "refused", isWrongPassword },
      };
    }
    if (behind.length > 0 && this.#part !== undefined) return this.#taken(this.#part.receive(behind), send);
    return startTls === undefined ? { send } : { send, startTls };
  }

  /** Each server has words of its own for it, or none. */
  #wrongPassword(): readonly Uint8Array[] {
    const { behaviour, isLastTry } = this.#options;
    const { result, text } = (isLastTry ? behaviour.lockout?.last : undefined) ?? behaviour.wrongPassword;
    return [writeU32(result), this.#version === "3.8" && text !== undefined ? reason(text) : noBytes];
  }
}

const noBytes = new Uint8Array(0);

function needsTls(subtype: number): boolean {
  return subtype >= tlsSubtypesMin;
}

function codeOf(offer: SecurityOffer): number {
  switch (offer.type) {
    case "none":
      return securityTypes.none;
    case "vnc":
      return securityTypes.vncAuthentication;
    case "tight":
      return securityTypes.tight;
    case "vencrypt":
      return securityTypes.veNCrypt;
    case "foreign":
      return offer.code;
    default:
      return offer satisfies never;
  }
}

function reason(text: string): Uint8Array {
  const bytes = Buffer.from(text, "utf8");
  return concatenate(writeU32(bytes.length), bytes);
}
