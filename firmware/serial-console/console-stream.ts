// A serial line as the panel's end of a tunnel: paced, framed, drained at its end, and told of what waits.
import { Duplex } from "node:stream";
import type { LineFraming } from "./line-framing.ts";

/** Kept on each side here, beside the line's own queues. */
const highWaterMarkBytes = 16 * 1024;
/** Handed to the line at once: at 300 baud it takes 9 s for them, so that a slow line is seen to move. */
const pieceBytes = 256;

type Callback = (error?: Error | null) => void;

export interface ConsoleStreamOptions {
  readonly line: Duplex;
  readonly framing: LineFraming;
  /** Gives the port free. */
  close(): Promise<void>;
}

export class ConsoleStream extends Duplex {
  readonly #line: Duplex;
  readonly #framing: LineFraming;
  readonly #close: () => Promise<void>;
  /** Of the chunk that is being written: what the line has not taken yet. */
  #unwrittenBytes = 0;
  /** Goes on once the client has taken what waits for it. */
  #whenRead: (() => void) | undefined;

  constructor({ line, framing, close }: ConsoleStreamOptions) {
    super({
      allowHalfOpen: true,
      readableHighWaterMark: highWaterMarkBytes,
      writableHighWaterMark: highWaterMarkBytes,
    });
    this.#line = line;
    this.#framing = framing;
    this.#close = close;
    line.pause();
    line.on("data", (bytes: Uint8Array) => this.#fromLine(bytes));
    line.on("error", (error) => this.destroy(error));
    line.on("close", () => this.destroy());
    this.#say(framing.start());
  }

  /** Bytes that the line has still to take, of those that this stream has taken. */
  get unwrittenBytes(): number {
    return this.#unwrittenBytes + this.#line.writableLength;
  }

  heldBytes(): number {
    const ours = this.readableLength + this.writableLength + this.#framing.heldBytes;
    return ours + this.#line.readableLength + this.#line.writableLength;
  }

  override _read(): void {
    const whenRead = this.#whenRead;
    this.#whenRead = undefined;
    whenRead?.();
    this.#line.resume();
  }

  override _write(chunk: Uint8Array, _encoding: string, done: Callback): void {
    this.#unwrittenBytes = chunk.length;
    this.#writeFrom(chunk, 0, done);
  }

  /** What was written has left the line before it is hung up. */
  override _final(done: Callback): void {
    this.#line.end(() => {
      done();
      // A line has no end of stream to wait for.
      this.destroy();
    });
  }

  override _destroy(error: Error | null, done: Callback): void {
    this.#whenRead = undefined;
    this.#close().then(
      () => done(error),
      () => done(error),
    );
  }

  #writeFrom(chunk: Uint8Array, at: number, done: Callback): void {
    this.#unwrittenBytes = chunk.length - at;
    if (at >= chunk.length) {
      done();
      return;
    }
    const piece = chunk.subarray(at, at + pieceBytes);
    const next = (): void => this.#writeFrom(chunk, at + piece.length, done);
    let step: { readonly toLine: Uint8Array; readonly toClient: Uint8Array };
    try {
      step = this.#framing.fromClient(piece);
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    const hasRoom = this.#say(step.toClient);
    const goOn = hasRoom ? next : () => this.#afterRead(next);
    if (step.toLine.length === 0) goOn();
    else this.#line.write(step.toLine, (error) => (error ? done(error) : goOn()));
  }

  /** Answers pile up for a client that asks and does not read: then it is not read either. */
  #afterRead(run: () => void): void {
    if (this.readableLength < highWaterMarkBytes) run();
    else this.#whenRead = run;
  }

  #fromLine(bytes: Uint8Array): void {
    if (!this.#say(this.#framing.fromLine(bytes))) this.#line.pause();
  }

  #say(bytes: Uint8Array): boolean {
    return bytes.length === 0 || this.readableEnded || this.destroyed || this.push(bytes);
  }
}
