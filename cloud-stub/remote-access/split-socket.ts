// A connection whose incoming websocket frames are split on their way to ws; what goes out passes as it is.
import { Duplex } from "node:stream";
import { MessageSplitter } from "./message-splitter.ts";

/** What a real socket has and a stream in memory has not. */
interface SocketSwitches {
  readonly setNoDelay?: (isOn: boolean) => unknown;
  readonly setTimeout?: (idleMs: number) => unknown;
}

/** Most that is given to the connection at a time, in bytes. */
const writeBytesMax = 16 * 1024;

type Done = (error?: Error | null) => void;

export class SplitSocket extends Duplex {
  /** The connection has taken all that was to be sent, ws's own pongs too, of which nobody else hears. */
  onEmptied: (() => void) | undefined;
  readonly #socket: Duplex;
  readonly #splitter: MessageSplitter;
  #takenBytes = 0;

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

  /** Of the bytes that `writableLength` counts, those that the connection has taken already. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  override _write(chunk: Uint8Array, _encoding: string, done: Done): void {
    this.#give([chunk], done);
  }

  override _writev(chunks: { readonly chunk: Uint8Array }[], done: Done): void {
    this.#give(
      chunks.map(({ chunk }) => chunk),
      done,
    );
  }

  /** A little at a time, or nothing would be seen of what a slow peer takes until it has taken all. */
  #give(chunks: readonly Uint8Array[], done: Done): void {
    const bytes = Math.min(
      chunks.reduce((sum, chunk) => sum + chunk.length, 0),
      writeBytesMax,
    );
    const [group, rest] = split(chunks, bytes);
    const given: Done = (error) => {
      const isOver = (error !== undefined && error !== null) || rest.length === 0;
      this.#takenBytes = isOver ? 0 : this.#takenBytes + bytes;
      if (!isOver) {
        this.#give(rest, done);
        return;
      }
      done(error);
      if (this.writableLength === 0) this.onEmptied?.();
    };
    this.#socket.cork();
    group.forEach((part, index) => {
      if (index === group.length - 1) this.#socket.write(part, given);
      else this.#socket.write(part);
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

/** The first `bytes` bytes and what is behind them. */
function split(chunks: readonly Uint8Array[], bytes: number): readonly [readonly Uint8Array[], readonly Uint8Array[]] {
  const group: Uint8Array[] = [];
  let left = bytes;
  for (const [index, chunk] of chunks.entries()) {
    if (chunk.length > left) {
      if (left > 0 || group.length === 0) group.push(chunk.subarray(0, left));
      return [group, [chunk.subarray(left), ...chunks.slice(index + 1)]];
    }
    group.push(chunk);
    left -= chunk.length;
  }
  return [group, []];
}
