// Reads everything that a viewer may say to a server that knows the common extensions, from bytes in any pieces.
import { ByteReader } from "../byte-reader.ts";
import { ProtocolError } from "../protocol-error.ts";
import { ClientMessageReader } from "./client-message-reader.ts";
import { readSetDesktopSize, type ScreenLayout } from "./desktop-size.ts";
import {
  type ClipboardMessage,
  type ClipboardZlib,
  clipboardMessageBytes,
  extendedClipboardBytesMax,
  readClipboardMessage,
} from "./extended-clipboard.ts";
import { type Fence, fenceHeadBytes } from "./fence.ts";
import { type ClientMessage, cutTextBytesMax } from "./messages.ts";
import { readU16, readU32 } from "./numbers.ts";
import type { Rectangle } from "./pixel-format.ts";
import { clientMessageTypes } from "./pseudo-encodings.ts";
import { viewerHeadBytes, viewerMessageBytes } from "./viewer-message-length.ts";

export type ViewerMessage =
  | ClientMessage
  | { readonly kind: "clipboard"; readonly message: ClipboardMessage }
  | { readonly kind: "fence"; readonly fence: Fence }
  | ({ readonly kind: "continuous-updates"; readonly isOn: boolean } & Rectangle)
  | {
      readonly kind: "set-desktop-size";
      readonly width: number;
      readonly height: number;
      readonly screens: readonly ScreenLayout[];
    };

const sliceBytes = 16_384;

/** Holds at most one message (and a slice of what is handed in). */
export class ViewerMessageReader {
  readonly #zlib: ClipboardZlib;
  readonly #plain = new ClientMessageReader();
  readonly #reader = new ByteReader(
    8 + Math.max(cutTextBytesMax, extendedClipboardBytesMax) + sliceBytes,
    () => new ProtocolError("rfb.too-large", "the viewer's message is longer than any that is read"),
  );
  #expectsInit = true;

  /** The first byte is ClientInit (RFC 6143 section 7.3.1). */
  constructor(zlib: ClipboardZlib) {
    this.#zlib = zlib;
  }

  /** Every message that is whole by now. Throws ProtocolError; then the connection is lost. */
  *push(bytes: Uint8Array): Generator<ViewerMessage> {
    for (let at = 0; at < bytes.length; at += sliceBytes) {
      this.#reader.push(bytes.subarray(at, at + sliceBytes));
      for (let message = this.#next(); message !== undefined; message = this.#next()) yield message;
    }
  }

  #next(): ViewerMessage | undefined {
    if (this.#expectsInit) {
      const init = this.#reader.take(1);
      if (init === undefined) return undefined;
      this.#expectsInit = false;
      return { kind: "client-init", shared: init[0] !== 0 };
    }
    const head = this.#reader.peek(Math.min(this.#reader.available, viewerHeadBytes)) ?? noBytes;
    const length = viewerMessageBytes(head);
    const bytes = length === undefined ? undefined : this.#reader.take(length);
    return bytes && this.#read(head[0] ?? 0, bytes);
  }

  #read(type: number, bytes: Uint8Array): ViewerMessage | undefined {
    switch (type) {
      case clientMessageTypes.enableContinuousUpdates: {
        const [x, y, width, height] = [readU16(bytes, 2), readU16(bytes, 4), readU16(bytes, 6), readU16(bytes, 8)];
        return { kind: "continuous-updates", isOn: bytes[1] !== 0, x, y, width, height };
      }
      case clientMessageTypes.fence:
        return { kind: "fence", fence: { flags: readU32(bytes, 4), payload: bytes.subarray(fenceHeadBytes) } };
      case clientMessageTypes.setDesktopSize:
        return { kind: "set-desktop-size", ...readSetDesktopSize(bytes) };
      case clientMessageTypes.qemu:
        return { kind: "key", down: readU16(bytes, 2) !== 0, keysym: readU32(bytes, 4) };
      case 6:
        if (clipboardMessageBytes(bytes) !== undefined) {
          return { kind: "clipboard", message: readClipboardMessage(bytes, this.#zlib) };
        }
    }
    return this.#plain.push(bytes)[0];
  }
}

const noBytes = new Uint8Array(0);
