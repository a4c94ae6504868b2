// Reads everything that a server with the common extensions may say, from bytes in any pieces, for clients that know them.
import { ByteReader } from "../byte-reader.ts";
import { ProtocolError } from "../protocol-error.ts";
import { cursorBytes } from "./cursor.ts";
import { screensBytes } from "./desktop-size.ts";
import {
  type ClipboardMessage,
  type ClipboardZlib,
  clipboardMessageBytes,
  readClipboardMessage,
} from "./extended-clipboard.ts";
import { type Fence, fenceBytes, fenceHeadBytes } from "./fence.ts";
import { hextileBytes } from "./hextile-decoder.ts";
import {
  cutTextBytesMax,
  desktopNameBytesMax,
  type EncodedRectangle,
  encodings,
  type ServerMessage,
} from "./messages.ts";
import { readS32, readU16, readU32 } from "./numbers.ts";
import { type PixelFormat, pixelFormatBytes, type Rectangle } from "./pixel-format.ts";
import { pixelEncodings, pseudoEncodings, serverMessageTypes } from "./pseudo-encodings.ts";
import { rawBytes } from "./raw.ts";
import { rectangleBytesMax, rectanglesMax, ServerMessageReader } from "./server-message-reader.ts";
import { tightBytes } from "./tight-decoding.ts";

export type PanelMessage =
  | ServerMessage
  | { readonly kind: "clipboard"; readonly message: ClipboardMessage }
  | { readonly kind: "fence"; readonly fence: Fence }
  | { readonly kind: "end-of-continuous-updates" };

const sliceBytes = 65_536;
const headBytes = 12;
/** Number of rectangles of an update that ends with LastRect. */
const openEnd = 0xffff;

export class PanelMessageReader {
  readonly #zlib: ClipboardZlib;
  readonly #plain: ServerMessageReader;
  readonly #reader = new ByteReader(
    headBytes + 4 + rectangleBytesMax + sliceBytes,
    () => new ProtocolError("rfb.too-large", "the server's message is longer than any that is read"),
  );
  #format: PixelFormat;
  #expectsInit = true;
  #update: { readonly count: number; readonly rectangles: EncodedRectangle[] } | undefined;

  /** The first bytes are ServerInit, whose pixel format counts from then on. */
  constructor(options: { readonly format: PixelFormat; readonly zlib: ClipboardZlib }) {
    this.#format = options.format;
    this.#zlib = options.zlib;
    this.#plain = new ServerMessageReader({ format: options.format, startsWithServerInit: true });
  }

  /** The pixel format that the server was told to use. */
  setFormat(format: PixelFormat): void {
    this.#format = format;
  }

  /** Every message that is whole by now. Throws ProtocolError. */
  *push(bytes: Uint8Array): Generator<PanelMessage> {
    for (let at = 0; at < bytes.length; at += sliceBytes) {
      this.#reader.push(bytes.subarray(at, at + sliceBytes));
      for (let message = this.#next(); message !== undefined; message = this.#next()) yield message;
    }
  }

  #next(): PanelMessage | undefined {
    if (this.#expectsInit) return this.#serverInit();
    if (this.#update !== undefined) return this.#rectangles(this.#update);
    const type = this.#reader.peek(1)?.[0];
    switch (type) {
      case undefined:
        return undefined;
      case 0:
        return this.#updateHeader();
      case 1:
        return this.#plainMessage(6, (head) => 6 + 6 * readU16(head, 4));
      case 2:
        return this.#plainMessage(1, () => 1);
      case 3:
        return this.#cutText();
      case serverMessageTypes.endOfContinuousUpdates:
        this.#reader.take(1);
        return { kind: "end-of-continuous-updates" };
      case serverMessageTypes.fence: {
        const bytes = this.#take(fenceHeadBytes, fenceBytes);
        return bytes && { kind: "fence", fence: { flags: readU32(bytes, 4), payload: bytes.subarray(fenceHeadBytes) } };
      }
      default:
        throw new ProtocolError("rfb.malformed", `the server sent message type ${type}, which was not asked for`);
    }
  }

  #serverInit(): PanelMessage | undefined {
    const nameAt = 4 + pixelFormatBytes + 4;
    const message = this.#plainMessage(
      nameAt,
      (head) => nameAt + limited(readU32(head, nameAt - 4), desktopNameBytesMax),
    );
    if (message?.kind === "server-init") {
      this.#expectsInit = false;
      this.#format = message.format;
    }
    return message;
  }

  #cutText(): PanelMessage | undefined {
    const head = this.#reader.peek(8);
    if (head === undefined) return undefined;
    const extended = clipboardMessageBytes(head);
    if (extended === undefined) return this.#plainMessage(8, () => 8 + limited(readU32(head, 4), cutTextBytesMax));
    const bytes = this.#reader.take(extended);
    return bytes && { kind: "clipboard", message: readClipboardMessage(bytes, this.#zlib) };
  }

  /** RFC 6143's own messages are read by their own reader, one at a time. */
  #plainMessage(head: number, length: (head: Uint8Array) => number): ServerMessage | undefined {
    const bytes = this.#take(head, length);
    return bytes && this.#plain.push(bytes)[0];
  }

  #take(headLength: number, length: (head: Uint8Array) => number): Uint8Array | undefined {
    const head = this.#reader.peek(headLength);
    return head && this.#reader.take(length(head));
  }

  #updateHeader(): PanelMessage | undefined {
    const head = this.#reader.take(4);
    if (head === undefined) return undefined;
    const count = readU16(head, 2);
    if (count > rectanglesMax && count !== openEnd) throw tooLarge(`an update of ${count} rectangles`);
    this.#update = { count, rectangles: [] };
    return this.#rectangles(this.#update);
  }

  #rectangles(update: { readonly count: number; readonly rectangles: EncodedRectangle[] }): PanelMessage | undefined {
    while (update.rectangles.length < update.count) {
      if (update.rectangles.length > rectanglesMax) throw tooLarge("an update of too many rectangles");
      const next = this.#rectangle();
      if (next === undefined) return undefined;
      if (next.encoding === pseudoEncodings.lastRectangle) break;
      update.rectangles.push(next);
    }
    this.#update = undefined;
    return { kind: "framebuffer-update", rectangles: update.rectangles };
  }

  #rectangle(): EncodedRectangle | undefined {
    const head = this.#reader.peek(headBytes);
    if (head === undefined) return undefined;
    const rect = { x: readU16(head, 0), y: readU16(head, 2), width: readU16(head, 4), height: readU16(head, 6) };
    const encoding = readS32(head, 8);
    const length = this.#payloadBytes(rect, encoding);
    if (length === undefined) return undefined;
    if (length > rectangleBytesMax) throw tooLarge(`a rectangle of ${length} bytes`);
    const bytes = this.#reader.take(headBytes + length);
    return bytes && { ...rect, encoding, payload: bytes.subarray(headBytes) };
  }

  #payloadBytes(rect: Rectangle, encoding: number): number | undefined {
    switch (encoding) {
      case encodings.raw:
        return rawBytes(rect, this.#format);
      case encodings.copyRectangle:
        return 4;
      case encodings.zrle:
      case pseudoEncodings.desktopName:
        return this.#counted(4, (head) => 4 + readU32(head, headBytes));
      case pixelEncodings.hextile:
        return hextileBytes(this.#all(), headBytes, rect, this.#format);
      case pixelEncodings.tight:
        return tightBytes(this.#all(), headBytes, rect, this.#format);
      case encodings.cursor:
        return cursorBytes(rect, this.#format);
      case pseudoEncodings.extendedDesktopSize:
        return this.#counted(1, (head) => screensBytes(head[headBytes] ?? 0));
      case encodings.desktopSize:
      case pseudoEncodings.lastRectangle:
      case pseudoEncodings.qemuExtendedKey:
        return 0;
      default:
        throw new ProtocolError("rfb.unsupported", `the server sent encoding ${encoding}, which was not asked for`);
    }
  }

  #counted(bytes: number, length: (head: Uint8Array) => number): number | undefined {
    const head = this.#reader.peek(headBytes + bytes);
    return head && length(head);
  }

  #all(): Uint8Array {
    return this.#reader.peek(this.#reader.available) ?? new Uint8Array(0);
  }
}

function limited(length: number, max: number): number {
  if (length > max) throw tooLarge(`a text of ${length} bytes`);
  return length;
}

function tooLarge(what: string): ProtocolError {
  return new ProtocolError("rfb.too-large", `${what}, which is more than is read`);
}
