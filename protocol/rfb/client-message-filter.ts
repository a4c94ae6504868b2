// Changes what a client says to a panel that cannot stand it: encodings that it does not know, or colours that it exchanges.
import { ByteReader } from "../byte-reader.ts";
import { ProtocolError } from "../protocol-error.ts";
import { extendedClipboardBytesMax } from "./extended-clipboard.ts";
import { cutTextBytesMax, encodings, writeSetEncodings, writeSetPixelFormat } from "./messages.ts";
import { readS32 } from "./numbers.ts";
import { type PixelFormat, parsePixelFormat, pixelFormatBytes, writePixelFormat } from "./pixel-format.ts";
import { viewerHeadBytes, viewerMessageBytes } from "./viewer-message-length.ts";

export interface ClientMessageFilterOptions {
  /** Encodings that may stand in the client's list; all, if it is left out. Raw stays in any case. */
  readonly encodings?: readonly number[];
  /** The panel puts blue where the agreed format has red, and red where it has blue. */
  readonly swapsRedAndBlue?: boolean;
}

/** Encodings whose pixels do not follow the agreed format: Tight, its PNG form, and JPEG. */
const ownColours: readonly number[] = [7, -260, 21];

/** Towards the panel: takes the client's bytes behind the handshake and gives those that pass. */
export class ClientMessageFilter {
  readonly #options: ClientMessageFilterOptions;
  readonly #reader = new ByteReader(
    8 + Math.max(cutTextBytesMax, extendedClipboardBytesMax) + viewerHeadBytes + 65_536,
    () => new ProtocolError("rfb.too-large", "the client's message is longer than any that is read"),
  );
  #expectsInit = true;
  #isThrough = false;

  constructor(options: ClientMessageFilterOptions) {
    this.#options = options;
  }

  /** Bytes of a message that is not whole yet. */
  get heldBytes(): number {
    return this.#reader.available;
  }

  /** What passes. Behind a message that cannot be told apart everything passes as it is. */
  receive(bytes: Uint8Array): Uint8Array {
    if (this.#isThrough) return bytes;
    const passed: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += 65_536) {
      const piece = bytes.subarray(at, at + 65_536);
      if (this.#isThrough) passed.push(piece);
      else this.#pass(piece, passed);
    }
    return Buffer.concat(passed);
  }

  #pass(piece: Uint8Array, passed: Uint8Array[]): void {
    this.#reader.push(piece);
    try {
      for (let message = this.#next(); message !== undefined; message = this.#next())
        passed.push(this.#changed(message));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#isThrough = true;
      passed.push(this.#reader.takeAll());
    }
  }

  #next(): Uint8Array | undefined {
    if (this.#expectsInit) {
      const init = this.#reader.take(1);
      if (init !== undefined) this.#expectsInit = false;
      // ClientInit is no message with a type: it passes as it is.
      return init;
    }
    const head = this.#reader.peek(Math.min(this.#reader.available, viewerHeadBytes));
    const length = head && viewerMessageBytes(head);
    return length === undefined ? undefined : this.#reader.take(length);
  }

  #changed(message: Uint8Array): Uint8Array {
    const { swapsRedAndBlue } = this.#options;
    if (message.length === 20 && message[0] === 0 && swapsRedAndBlue === true) return withExchangedColours(message);
    return message.length >= 4 && message[0] === 2 ? this.#shortened(message) : message;
  }

  #shortened(message: Uint8Array): Uint8Array {
    const { encodings: allowed, swapsRedAndBlue } = this.#options;
    const list = Array.from({ length: (message.length - 4) / 4 }, (_, index) => readS32(message, 4 + 4 * index));
    const passes = (encoding: number): boolean =>
      encoding === encodings.raw ||
      ((allowed === undefined || allowed.includes(encoding)) &&
        !(swapsRedAndBlue === true && ownColours.includes(encoding)));
    const kept = list.filter(passes);
    return kept.length === list.length ? message : writeSetEncodings(kept);
  }
}

const formatAt = 4;

/** Towards the client of a panel that exchanges red and blue: its ServerInit names the format that its pixels really have. */
export class ServerInitExchanger {
  readonly #held: number[] = [];
  #isThrough = false;

  get isThrough(): boolean {
    return this.#isThrough;
  }

  /** What passes; the first 20 bytes when all of them are there. Throws ProtocolError for a format that cannot be. */
  receive(bytes: Uint8Array): Uint8Array {
    if (this.#isThrough) return bytes;
    const end = formatAt + pixelFormatBytes;
    const part = bytes.subarray(0, end - this.#held.length);
    this.#held.push(...part);
    if (this.#held.length < end) return new Uint8Array(0);
    this.#isThrough = true;
    const head = Uint8Array.from(this.#held);
    const format = writePixelFormat(exchanged(parsePixelFormat(head.subarray(formatAt))));
    return Buffer.concat([head.subarray(0, formatAt), format, bytes.subarray(part.length)]);
  }
}

/** One that cannot be passes as it is: the panel says what it thinks of it. */
function withExchangedColours(message: Uint8Array): Uint8Array {
  try {
    return writeSetPixelFormat(exchanged(parsePixelFormat(message.subarray(4))));
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return message;
  }
}

function exchanged(format: PixelFormat): PixelFormat {
  const { redMax, blueMax, redShift, blueShift } = format;
  return { ...format, redMax: blueMax, blueMax: redMax, redShift: blueShift, blueShift: redShift };
}
