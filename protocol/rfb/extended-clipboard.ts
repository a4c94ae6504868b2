// The extended clipboard (rfbproto): cut-text messages of negative length that carry any text, and only when it is wanted.
import { ProtocolError } from "../protocol-error.ts";
import { concatenate, readU32, writeU32 } from "./numbers.ts";

/** Most bytes of a message's compressed data, and of the text in it. */
export const extendedClipboardBytesMax = 262_144;
export const clipboardTextBytesMax = 1_048_576;

/** Lower 16 bits: formats; upper bits: what the message does. */
export const clipboardFormats = { text: 1 } as const;
export const clipboardActions = {
  capabilities: 1 << 24,
  request: 1 << 25,
  peek: 1 << 26,
  notify: 1 << 27,
  provide: 1 << 28,
} as const;
const allActions = 0x1f000000;

export type ClipboardMessage =
  /** Longest text that is taken without being asked for, in bytes. */
  | { readonly kind: "capabilities"; readonly actions: number; readonly textBytesMax: number }
  | { readonly kind: "request" | "peek" | "notify"; readonly hasText: boolean }
  | { readonly kind: "provide"; readonly text: string | undefined };

export interface ClipboardZlib {
  /** One whole zlib stream. */
  readonly deflate: (bytes: Uint8Array) => Uint8Array;
  /** The inverse; throws above `bytesMax` and for what is no zlib. */
  readonly inflate: (bytes: Uint8Array, bytesMax: number) => Uint8Array;
}

/** Head of a cut-text message: type, three bytes of padding, a length that is negative here. */
const headBytes = 8;

/** `type`: 3 from a server, 6 from a client. */
export function writeClipboardMessage(type: 3 | 6, message: ClipboardMessage, zlib: ClipboardZlib): Uint8Array {
  const body = writeBody(message, zlib);
  return concatenate(Uint8Array.of(type, 0, 0, 0), writeU32(-body.length), body);
}

/** Length of a whole message from its head, if its length says that it is an extended one. Throws ProtocolError `rfb.too-large`. */
export function clipboardMessageBytes(head: Uint8Array): number | undefined {
  const length = -(readU32(head, 4) | 0);
  if (length <= 0) return undefined;
  if (length > extendedClipboardBytesMax) {
    throw new ProtocolError(
      "rfb.too-large",
      `a clipboard message of ${length} bytes, at most ${extendedClipboardBytesMax} are read`,
    );
  }
  return headBytes + length;
}

/** Reads a whole message. Throws ProtocolError `rfb.malformed` or `rfb.too-large`. */
export function readClipboardMessage(bytes: Uint8Array, zlib: ClipboardZlib): ClipboardMessage {
  if (bytes.length < headBytes + 4) throw malformed("a message without flags");
  const flags = readU32(bytes, headBytes);
  const hasText = (flags & clipboardFormats.text) !== 0;
  // The capabilities list their actions in the same bits.
  if ((flags & clipboardActions.capabilities) !== 0) {
    const textBytesMax = hasText && bytes.length >= headBytes + 8 ? readU32(bytes, headBytes + 4) : 0;
    return { kind: "capabilities", actions: flags & allActions, textBytesMax };
  }
  if ((flags & clipboardActions.request) !== 0) return { kind: "request", hasText };
  if ((flags & clipboardActions.peek) !== 0) return { kind: "peek", hasText };
  if ((flags & clipboardActions.notify) !== 0) return { kind: "notify", hasText };
  if ((flags & clipboardActions.provide) === 0) throw malformed("a message that does nothing");
  return { kind: "provide", text: hasText ? readText(bytes.subarray(headBytes + 4), zlib) : undefined };
}

function writeBody(message: ClipboardMessage, { deflate }: ClipboardZlib): Uint8Array {
  if (message.kind === "capabilities") {
    const flags = message.actions | clipboardActions.capabilities | clipboardFormats.text;
    return concatenate(writeU32(flags), writeU32(message.textBytesMax));
  }
  if (message.kind !== "provide") {
    return writeU32(clipboardActions[message.kind] | (message.hasText ? clipboardFormats.text : 0));
  }
  if (message.text === undefined) return writeU32(clipboardActions.provide);
  // Lines end with CR LF and the text with a zero.
  const text = Buffer.from(`${message.text.replaceAll(/\r?\n/g, "\r\n")}\0`, "utf8");
  return concatenate(
    writeU32(clipboardActions.provide | clipboardFormats.text),
    deflate(concatenate(writeU32(text.length), text)),
  );
}

function readText(compressed: Uint8Array, { inflate }: ClipboardZlib): string {
  let data: Uint8Array;
  try {
    data = inflate(compressed, clipboardTextBytesMax + 4);
  } catch (error) {
    throw malformed(error instanceof Error ? error.message : "no zlib");
  }
  if (data.length < 4) throw malformed("a text without a length");
  const length = readU32(data);
  if (length > data.length - 4) throw malformed(`a text of ${length} bytes in ${data.length - 4}`);
  const text = Buffer.from(data.subarray(4, 4 + length)).toString("utf8");
  return text.replace(/\0$/, "").replaceAll("\r\n", "\n");
}

function malformed(what: string): ProtocolError {
  return new ProtocolError("rfb.malformed", `clipboard: ${what}`);
}
