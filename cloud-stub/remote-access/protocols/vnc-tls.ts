// TLS between the relay and a VNC panel (VeNCrypt): judges the panel's certificate, then carries what both say.
import { noCertificate as panelNoCertificate } from "#protocol/rfb/panel-refusal.ts";
import { fingerprintOf, type PanelKey, PanelKeyGuard, type PanelKeyOptions } from "./panel-key.ts";
import type { PanelTlsKind, PanelTlsOpener, PanelTlsStream } from "./panel-tls-port.ts";
import { PanelWire } from "./panel-wire.ts";
import type { StreamEnds, StreamFailure } from "./protocol-stream.ts";

/** Bytes that may wait in TLS in one direction before the other end is held back. */
const highWaterBytes = 64 * 1024;

export const noCertificate: StreamFailure = {
  reason: panelNoCertificate.code,
  text: `${panelNoCertificate.text}.`,
};

const anonymousNotice =
  "The panel's encryption shows no certificate: it keeps listeners out, but not somebody who stands between the gateway and the panel.";

export interface VncTlsOptions {
  readonly open: PanelTlsOpener;
  /** The certificates by which the panel is known. */
  readonly certificates: PanelKeyOptions;
}

export interface VncTlsEvents {
  /** The certificate is accepted, or there is none: the handshake goes on inside. */
  started(): void;
  received(bytes: Uint8Array): void;
  ended(): void;
  failed(failure: StreamFailure): void;
}

export class VncTls {
  readonly #options: VncTlsOptions;
  readonly #guard: PanelKeyGuard;
  #wire: PanelWire | undefined;
  #tls: PanelTlsStream | undefined;
  #ends: StreamEnds | undefined;
  #events: VncTlsEvents | undefined;
  #hasCertificate = false;
  #isOver = false;

  constructor(options: VncTlsOptions) {
    this.#options = options;
    this.#guard = new PanelKeyGuard(options.certificates, "certificate");
  }

  /** A certificate is known: without one the panel is told nothing. */
  get knowsCertificate(): boolean {
    return this.#guard.known.length > 0;
  }

  /** A certificate is known, and the panel has shown none: somebody may stand in between who cannot show it. */
  get lacksCertificate(): boolean {
    return this.knowsCertificate && !this.#hasCertificate;
  }

  /** Whether bytes of the panel are to be given here. */
  get isOn(): boolean {
    return this.#wire !== undefined;
  }

  get isAsking(): boolean {
    return this.#guard.isAsking;
  }

  get heldBytes(): number {
    return (this.#wire?.readableLength ?? 0) + (this.#tls?.heldBytes ?? 0);
  }

  get holdsClient(): boolean {
    return (this.#tls?.waitingBytes ?? 0) >= highWaterBytes;
  }

  get holdsPanel(): boolean {
    return (this.#wire?.readableLength ?? 0) >= highWaterBytes;
  }

  start(kind: PanelTlsKind, ends: StreamEnds, events: VncTlsEvents): void {
    this.#ends = ends;
    this.#events = events;
    this.#wire = new PanelWire((bytes) => ends.toPanel(bytes));
    this.#wire.on("error", () => {});
    this.#tls = this.#options.open(this.#wire, kind, {
      // All of it comes on turns of the TLS socket's own.
      secured: (certificate) => ends.attempt(() => this.#secured(certificate)),
      received: (bytes) =>
        ends.attempt(() => {
          if (this.#isOver) return;
          events.received(bytes);
          ends.regulate();
        }),
      ended: () =>
        ends.attempt(() => {
          if (!this.#isOver) events.ended();
        }),
      failed: (why) =>
        ends.attempt(() => this.#failed({ reason: "protocol.malformed", text: `TLS with the panel failed: ${why}.` })),
    });
  }

  fromPanel(bytes: Uint8Array): void {
    if (!this.#isOver) this.#wire?.push(bytes);
  }

  toPanel(bytes: Uint8Array): void {
    if (!this.#isOver) this.#tls?.write(bytes, () => this.#ends?.regulate());
  }

  /** A person's yes to the certificate. */
  confirmed(fingerprint: string): void {
    if (this.#ends === undefined || this.#isOver) return;
    const failure = this.#guard.confirmed(fingerprint, this.#ends);
    if (failure !== undefined) this.#failed(failure);
  }

  /** The endpoint knows a certificate since a session of it had it kept. */
  learnt(key: PanelKey): void {
    const failure = this.#guard.learnt(key);
    if (failure !== undefined) this.#failed(failure);
  }

  notConfirmed(): StreamFailure {
    return this.#guard.notConfirmed();
  }

  /** The panel took the sign-in. */
  signedIn(): void {
    this.#guard.signedIn();
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#guard.release();
    this.#tls?.end();
    this.#tls?.destroy();
    this.#wire?.destroy();
  }

  #secured(certificate: Uint8Array | undefined): void {
    const [ends, events, tls] = [this.#ends, this.#events, this.#tls];
    if (this.#isOver || ends === undefined || events === undefined || tls === undefined) return;
    const start = () => {
      this.#hasCertificate = certificate !== undefined;
      events.started();
      tls.start();
    };
    if (certificate === undefined) {
      if (this.lacksCertificate) {
        this.#failed(noCertificate);
        return;
      }
      ends.say({ type: "notice", text: anonymousNotice });
      start();
      return;
    }
    const failure = this.#guard.judge(certificateKey(fingerprintOf(certificate)), ends, start);
    if (failure !== undefined) this.#failed(failure);
  }

  #failed(failure: StreamFailure): void {
    if (this.#isOver) return;
    this.close();
    this.#events?.failed(failure);
  }
}

/** A certificate by its fingerprint, which is all that is kept of it. */
export function certificateKey(fingerprint: string): PanelKey {
  return { algorithm: "x509", fingerprint, line: fingerprint };
}
