// What noVNC takes for its websocket: the binary frames of a session, with the text frames already taken out.
import { sessionSubprotocol } from "#protocol/remote-access.ts";
import { withoutLossyEncodings } from "./lossless-encodings.ts";

/** What noVNC needs of a channel in place of a WebSocket. */
export interface RawChannel {
  binaryType: string;
  readonly protocol: string;
  readonly readyState: string;
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: ArrayBuffer }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  onerror: (() => void) | null;
  send(bytes: Uint8Array): void;
  close(): void;
}

interface Wire {
  /** Whether lossy encodings may not be asked for at present. */
  readonly isExact: () => boolean;
  readonly send: (bytes: Uint8Array) => void;
  /** noVNC gave up or was told to disconnect. */
  readonly onAbandoned: () => void;
}

export class VncChannel implements RawChannel {
  // noVNC looks for exactly these properties before it takes a channel.
  binaryType = "arraybuffer";
  readonly protocol = sessionSubprotocol;
  readyState: "connecting" | "open" | "closing" | "closed" = "connecting";
  onopen: RawChannel["onopen"] = null;
  onmessage: RawChannel["onmessage"] = null;
  onclose: RawChannel["onclose"] = null;
  onerror: RawChannel["onerror"] = null;
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** Called by noVNC. */
  send(bytes: Uint8Array): void {
    if (this.readyState !== "open") return;
    this.#wire.send(this.#wire.isExact() ? withoutLossyEncodings(bytes) : bytes);
  }

  /** Called by noVNC. */
  close(): void {
    if (this.readyState === "closing" || this.readyState === "closed") return;
    this.readyState = "closing";
    this.#wire.onAbandoned();
  }

  /** The session's websocket stands. */
  opened(): void {
    if (this.readyState !== "connecting") return;
    this.readyState = "open";
    this.onopen?.();
  }

  /** Bytes from the panel. */
  received(data: ArrayBuffer): void {
    if (this.readyState === "open") this.onmessage?.({ data });
  }

  /** The session's websocket is gone. */
  ended(code: number, reason: string): void {
    if (this.readyState === "closed") return;
    this.readyState = "closed";
    this.onclose?.({ code, reason });
  }
}
