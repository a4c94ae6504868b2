// Reads a client's messages (RFC 6143 section 7.5) from bytes in any pieces, for servers.
import { ByteReader } from "../byte-reader.ts";
import { ProtocolError } from "../protocol-error.ts";
import { type ClientMessage, cutTextBytesMax } from "./messages.ts";
import { readS32, readU16, readU32 } from "./numbers.ts";
import { parsePixelFormat } from "./pixel-format.ts";

/** Most encodings that one SetEncodings may list. */
export const encodingsMax = 256;

const sliceBytes = 16_384;

/** Holds at most one message (and a slice of what is handed in). */
export class ClientMessageReader {
  readonly #reader = new ByteReader(
    8 + cutTextBytesMax + sliceBytes,
    () => new ProtocolError("rfb.too-large", "the client's message is longer than any that is read"),
  );
  #expectsInit: boolean;

  /** `startsWithClientInit`: the first byte is ClientInit (RFC 6143 section 7.3.1). Default false. */
  constructor(options: { readonly startsWithClientInit?: boolean } = {}) {
    this.#expectsInit = options.startsWithClientInit === true;
  }

  /** Every message that is whole by now. Throws ProtocolError `rfb.malformed` or `rfb.too-large`; then the connection is lost. */
  push(bytes: Uint8Array): ClientMessage[] {
    const messages: ClientMessage[] = [];
    for (let at = 0; at < bytes.length; at += sliceBytes) {
      this.#reader.push(bytes.subarray(at, at + sliceBytes));
      for (let message = this.#next(); message !== undefined; message = this.#next()) messages.push(message);
    }
    return messages;
  }

  #next(): ClientMessage | undefined {
    const type = this.#reader.peek(1)?.[0];
    if (type === undefined) return undefined;
    if (this.#expectsInit) {
      this.#expectsInit = false;
      this.#reader.take(1);
      return { kind: "client-init", shared: type !== 0 };
    }
    switch (type) {
      case 0:
        return this.#fixed(20, (bytes) => ({ kind: "set-pixel-format", format: parsePixelFormat(bytes.subarray(4)) }));
      case 2:
        return this.#setEncodings();
      case 3:
        return this.#fixed(10, (bytes) => ({
          kind: "framebuffer-update-request",
          incremental: bytes[1] !== 0,
          x: readU16(bytes, 2),
          y: readU16(bytes, 4),
          width: readU16(bytes, 6),
          height: readU16(bytes, 8),
        }));
      case 4:
        return this.#fixed(8, (bytes) => ({ kind: "key", down: bytes[1] !== 0, keysym: readU32(bytes, 4) }));
      case 5:
        return this.#fixed(6, (bytes) => ({
          kind: "pointer",
          buttons: bytes[1] ?? 0,
          x: readU16(bytes, 2),
          y: readU16(bytes, 4),
        }));
      case 6:
        return this.#cutText();
      default:
        throw new ProtocolError("rfb.malformed", `the client sent message type ${type}, which was not offered`);
    }
  }

  #fixed(length: number, read: (bytes: Uint8Array) => ClientMessage): ClientMessage | undefined {
    const bytes = this.#reader.take(length);
    return bytes === undefined ? undefined : read(bytes);
  }

  #setEncodings(): ClientMessage | undefined {
    const head = this.#reader.peek(4);
    if (head === undefined) return undefined;
    const count = readU16(head, 2);
    if (count > encodingsMax) {
      throw new ProtocolError("rfb.too-large", `the client lists ${count} encodings, at most ${encodingsMax} are read`);
    }
    return this.#fixed(4 + 4 * count, (bytes) => ({
      kind: "set-encodings",
      encodings: Array.from({ length: count }, (_, index) => readS32(bytes, 4 + 4 * index)),
    }));
  }

  #cutText(): ClientMessage | undefined {
    const head = this.#reader.peek(8);
    if (head === undefined) return undefined;
    const length = readU32(head, 4);
    if (length > cutTextBytesMax) {
      throw new ProtocolError(
        "rfb.too-large",
        `the clipboard has ${length} bytes, at most ${cutTextBytesMax} are read`,
      );
    }
    return this.#fixed(8 + length, (bytes) => ({
      kind: "cut-text",
      text: Buffer.from(bytes.subarray(8)).toString("latin1"),
    }));
  }
}
