// Blowfish (Schneier 1993) with the entry points that bcrypt needs; its tables are digits of pi, which are computed here.

const rounds = 16;
const subkeys = rounds + 2;
const boxWords = 4 * 256;

/** The first words of pi's fraction: Machin's formula in whole numbers, with spare bits for what rounding takes. */
function fractionOfPi(words: number): Int32Array {
  const bits = BigInt(words * 32);
  const spare = 64n;
  const one = 1n << (bits + spare);
  const pi = 4n * (4n * arcTangentOfInverse(5n, one) - arcTangentOfInverse(239n, one));
  const fraction = (pi - 3n * one) >> spare;
  const hex = fraction.toString(16).padStart(words * 8, "0");
  return Int32Array.from({ length: words }, (_, index) => Number.parseInt(hex.slice(index * 8, index * 8 + 8), 16));
}

function arcTangentOfInverse(divisor: bigint, one: bigint): bigint {
  const square = divisor * divisor;
  let power = one / divisor;
  let sum = power;
  for (let odd = 3n, sign = -1n; power > 0n; odd += 2n, sign = -sign) {
    power /= square;
    sum += (sign * power) / odd;
  }
  return sum;
}

let piWords: Int32Array | undefined;

/** The state of one key schedule. Words are of 32 bits, signed since that is what is fast here; a block is two of them. */
export class Blowfish {
  readonly #subkeys: Int32Array;
  readonly #boxes: Int32Array;

  constructor() {
    piWords ??= fractionOfPi(subkeys + boxWords);
    this.#subkeys = piWords.slice(0, subkeys);
    this.#boxes = piWords.slice(subkeys);
  }

  /** Mixes a key into the schedule, and a salt if there is one. Both are whole words and are read round and round. */
  expand(key: Int32Array, salt?: Int32Array): void {
    const p = this.#subkeys;
    for (let index = 0; index < subkeys; index += 1) p[index] = wordAt(p, index) ^ wordAt(key, index % key.length);
    const block = new Int32Array(2);
    let at = 0;
    for (const table of [p, this.#boxes]) {
      for (let index = 0; index < table.length; index += 2) {
        if (salt !== undefined) {
          block[0] = wordAt(block, 0) ^ wordAt(salt, at % salt.length);
          block[1] = wordAt(block, 1) ^ wordAt(salt, (at + 1) % salt.length);
          at += 2;
        }
        this.encrypt(block, 0);
        table[index] = wordAt(block, 0);
        table[index + 1] = wordAt(block, 1);
      }
    }
  }

  /** Encrypts the block that begins at a word, in place. */
  encrypt(words: Int32Array, at: number): void {
    const p = this.#subkeys;
    const s = this.#boxes;
    let left = wordAt(words, at);
    let right = wordAt(words, at + 1);
    for (let round = 0; round < rounds; round += 2) {
      left ^= wordAt(p, round);
      right ^= mix(s, left);
      right ^= wordAt(p, round + 1);
      left ^= mix(s, right);
    }
    words[at] = right ^ wordAt(p, rounds + 1);
    words[at + 1] = left ^ wordAt(p, rounds);
  }
}

/** The four boxes, one for each byte of the word. */
function mix(boxes: Int32Array, word: number): number {
  const sum = (wordAt(boxes, word >>> 24) + wordAt(boxes, 256 + ((word >>> 16) & 0xff))) | 0;
  return ((sum ^ wordAt(boxes, 512 + ((word >>> 8) & 0xff))) + wordAt(boxes, 768 + (word & 0xff))) | 0;
}

/** Every index here is within its table; a check for each would cost a third of the time. */
function wordAt(words: Int32Array, index: number): number {
  return words[index] as number;
}
