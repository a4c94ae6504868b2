// A stream with somebody who listens in: what is read and what is written pass him, and nothing else changes.
import { Duplex } from "node:stream";

export interface StreamTap {
  /** Before the reader has it. */
  read(bytes: Uint8Array): void;
  /** Before it is sent. */
  written(bytes: Uint8Array): void;
}

/** Ends, errors and back-pressure of the inner stream are those of this one. */
export class TappedStream extends Duplex {
  readonly #inner: Duplex;
  readonly #tap: StreamTap;

  constructor(inner: Duplex, tap: StreamTap) {
    super({ allowHalfOpen: true });
    this.#inner = inner;
    this.#tap = tap;
    inner.on("data", (bytes: Uint8Array) => {
      tap.read(bytes);
      if (!this.push(bytes)) inner.pause();
    });
    inner.on("end", () => this.push(null));
    inner.on("error", (error) => this.destroy(error));
    inner.once("close", () => this.destroy());
    inner.pause();
  }

  override _read(): void {
    this.#inner.resume();
  }

  override _write(bytes: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    this.#tap.written(bytes);
    this.#inner.write(bytes, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#inner.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#inner.destroy();
    done(error);
  }
}
