// ExtendedDesktopSize and SetDesktopSize (rfbproto): the server tells its screens, and the client asks for others.
import { ProtocolError } from "../protocol-error.ts";
import { concatenate, readU16, readU32, writeU16s, writeU32 } from "./numbers.ts";
import type { Rectangle } from "./pixel-format.ts";
import { clientMessageTypes } from "./pseudo-encodings.ts";

/** Most screens that one message may list. */
export const screensMax = 16;

/** One of the screens that make up the picture. */
export interface ScreenLayout extends Rectangle {
  readonly id: number;
  readonly flags: number;
}

/** `x` of the rectangle: who asked. */
export const resizeReasons = { server: 0, thisClient: 1, otherClient: 2 } as const;

/** `y` of the rectangle: what became of it. */
export const resizeStatuses = { done: 0, prohibited: 1, outOfResources: 2, invalidLayout: 3 } as const;

const screenBytes = 16;
const setHeadBytes = 8;

/** What follows the header of an ExtendedDesktopSize rectangle, whose width and height are the picture's. */
export function writeScreens(screens: readonly ScreenLayout[]): Uint8Array {
  return concatenate(Uint8Array.of(screens.length, 0, 0, 0), ...screens.map(writeScreen));
}

/** Length of what follows the rectangle's header, from its first byte. */
export function screensBytes(count: number): number {
  return 4 + screenBytes * count;
}

/** Reads what `writeScreens` wrote. Throws ProtocolError `rfb.malformed` or `rfb.too-large`. */
export function readScreens(bytes: Uint8Array): readonly ScreenLayout[] {
  return readList(bytes, 4, bytes[0] ?? 0);
}

/** The client's wish. */
export function writeSetDesktopSize(
  size: { readonly width: number; readonly height: number },
  screens: readonly ScreenLayout[],
): Uint8Array {
  const head = concatenate(Uint8Array.of(clientMessageTypes.setDesktopSize, 0), writeU16s(size.width, size.height));
  return concatenate(head, Uint8Array.of(screens.length, 0), ...screens.map(writeScreen));
}

/** Length of a SetDesktopSize, once its first eight bytes are there. Throws ProtocolError `rfb.too-large`. */
export function setDesktopSizeBytes(head: Uint8Array): number {
  const count = head[6] ?? 0;
  checkCount(count);
  return setHeadBytes + screenBytes * count;
}

/** Reads a whole SetDesktopSize. */
export function readSetDesktopSize(bytes: Uint8Array): {
  readonly width: number;
  readonly height: number;
  readonly screens: readonly ScreenLayout[];
} {
  const screens = readList(bytes, setHeadBytes, bytes[6] ?? 0);
  return { width: readU16(bytes, 2), height: readU16(bytes, 4), screens };
}

function readList(bytes: Uint8Array, offset: number, count: number): readonly ScreenLayout[] {
  checkCount(count);
  if (bytes.length !== offset + count * screenBytes) {
    throw new ProtocolError("rfb.malformed", `a list of ${count} screens has ${bytes.length} bytes`);
  }
  return Array.from({ length: count }, (_, index) => {
    const at = offset + index * screenBytes;
    const [x, y] = [readU16(bytes, at + 4), readU16(bytes, at + 6)];
    const [width, height] = [readU16(bytes, at + 8), readU16(bytes, at + 10)];
    return { id: readU32(bytes, at), x, y, width, height, flags: readU32(bytes, at + 12) };
  });
}

function checkCount(count: number): void {
  if (count > screensMax) throw new ProtocolError("rfb.too-large", `${count} screens, at most ${screensMax} are read`);
}

function writeScreen({ id, x, y, width, height, flags }: ScreenLayout): Uint8Array {
  return concatenate(writeU32(id), writeU16s(x, y, width, height), writeU32(flags));
}
