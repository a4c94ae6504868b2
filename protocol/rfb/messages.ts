// The messages of RFB after the handshake (RFC 6143 sections 7.3 to 7.6), as far as a simple server and client need them.
import { concatenate, writeU16s, writeU32 } from "./numbers.ts";
import { type PixelFormat, type Rectangle, writePixelFormat } from "./pixel-format.ts";

export type { Framebuffer, PixelFormat, Rectangle } from "./pixel-format.ts";

/** Encoding numbers (RFC 6143 section 7.7); negative ones are pseudo-encodings. */
export const encodings = { raw: 0, copyRectangle: 1, zrle: 16, cursor: -239, desktopSize: -223 } as const;

/** Longest text of a clipboard message that is read, in bytes. */
export const cutTextBytesMax = 262_144;

/** Longest name of a desktop that is read or written, in bytes. */
export const desktopNameBytesMax = 4096;

/** What a client says. */
export type ClientMessage =
  /** Only the first message, if the reader was told to expect it. */
  | { readonly kind: "client-init"; readonly shared: boolean }
  | { readonly kind: "set-pixel-format"; readonly format: PixelFormat }
  /** In the client's order of preference. */
  | { readonly kind: "set-encodings"; readonly encodings: readonly number[] }
  | ({ readonly kind: "framebuffer-update-request"; readonly incremental: boolean } & Rectangle)
  /** `keysym` as X11 numbers keys. */
  | { readonly kind: "key"; readonly down: boolean; readonly keysym: number }
  /** `buttons`: bit 0 is the left button, bits 3 and 4 the wheel. */
  | { readonly kind: "pointer"; readonly buttons: number; readonly x: number; readonly y: number }
  | { readonly kind: "cut-text"; readonly text: string };

/** The first message behind the handshake. */
export interface ServerInit {
  /** 1 to 65535 pixels. */
  readonly width: number;
  readonly height: number;
  readonly format: PixelFormat;
  readonly name: string;
}

/** One rectangle of an update; `payload` is what follows its header. */
export interface EncodedRectangle extends Rectangle {
  readonly encoding: number;
  readonly payload: Uint8Array;
}

/** What a server says. */
export type ServerMessage =
  /** Only the first message, if the reader was told to expect it. */
  | ({ readonly kind: "server-init" } & ServerInit)
  | { readonly kind: "framebuffer-update"; readonly rectangles: readonly EncodedRectangle[] }
  /** Each colour 0 to 65535. */
  | {
      readonly kind: "set-colour-map-entries";
      readonly first: number;
      readonly colours: readonly (readonly [red: number, green: number, blue: number])[];
    }
  | { readonly kind: "bell" }
  | { readonly kind: "cut-text"; readonly text: string };

export function writeClientInit(shared: boolean): Uint8Array {
  return Uint8Array.of(shared ? 1 : 0);
}

export function writeSetPixelFormat(format: PixelFormat): Uint8Array {
  return concatenate(Uint8Array.of(0, 0, 0, 0), writePixelFormat(format));
}

/** In order of preference. */
export function writeSetEncodings(list: readonly number[]): Uint8Array {
  return concatenate(Uint8Array.of(2, 0), writeU16s(list.length), ...list.map(writeU32));
}

export function writeFramebufferUpdateRequest(rect: Rectangle, incremental: boolean): Uint8Array {
  return concatenate(Uint8Array.of(3, incremental ? 1 : 0), writeU16s(rect.x, rect.y, rect.width, rect.height));
}

export function writeKeyEvent(keysym: number, down: boolean): Uint8Array {
  return concatenate(Uint8Array.of(4, down ? 1 : 0, 0, 0), writeU32(keysym));
}

export function writePointerEvent(pointer: {
  readonly x: number;
  readonly y: number;
  readonly buttons: number;
}): Uint8Array {
  return concatenate(Uint8Array.of(5, pointer.buttons), writeU16s(pointer.x, pointer.y));
}

/** Latin-1 by the protocol; other characters become `?`. */
export function writeClientCutText(text: string): Uint8Array {
  return writeCutText(6, text);
}

export function writeServerInit(init: ServerInit): Uint8Array {
  const name = Buffer.from(init.name, "utf8").subarray(0, desktopNameBytesMax);
  return concatenate(writeU16s(init.width, init.height), writePixelFormat(init.format), writeU32(name.length), name);
}

/** Followed by as many rectangles, each a header and its payload. */
export function writeFramebufferUpdateHeader(rectangles: number): Uint8Array {
  return concatenate(Uint8Array.of(0, 0), writeU16s(rectangles));
}

/** Followed by the encoding's payload. */
export function writeRectangleHeader(rect: Rectangle, encoding: number): Uint8Array {
  return concatenate(writeU16s(rect.x, rect.y, rect.width, rect.height), writeU32(encoding));
}

/** A whole update. */
export function writeFramebufferUpdate(rectangles: readonly EncodedRectangle[]): Uint8Array {
  const parts = rectangles.flatMap((rect) => [writeRectangleHeader(rect, rect.encoding), rect.payload]);
  return concatenate(writeFramebufferUpdateHeader(rectangles.length), ...parts);
}

/** Each colour 0 to 65535. */
export function writeSetColourMapEntries(
  first: number,
  colours: readonly (readonly [red: number, green: number, blue: number])[],
): Uint8Array {
  const entries = colours.map((colour) => writeU16s(...colour));
  return concatenate(Uint8Array.of(1, 0), writeU16s(first, colours.length), ...entries);
}

export function writeBell(): Uint8Array {
  return Uint8Array.of(2);
}

/** Latin-1 by the protocol; other characters become `?`. */
export function writeServerCutText(text: string): Uint8Array {
  return writeCutText(3, text);
}

function writeCutText(type: number, text: string): Uint8Array {
  const latin = Buffer.from(text.replace(/[\u0100-\u{10ffff}]/gu, "?"), "latin1");
  return concatenate(Uint8Array.of(type, 0, 0, 0), writeU32(latin.length), latin);
}
