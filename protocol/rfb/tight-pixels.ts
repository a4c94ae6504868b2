// What both sides of the Tight encoding (rfbproto, number 7) share: its pixels, its lengths, its control bytes.
import type { PixelLayout } from "./pixel-bytes.ts";
import { pixelLayout } from "./pixel-bytes.ts";
import type { PixelFormat } from "./pixel-format.ts";

/** No rectangle may be wider. */
export const tightWidthMax = 2048;

/** Data that are shorter are not compressed. */
export const tightPlainBytesMax = 11;

/** Upper four bits of the control byte; lower values name a zlib stream, with or without a filter. */
export const tightControls = { fill: 0x80, jpeg: 0x90, explicitFilter: 0x40 } as const;

export const tightFilters = { copy: 0, palette: 1, gradient: 2 } as const;

/** The zlib stream that servers take for each kind of data. */
export const tightStreams = { copy: 0, twoColours: 1, palette: 2, gradient: 3 } as const;
export type TightStream = 0 | 1 | 2 | 3;

/** TPIXEL: how a pixel lies in bytes, and in which format its value is. */
export interface TightPixels {
  readonly format: PixelFormat;
  readonly layout: PixelLayout;
}

/** Three bytes red, green, blue for 24 bits in 32 with 255 shades each; the client's own format otherwise. */
export function tightPixels(format: PixelFormat): TightPixels {
  const { bitsPerPixel, depth, redMax, greenMax, blueMax } = format;
  if (bitsPerPixel === 32 && depth === 24 && redMax === 255 && greenMax === 255 && blueMax === 255) {
    const three: PixelFormat = { ...format, bigEndian: true, redShift: 16, greenShift: 8, blueShift: 0 };
    return { format: three, layout: { bytes: 3, bigEndian: true, shift: 0 } };
  }
  return { format, layout: pixelLayout(format) };
}

/** A length in one to three bytes of seven, seven and eight bits, the lowest first; at most 4194303. */
export function writeCompactLength(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length);
  if (length < 0x4000) return Uint8Array.of((length & 0x7f) | 0x80, length >> 7);
  return Uint8Array.of((length & 0x7f) | 0x80, ((length >> 7) & 0x7f) | 0x80, length >> 14);
}

/** The length at `offset` and where it ends; undefined while bytes of it are missing. */
export function readCompactLength(bytes: Uint8Array, offset: number): { length: number; end: number } | undefined {
  let length = 0;
  for (let index = 0; index < 3; index++) {
    const byte = bytes[offset + index];
    if (byte === undefined) return undefined;
    length |= (index === 2 ? byte : byte & 0x7f) << (7 * index);
    if (index === 2 || byte < 0x80) return { length, end: offset + index + 1 };
  }
  return undefined;
}

/** The gradient filter's guess for a pixel, from its neighbours to the left, above, and above to the left. */
export function gradientGuess(left: number, above: number, corner: number, max: number): number {
  return Math.min(max, Math.max(0, left + above - corner));
}

/** The three colours of a format: where they are and how many shades they have. */
export function componentsOf(format: PixelFormat): readonly { readonly shift: number; readonly max: number }[] {
  return [
    { shift: format.redShift, max: format.redMax },
    { shift: format.greenShift, max: format.greenMax },
    { shift: format.blueShift, max: format.blueMax },
  ];
}
