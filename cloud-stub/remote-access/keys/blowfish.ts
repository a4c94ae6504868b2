// Blowfish (Schneier 1993) with the entry points that bcrypt needs; its tables are digits of pi, which are computed here.

const rounds = 16;
const subkeys = rounds + 2;
const boxWords = 4 * 256;

/** The first words of pi's fraction: Machin's formula in whole numbers, with spare bits for what rounding takes. */
function fractionOfPi(words: number): Uint32Array {
  const bits = BigInt(words * 32);
  const spare = 64n;
  const one = 1n << (bits + spare);
  const pi = 4n * (4n * arcTangentOfInverse(5n, one) - arcTangentOfInverse(239n, one));
  const fraction = (pi - 3n * one) >> spare;
  const hex = fraction.toString(16).padStart(words * 8, "0");
  return Uint32Array.from({ length: words }, (_, index) => Number.parseInt(hex.slice(index * 8, index * 8 + 8), 16));
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

let piWords: Uint32Array | undefined;

/** The state of one key schedule. Words are of 32 bits; a block is two of them. */
export class Blowfish {
  readonly #subkeys: Uint32Array;
  readonly #boxes: Uint32Array;

  constructor() {
    piWords ??= fractionOfPi(subkeys + boxWords);
    this.#subkeys = piWords.slice(0, subkeys);
    this.#boxes = piWords.slice(subkeys);
  }

  /** Mixes a key into the schedule, and a salt if there is one. Both are whole words and are read round and round. */
  expand(key: Uint32Array, salt?: Uint32Array): void {
    const p = this.#subkeys;
    for (let index = 0; index < subkeys; index += 1) p[index] = (p[index] ?? 0) ^ (key[index % key.length] ?? 0);
    const block = new Uint32Array(2);
    let at = 0;
    for (const table of [p, this.#boxes]) {
      for (let index = 0; index < table.length; index += 2) {
        if (salt !== undefined) {
          block[0] = (block[0] ?? 0) ^ (salt[at % salt.length] ?? 0);
          block[1] = (block[1] ?? 0) ^ (salt[(at + 1) % salt.length] ?? 0);
          at += 2;
        }
        this.encrypt(block, 0);
        table[index] = block[0] ?? 0;
        table[index + 1] = block[1] ?? 0;
      }
    }
  }

  /** Encrypts the block that begins at a word, in place. */
  encrypt(words: Uint32Array, at: number): void {
    const p = this.#subkeys;
    const s = this.#boxes;
    let left = (words[at] as number) | 0;
    let right = (words[at + 1] as number) | 0;
    for (let round = 0; round < rounds; round += 2) {
      left ^= p[round] as number;
      right ^=
        ((((s[left >>> 24] as number) + (s[256 + ((left >>> 16) & 0xff)] as number)) ^
          (s[512 + ((left >>> 8) & 0xff)] as number)) +
          (s[768 + (left & 0xff)] as number)) |
        0;
      right ^= p[round + 1] as number;
      left ^=
        ((((s[right >>> 24] as number) + (s[256 + ((right >>> 16) & 0xff)] as number)) ^
          (s[512 + ((right >>> 8) & 0xff)] as number)) +
          (s[768 + (right & 0xff)] as number)) |
        0;
    }
    words[at] = right ^ (p[rounds + 1] as number);
    words[at + 1] = left ^ (p[rounds] as number);
  }
}
