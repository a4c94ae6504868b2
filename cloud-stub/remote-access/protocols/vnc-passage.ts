// The client speaks VNC with the panel itself, from the first byte, unless the panel offers only what the console cannot do,
// or the endpoint knows a certificate, which only the relay can ask the panel for.
import { securityTypes } from "#protocol/rfb/security.ts";
import { parseVersion, type RfbVersion, versionBytes } from "#protocol/rfb/version.ts";
import type { ClientMessage } from "#protocol/session-channel.ts";
import type { PanelKey } from "./panel-key.ts";
import type { ProtocolStream, StreamEnds, StreamFailure } from "./protocol-stream.ts";
import { VncGreeting } from "./vnc-greeting.ts";
import { type VncOptions, VncSignIn } from "./vnc-sign-in.ts";
import { noCertificate } from "./vnc-tls.ts";

/** Security types that our console speaks by itself: None, VNC Authentication, RA2ne, Tight, Apple's, Microsoft's. */
const consoleTypes = new Set([1, 2, 6, 16, 30, 113]);

/** `greeting`, `version` of the client, security `types` of the panel; `through`: bytes pass; `asking`, `taken`: the relay signs in. */
type State = "greeting" | "version" | "types" | "through" | "asking" | "taken";

const questionId = 1;
/** What a panel may send while a person is asked, in bytes: the list of its types alone has at most 256. */
const typesBytesMax = 4096;
const spokeEarly: StreamFailure = {
  reason: "protocol.malformed",
  text: "The panel broke the VNC handshake: it went on before its security type was chosen.",
};

export class VncPassage implements ProtocolStream {
  readonly hasHandshake = true;
  readonly isFailureTold = true;
  readonly #options: VncOptions;
  readonly #greeting = new VncGreeting();
  #ends: StreamEnds | undefined;
  #state: State = "greeting";
  #greetingBytes = Buffer.alloc(0);
  #version = Buffer.alloc(0);
  /** What the panel sent where its security types belong; at most one such list and what came with it. */
  #types = Buffer.alloc(0);
  #signIn: VncSignIn | undefined;
  #learnt: PanelKey | undefined;

  constructor(options: VncOptions) {
    this.#options = options;
  }

  get heldBytes(): number {
    return (this.#state === "taken" ? 0 : this.#types.length) + (this.#signIn?.heldBytes ?? 0);
  }

  get holdsClient(): boolean {
    return this.#signIn?.holdsClient === true;
  }

  get holdsPanel(): boolean {
    return this.#signIn?.holdsPanel === true;
  }

  start(ends: StreamEnds): void {
    this.#ends = ends;
  }

  fromPanel(bytes: Uint8Array): void {
    switch (this.#state) {
      case "greeting":
        this.#greet(bytes);
        return;
      case "types":
      case "version":
      case "asking":
        this.#types = Buffer.concat([this.#types, bytes]);
        if (this.#state === "types") this.#judgeTypes();
        // Before its version the client is owed nothing; who sends all the same is not to be kept.
        else if (this.#state === "version") this.#passOrRefuse();
        else if (this.#types.length > typesBytesMax) this.#ends?.handshakeFailed(spokeEarly);
        return;
      case "through":
        this.#ends?.toClient(bytes);
        return;
      case "taken":
        this.#signIn?.fromPanel(bytes);
        return;
      default:
        this.#state satisfies never;
    }
  }

  fromClient(bytes: Uint8Array): void {
    if (this.#state === "taken") {
      this.#signIn?.fromClient(bytes);
      return;
    }
    this.#ends?.toPanel(bytes);
    if (this.#state !== "version") return;
    this.#version = Buffer.concat([this.#version, bytes]);
    if (this.#version.length < versionBytes) return;
    // In 3.3 the panel decides, and it knows the first two types only.
    const version = versionOf(this.#version);
    if (this.#version.length > versionBytes || version === undefined || version === "3.3") this.#passOrRefuse();
    else this.#state = "types";
  }

  fromChannel(message: ClientMessage): void {
    if (this.#state === "asking" && message.type === "answer" && message.id === questionId) {
      const [username = "", password = ""] = message.answers;
      this.#takeOver(username, password);
    } else this.#signIn?.fromChannel(message);
  }

  keyLearnt(key: PanelKey): void {
    this.#learnt = key;
    this.#signIn?.keyLearnt(key);
  }

  expired(): StreamFailure {
    if (this.#signIn !== undefined) return this.#signIn.expired();
    switch (this.#state) {
      case "asking":
        return { reason: "auth.required", text: "Nobody answered how to sign in at the panel." };
      case "version":
        return { reason: "client.stalled", text: "The client did not send its VNC version." };
      case "types":
        return {
          reason: "panel.timeout",
          text: "The panel began the VNC handshake but did not send its security types.",
        };
      default:
        return this.#greeting.expired(this.#options.handshakeMs);
    }
  }

  panelEnded(): StreamFailure | undefined {
    return this.#signIn === undefined ? this.#greeting.ended() : this.#signIn.panelEnded();
  }

  fail(): void {
    // The client is in the middle of the panel's own words, or has heard none: the close frame has the reason.
  }

  close(): void {
    this.#signIn?.close();
  }

  #greet(bytes: Uint8Array): void {
    const failure = this.#greeting.see(bytes);
    if (failure !== undefined) {
      this.#ends?.handshakeFailed(failure);
      return;
    }
    this.#greetingBytes = Buffer.concat([this.#greetingBytes, bytes]);
    if (this.#greeting.isComplete) {
      // Clients of others may speak more than we do, and are left alone.
      const isAlone = this.#greetingBytes.length === versionBytes;
      if (!isAlone && this.#needsCertificate) {
        this.#ends?.handshakeFailed(noCertificate);
        return;
      }
      if (this.#ends?.hasChannel === true && isAlone) this.#state = "version";
      else this.#passThrough();
    }
    this.#ends?.toClient(bytes);
  }

  #judgeTypes(): void {
    const count = this.#types[0] ?? 0;
    if (this.#types.length < 1 + count) return;
    const offered = this.#types.subarray(1, 1 + count);
    const isForConsole = offered.some((type) => consoleTypes.has(type));
    if (count === 0) {
      // A refusal, with the panel's reason behind it.
      this.#passThrough();
      return;
    }
    if (this.#needsCertificate ? !offered.includes(securityTypes.veNCrypt) : isForConsole) {
      this.#passOrRefuse();
      return;
    }
    this.#state = "asking";
    this.#ends?.asking(true);
    this.#ends?.say({
      type: "prompt",
      id: questionId,
      title: "Sign-in at the panel",
      instruction: "The panel wants an encrypted sign-in. What you enter is used for this session only.",
      prompts: [
        { text: "User name, if the panel wants one:", echo: true },
        { text: "Password, if the panel wants one:", echo: false },
      ],
    });
  }

  /** In the console a person would answer to whoever stands in between. Clients of others judge by themselves whom they trust. */
  get #needsCertificate(): boolean {
    const isKnown = this.#learnt !== undefined || (this.#options.tls?.certificates.known.length ?? 0) > 0;
    return this.#ends?.hasChannel === true && isKnown;
  }

  #passOrRefuse(): void {
    if (this.#needsCertificate) this.#ends?.handshakeFailed(noCertificate);
    else this.#passThrough();
  }

  #passThrough(): void {
    this.#state = "through";
    this.#ends?.handshakeDone();
    const waiting = this.#types;
    this.#types = Buffer.alloc(0);
    if (waiting.length > 0) this.#ends?.toClient(waiting);
  }

  /** Signs in for the client, which has sent its version and waits for the security types. */
  #takeOver(username: string, password: string): void {
    const ends = this.#ends;
    if (ends === undefined) return;
    this.#state = "taken";
    ends.asking(false);
    const signIn = new VncSignIn({
      ...this.#options,
      username: username === "" ? null : username,
      password: password === "" ? undefined : password,
      maxVersion: versionOf(this.#version),
    });
    this.#signIn = signIn;
    if (this.#learnt !== undefined) signIn.keyLearnt(this.#learnt);
    // Greeting and version have been exchanged already: what the sign-in says of them goes nowhere.
    let isRepeated = true;
    signIn.start({
      ...ends,
      toClient: (bytes) => {
        if (!isRepeated) ends.toClient(bytes);
      },
      toPanel: (bytes) => {
        if (!isRepeated) ends.toPanel(bytes);
      },
    });
    signIn.fromPanel(this.#greetingBytes);
    isRepeated = false;
    signIn.fromClient(this.#version);
    signIn.fromPanel(this.#types);
    this.#types = Buffer.alloc(0);
    ends.regulate();
  }
}

function versionOf(bytes: Buffer): RfbVersion | undefined {
  try {
    return parseVersion(bytes.subarray(0, versionBytes));
  } catch {
    // The client said nonsense, which is the panel's to refuse.
    return undefined;
  }
}
