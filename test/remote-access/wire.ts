// Two ends of a connection in memory: bytes arrive on a later turn, a reader that stops holds the writer back.
import { Duplex } from "node:stream";

/** Bytes that one direction holds before the writer waits. */
const windowBytes = 64 * 1024;

export class WireEnd extends Duplex {
  other: WireEnd | undefined;
  /** While true nothing that this end writes arrives, though it is taken: a black hole. */
  isSilenced = false;
  /** While true nothing that this end writes is taken. */
  isStalled = false;
  readonly bytesPerTurn: number;
  #waiting: (() => void)[] = [];

  constructor(bytesPerTurn: number) {
    super({ allowHalfOpen: true, readableHighWaterMark: windowBytes, writableHighWaterMark: 16 * 1024 });
    this.bytesPerTurn = bytesPerTurn;
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    this.#carry(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    setImmediate(() => {
      if (!this.isSilenced) this.other?.push(null);
      done();
    });
  }

  override _read(): void {
    this.other?.goOn();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const { other } = this;
    setImmediate(() => {
      // The peer sees a reset only when the link still carries something.
      if (!this.isSilenced && other !== undefined && !other.destroyed) other.destroy(resetError());
    });
    this.goOn();
    done(error);
  }

  /** Lets held writes try again. */
  goOn(): void {
    for (const retry of this.#waiting.splice(0)) setImmediate(retry);
  }

  #carry(chunk: Uint8Array, done: (error?: Error | null) => void): void {
    setImmediate(() => {
      const { other } = this;
      if (this.destroyed || this.isSilenced) return done();
      if (other === undefined || other.destroyed || other.readableEnded) return done();
      if (this.isStalled || other.readableLength >= windowBytes) {
        this.#waiting.push(() => this.#carry(chunk, done));
        return;
      }
      const part = chunk.subarray(0, this.bytesPerTurn);
      other.push(Buffer.from(part));
      if (part.length < chunk.length) this.#carry(chunk.subarray(part.length), done);
      else done();
    });
  }
}

export interface Wire {
  readonly near: WireEnd;
  readonly far: WireEnd;
}

/** `near` is the test's end, `far` the cloud's. Pieces are at most as long as what a socket reads at once. */
export function makeWire(bytesPerTurn = 64 * 1024): Wire {
  const near = new WireEnd(bytesPerTurn);
  const far = new WireEnd(bytesPerTurn);
  near.other = far;
  far.other = near;
  for (const end of [near, far]) end.on("error", () => {});
  return { near, far };
}

function resetError(): Error {
  return Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
}
