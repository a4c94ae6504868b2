// A stream for ssh2's server that hands the client's first line over in one piece.
import { Duplex } from "node:stream";

/** RFC 4253 section 4.2: the identification line with its end; more without an end is no SSH. */
const greetingBytesMax = 255;
const lineFeed = 0x0a;

/**
 * ssh2 1.17 gives up on a peer whose identification line comes in many small reads, as slow links bring it. What is read
 * here is what `inner` has, but nothing before the line is whole; a line that is too long, or the end of the stream before
 * its end, is handed over as it is for ssh2 to judge. Destroying it destroys `inner`.
 */
export class WholeGreeting extends Duplex {
  readonly #inner: Duplex;
  #held: Buffer | undefined = Buffer.alloc(0);

  constructor(inner: Duplex) {
    super({ allowHalfOpen: false });
    this.#inner = inner;
    inner.on("data", (bytes: Buffer) => this.#take(bytes));
    inner.on("end", () => {
      this.#release();
      this.push(null);
    });
    inner.on("error", (error) => this.destroy(error));
    inner.once("close", () => this.destroy());
    // ssh2 listens too, but only once it has begun.
    this.on("error", () => undefined);
  }

  override _read(): void {
    this.#inner.resume();
  }

  override _write(bytes: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    this.#inner.write(bytes, done);
  }

  override _final(done: () => void): void {
    this.#inner.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#held = undefined;
    this.#inner.destroy();
    done(error);
  }

  #take(bytes: Buffer): void {
    if (this.#held === undefined) {
      if (!this.push(bytes)) this.#inner.pause();
      return;
    }
    this.#held = Buffer.concat([this.#held, bytes]);
    if (this.#held.includes(lineFeed) || this.#held.length > greetingBytesMax) this.#release();
  }

  #release(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined && held.length > 0 && !this.push(held)) this.#inner.pause();
  }
}
