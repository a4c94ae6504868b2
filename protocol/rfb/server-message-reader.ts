// Reads a server's messages (RFC 6143 sections 7.3.2 and 7.6) from bytes in any pieces, for clients.
import { ByteReader } from "../byte-reader.ts";
import { ProtocolError } from "../protocol-error.ts";
import {
  cutTextBytesMax,
  desktopNameBytesMax,
  type EncodedRectangle,
  encodings,
  type ServerMessage,
} from "./messages.ts";
import { readS32, readU16, readU32 } from "./numbers.ts";
import { type PixelFormat, parsePixelFormat, pixelFormatBytes, type Rectangle } from "./pixel-format.ts";
import { rawBytes } from "./raw.ts";

/** Largest payload of one rectangle that is read, in bytes: 4096 by 4096 pixels of four bytes. */
export const rectangleBytesMax = 67_108_864;

/** Most rectangles in one update that are read. */
export const rectanglesMax = 4096;

const sliceBytes = 65_536;
const rectangleHeaderBytes = 12;

/** Reads Raw, CopyRect, ZRLE, Cursor and DesktopSize rectangles; ask for no other encodings. */
export class ServerMessageReader {
  readonly #reader = new ByteReader(
    rectangleHeaderBytes + 4 + rectangleBytesMax + sliceBytes,
    () => new ProtocolError("rfb.too-large", "the server's message is longer than any that is read"),
  );
  #format: PixelFormat;
  #expectsInit: boolean;
  #update: { readonly count: number; readonly rectangles: EncodedRectangle[] } | undefined;

  /** `startsWithServerInit`: the first bytes are ServerInit, whose pixel format counts from then on. Default false. */
  constructor(options: { readonly format: PixelFormat; readonly startsWithServerInit?: boolean }) {
    this.#format = options.format;
    this.#expectsInit = options.startsWithServerInit === true;
  }

  /** The pixel format that the server was told to use: it sets the length of Raw rectangles that come from now on. */
  setFormat(format: PixelFormat): void {
    this.#format = format;
  }

  /** Every message that is whole by now. Throws ProtocolError `rfb.malformed`, `rfb.unsupported` or `rfb.too-large`. */
  push(bytes: Uint8Array): ServerMessage[] {
    const messages: ServerMessage[] = [];
    for (let at = 0; at < bytes.length; at += sliceBytes) {
      this.#reader.push(bytes.subarray(at, at + sliceBytes));
      for (let message = this.#next(); message !== undefined; message = this.#next()) messages.push(message);
    }
    return messages;
  }

  #next(): ServerMessage | undefined {
    if (this.#expectsInit) return this.#serverInit();
    if (this.#update !== undefined) return this.#rectangles(this.#update);
    const type = this.#reader.peek(1)?.[0];
    switch (type) {
      case undefined:
        return undefined;
      case 0:
        return this.#updateHeader();
      case 1:
        return this.#colourMapEntries();
      case 2:
        this.#reader.take(1);
        return { kind: "bell" };
      case 3: {
        const bytes = this.#withLength(8, 4, cutTextBytesMax, "clipboard");
        return bytes && { kind: "cut-text", text: Buffer.from(bytes.subarray(8)).toString("latin1") };
      }
      default:
        throw new ProtocolError("rfb.malformed", `the server sent message type ${type}, which was not asked for`);
    }
  }

  #serverInit(): ServerMessage | undefined {
    const formatEnd = 4 + pixelFormatBytes;
    const bytes = this.#withLength(formatEnd + 4, formatEnd, desktopNameBytesMax, "desktop name");
    if (bytes === undefined) return undefined;
    this.#expectsInit = false;
    this.#format = parsePixelFormat(bytes.subarray(4, formatEnd));
    const name = Buffer.from(bytes.subarray(formatEnd + 4)).toString("utf8");
    return { kind: "server-init", width: readU16(bytes, 0), height: readU16(bytes, 2), format: this.#format, name };
  }

  #updateHeader(): ServerMessage | undefined {
    const head = this.#reader.take(4);
    if (head === undefined) return undefined;
    const count = readU16(head, 2);
    if (count > rectanglesMax) {
      throw new ProtocolError("rfb.too-large", `an update of ${count} rectangles, at most ${rectanglesMax} are read`);
    }
    this.#update = { count, rectangles: [] };
    return this.#rectangles(this.#update);
  }

  #rectangles(update: { readonly count: number; readonly rectangles: EncodedRectangle[] }): ServerMessage | undefined {
    while (update.rectangles.length < update.count) {
      const head = this.#reader.peek(rectangleHeaderBytes);
      if (head === undefined) return undefined;
      const rect = { x: readU16(head, 0), y: readU16(head, 2), width: readU16(head, 4), height: readU16(head, 6) };
      const encoding = readS32(head, 8);
      const length = this.#payloadBytes(rect, encoding);
      if (length === undefined) return undefined;
      if (length > rectangleBytesMax) {
        throw new ProtocolError(
          "rfb.too-large",
          `a rectangle of ${length} bytes, at most ${rectangleBytesMax} are read`,
        );
      }
      const bytes = this.#reader.take(rectangleHeaderBytes + length);
      if (bytes === undefined) return undefined;
      update.rectangles.push({ ...rect, encoding, payload: bytes.subarray(rectangleHeaderBytes) });
    }
    this.#update = undefined;
    return { kind: "framebuffer-update", rectangles: update.rectangles };
  }

  #payloadBytes(rect: Rectangle, encoding: number): number | undefined {
    switch (encoding) {
      case encodings.raw:
        return rawBytes(rect, this.#format);
      case encodings.copyRectangle:
        return 4;
      case encodings.zrle: {
        const head = this.#reader.peek(rectangleHeaderBytes + 4);
        return head && 4 + readU32(head, rectangleHeaderBytes);
      }
      case encodings.cursor:
        return rawBytes(rect, this.#format) + Math.ceil(rect.width / 8) * rect.height;
      case encodings.desktopSize:
        return 0;
      default:
        throw new ProtocolError("rfb.unsupported", `the server sent encoding ${encoding}, which was not asked for`);
    }
  }

  #colourMapEntries(): ServerMessage | undefined {
    const head = this.#reader.peek(6);
    if (head === undefined) return undefined;
    const count = readU16(head, 4);
    const bytes = this.#reader.take(6 + 6 * count);
    if (bytes === undefined) return undefined;
    const colours = Array.from({ length: count }, (_, index) => {
      const at = 6 + 6 * index;
      return [readU16(bytes, at), readU16(bytes, at + 2), readU16(bytes, at + 4)] as const;
    });
    return { kind: "set-colour-map-entries", first: readU16(bytes, 2), colours };
  }

  /** A message of `headBytes` that tell at `lengthOffset` how much follows. */
  #withLength(headBytes: number, lengthOffset: number, lengthMax: number, what: string): Uint8Array | undefined {
    const head = this.#reader.peek(headBytes);
    if (head === undefined) return undefined;
    const length = readU32(head, lengthOffset);
    if (length > lengthMax) {
      throw new ProtocolError("rfb.too-large", `a ${what} of ${length} bytes, at most ${lengthMax} are read`);
    }
    return this.#reader.take(headBytes + length);
  }
}
