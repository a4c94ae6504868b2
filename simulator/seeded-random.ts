// Randomness from one seed: the simulator's form of the random port, with independent streams by name.
import type { Random } from "#hardware/ports.ts";

/**
 * A small fast generator (sfc32, 128 bits of state). Not secure and not meant to be: everything that a site draws can
 * be drawn again from its seed.
 */
export class SeededRandom implements Random {
  readonly #key: string;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number | string) {
    this.#key = String(seed);
    this.#a = hash(`${this.#key}/a`);
    this.#b = hash(`${this.#key}/b`);
    this.#c = hash(`${this.#key}/c`);
    // The first outputs still show the key's structure; sfc32 is usually warmed up with about a dozen rounds.
    for (let round = 0; round < 12; round += 1) this.#next();
  }

  /** A stream of its own: what is drawn from it does not depend on how much was drawn from this one. */
  child(name: string): SeededRandom {
    return new SeededRandom(`${this.#key}/${name}`);
  }

  bytes(length: number): Uint8Array {
    if (!Number.isInteger(length) || length < 0 || length > 65536) {
      throw new RangeError(`Random bytes: length must be a whole number from 0 to 65536, not ${length}`);
    }
    const bytes = new Uint8Array(length);
    let word = 0;
    for (let at = 0; at < length; at += 1) {
      if (at % 4 === 0) word = this.#next();
      bytes[at] = (word >>> ((at % 4) * 8)) & 0xff;
    }
    return bytes;
  }

  fraction(): number {
    const high = this.#next() >>> 5;
    const low = this.#next() >>> 6;
    return (high * 0x4000000 + low) / 0x20000000000000;
  }

  /** A whole number from `min` to `max`, both included. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.fraction() * (max - min + 1));
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return sum >>> 0;
  }
}

/** FNV-1a over the UTF-16 units, with a final mix so that near keys give far states. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x7feb352d);
  value = Math.imul(value ^ (value >>> 15), 0x846ca68b);
  return (value ^ (value >>> 16)) >>> 0;
}
