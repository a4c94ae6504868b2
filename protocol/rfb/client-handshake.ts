// The RFB handshake towards a panel, without IO (RFC 6143 sections 7.1 and 7.2): version, security type, password, result.
import { printable } from "../printable.ts";
import { ProtocolError } from "../protocol-error.ts";
import { Conversation, type Steps } from "./conversation.ts";
import { readU32 } from "./numbers.ts";
import { reasonBytesMax, securityResults, securityTypeList, securityTypes } from "./security.ts";
import {
  describeGreeting,
  lowerVersion,
  parseVersion,
  type RfbVersion,
  versionBytes,
  writeVersion,
} from "./version.ts";
import { challengeBytes, respondToChallenge } from "./vnc-authentication.ts";

export type ClientHandshakeRefusal = "auth.failed" | "auth.required" | "protocol.unsupported" | "protocol.malformed";

export type ClientHandshakeOutcome =
  /** ClientInit is the next message of the client; `leftover` came from the panel behind the handshake. */
  | {
      readonly kind: "authenticated";
      readonly version: RfbVersion;
      readonly securityType: number;
      readonly leftover: Uint8Array;
    }
  /** `text` is for people: what the panel said or did, printable, without a secret. */
  | { readonly kind: "refused"; readonly code: ClientHandshakeRefusal; readonly text: string };

export interface HandshakeStep {
  /** To be sent to the panel, in this order. */
  readonly send: Uint8Array[];
  /** Given once, by the step that ends the handshake. */
  readonly outcome?: ClientHandshakeOutcome;
}

export interface ClientHandshakeOptions {
  /** For VNC Authentication; a panel that offers it is preferred to be asked that way. */
  readonly password?: string;
  /** Default 3.8. */
  readonly maxVersion?: RfbVersion;
}

type End =
  | { readonly kind: "authenticated"; readonly version: RfbVersion; readonly securityType: number }
  | { readonly kind: "refused"; readonly code: ClientHandshakeRefusal; readonly text: string };

/** Longest part of a panel's reason that is handed on, in characters. */
const reasonTextLengthMax = 300;

/** Speaks up to SecurityResult (or to where 3.3 and 3.7 have none), before ClientInit. The caller limits the time. */
export class ClientHandshake {
  readonly #options: ClientHandshakeOptions;
  readonly #conversation: Conversation<End>;
  #send: Uint8Array[] = [];
  #waitingFor = "its RFB version";
  #securityType: number | undefined;
  #ended = false;

  constructor(options: ClientHandshakeOptions = {}) {
    this.#options = options;
    this.#conversation = new Conversation(this.#guarded());
  }

  /** What the panel owes next, for the text of a time-out: "its RFB version". */
  get waitingFor(): string {
    return this.#waitingFor;
  }

  /** Takes bytes of the panel in any pieces. Bytes after the outcome are dropped: they belong to whoever took the outcome. */
  receive(bytes: Uint8Array): HandshakeStep {
    if (this.#ended) return { send: [] };
    this.#conversation.receive(bytes);
    return this.#step();
  }

  /** The panel's stream has ended: says what that means if the handshake had not ended before. */
  end(): HandshakeStep {
    if (this.#ended) return { send: [] };
    this.#ended = true;
    if (this.#waitingFor === "its reason") {
      return { send: [], outcome: { kind: "refused", code: "auth.failed", text: this.#failureText("") } };
    }
    const { pending } = this.#conversation;
    const said =
      pending.length === 0 || this.#waitingFor !== "its RFB version" ? "" : ` after ${describeGreeting(pending)}`;
    const text = `The panel closed the connection${said}, before ${this.#waitingFor}`;
    return { send: [], outcome: { kind: "refused", code: "protocol.malformed", text } };
  }

  #step(): HandshakeStep {
    const send = this.#send;
    this.#send = [];
    const end = this.#conversation.end;
    if (end === undefined) return { send };
    this.#ended = true;
    const { outcome, leftover } = end;
    return { send, outcome: outcome.kind === "authenticated" ? { ...outcome, leftover } : outcome };
  }

  *#guarded(): Steps<End> {
    try {
      return yield* this.#talk();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const code = error.code === "rfb.unsupported" ? "protocol.unsupported" : "protocol.malformed";
      return { kind: "refused", code, text: `The panel does not speak VNC: ${error.message}` };
    }
  }

  *#talk(): Steps<End> {
    const offered = parseVersion(yield versionBytes);
    const version = lowerVersion(offered, this.#options.maxVersion ?? "3.8");
    this.#send.push(writeVersion(version));
    this.#waitingFor = "its security types";
    // 3.3: the server decides, 0 is a refusal; later: it offers a list, an empty one is a refusal.
    const decided = version === "3.3" ? readU32(yield 4) : undefined;
    const types = decided === undefined ? [...(yield readU8(yield 1))] : decided === 0 ? [] : [decided];
    if (types.length === 0) return yield* this.#refusedOutright();
    const securityType = this.#choose(types);
    if (typeof securityType !== "number") return securityType;
    if (version !== "3.3") this.#send.push(Uint8Array.of(securityType));
    if (securityType === securityTypes.vncAuthentication) {
      this.#waitingFor = "its challenge";
      const challenge = yield challengeBytes;
      this.#send.push(respondToChallenge(this.#options.password ?? "", challenge));
    } else if (version !== "3.8") {
      // Type None has a SecurityResult only since 3.8 (RFC 6143 section 7.2.1 and appendix A).
      return { kind: "authenticated", version, securityType };
    }
    return yield* this.#result(version, securityType);
  }

  #choose(types: readonly number[]): number | End {
    const { none, vncAuthentication } = securityTypes;
    const hasPassword = this.#options.password !== undefined;
    if (hasPassword && types.includes(vncAuthentication)) return vncAuthentication;
    if (types.includes(none)) return none;
    if (types.includes(vncAuthentication)) {
      return { kind: "refused", code: "auth.required", text: "The panel asks for a VNC password and there is none" };
    }
    const offer = securityTypeList(new Set(types));
    const text = `The panel offers ${offer}; Postern signs in with None or VNC Authentication`;
    return { kind: "refused", code: "protocol.unsupported", text };
  }

  *#result(version: RfbVersion, securityType: number): Steps<End> {
    this.#waitingFor = "its SecurityResult";
    const result = readU32(yield 4);
    if (result === securityResults.ok) return { kind: "authenticated", version, securityType };
    if (result !== securityResults.failed && result !== securityResults.failedTooManyAttempts) {
      throw new ProtocolError("rfb.malformed", `SecurityResult ${result} does not exist`);
    }
    this.#securityType = securityType;
    if (version !== "3.8") return { kind: "refused", code: "auth.failed", text: this.#failureText("") };
    this.#waitingFor = "its reason";
    const length = readU32(yield 4);
    // The panel's no is certain, so a reason that is too long only goes unread.
    const reason = length > reasonBytesMax ? "" : decodeReason(yield length);
    return { kind: "refused", code: "auth.failed", text: this.#failureText(reason) };
  }

  *#refusedOutright(): Steps<End> {
    this.#waitingFor = "its reason";
    const length = readU32(yield 4);
    if (length > reasonBytesMax) {
      throw new ProtocolError("rfb.malformed", `a reason of ${length} bytes; at most ${reasonBytesMax} are read`);
    }
    return { kind: "refused", code: "auth.failed", text: this.#failureText(decodeReason(yield length)) };
  }

  #failureText(reason: string): string {
    const refusal =
      this.#securityType === securityTypes.vncAuthentication
        ? "The panel did not accept the password"
        : "The panel refused the connection";
    return reason === "" ? refusal : `${refusal}: ${reason}`;
  }
}

function readU8(bytes: Uint8Array): number {
  return bytes[0] ?? 0;
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
