// Collects bytes that arrive in any pieces and hands them out in the pieces that a protocol is made of.
import type { ProtocolError } from "./protocol-error.ts";

/** Holds at most `limitBytes`; whatever would go above it throws the error that the owner gave. */
export class ByteReader {
  readonly #limitBytes: number;
  readonly #error: () => ProtocolError;
  #buffer = new Uint8Array(256);
  #start = 0;
  #end = 0;

  constructor(limitBytes: number, error: () => ProtocolError) {
    this.#limitBytes = limitBytes;
    this.#error = error;
  }

  /** Bytes that are there. */
  get available(): number {
    return this.#end - this.#start;
  }

  /** Copies the bytes in. Throws the owner's error if more than the limit would be held. */
  push(bytes: Uint8Array): void {
    if (this.available + bytes.length > this.#limitBytes) throw this.#error();
    this.#makeRoom(bytes.length);
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** The next `length` bytes as a copy, or undefined until that many are there. Throws the owner's error if they can never be. */
  take(length: number): Uint8Array | undefined {
    const bytes = this.peek(length);
    if (bytes !== undefined) this.#start += length;
    return bytes;
  }

  /** As `take`, but the bytes stay. */
  peek(length: number): Uint8Array | undefined {
    if (length > this.#limitBytes) throw this.#error();
    if (this.available < length) return undefined;
    return this.#buffer.slice(this.#start, this.#start + length);
  }

  /** Everything that is there, as a copy; may be empty. */
  takeAll(): Uint8Array {
    const bytes = this.#buffer.slice(this.#start, this.#end);
    this.#start = this.#end;
    return bytes;
  }

  #makeRoom(length: number): void {
    if (this.#end + length <= this.#buffer.length) return;
    const needed = this.available + length;
    const grown = Math.max(needed, Math.min(needed * 2, this.#limitBytes));
    const target = needed <= this.#buffer.length / 2 ? this.#buffer : new Uint8Array(grown);
    target.set(this.#buffer.subarray(this.#start, this.#end), 0);
    this.#end = this.available;
    this.#start = 0;
    this.#buffer = target;
  }
}
