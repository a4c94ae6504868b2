// The Cursor pseudo-encoding (RFC 6143 section 7.8.1): the pointer's shape, which the client then draws itself.
import { ProtocolError } from "../protocol-error.ts";
import { concatenate } from "./numbers.ts";
import { createFramebuffer, type Framebuffer, type PixelFormat } from "./pixel-format.ts";
import { decodeRaw, encodeRaw, rawBytes } from "./raw.ts";

/** A pointer. It is seen where `mask` has a 1; of an invisible one width and height are 0. */
export interface CursorShape {
  readonly picture: Framebuffer;
  /** One for each pixel, row by row: 0 or 1. */
  readonly mask: Uint8Array;
}

/** Length of what follows the rectangle's header. */
export function cursorBytes(size: { readonly width: number; readonly height: number }, format: PixelFormat): number {
  return rawBytes({ x: 0, y: 0, ...size }, format) + Math.ceil(size.width / 8) * size.height;
}

/** What follows the header of a rectangle whose `x` and `y` are the hot spot. */
export function encodeCursor({ picture, mask }: CursorShape, format: PixelFormat): Uint8Array {
  const { width, height } = picture;
  const rowBytes = Math.ceil(width / 8);
  const bits = new Uint8Array(rowBytes * height);
  for (let at = 0; at < mask.length; at++) {
    const [x, y] = [at % width, Math.floor(at / width)];
    const place = y * rowBytes + (x >> 3);
    if (mask[at] === 1) bits[place] = (bits[place] ?? 0) | (0x80 >> (x & 7));
  }
  return concatenate(encodeRaw(picture, { x: 0, y: 0, width, height }, format), bits);
}

/** Reads what `encodeCursor` wrote. Throws ProtocolError `rfb.malformed` for a wrong length. */
export function decodeCursor(
  { width, height }: { readonly width: number; readonly height: number },
  format: PixelFormat,
  bytes: Uint8Array,
): CursorShape {
  if (bytes.length !== cursorBytes({ width, height }, format)) {
    throw new ProtocolError("rfb.malformed", "the cursor's length does not fit its size");
  }
  const picture = createFramebuffer(width, height);
  const area = { x: 0, y: 0, width, height };
  const pixelsEnd = rawBytes(area, format);
  decodeRaw(picture, area, format, bytes.subarray(0, pixelsEnd));
  const rowBytes = Math.ceil(width / 8);
  const mask = new Uint8Array(width * height);
  for (let at = 0; at < mask.length; at++) {
    const [x, y] = [at % width, Math.floor(at / width)];
    mask[at] = ((bytes[pixelsEnd + y * rowBytes + (x >> 3)] ?? 0) >> (7 - (x & 7))) & 1;
  }
  return { picture, mask };
}
