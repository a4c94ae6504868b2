// What the relay needs of TLS towards a panel; the real one lives outside of this folder, which does no IO.
import type { Duplex } from "node:stream";

/** `anonymous`: no certificate, so it keeps listeners out but proves nothing; `x509`: the panel shows one. */
export type PanelTlsKind = "anonymous" | "x509";

export interface PanelTlsEvents {
  /** The handshake is done. `certificate`: DER, for `x509`. Nothing is read before `start`. */
  secured(certificate: Uint8Array | undefined): void;
  received(bytes: Uint8Array): void;
  /** The panel ended TLS in order. */
  ended(): void;
  failed(why: string): void;
}

export interface PanelTlsStream {
  /** Bytes kept inside, both directions. */
  readonly heldBytes: number;
  /** Bytes that wait to be encrypted. */
  readonly waitingBytes: number;
  /** Begins to read. */
  start(): void;
  write(bytes: Uint8Array, taken: () => void): void;
  end(): void;
  destroy(): void;
}

/** Begins TLS as a client over a stream of encrypted bytes. Never throws. */
export type PanelTlsOpener = (stream: Duplex, kind: PanelTlsKind, events: PanelTlsEvents) => PanelTlsStream;
