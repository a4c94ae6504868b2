// A duplex stream in front of another: passes bytes both ways with back-pressure and lets a gate look at what comes in.
import { Duplex } from "node:stream";

/** Ends both streams, `refuse` being told first, when `check` names a violation. */
export class GatedStream extends Duplex {
  readonly #inner: Duplex;

  constructor(inner: Duplex, check: (chunk: Uint8Array) => string | undefined, refuse: (why: string) => void) {
    super({ allowHalfOpen: true });
    this.#inner = inner;
    inner.on("data", (chunk: Uint8Array) => {
      if (this.destroyed) return;
      const why = check(chunk);
      if (why !== undefined) {
        refuse(why);
        this.destroy();
      } else if (!this.push(chunk)) inner.pause();
    });
    inner.on("end", () => this.push(null));
    inner.on("error", (error) => this.destroy(error));
    inner.on("close", () => this.destroy());
    inner.pause();
  }

  override _read(): void {
    this.#inner.resume();
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#inner.write(chunk, (error) => done(error));
  }

  /** An MQTT packet comes in several corked pieces: it goes out as one write, so in one TLS record. */
  override _writev(
    pieces: { chunk: Uint8Array; encoding: BufferEncoding }[],
    done: (error?: Error | null) => void,
  ): void {
    this.#inner.write(Buffer.concat(pieces.map(({ chunk }) => chunk)), (error) => done(error));
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#inner.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#inner.destroy();
    done(error);
  }
}
