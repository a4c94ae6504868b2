// The server's side of the Tight and VeNCrypt handshakes, without IO, for panels that are simulated.
import { timingSafeEqual } from "node:crypto";
import { cutToBytes, printable } from "../printable.ts";
import { ProtocolError } from "../protocol-error.ts";
import { Conversation, type Steps } from "./conversation.ts";
import { concatenate, readU32, writeU32 } from "./numbers.ts";
import type { PanelTls } from "./panel-talk.ts";
import { reasonBytesMax, securityResults, securityTypes, veNCryptSubtypes } from "./security.ts";
import { writeTightCapabilities } from "./tight.ts";
import { plainTextBytesMax } from "./vencrypt.ts";
import { lowerVersion, parseVersion, type RfbVersion, versionBytes, writeVersion } from "./version.ts";
import { challengeBytes, respondToChallenge } from "./vnc-authentication.ts";

/** Strings are secrets. `challenge`: 16 random bytes, never used before; needed where VNC Authentication is offered. */
interface Credentials {
  readonly username?: string;
  readonly password?: string;
  readonly challenge?: Uint8Array;
}

export type ExtendedSecurity =
  /** With a password VNC Authentication, else an empty list. The panel has to send `writeTightInteraction` behind ServerInit. */
  | ({ readonly type: "tight" } & Credentials)
  /** `cannotStartTls`: why it says no where TLS is to begin, as a server without a certificate does. */
  | ({
      readonly type: "vencrypt";
      readonly subtypes: readonly number[];
      readonly cannotStartTls?: string;
    } & Credentials);

export type ExtendedServerHandshakeOutcome =
  | { readonly kind: "accepted"; readonly version: RfbVersion; readonly leftover: Uint8Array }
  /** What has been sent tells the client; close afterwards. */
  | { readonly kind: "refused"; readonly text: string };

export interface ExtendedServerHandshakeStep {
  readonly send: Uint8Array[];
  /** Behind `send` TLS begins; call `tlsStarted` and hand in decrypted bytes from then on. */
  readonly startTls?: { readonly kind: PanelTls };
  readonly outcome?: ExtendedServerHandshakeOutcome;
}

type End =
  | { readonly kind: "accepted"; readonly version: RfbVersion }
  | { readonly kind: "refused"; readonly text: string };

const { tlsNone, tlsVnc, tlsPlain, x509None, x509Vnc, x509Plain, plain } = veNCryptSubtypes;
const { none, vncAuthentication } = securityTypes;
const anonymousSubtypes: readonly number[] = [tlsNone, tlsVnc, tlsPlain];
const certificateSubtypes: readonly number[] = [x509None, x509Vnc, x509Plain];
const vncSubtypes: readonly number[] = [vncAuthentication, tlsVnc, x509Vnc];
const plainSubtypes: readonly number[] = [plain, tlsPlain, x509Plain];

/** Offers one security type to clients of 3.7 and 3.8. Send `start()` first, then what each step says. */
export class ExtendedServerHandshake {
  readonly #version: RfbVersion;
  readonly #security: ExtendedSecurity;
  readonly #conversation: Conversation<End>;
  #send: Uint8Array[] = [];
  #startTls: PanelTls | undefined;
  #ended = false;

  constructor(options: { readonly version?: "3.7" | "3.8"; readonly security: ExtendedSecurity }) {
    this.#version = options.version ?? "3.8";
    this.#security = options.security;
    this.#conversation = new Conversation(this.#guarded());
  }

  /** The greeting. */
  start(): Uint8Array {
    return writeVersion(this.#version);
  }

  /** Takes bytes of the client in any pieces. Bytes after the outcome are dropped. */
  receive(bytes: Uint8Array): ExtendedServerHandshakeStep {
    if (this.#ended) return { send: [] };
    try {
      this.#conversation.receive(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return this.#wentOnBeforeTls();
    }
    return this.#step();
  }

  /** TLS runs. Call it once, after the step that said `startTls`. */
  tlsStarted(): ExtendedServerHandshakeStep {
    if (this.#ended) return { send: [] };
    this.#conversation.resume();
    return this.#step();
  }

  #step(): ExtendedServerHandshakeStep {
    const send = this.#send;
    this.#send = [];
    const kind = this.#startTls;
    this.#startTls = undefined;
    const { end, isHeld, pending } = this.#conversation;
    if (isHeld && pending.length > 0) return this.#wentOnBeforeTls();
    if (end === undefined) return kind === undefined ? { send } : { send, startTls: { kind } };
    this.#ended = true;
    const { outcome, leftover } = end;
    return { send, outcome: outcome.kind === "accepted" ? { ...outcome, leftover } : outcome };
  }

  /** Bytes that came in clear must never count as if TLS had carried them. */
  #wentOnBeforeTls(): ExtendedServerHandshakeStep {
    this.#ended = true;
    return { send: [], outcome: { kind: "refused", text: "The client went on in clear where TLS was to begin" } };
  }

  *#guarded(): Steps<End> {
    try {
      return yield* this.#talk();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return { kind: "refused", text: `The client does not speak VNC: ${error.message}` };
    }
  }

  *#talk(): Steps<End> {
    const version = lowerVersion(parseVersion(yield versionBytes), this.#version);
    if (version === "3.3") throw new ProtocolError("rfb.unsupported", "RFB 3.3 has neither Tight nor VeNCrypt");
    const { tight, veNCrypt } = securityTypes;
    const type = this.#security.type === "tight" ? tight : veNCrypt;
    this.#send.push(Uint8Array.of(1, type));
    const [choice] = yield 1;
    if (choice !== type) return this.#refuse(version, "That security type was not offered");
    return this.#security.type === "tight" ? yield* this.#tight(version) : yield* this.#veNCrypt(version);
  }

  *#tight(version: RfbVersion): Steps<End> {
    this.#send.push(writeTightCapabilities([]));
    if (this.#security.password === undefined) {
      this.#send.push(writeTightCapabilities([]));
      // TightVNC's server sends a SecurityResult here to 3.8 only.
      return this.#accept(version, version === "3.8");
    }
    this.#send.push(writeTightCapabilities([{ code: vncAuthentication, vendor: "STDV", name: "VNCAUTH_" }]));
    if (readU32(yield 4) !== vncAuthentication) return this.#refuse(version, "That authentication was not offered");
    return yield* this.#proof(version, vncAuthentication);
  }

  *#veNCrypt(version: RfbVersion): Steps<End> {
    const security = this.#security;
    if (security.type !== "vencrypt") return this.#refuse(version, "VeNCrypt is not offered");
    this.#send.push(Uint8Array.of(0, 2));
    const [major, minor] = yield 2;
    if (major !== 0 || minor !== 2) {
      this.#send.push(Uint8Array.of(255));
      return this.#refuse(version, "This server speaks VeNCrypt 0.2");
    }
    this.#send.push(Uint8Array.of(0, security.subtypes.length), ...security.subtypes.map(writeU32));
    const subtype = readU32(yield 4);
    if (!security.subtypes.includes(subtype)) return this.#refuse(version, "That subtype was not offered");
    const tls = anonymousSubtypes.includes(subtype)
      ? "anonymous"
      : certificateSubtypes.includes(subtype)
        ? "x509"
        : undefined;
    if (tls !== undefined) {
      if (security.cannotStartTls !== undefined) {
        this.#send.push(Uint8Array.of(0));
        return this.#refuse(version, security.cannotStartTls);
      }
      this.#send.push(Uint8Array.of(1));
      this.#startTls = tls;
      yield "hold";
    }
    return yield* this.#proof(version, subtype);
  }

  *#proof(version: RfbVersion, subtype: number): Steps<End> {
    const { username = "", password = "", challenge } = this.#security;
    if (vncSubtypes.includes(subtype)) {
      if (challenge === undefined) throw new RangeError("VNC Authentication needs a challenge");
      this.#send.push(challenge);
      const response = yield challengeBytes;
      if (!timingSafeEqual(response, respondToChallenge(password, challenge))) {
        return this.#refuse(version, "The password is wrong");
      }
    } else if (plainSubtypes.includes(subtype)) {
      const nameBytes = readU32(yield 4);
      const passwordBytes = readU32(yield 4);
      if (Math.max(nameBytes, passwordBytes) > plainTextBytesMax) {
        return this.#refuse(version, "The user name or the password is too long");
      }
      const name = Buffer.from(yield nameBytes).toString("utf8");
      const word = Buffer.from(yield passwordBytes).toString("utf8");
      if (name !== username || word !== password) return this.#refuse(version, "User name or password is wrong");
    } else if (subtype !== none && subtype !== tlsNone && subtype !== x509None) {
      throw new RangeError(`subtype ${subtype} has no proof here`);
    }
    return this.#accept(version, true);
  }

  #accept(version: RfbVersion, hasResult: boolean): End {
    if (hasResult) this.#send.push(writeU32(securityResults.ok));
    return { kind: "accepted", version };
  }

  #refuse(version: RfbVersion, text: string): End {
    this.#send.push(writeU32(securityResults.failed));
    if (version === "3.8") {
      const reason = Buffer.from(cutToBytes(printable(text, reasonBytesMax), reasonBytesMax), "utf8");
      this.#send.push(concatenate(writeU32(reason.length), reason));
    }
    return { kind: "refused", text };
  }
}
