// Writes DER (ITU-T X.690): the elements that a certification request is made of.

export const derTags = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  nothing: 0x05,
  objectId: 0x06,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
  context0: 0xa0,
} as const;

/** One element: tag, length, and the contents one after the other. */
export function derElement(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(contents);
  return Buffer.concat([Uint8Array.of(tag, ...lengthBytes(content.length)), content]);
}

export function derSequence(...contents: readonly Uint8Array[]): Uint8Array {
  return derElement(derTags.sequence, ...contents);
}

/** A whole number from 0 to 127. */
export function derSmallInteger(value: number): Uint8Array {
  return derElement(derTags.integer, Uint8Array.of(value));
}

export function derNull(): Uint8Array {
  return derElement(derTags.nothing);
}

export function derUtf8(text: string): Uint8Array {
  return derElement(derTags.utf8String, Buffer.from(text, "utf8"));
}

/** A bit string of whole bytes. */
export function derBits(bytes: Uint8Array): Uint8Array {
  return derElement(derTags.bitString, Uint8Array.of(0), bytes);
}

/** An object identifier from its dotted form. */
export function derObjectId(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return derElement(derTags.objectId, Uint8Array.from([first * 40 + second, ...rest].flatMap(base128)));
}

function base128(arc: number): number[] {
  const bytes = [arc & 0x7f];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift((rest & 0x7f) | 0x80);
  return bytes;
}

function lengthBytes(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest & 0xff);
  return [0x80 | bytes.length, ...bytes];
}
