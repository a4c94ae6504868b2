// A websocket that does not answer the peer's close frame by itself, so that what is under way can still be sent before.
import { WebSocket } from "ws";

/** The peer's close frame: `code` is undefined if it had none. */
export interface PeerClose {
  readonly code: number | undefined;
  readonly text: string;
}

/**
 * ws answers a close frame, or a broken frame, at once and is then closed for sending. Here `onPeerClose` is told instead
 * and the websocket stays open for sending until its owner calls `sayClose`.
 */
export class PatientWebSocket extends WebSocket {
  onPeerClose: ((close: PeerClose) => void) | undefined;
  #hasSaidClose = false;

  /** Sends a close frame behind everything sent before, once. `text`: at most 123 bytes. */
  sayClose(code: number, text: string): void {
    if (this.#hasSaidClose) return;
    this.#hasSaidClose = true;
    super.close(code, text);
  }

  /** Called by ws: with the peer's code and text, without either for a close frame without them, with a code alone for a broken frame. */
  override close(code?: number, data?: string | Buffer): void {
    if (this.#hasSaidClose) {
      // Both close frames are through now; this lets ws end the connection.
      super.close(code, data);
    } else if (code === undefined || data !== undefined) {
      this.onPeerClose?.({ code, text: data?.toString() ?? "" });
    }
    // Else: the `error` event follows and says more.
  }
}
