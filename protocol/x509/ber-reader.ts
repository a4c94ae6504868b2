// Reads BER and DER (ITU-T X.690), indefinite lengths included: authorities written in Java answer with them.
import { ProtocolError } from "../protocol-error.ts";

export interface BerElement {
  readonly tag: number;
  /** Tag and length included; without the end marker of an indefinite length. */
  readonly encoded: Uint8Array;
  readonly content: Uint8Array;
}

/** Elements inside one another. */
const depthMax = 16;
/** Elements of one list. */
const elementsMax = 256;

/** The elements that stand one after the other in `bytes`, which must hold nothing else. Throws ProtocolError `x509.malformed`. */
export function readElements(bytes: Uint8Array): readonly BerElement[] {
  const elements: BerElement[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { element, endsAt } = readElement(bytes, at, 0);
    elements.push(element);
    if (elements.length > elementsMax) throw malformed(`more than ${elementsMax} elements in a list`);
    at = endsAt;
  }
  return elements;
}

/** The elements within `element`, which must have the tag. */
export function readWithin(element: BerElement | undefined, tag: number, what: string): readonly BerElement[] {
  return readElements(contentOf(element, tag, what));
}

export function contentOf(element: BerElement | undefined, tag: number, what: string): Uint8Array {
  if (element?.tag === tag) return element.content;
  const found = element === undefined ? "nothing" : `0x${element.tag.toString(16).padStart(2, "0")}`;
  throw malformed(`${what}: tag 0x${tag.toString(16).padStart(2, "0")} must stand there, found ${found}`);
}

export function malformed(what: string): ProtocolError {
  return new ProtocolError("x509.malformed", what);
}

interface Read {
  readonly element: BerElement;
  readonly endsAt: number;
}

function readElement(bytes: Uint8Array, startsAt: number, depth: number): Read {
  if (depth > depthMax) throw malformed(`elements stand more than ${depthMax} deep in one another`);
  const tag = byteAt(bytes, startsAt);
  // Numbers of 31 and above take several bytes; nothing that is read here has one.
  if ((tag & 0x1f) === 0x1f) throw malformed("a tag of several bytes");
  const { length, contentAt } = readLength(bytes, startsAt + 1);
  if (length === undefined) return readIndefinite(bytes, { tag, startsAt, contentAt, depth });
  const endsAt = contentAt + length;
  if (endsAt > bytes.length) throw malformed("it ends too early");
  const element = { tag, encoded: bytes.subarray(startsAt, endsAt), content: bytes.subarray(contentAt, endsAt) };
  return { element, endsAt };
}

interface Opening {
  readonly tag: number;
  readonly startsAt: number;
  readonly contentAt: number;
  readonly depth: number;
}

/** Its end is marked by two zero bytes where an element would begin. */
function readIndefinite(bytes: Uint8Array, { tag, startsAt, contentAt, depth }: Opening): Read {
  if ((tag & 0x20) === 0) throw malformed("a simple element without a length");
  let at = contentAt;
  while (byteAt(bytes, at) !== 0 || byteAt(bytes, at + 1) !== 0) at = readElement(bytes, at, depth + 1).endsAt;
  const element = { tag, encoded: bytes.subarray(startsAt, at), content: bytes.subarray(contentAt, at) };
  return { element, endsAt: at + 2 };
}

/** `length` is undefined for an indefinite one. */
function readLength(
  bytes: Uint8Array,
  at: number,
): { readonly length: number | undefined; readonly contentAt: number } {
  const first = byteAt(bytes, at);
  if (first < 0x80) return { length: first, contentAt: at + 1 };
  const count = first & 0x7f;
  if (count === 0) return { length: undefined, contentAt: at + 1 };
  if (count > 4) throw malformed("a length of more than 4 bytes");
  let length = 0;
  for (let index = 1; index <= count; index += 1) length = length * 256 + byteAt(bytes, at + index);
  return { length, contentAt: at + 1 + count };
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw malformed("it ends too early");
  return byte;
}
