// A connection whose incoming websocket frames are split on their way to ws; what goes out passes as it is.
import { Duplex } from "node:stream";
import { MessageSplitter } from "./message-splitter.ts";

/** What a real socket has and a stream in memory has not. */
interface SocketSwitches {
  readonly setNoDelay?: (isOn: boolean) => unknown;
  readonly setTimeout?: (idleMs: number) => unknown;
}

export class SplitSocket extends Duplex {
  readonly #socket: Duplex;
  readonly #splitter: MessageSplitter;

  /** Takes the connection over; `head` are the bytes that came with the upgrade request. */
  constructor(socket: Duplex & SocketSwitches, head: Buffer, messageBytesMax: number) {
    super({ allowHalfOpen: true, emitClose: true });
    this.#socket = socket;
    this.#splitter = new MessageSplitter(messageBytesMax);
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.once("end", () => this.push(null));
    socket.once("error", (error) => this.destroy(error));
    socket.once("close", () => this.destroy());
    socket.pause();
    // ws does both on the stream that it is given. Typing must not wait for more, and idleness is the session's to judge.
    socket.setNoDelay?.(true);
    socket.setTimeout?.(0);
    if (head.length > 0) this.#take(head);
  }

  /** Bytes that came and are not read yet. What waits to be sent is `writableLength`, until the connection has taken it. */
  get incomingBytes(): number {
    return this.readableLength + this.#socket.readableLength;
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  override _writev(chunks: { readonly chunk: Uint8Array }[], done: (error?: Error | null) => void): void {
    this.#socket.cork();
    chunks.forEach(({ chunk }, index) => {
      if (index === chunks.length - 1) this.#socket.write(chunk, done);
      else this.#socket.write(chunk);
    });
    this.#socket.uncork();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  #take(chunk: Buffer): void {
    let mayGoOn = true;
    for (const part of this.#splitter.push(chunk)) mayGoOn = this.push(part);
    if (!mayGoOn) this.#socket.pause();
  }
}
