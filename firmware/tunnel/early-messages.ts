// What comes over a device websocket before the panel stands: kept in order within a bound, and the cloud's close is read.
import type { RawData, WebSocket } from "ws";

/** Beyond it the websocket is paused; a single message may be larger. */
export const earlyBytesMax = 64 * 1024;

export interface EarlyMessage {
  readonly data: RawData;
  readonly isBinary: boolean;
}

/** As the websocket says it when it has closed: 1005 without a code, 1006 without a close frame. */
export interface WebSocketEnd {
  readonly code: number;
  readonly text: string;
}

export class EarlyMessages {
  readonly #webSocket: WebSocket;
  readonly #messages: EarlyMessage[] = [];
  #bytes = 0;
  #end: WebSocketEnd | undefined;
  #told: ((end: WebSocketEnd) => void) | undefined;

  constructor(webSocket: WebSocket) {
    this.#webSocket = webSocket;
    webSocket.on("message", this.#keep);
    webSocket.once("close", this.#close);
  }

  get heldBytes(): number {
    return this.#bytes;
  }

  /** Calls back once when the websocket closes, at once if it has, unless `take` comes before. */
  whenEnded(told: (end: WebSocketEnd) => void): void {
    this.#told = told;
    if (this.#end !== undefined) told(this.#end);
  }

  /** What has come, oldest first; from now on the websocket is the caller's, paused or not. */
  take(): readonly EarlyMessage[] {
    this.#webSocket.off("message", this.#keep);
    this.#webSocket.off("close", this.#close);
    this.#bytes = 0;
    return this.#messages.splice(0);
  }

  readonly #keep = (data: RawData, isBinary: boolean): void => {
    this.#messages.push({ data, isBinary });
    this.#bytes += lengthOf(data);
    if (this.#bytes > earlyBytesMax) this.#webSocket.pause();
  };

  readonly #close = (code: number, text: Buffer): void => {
    this.#end = { code, text: text.toString("utf8") };
    this.#told?.(this.#end);
  };
}

function lengthOf(data: RawData): number {
  return Array.isArray(data) ? data.reduce((sum, { length }) => sum + length, 0) : data.byteLength;
}
