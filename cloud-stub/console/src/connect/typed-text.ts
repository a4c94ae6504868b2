// Turns what a person types and pastes into the UTF-8 bytes that a terminal session carries.

/** Bytes per websocket frame; a longer text goes in several. */
export const frameBytesMax = 32 * 1024;

/** Characters that one paste may have; more is a file, not something to type. */
export const pasteLengthMax = 1024 * 1024;

const highSurrogateAtEnd = /[\ud800-\udbff]$/;

/** Some keyboards give a character beyond U+FFFF in two events, half a character each. */
export class TypedText {
  readonly #encoder = new TextEncoder();
  #half = "";

  /** The bytes of all characters that are whole by now, in pieces of at most `frameBytesMax`. */
  encode(text: string): readonly Uint8Array<ArrayBuffer>[] {
    let whole = this.#half + text;
    this.#half = highSurrogateAtEnd.test(whole) ? whole.slice(-1) : "";
    if (this.#half !== "") whole = whole.slice(0, -1);
    return pieces(this.#encoder.encode(whole));
  }
}

/** Reports of old mouse modes: each character is one byte. */
export function bytesOf(binary: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(binary, (character) => character.charCodeAt(0) & 0xff);
}

/** Without control characters, which would reach the program on the other side as keys that nobody pressed. */
export function pasteable(text: string): string {
  return text.replace(/[^\P{Cc}\t\r\n]/gu, "");
}

function pieces(bytes: Uint8Array<ArrayBuffer>): readonly Uint8Array<ArrayBuffer>[] {
  const count = Math.ceil(bytes.length / frameBytesMax);
  return Array.from({ length: count }, (_, index) =>
    bytes.subarray(index * frameBytesMax, (index + 1) * frameBytesMax),
  );
}
