// The RFB handshake towards a client, without IO (RFC 6143 sections 7.1 and 7.2), whose verdict may come from elsewhere.
import { timingSafeEqual } from "node:crypto";
import { cutToBytes, printable } from "../printable.ts";
import { ProtocolError } from "../protocol-error.ts";
import { Conversation, type Steps } from "./conversation.ts";
import { concatenate, writeU32 } from "./numbers.ts";
import { reasonBytesMax, securityResults, securityTypeName, securityTypes } from "./security.ts";
import { lowerVersion, parseVersion, type RfbVersion, versionBytes, writeVersion } from "./version.ts";
import { challengeBytes, respondToChallenge } from "./vnc-authentication.ts";

export type ServerHandshakeOutcome =
  /** ClientInit is the client's next message; `leftover` came from the client behind the handshake. */
  | { readonly kind: "accepted"; readonly version: RfbVersion; readonly leftover: Uint8Array }
  /** What has been sent tells the client as far as its version can; close afterwards. */
  | { readonly kind: "refused"; readonly text: string }
  /** Call `result`; until then bytes of the client are kept. */
  | { readonly kind: "awaiting-result" };

export interface ServerHandshakeStep {
  /** To be sent to the client, in this order. */
  readonly send: Uint8Array[];
  readonly outcome?: ServerHandshakeOutcome;
}

export interface ServerHandshakeOptions {
  /** What the greeting offers, default 3.8. */
  readonly version?: RfbVersion;
  /** `challenge`: 16 random bytes, never used before. `password` is a secret. */
  readonly security:
    | { readonly type: "none" }
    | { readonly type: "vnc"; readonly password: string; readonly challenge: Uint8Array };
  /** Wait for `result` before the client is told that it is accepted. */
  readonly holdResult?: boolean;
}

/** `text` is for the person at the client: one sentence without a secret. */
export type Verdict = { readonly ok: true } | { readonly ok: false; readonly text: string };

type End =
  | { readonly kind: "accepted"; readonly version: RfbVersion }
  | { readonly kind: "refused"; readonly text: string };

/** Send `start()` first, then what each step says. The caller limits the time. */
export class ServerHandshake {
  readonly #options: ServerHandshakeOptions;
  readonly #conversation: Conversation<End>;
  #send: Uint8Array[] = [];
  #verdict: Verdict | undefined;
  #reported: "nothing" | "awaiting-result" | "end" = "nothing";

  constructor(options: ServerHandshakeOptions) {
    this.#options = options;
    if (options.security.type === "vnc" && options.security.challenge.length !== challengeBytes) {
      throw new RangeError(`a challenge has ${challengeBytes} bytes`);
    }
    if (options.holdResult !== true) this.#verdict = { ok: true };
    this.#conversation = new Conversation(this.#guarded());
  }

  /** The greeting. */
  start(): Uint8Array {
    return writeVersion(this.#options.version ?? "3.8");
  }

  /** Takes bytes of the client in any pieces. Bytes after the last outcome are dropped. */
  receive(bytes: Uint8Array): ServerHandshakeStep {
    if (this.#reported === "end") return { send: [] };
    try {
      this.#conversation.receive(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return this.#end(error.message);
    }
    return this.#step();
  }

  /**
   * The verdict that `holdResult` waits for; also before it is waited for, then it is told at the next place where the
   * client can take it: at best as SecurityResult with the reason, and to 3.3 and 3.7 clients of type None, which get no
   * SecurityResult, instead of the security types. Only the first verdict counts.
   */
  result(verdict: Verdict): ServerHandshakeStep {
    this.#verdict ??= verdict;
    return this.#resume();
  }

  /** A failure that is known at any time, with or without `holdResult`: told at the next place where the client can take it. */
  refuse(text: string): ServerHandshakeStep {
    this.#verdict = { ok: false, text };
    return this.#resume();
  }

  #resume(): ServerHandshakeStep {
    if (this.#reported === "end") return { send: [] };
    this.#conversation.resume();
    return this.#step();
  }

  #step(): ServerHandshakeStep {
    const send = this.#send;
    this.#send = [];
    const { end, isHeld } = this.#conversation;
    if (end !== undefined) {
      this.#reported = "end";
      const { outcome, leftover } = end;
      return { send, outcome: outcome.kind === "accepted" ? { ...outcome, leftover } : outcome };
    }
    if (isHeld && this.#reported === "nothing") {
      this.#reported = "awaiting-result";
      return { send, outcome: { kind: "awaiting-result" } };
    }
    return { send };
  }

  /** The client broke the rules where no message can tell it so. */
  #end(text: string): ServerHandshakeStep {
    this.#reported = "end";
    return { send: [], outcome: { kind: "refused", text: `The client does not speak VNC: ${text}` } };
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
    const offered = this.#options.version ?? "3.8";
    const version = lowerVersion(parseVersion(yield versionBytes), offered);
    const { security } = this.#options;
    const hasResult = version === "3.8" || security.type === "vnc";
    if (!hasResult) yield* this.#heldVerdict();
    const early = this.#failure;
    if (early !== undefined) {
      this.#send.push(version === "3.3" ? writeU32(0) : Uint8Array.of(0), writeReason(early));
      return { kind: "refused", text: early };
    }
    const wrongChoice = yield* this.#agreeOnType(version);
    if (wrongChoice !== undefined) return this.#fail(version, version === "3.8", wrongChoice);
    if (security.type === "vnc") {
      this.#send.push(security.challenge);
      const expected = respondToChallenge(security.password, security.challenge);
      if (!timingSafeEqual(yield challengeBytes, expected)) return this.#fail(version, true, "The password is wrong");
    }
    if (hasResult) yield* this.#heldVerdict();
    // `refuse` may have come meanwhile, also where nothing is held.
    const late = this.#failure;
    if (late !== undefined) return this.#fail(version, hasResult, late);
    if (hasResult) this.#send.push(writeU32(securityResults.ok));
    return { kind: "accepted", version };
  }

  get #failure(): string | undefined {
    return this.#verdict?.ok === false ? this.#verdict.text : undefined;
  }

  *#heldVerdict(): Steps<void> {
    while (this.#verdict === undefined) yield "hold";
  }

  *#agreeOnType(version: RfbVersion): Steps<string | undefined> {
    const { security } = this.#options;
    const type = security.type === "vnc" ? securityTypes.vncAuthentication : securityTypes.none;
    if (version === "3.3") {
      this.#send.push(writeU32(type));
      return undefined;
    }
    this.#send.push(Uint8Array.of(1, type));
    const [choice = 0] = yield 1;
    return choice === type
      ? undefined
      : `The client chose security type ${securityTypeName(choice)}, which was not offered`;
  }

  /** Where the client takes no SecurityResult, closing is all that is left. */
  #fail(version: RfbVersion, hasResult: boolean, text: string): End {
    if (hasResult) this.#send.push(writeU32(securityResults.failed));
    if (hasResult && version === "3.8") this.#send.push(writeReason(text));
    return { kind: "refused", text };
  }
}

function writeReason(text: string): Uint8Array {
  const reason = Buffer.from(cutToBytes(printable(text, reasonBytesMax), reasonBytesMax), "utf8");
  return concatenate(writeU32(reason.length), reason);
}
