// Hextile encoding (RFC 6143 section 7.7.4), the server's side: tiles of 16 by 16 pixels, each a background with subrectangles.
import { concatenate } from "./numbers.ts";
import { type PixelLayout, pixelLayout, putPixel } from "./pixel-bytes.ts";
import { type Framebuffer, type PixelFormat, pixelEncoder, type Rectangle, requireInside } from "./pixel-format.ts";
import { encodedValues } from "./rectangle-values.ts";

/** Width and height of a tile in pixels; those at the right and lower edge may be smaller. */
export const hextileSize = 16;

/** Bits of a tile's first byte. */
export const hextileBits = { raw: 1, background: 2, foreground: 4, subrectangles: 8, coloured: 16 } as const;

const subrectanglesMax = 255;

interface Subrectangle {
  readonly value: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Colours that carry over from one tile to the next; none behind a raw one. */
interface Carried {
  background: number | undefined;
  foreground: number | undefined;
}

/** What follows the rectangle's header. */
export function encodeHextile(frame: Framebuffer, rect: Rectangle, format: PixelFormat): Uint8Array {
  requireInside(frame, rect);
  const layout = pixelLayout(format);
  const encode = pixelEncoder(format);
  const carried: Carried = { background: undefined, foreground: undefined };
  const tiles: Uint8Array[] = [];
  for (const tile of hextilesOf(rect))
    tiles.push(encodeTile(encodedValues(frame, tile, encode), tile.width, layout, carried));
  return concatenate(...tiles);
}

/** From left to right, then from top to bottom. */
export function* hextilesOf(rect: Rectangle): Generator<Rectangle> {
  for (let y = 0; y < rect.height; y += hextileSize) {
    for (let x = 0; x < rect.width; x += hextileSize) {
      const width = Math.min(hextileSize, rect.width - x);
      const height = Math.min(hextileSize, rect.height - y);
      yield { x: rect.x + x, y: rect.y + y, width, height };
    }
  }
}

function encodeTile(values: Uint32Array, width: number, layout: PixelLayout, carried: Carried): Uint8Array {
  const counts = countsOf(values);
  const background = mostCommon(counts);
  const parts = counts.size === 1 ? [] : subrectanglesOf(values, width, background);
  const isColoured = counts.size > 2;
  const rawBytes = 1 + values.length * layout.bytes;
  const partBytes = parts.length * (2 + (isColoured ? layout.bytes : 0));
  // The worst of the rest: both colours and the count.
  if (parts.length > subrectanglesMax || partBytes + 2 + 2 * layout.bytes >= rawBytes) {
    carried.background = undefined;
    carried.foreground = undefined;
    return rawTile(values, layout);
  }
  const tile = new Uint8Array(2 + 2 * layout.bytes + partBytes);
  let bits = 0;
  let end = 1;
  if (carried.background !== background) {
    bits |= hextileBits.background;
    end = putPixel(tile, end, background, layout);
    carried.background = background;
  }
  const [first] = parts;
  if (first !== undefined) {
    bits |= hextileBits.subrectangles;
    if (isColoured) {
      bits |= hextileBits.coloured;
      // A client may take the last subrectangle's colour for the foreground: it is told anew.
      carried.foreground = undefined;
    } else if (carried.foreground !== first.value) {
      bits |= hextileBits.foreground;
      end = putPixel(tile, end, first.value, layout);
      carried.foreground = first.value;
    }
    tile[end++] = parts.length;
    for (const part of parts) {
      if (isColoured) end = putPixel(tile, end, part.value, layout);
      tile[end++] = (part.x << 4) | part.y;
      tile[end++] = ((part.width - 1) << 4) | (part.height - 1);
    }
  }
  tile[0] = bits;
  return tile.subarray(0, end);
}

function rawTile(values: Uint32Array, layout: PixelLayout): Uint8Array {
  const tile = new Uint8Array(1 + values.length * layout.bytes);
  tile[0] = hextileBits.raw;
  let end = 1;
  for (const value of values) end = putPixel(tile, end, value, layout);
  return tile;
}

/** How often each value comes; runs of one value are counted as they are. */
function countsOf(values: Uint32Array): Map<number, number> {
  const counts = new Map<number, number>();
  let start = 0;
  for (let at = 1; at <= values.length; at++) {
    if (values[at] === values[start] && at < values.length) continue;
    const value = values[start] ?? 0;
    counts.set(value, (counts.get(value) ?? 0) + at - start);
    start = at;
  }
  return counts;
}

function mostCommon(counts: ReadonlyMap<number, number>): number {
  let best = 0;
  let bestCount = 0;
  for (const [value, count] of counts) {
    if (count > bestCount) [best, bestCount] = [value, count];
  }
  return best;
}

/** Parts of one colour that cover everything but the background: as wide as they can be, then as high. */
function subrectanglesOf(values: Uint32Array, width: number, background: number): Subrectangle[] {
  const height = values.length / width;
  const isDone = new Uint8Array(values.length);
  const parts: Subrectangle[] = [];
  for (let at = 0; at < values.length; at++) {
    const value = values[at] ?? 0;
    if (value === background || isDone[at] === 1) continue;
    const [x, y] = [at % width, Math.floor(at / width)];
    const isFree = (column: number, row: number) =>
      values[row * width + column] === value && isDone[row * width + column] === 0;
    let right = x + 1;
    while (right < width && isFree(right, y)) right++;
    let bottom = y + 1;
    while (bottom < height && rowIsFree(isFree, x, right, bottom)) bottom++;
    for (let row = y; row < bottom; row++) isDone.fill(1, row * width + x, row * width + right);
    parts.push({ value, x, y, width: right - x, height: bottom - y });
    if (parts.length > subrectanglesMax) return parts;
  }
  return parts;
}

function rowIsFree(isFree: (x: number, y: number) => boolean, left: number, right: number, row: number): boolean {
  for (let x = left; x < right; x++) if (!isFree(x, row)) return false;
  return true;
}
