// Reads one tile of ZRLE (RFC 6143 section 7.7.6) in any of its forms.
import { ProtocolError } from "../protocol-error.ts";
import { getPixel, type PixelLayout } from "./pixel-bytes.ts";
import type { Rectangle } from "./pixel-format.ts";
import { packedBits, packedPaletteMax, packedRowBytes } from "./zrle-tile-encoder.ts";

/** Inflated data and how far it has been read. */
export interface TileSource {
  readonly bytes: Uint8Array;
  offset: number;
}

/** Pixel values of the tile, row by row. Throws ProtocolError `rfb.malformed` naming the tile. */
export function decodeTile(source: TileSource, tile: Rectangle, layout: PixelLayout): Uint32Array {
  const reading: Reading = { source, tile, layout };
  const form = nextByte(reading);
  if (form === 0) return raw(reading);
  if (form === 1) return solid(reading);
  if (form <= packedPaletteMax) return packed(reading, form);
  if (form === 128) return runs(reading, undefined);
  if (form >= 130) return runs(reading, palette(reading, form - 128));
  throw malformed(reading, `form ${form} does not exist`);
}

interface Reading {
  readonly source: TileSource;
  readonly tile: Rectangle;
  readonly layout: PixelLayout;
}

function raw(reading: Reading): Uint32Array {
  return pixels(reading, pixelCount(reading));
}

function solid(reading: Reading): Uint32Array {
  const [value = 0] = pixels(reading, 1);
  return new Uint32Array(pixelCount(reading)).fill(value);
}

function packed(reading: Reading, size: number): Uint32Array {
  const colours = palette(reading, size);
  const { width, height } = reading.tile;
  const bits = packedBits(size);
  const rowBytes = packedRowBytes(width, size);
  const rows = take(reading, rowBytes * height);
  return new Uint32Array(pixelCount(reading)).map((_, index) => {
    const bit = (index % width) * bits;
    const byte = rows[Math.floor(index / width) * rowBytes + (bit >> 3)] ?? 0;
    return colour(reading, colours, (byte >> (8 - bits - (bit & 7))) & ((1 << bits) - 1));
  });
}

/** Plain runs without a palette, else runs of its colours. */
function runs(reading: Reading, colours: Uint32Array | undefined): Uint32Array {
  const values = new Uint32Array(pixelCount(reading));
  let at = 0;
  while (at < values.length) {
    const index = colours === undefined ? 128 : nextByte(reading);
    const value = colours === undefined ? (pixels(reading, 1)[0] ?? 0) : colour(reading, colours, index & 127);
    const length = index < 128 ? 1 : runLength(reading);
    if (length > values.length - at) throw malformed(reading, `a run of ${length} pixels goes over its end`);
    values.fill(value, at, at + length);
    at += length;
  }
  return values;
}

function runLength(reading: Reading): number {
  let length = 1;
  for (;;) {
    const byte = nextByte(reading);
    length += byte;
    if (byte !== 255) return length;
  }
}

function palette(reading: Reading, size: number): Uint32Array {
  return pixels(reading, size);
}

function colour(reading: Reading, colours: Uint32Array, index: number): number {
  const value = colours[index];
  if (value === undefined) throw malformed(reading, `colour ${index} is not in its palette of ${colours.length}`);
  return value;
}

function pixels(reading: Reading, count: number): Uint32Array {
  const { layout } = reading;
  const bytes = take(reading, count * layout.bytes);
  return new Uint32Array(count).map((_, index) => getPixel(bytes, index * layout.bytes, layout));
}

function nextByte(reading: Reading): number {
  return take(reading, 1)[0] ?? 0;
}

function take(reading: Reading, length: number): Uint8Array {
  const { source } = reading;
  const end = source.offset + length;
  if (end > source.bytes.length) throw malformed(reading, "the data ends in it");
  const bytes = source.bytes.subarray(source.offset, end);
  source.offset = end;
  return bytes;
}

function pixelCount(reading: Reading): number {
  return reading.tile.width * reading.tile.height;
}

function malformed(reading: Reading, what: string): ProtocolError {
  return new ProtocolError("rfb.malformed", `ZRLE tile at ${reading.tile.x},${reading.tile.y}: ${what}`);
}
