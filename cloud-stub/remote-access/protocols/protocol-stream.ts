// What stands between the two legs of a session and knows the protocol that they speak.
import type { CloseReason } from "#protocol/close-reason.ts";

/** Where a stream sends to. */
export interface StreamEnds {
  toPanel(bytes: Uint8Array): void;
  toClient(bytes: Uint8Array): void;
  /** The protocol is open; bytes pass from now on. */
  handshakeDone(): void;
  handshakeFailed(failure: StreamFailure): void;
}

export interface StreamFailure {
  readonly reason: CloseReason;
  /** One sentence for people without a secret. */
  readonly text: string;
}

export interface ProtocolStream {
  /** Whether the opening of the protocol is watched; without it there is no `handshakeDone`. */
  readonly hasHandshake: boolean;
  /** Bytes kept inside. */
  readonly heldBytes: number;
  /** Called once, when the tunnel stands, before any bytes of the two ends. */
  start(ends: StreamEnds): void;
  fromPanel(bytes: Uint8Array): void;
  fromClient(bytes: Uint8Array): void;
  /** What it means that the handshake's time is over. */
  expired(): StreamFailure;
  /** What it means that the panel ended its stream in order now; undefined: what it says. */
  panelEnded(): StreamFailure | undefined;
  /** Tells the client of a failure in its own protocol where that is possible; may need bytes of the client first. */
  fail(ends: StreamEnds, text: string): void;
  /** Whether nothing more is to be told to the client. */
  readonly isFailureTold: boolean;
}
