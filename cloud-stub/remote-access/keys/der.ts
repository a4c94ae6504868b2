// Reads DER (ITU-T X.690), as far as key files use it.
import { damaged, unsupported } from "./key-error.ts";
import { bigintOf, numberBitsMax } from "./key-numbers.ts";

const numberBytesMax = numberBitsMax / 8 + 1;

export const derTags = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  nothing: 0x05,
  objectId: 0x06,
  sequence: 0x30,
  context0: 0xa0,
  context1: 0xa1,
} as const;

/** Walks through DER elements; whatever is not as expected throws KeyError `key.damaged`. */
export class DerReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The next element's tag, undefined at the end. */
  get nextTag(): number | undefined {
    return this.#bytes[this.#at];
  }

  /** The content of the next element, which must have the tag. */
  take(tag: number): Buffer {
    if (this.nextTag !== tag) throw damaged("its structure is not that of a key");
    this.#at += 1;
    const length = this.#length();
    if (length > this.#bytes.length - this.#at) throw damaged("it ends too early");
    const content = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return content;
  }

  #length(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    const count = first & 0x7f;
    if (count === 0 || count > 4) throw damaged("its structure is not that of a key");
    let length = 0;
    for (let index = 0; index < count; index += 1) length = length * 256 + this.#byte();
    return length;
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw damaged("it ends too early");
    this.#at += 1;
    return byte;
  }

  within(tag: number): DerReader {
    return new DerReader(this.take(tag));
  }

  sequence(): DerReader {
    return this.within(derTags.sequence);
  }

  /** A number that is never negative here. */
  integer(): bigint {
    const bytes = this.take(derTags.integer);
    if (bytes.length > numberBytesMax) throw unsupported(`A number of this key has more than ${numberBitsMax} bits.`);
    if (bytes.length === 0 || (bytes[0] ?? 0) >= 0x80) throw damaged("one of its numbers is negative");
    return bigintOf(bytes);
  }

  /** A number that counts something; what is beyond 2^31 is given as 2^31, which is above every limit. */
  count(): number {
    const value = this.integer();
    return value > 2n ** 31n ? 2 ** 31 : Number(value);
  }

  octets(): Buffer {
    return this.take(derTags.octetString);
  }

  /** A bit string of whole bytes. */
  bits(): Buffer {
    const content = this.take(derTags.bitString);
    if (content[0] !== 0) throw damaged("its structure is not that of a key");
    return content.subarray(1);
  }

  /** An object identifier in dotted form. */
  objectId(): string {
    const content = this.take(derTags.objectId);
    if (content.length === 0 || content.length > 32) throw damaged("its structure is not that of a key");
    const arcs: number[] = [];
    let arc = 0;
    for (const byte of content) {
      arc = arc * 128 + (byte & 0x7f);
      if (byte >= 0x80) continue;
      if (arcs.length === 0) arcs.push(Math.min(2, Math.floor(arc / 40)), arc - 40 * Math.min(2, Math.floor(arc / 40)));
      else arcs.push(arc);
      arc = 0;
    }
    return arcs.join(".");
  }
}
