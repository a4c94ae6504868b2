// The RFB handshake towards a panel, without IO (RFC 6143 sections 7.1 and 7.2): version, security type, password, result.
import { ProtocolError } from "../protocol-error.ts";
import { Conversation, type Steps } from "./conversation.ts";
import { readU32 } from "./numbers.ts";
import { type ClientHandshakeRefusal, failureLead, type Refusal, withReason } from "./panel-refusal.ts";
import type { Agreed, PanelTalk, PanelTls, SignIn } from "./panel-talk.ts";
import { type Proof, reasonBytesMax, securityResults, securityTypes } from "./security.ts";
import { chooseSecurityType } from "./security-choice.ts";
import { agreeOnTight } from "./tight.ts";
import { agreeOnVeNCrypt, writePlain } from "./vencrypt.ts";
import {
  describeGreeting,
  lowerVersion,
  parseVersion,
  type RfbVersion,
  versionBytes,
  writeVersion,
} from "./version.ts";
import { challengeBytes, respondToChallenge } from "./vnc-authentication.ts";

export type { ClientHandshakeRefusal } from "./panel-refusal.ts";

export type ClientHandshakeOutcome =
  /** ClientInit is the next message of the client; `leftover` came from the panel behind the handshake. */
  | {
      readonly kind: "authenticated";
      readonly version: RfbVersion;
      /** With Tight (16) the panel's ServerInit must go through a `TightServerInitStripper`. */
      readonly securityType: number;
      /** The VeNCrypt subtype, or the Tight authentication if one was agreed on. */
      readonly subtype?: number;
      readonly leftover: Uint8Array;
    }
  | Refusal;

export interface HandshakeStep {
  /** To be sent to the panel, in this order. */
  readonly send: Uint8Array[];
  /** Given once: behind `send`, run TLS over the stream, call `tlsStarted`, and hand in decrypted bytes from then on. */
  readonly startTls?: { readonly kind: PanelTls };
  /** Given once, by the step that ends the handshake. */
  readonly outcome?: ClientHandshakeOutcome;
}

/** With a password a panel that offers VNC Authentication is preferred to be asked that way. */
export interface ClientHandshakeOptions extends SignIn {
  /** Default 3.8. */
  readonly maxVersion?: RfbVersion;
}

type End =
  | {
      readonly kind: "authenticated";
      readonly version: RfbVersion;
      readonly securityType: number;
      readonly subtype?: number;
    }
  | Refusal;

/** Speaks up to SecurityResult (or to where 3.3 and 3.7 have none), before ClientInit. The caller limits the time. */
export class ClientHandshake {
  readonly #options: ClientHandshakeOptions;
  readonly #conversation: Conversation<End>;
  #send: Uint8Array[] = [];
  #waitingFor = "its RFB version";
  /** What the panel's no means, while its reason is still to come. */
  #refusal: Refusal | undefined;
  #tls: { readonly kind: PanelTls; isTold: boolean; isStarted: boolean } | undefined;
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
    try {
      this.#conversation.receive(bytes);
    } catch (error) {
      // Only while TLS is awaited can more come than is asked for.
      if (!(error instanceof ProtocolError)) throw error;
      return this.#wentOnBeforeTls();
    }
    return this.#step();
  }

  /** TLS runs: the handshake goes on inside it. Call it once, after the step that said `startTls`. */
  tlsStarted(): HandshakeStep {
    const tls = this.#tls;
    if (this.#ended || tls === undefined || tls.isStarted) return { send: [] };
    tls.isStarted = true;
    this.#conversation.resume();
    return this.#step();
  }

  /** The panel's stream has ended: says what that means if the handshake had not ended before. */
  end(): HandshakeStep {
    if (this.#ended) return { send: [] };
    this.#ended = true;
    if (this.#refusal !== undefined) return { send: [], outcome: this.#refusal };
    const { pending } = this.#conversation;
    const said =
      pending.length === 0 || this.#waitingFor !== "its RFB version" ? "" : ` after ${describeGreeting(pending)}`;
    const text = `The panel closed the connection${said}, before ${this.#waitingFor}`;
    return { send: [], outcome: { kind: "refused", code: "protocol.malformed", text } };
  }

  #step(): HandshakeStep {
    const send = this.#send;
    this.#send = [];
    const { end, isHeld, pending } = this.#conversation;
    if (isHeld) {
      // Bytes that came in clear must never count as if TLS had carried them.
      if (pending.length > 0) return this.#wentOnBeforeTls();
      const tls = this.#tls;
      if (tls === undefined || tls.isTold) return { send };
      tls.isTold = true;
      return { send, startTls: { kind: tls.kind } };
    }
    if (end === undefined) return { send };
    this.#ended = true;
    const { outcome, leftover } = end;
    return { send, outcome: outcome.kind === "authenticated" ? { ...outcome, leftover } : outcome };
  }

  #wentOnBeforeTls(): HandshakeStep {
    this.#ended = true;
    this.#send = [];
    const text = "The panel broke the VNC handshake: it went on in clear where TLS was to begin";
    return { send: [], outcome: { kind: "refused", code: "protocol.malformed", text } };
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
    const securityType = chooseSecurityType(types, version, this.#options);
    if (typeof securityType !== "number") return securityType;
    if (version !== "3.3") this.#send.push(Uint8Array.of(securityType));
    const agreed = yield* this.#agree(securityType);
    if (agreed.kind === "refused") return agreed;
    const { proof, subtype } = agreed;
    yield* this.#prove(proof);
    const end: End = { kind: "authenticated", version, securityType, ...(subtype === undefined ? {} : { subtype }) };
    // Without a proof there is a SecurityResult only since 3.8 (RFC 6143 section 7.2.1 and appendix A).
    if (version !== "3.8" && !agreed.hasResultSince37) return end;
    return yield* this.#result(end, version, failureLead(proof));
  }

  *#agree(securityType: number): Steps<Agreed | Refusal> {
    switch (securityType) {
      case securityTypes.tight:
        return yield* agreeOnTight(this.#panelTalk());
      case securityTypes.veNCrypt:
        return yield* agreeOnVeNCrypt(this.#panelTalk());
      case securityTypes.vncAuthentication:
        return { kind: "agreed", proof: "vnc", hasResultSince37: true };
      default:
        return { kind: "agreed", proof: "none", hasResultSince37: false };
    }
  }

  #panelTalk(): PanelTalk {
    return {
      signIn: this.#options,
      send: (bytes) => {
        this.#send.push(bytes);
      },
      waitFor: (what) => {
        this.#waitingFor = what;
      },
      startTls: (kind) => this.#startTls(kind),
      refusedWithResult: (code, lead) => this.#refusedWithResult(code, lead),
    };
  }

  *#startTls(kind: PanelTls): Steps<void> {
    this.#waitingFor = "its TLS handshake";
    this.#tls = { kind, isTold: false, isStarted: false };
    while (!this.#tls.isStarted) yield "hold";
  }

  *#prove(proof: Proof): Steps<void> {
    const { username = "", password = "" } = this.#options;
    switch (proof) {
      case "none":
        return;
      case "vnc": {
        this.#waitingFor = "its challenge";
        const challenge = yield challengeBytes;
        this.#send.push(respondToChallenge(password, challenge));
        return;
      }
      case "plain":
        this.#send.push(writePlain(username, password));
        return;
      default:
        proof satisfies never;
    }
  }

  *#result(accepted: End, version: RfbVersion, lead: string): Steps<End> {
    this.#waitingFor = "its SecurityResult";
    const result = readU32(yield 4);
    if (result === securityResults.ok) return accepted;
    if (result !== securityResults.failed && result !== securityResults.failedTooManyAttempts) {
      throw new ProtocolError("rfb.malformed", `SecurityResult ${result} does not exist`);
    }
    const refusal: Refusal = { kind: "refused", code: "auth.failed", text: lead };
    return version === "3.8" ? yield* this.#withReason(refusal) : refusal;
  }

  *#refusedOutright(): Steps<Refusal> {
    this.#refusal = { kind: "refused", code: "auth.failed", text: failureLead("none") };
    this.#waitingFor = "its reason";
    const length = readU32(yield 4);
    if (length > reasonBytesMax) {
      throw new ProtocolError("rfb.malformed", `a reason of ${length} bytes; at most ${reasonBytesMax} are read`);
    }
    return withReason(this.#refusal, yield length);
  }

  /** Some servers send SecurityResult and reason behind a no of VeNCrypt, others only close. */
  *#refusedWithResult(code: ClientHandshakeRefusal, lead: string): Steps<Refusal> {
    this.#refusal = { kind: "refused", code, text: lead };
    this.#waitingFor = "its reason";
    yield 4;
    return yield* this.#withReason(this.#refusal);
  }

  *#withReason(refusal: Refusal): Steps<Refusal> {
    this.#refusal = refusal;
    this.#waitingFor = "its reason";
    const length = readU32(yield 4);
    // The panel's no is certain, so a reason that is too long only goes unread.
    return length > reasonBytesMax ? refusal : withReason(refusal, yield length);
  }
}

function readU8(bytes: Uint8Array): number {
  return bytes[0] ?? 0;
}
