// DER (ITU-T X.690) as certificates use it: reads elements with their own bytes, and writes what the device's side has no need of.
import { derElement } from "#protocol/x509/der-writer.ts";
import { unreadable } from "./certificate-error.ts";

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  nothing: 0x05,
  objectId: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The tag of a constructed element with a number of its own ("[0]"). */
export function contextTag(number: number): number {
  return 0xa0 | number;
}

export interface DerElement {
  readonly tag: number;
  readonly content: Buffer;
  /** The element as it stands there, its tag and length included. */
  readonly whole: Buffer;
}

/** Walks through elements, strictly: what was signed is in DER alone. Whatever is not as expected throws CertificateError `certificate.unreadable`. */
export class DerCursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** Undefined at the end. */
  get nextTag(): number | undefined {
    return this.#bytes[this.#at];
  }

  /** The next element, which must have the tag if one is given. */
  take(tag?: number): DerElement {
    const start = this.#at;
    const found = this.#byte();
    if (tag !== undefined && found !== tag) throw unreadable("its structure is not that of one");
    const length = this.#length();
    if (length > this.#bytes.length - this.#at) throw unreadable("it ends too early");
    const content = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return { tag: found, content, whole: this.#bytes.subarray(start, this.#at) };
  }

  within(tag: number): DerCursor {
    return new DerCursor(this.take(tag).content);
  }

  sequence(): DerCursor {
    return this.within(tags.sequence);
  }

  objectId(): string {
    return readObjectId(this.take(tags.objectId).content);
  }

  /** A bit string of whole bytes. */
  bits(): Buffer {
    const { content } = this.take(tags.bitString);
    if (content[0] !== 0) throw unreadable("its structure is not that of one");
    return content.subarray(1);
  }

  #length(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    const count = first & 0x7f;
    // Zero is BER's indefinite length; four bytes say more than any body that comes in.
    if (count === 0 || count > 4) throw unreadable("its structure is not that of one");
    let length = 0;
    for (let index = 0; index < count; index += 1) length = length * 256 + this.#byte();
    return length;
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw unreadable("it ends too early");
    this.#at += 1;
    return byte;
  }
}

const objectIdBytesMax = 64;

function readObjectId(content: Buffer): string {
  if (content.length === 0 || content.length > objectIdBytesMax) throw unreadable("its structure is not that of one");
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of content) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    const first = Math.min(2, Math.floor(arc / 40));
    if (arcs.length === 0) arcs.push(first, arc - 40 * first);
    else arcs.push(arc);
    arc = 0;
  }
  return arcs.join(".");
}

/** A number that is not negative, from its bytes. */
export function derInteger(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0);
  const trimmed = first < 0 ? Buffer.from([0]) : bytes.subarray(first);
  return derElement(tags.integer, ...((trimmed[0] ?? 0) >= 0x80 ? [Buffer.from([0])] : []), trimmed);
}

/** `unused`: bits of the last byte that do not count. */
export function derBits(bytes: Uint8Array, unused = 0): Uint8Array {
  return derElement(tags.bitString, Buffer.from([unused]), bytes);
}

export function derText(tag: number, text: string): Uint8Array {
  return derElement(tag, Buffer.from(text, "utf8"));
}

/** A time of a certificate, to the second: UTCTime until 2049 and GeneralizedTime from then on (RFC 5280, 4.1.2.5). */
export function derTime(atMs: number): Uint8Array {
  const digits = new Date(atMs)
    .toISOString()
    .replaceAll(/[^0-9]/g, "")
    .slice(0, 14);
  return Number(digits.slice(0, 4)) < 2050
    ? derText(tags.utcTime, `${digits.slice(2)}Z`)
    : derText(tags.generalizedTime, `${digits}Z`);
}
