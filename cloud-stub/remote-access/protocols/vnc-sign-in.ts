// The relay signs in at a VNC panel and asks the client for nothing: it speaks the security handshake with both ends.
import { closeText } from "#protocol/close-reason.ts";
import { ProtocolError } from "#protocol/protocol-error.ts";
import { ClientHandshake, type HandshakeStep } from "#protocol/rfb/client-handshake.ts";
import { securityTypes } from "#protocol/rfb/security.ts";
import { ServerHandshake, type ServerHandshakeStep } from "#protocol/rfb/server-handshake.ts";
import { TightServerInitStripper } from "#protocol/rfb/tight.ts";
import type { RfbVersion } from "#protocol/rfb/version.ts";
import type { ClientMessage } from "#protocol/session-channel.ts";
import type { PanelKey } from "./panel-key.ts";
import { OddPanelPassage, type PanelOddities } from "./panel-oddities.ts";
import type { ProtocolStream, StreamEnds, StreamFailure } from "./protocol-stream.ts";
import { VncGreeting } from "./vnc-greeting.ts";
import { noCertificate, VncTls, type VncTlsOptions } from "./vnc-tls.ts";

/** A server says nothing between SecurityResult and the client's ClientInit (RFC 6143 section 7.3). */
const spokeEarly: StreamFailure = {
  reason: "protocol.malformed",
  text: "The panel broke the VNC handshake: it went on before the client began.",
};

export interface VncOptions {
  /** The stored one, a secret. */
  readonly password: string | undefined;
  /** For panels that want one beside the password. */
  readonly username?: string | null;
  readonly handshakeMs: number;
  /** Highest that the panel is spoken to in; 3.8 unless said otherwise. */
  readonly maxVersion?: RfbVersion | undefined;
  /** Without it panels that want TLS are refused. */
  readonly tls?: VncTlsOptions | undefined;
  /** What the panel cannot stand, if anything. */
  readonly oddities?: PanelOddities | undefined;
}

/** Speaks the security handshake with both ends, then lets their bytes pass. */
export class VncSignIn implements ProtocolStream {
  readonly hasHandshake = true;
  readonly #greeting = new VncGreeting();
  readonly #tls: VncTls | undefined;
  readonly #panel: ClientHandshake;
  readonly #client = new ServerHandshake({ security: { type: "none" }, holdResult: true });
  readonly #handshakeMs: number;
  #ends: StreamEnds | undefined;
  #isClientGreeted = false;
  #panelState: "handshaking" | "authenticated" | "failed" = "handshaking";
  #clientState: "handshaking" | "accepted" | "refused" = "handshaking";
  #isFailing = false;
  /** What the panel sent behind its handshake, before the client was through with its own. */
  #panelLeftover: Uint8Array = new Uint8Array(0);
  #stripper: TightServerInitStripper | undefined;
  readonly #odd: OddPanelPassage | undefined;

  constructor(options: VncOptions) {
    const { password, username, handshakeMs, maxVersion, tls, oddities } = options;
    this.#odd = oddities === undefined ? undefined : new OddPanelPassage(oddities);
    const panelTls = tls === undefined ? undefined : new VncTls(tls);
    this.#tls = panelTls;
    this.#panel = new ClientHandshake({
      ...(password === undefined ? {} : { password }),
      ...(typeof username === "string" ? { username } : {}),
      ...(maxVersion === undefined ? {} : { maxVersion }),
      supports: { tls: tls !== undefined },
      // Asked for when the panel says what it offers: another session may have learnt one by then.
      get needsCertificate() {
        return panelTls?.knowsCertificate === true;
      },
    });
    this.#handshakeMs = handshakeMs;
  }

  get heldBytes(): number {
    return (this.#tls?.heldBytes ?? 0) + (this.#odd?.heldBytes ?? 0);
  }

  get holdsClient(): boolean {
    return this.#tls?.holdsClient === true;
  }

  get holdsPanel(): boolean {
    return this.#tls?.holdsPanel === true;
  }

  get isFailureTold(): boolean {
    return !this.#isFailing || this.#clientState !== "handshaking";
  }

  start(ends: StreamEnds): void {
    this.#ends = ends;
    this.#greetClient(ends);
  }

  fromPanel(bytes: Uint8Array): void {
    if (this.#tls?.isOn === true) this.#tls.fromPanel(bytes);
    else this.#fromPanelClear(bytes);
  }

  fromChannel(message: ClientMessage): void {
    if (message.type === "accept-host-key") this.#tls?.confirmed(message.fingerprint);
  }

  keyLearnt(key: PanelKey): void {
    this.#tls?.learnt(key);
    if (this.#panelState === "authenticated" && this.#tls?.lacksCertificate === true) this.#panelFailed(noCertificate);
  }

  #fromPanelClear(bytes: Uint8Array): void {
    const ends = this.#ends;
    if (ends === undefined || this.#panelState === "failed") return;
    if (this.#panelState === "authenticated") {
      if (this.#clientState === "accepted") this.#toClient(ends, bytes);
      else this.#panelFailed(spokeEarly);
      return;
    }
    const wrongGreeting = this.#greeting.see(bytes);
    if (wrongGreeting !== undefined) {
      this.#panelFailed(wrongGreeting);
      return;
    }
    this.#takePanelStep(ends, this.#panel.receive(bytes));
  }

  #takePanelStep(ends: StreamEnds, step: HandshakeStep): void {
    for (const part of step.send) this.#toPanel(part);
    if (step.startTls !== undefined) this.#startTls(ends, step.startTls.kind);
    if (step.outcome?.kind === "refused") {
      this.#panelFailed({ reason: step.outcome.code, text: `${step.outcome.text}.` });
    } else if (step.outcome?.kind === "authenticated" && this.#tls?.lacksCertificate === true) {
      this.#panelFailed(noCertificate);
    } else if (step.outcome?.kind === "authenticated") {
      this.#panelState = "authenticated";
      this.#tls?.signedIn();
      if (step.outcome.securityType === securityTypes.tight) this.#stripper = new TightServerInitStripper();
      this.#panelLeftover = step.outcome.leftover;
      this.#takeClientStep(ends, this.#client.result({ ok: true }));
    }
  }

  #startTls(ends: StreamEnds, kind: "anonymous" | "x509"): void {
    this.#tls?.start(kind, ends, {
      started: () => this.#takePanelStep(ends, this.#panel.tlsStarted()),
      received: (bytes) => this.#fromPanelClear(bytes),
      ended: () => this.#tlsEnded(),
      failed: (failure) => this.#panelFailed(failure),
    });
  }

  /** TLS says it in order; the connection below may stay for a while. */
  #tlsEnded(): void {
    const failure = this.panelEnded() ?? { reason: "panel.closed" as const, text: closeText("panel.closed") };
    this.#panelFailed(failure);
  }

  #fromClientToPanel(bytes: Uint8Array): void {
    const passed = this.#odd?.toPanel(bytes) ?? bytes;
    if (passed.length > 0) this.#toPanel(passed);
  }

  #toPanel(bytes: Uint8Array): void {
    if (this.#tls?.isOn === true) this.#tls.toPanel(bytes);
    else this.#ends?.toPanel(bytes);
  }

  /** What Tight puts behind ServerInit is nothing for a client that knows of no Tight. */
  #toClient(ends: StreamEnds, bytes: Uint8Array): void {
    if (this.#stripper === undefined && this.#odd === undefined) {
      ends.toClient(bytes);
      return;
    }
    try {
      const own = this.#stripper?.receive(bytes) ?? bytes;
      if (this.#stripper?.isThrough === true) this.#stripper = undefined;
      const passed = this.#odd?.toClient(own) ?? own;
      if (passed.length > 0) ends.toClient(passed);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      ends.ended({ reason: "protocol.malformed", text: `The panel broke the VNC protocol: ${error.message}.` });
    }
  }

  fromClient(bytes: Uint8Array): void {
    const ends = this.#ends;
    if (ends === undefined) return;
    if (this.#clientState === "accepted") this.#fromClientToPanel(bytes);
    else if (this.#clientState === "handshaking") this.#takeClientStep(ends, this.#client.receive(bytes));
  }

  expired(): StreamFailure {
    if (this.#tls?.isAsking === true) return this.#tls.notConfirmed();
    if (this.#panelState === "authenticated") {
      return { reason: "client.stalled", text: "The client did not finish its part of the VNC handshake." };
    }
    if (!this.#greeting.isComplete) return this.#greeting.expired(this.#handshakeMs);
    return {
      reason: "panel.timeout",
      text: `The panel began the VNC handshake but did not send ${this.#panel.waitingFor}.`,
    };
  }

  panelEnded(): StreamFailure | undefined {
    if (this.#panelState !== "handshaking") return undefined;
    const wrongGreeting = this.#greeting.ended();
    if (wrongGreeting !== undefined || !this.#greeting.isComplete) return wrongGreeting;
    const { outcome } = this.#panel.end();
    return outcome?.kind === "refused" ? { reason: outcome.code, text: `${outcome.text}.` } : undefined;
  }

  close(): void {
    this.#tls?.close();
  }

  fail(ends: StreamEnds, text: string): void {
    if (this.#clientState !== "handshaking") return;
    this.#ends = ends;
    this.#isFailing = true;
    this.#greetClient(ends);
    this.#takeClientStep(ends, this.#client.refuse(text));
  }

  #greetClient(ends: StreamEnds): void {
    if (this.#isClientGreeted) return;
    this.#isClientGreeted = true;
    ends.toClient(this.#client.start());
  }

  #panelFailed(failure: StreamFailure): void {
    this.#panelState = "failed";
    if (this.#clientState === "accepted") this.#ends?.ended(failure);
    else this.#ends?.handshakeFailed(failure);
  }

  #takeClientStep(ends: StreamEnds, step: ServerHandshakeStep): void {
    for (const part of step.send) ends.toClient(part);
    if (step.outcome?.kind === "refused") {
      this.#clientState = "refused";
      if (!this.#isFailing) ends.handshakeFailed({ reason: "protocol.malformed", text: `${step.outcome.text}.` });
    } else if (step.outcome?.kind === "accepted") {
      this.#clientState = "accepted";
      ends.handshakeDone();
      if (this.#panelLeftover.length > 0) this.#toClient(ends, this.#panelLeftover);
      if (step.outcome.leftover.length > 0) this.#fromClientToPanel(step.outcome.leftover);
    }
  }
}
