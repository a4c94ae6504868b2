// Writes one tile of ZRLE (RFC 6143 section 7.7.6) in the shortest of its forms.
import { type PixelLayout, putPixel } from "./pixel-bytes.ts";

/** Width and height of a tile in pixels; those at the right and lower edge may be smaller. */
export const tileSize = 64;

/** Palettes of a packed tile have 2 to 16 colours, those of palette RLE 2 to 127. */
export const packedPaletteMax = 16;
export const runPaletteMax = 127;

interface Run {
  readonly value: number;
  readonly length: number;
}

/** `values` are pixel values row by row, at least one. */
export function encodeTile(values: Uint32Array, width: number, layout: PixelLayout): Uint8Array {
  const runs = runsOf(values);
  const [first = { value: 0, length: 0 }] = runs;
  if (runs.length === 1) return solid(first.value, layout);
  const palette = paletteOf(runs);
  const height = values.length / width;
  const rawSize = 1 + values.length * layout.bytes;
  const runSize = 1 + sum(runs, (run) => layout.bytes + lengthBytes(run.length));
  const fitsPacked = palette.size <= packedPaletteMax;
  const packedSize = fitsPacked
    ? 1 + palette.size * layout.bytes + height * packedRowBytes(width, palette.size)
    : Infinity;
  const fitsPalette = palette.size <= runPaletteMax;
  const paletteRunSize = fitsPalette
    ? 1 + palette.size * layout.bytes + sum(runs, (run) => (run.length === 1 ? 1 : 1 + lengthBytes(run.length)))
    : Infinity;
  const best = Math.min(rawSize, runSize, packedSize, paletteRunSize);
  // At equal size the form that is quickest to read.
  if (best === packedSize) return packed(values, width, palette, layout, packedSize);
  if (best === rawSize) return raw(values, layout, rawSize);
  if (best === paletteRunSize) return paletteRuns(runs, palette, layout, paletteRunSize);
  return plainRuns(runs, layout, runSize);
}

/** Bits per index in a packed tile: 1, 2 or 4. */
export function packedBits(paletteSize: number): number {
  return paletteSize === 2 ? 1 : paletteSize <= 4 ? 2 : 4;
}

/** Rows of a packed tile begin on a byte. */
export function packedRowBytes(width: number, paletteSize: number): number {
  return Math.ceil((width * packedBits(paletteSize)) / 8);
}

function solid(value: number, layout: PixelLayout): Uint8Array {
  const bytes = new Uint8Array(1 + layout.bytes);
  bytes[0] = 1;
  putPixel(bytes, 1, value, layout);
  return bytes;
}

function raw(values: Uint32Array, layout: PixelLayout, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let offset = 1;
  for (const value of values) offset = putPixel(bytes, offset, value, layout);
  return bytes;
}

function packed(
  values: Uint32Array,
  width: number,
  palette: ReadonlyMap<number, number>,
  layout: PixelLayout,
  size: number,
): Uint8Array {
  const bytes = new Uint8Array(size);
  bytes[0] = palette.size;
  const start = putPalette(bytes, palette, layout);
  const bits = packedBits(palette.size);
  const rowBytes = packedRowBytes(width, palette.size);
  values.forEach((value, index) => {
    const bit = (index % width) * bits;
    const place = start + Math.floor(index / width) * rowBytes + (bit >> 3);
    // The leftmost pixel has the highest bits.
    bytes[place] = (bytes[place] ?? 0) | ((palette.get(value) ?? 0) << (8 - bits - (bit & 7)));
  });
  return bytes;
}

function plainRuns(runs: readonly Run[], layout: PixelLayout, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  bytes[0] = 128;
  let offset = 1;
  for (const run of runs) offset = putLength(bytes, putPixel(bytes, offset, run.value, layout), run.length);
  return bytes;
}

function paletteRuns(
  runs: readonly Run[],
  palette: ReadonlyMap<number, number>,
  layout: PixelLayout,
  size: number,
): Uint8Array {
  const bytes = new Uint8Array(size);
  bytes[0] = 128 + palette.size;
  let offset = putPalette(bytes, palette, layout);
  for (const run of runs) {
    const index = palette.get(run.value) ?? 0;
    bytes[offset++] = run.length === 1 ? index : index | 128;
    if (run.length > 1) offset = putLength(bytes, offset, run.length);
  }
  return bytes;
}

function putPalette(bytes: Uint8Array, palette: ReadonlyMap<number, number>, layout: PixelLayout): number {
  let offset = 1;
  for (const value of palette.keys()) offset = putPixel(bytes, offset, value, layout);
  return offset;
}

/** A run is its length minus one as a sum of bytes, of which only the last is below 255. */
function putLength(bytes: Uint8Array, start: number, length: number): number {
  let offset = start;
  let rest = length - 1;
  for (; rest >= 255; rest -= 255) bytes[offset++] = 255;
  bytes[offset++] = rest;
  return offset;
}

function lengthBytes(length: number): number {
  return Math.floor((length - 1) / 255) + 1;
}

function runsOf(values: Uint32Array): Run[] {
  const runs: Run[] = [];
  let start = 0;
  for (let index = 1; index <= values.length; index++) {
    if (index < values.length && values[index] === values[start]) continue;
    runs.push({ value: values[start] ?? 0, length: index - start });
    start = index;
  }
  return runs;
}

/** Colours in order of appearance; stops one above what any palette may have. */
function paletteOf(runs: readonly Run[]): Map<number, number> {
  const palette = new Map<number, number>();
  for (const run of runs) {
    if (!palette.has(run.value)) palette.set(run.value, palette.size);
    if (palette.size > runPaletteMax) break;
  }
  return palette;
}

function sum(runs: readonly Run[], size: (run: Run) => number): number {
  let total = 0;
  for (const run of runs) total += size(run);
  return total;
}
