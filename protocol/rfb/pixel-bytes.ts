// Pixel values of one, two, three or four bytes in either byte order, as Raw and ZRLE have them.
import type { PixelFormat } from "./pixel-format.ts";

/** How one pixel lies in bytes: value = the bytes as one number, times 2 to the power of `shift`. */
export interface PixelLayout {
  readonly bytes: 1 | 2 | 3 | 4;
  readonly bigEndian: boolean;
  readonly shift: 0 | 8;
}

/** PIXEL of RFC 6143 section 7.7.1. */
export function pixelLayout(format: PixelFormat): PixelLayout {
  const bytes = format.bitsPerPixel === 8 ? 1 : format.bitsPerPixel === 16 ? 2 : 4;
  return { bytes, bigEndian: format.bigEndian, shift: 0 };
}

/**
 * CPIXEL of RFC 6143 section 7.7.5: three bytes if all colours fit into the lower or the upper three of four. Where
 * both are possible the RFC leaves it open; TigerVNC sends the last three of the four bytes [measured, Xvnc].
 */
export function compressedPixelLayout(format: PixelFormat): PixelLayout {
  if (format.bitsPerPixel !== 32 || format.depth > 24) return pixelLayout(format);
  const { redMax, greenMax, blueMax, redShift, greenShift, blueShift } = format;
  const used = ((redMax << redShift) | (greenMax << greenShift) | (blueMax << blueShift)) >>> 0;
  const fitsLower = used < 0x1000000;
  const fitsUpper = (used & 0xff) === 0;
  if (!fitsLower && !fitsUpper) return pixelLayout(format);
  const takesLower = format.bigEndian ? fitsLower : !fitsUpper;
  return { bytes: 3, bigEndian: format.bigEndian, shift: takesLower ? 0 : 8 };
}

/** Writes one pixel value and returns the offset behind it. */
export function putPixel(target: Uint8Array, offset: number, value: number, layout: PixelLayout): number {
  const shifted = value >>> layout.shift;
  for (let index = 0; index < layout.bytes; index++) {
    const place = layout.bigEndian ? layout.bytes - 1 - index : index;
    target[offset + place] = (shifted >>> (8 * index)) & 0xff;
  }
  return offset + layout.bytes;
}

/** Reads one pixel value; bytes that are not there count as 0. */
export function getPixel(source: Uint8Array, offset: number, layout: PixelLayout): number {
  let value = 0;
  for (let index = 0; index < layout.bytes; index++) {
    const place = layout.bigEndian ? index : layout.bytes - 1 - index;
    value = (value << 8) | (source[offset + place] ?? 0);
  }
  return (value << layout.shift) >>> 0;
}
