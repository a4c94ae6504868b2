// Tight encoding (rfbproto, number 7), the server's side, without loss: one colour, a palette, a gradient or plain pixels.
import { ProtocolError } from "../protocol-error.ts";
import { concatenate } from "./numbers.ts";
import { type PixelLayout, putPixel } from "./pixel-bytes.ts";
import { type Framebuffer, type PixelFormat, type Rectangle, requireInside } from "./pixel-format.ts";
import { valuesOf } from "./rectangle-values.ts";
import {
  componentsOf,
  gradientGuess,
  type TightStream,
  tightControls,
  tightFilters,
  tightPixels,
  tightPlainBytesMax,
  tightStreams,
  tightWidthMax,
  writeCompactLength,
} from "./tight-pixels.ts";

export interface TightEncoder {
  /** Compresses with that one of the connection's four streams and flushes. */
  readonly deflate: (stream: TightStream, bytes: Uint8Array) => Uint8Array;
  /** Many colours go through the gradient filter, which old clients lack. Default false. */
  readonly usesGradient?: boolean;
}

const paletteMax = 256;
/** Servers send no larger ones, so that clients can decode in a small buffer. */
const areaMax = 65_536;

/** Parts of a rectangle that may each be sent by Tight. */
export function* tightParts(rect: Rectangle): Generator<Rectangle> {
  for (let x = 0; x < rect.width; x += tightWidthMax) {
    const width = Math.min(tightWidthMax, rect.width - x);
    const rows = Math.max(1, Math.floor(areaMax / width));
    for (let y = 0; y < rect.height; y += rows) {
      yield { x: rect.x + x, y: rect.y + y, width, height: Math.min(rows, rect.height - y) };
    }
  }
}

/** What follows the rectangle's header. Throws ProtocolError `rfb.malformed` for one wider than `tightWidthMax`. */
export function encodeTight(
  frame: Framebuffer,
  rect: Rectangle,
  format: PixelFormat,
  encoder: TightEncoder,
): Uint8Array {
  requireInside(frame, rect);
  if (rect.width > tightWidthMax) throw new ProtocolError("rfb.malformed", `Tight: ${rect.width} pixels in a row`);
  const { format: own, layout } = tightPixels(format);
  const values = valuesOf(frame, rect, own);
  const palette = paletteOf(values);
  if (palette === undefined) {
    const isGradient = encoder.usesGradient === true && format.bitsPerPixel !== 8;
    return isGradient ? gradient(values, rect, own, encoder) : plain(values, layout, encoder);
  }
  if (palette.size === 1) return concatenate(Uint8Array.of(tightControls.fill), pixelBytes(palette.keys(), 1, layout));
  // A palette that is as long as the pixels saves nothing.
  if (palette.size * layout.bytes + values.length >= values.length * layout.bytes && palette.size > 2) {
    return plain(values, layout, encoder);
  }
  return paletted(values, rect, palette, { layout, encoder });
}

/** Colours by their index, in the order in which they come; undefined above 256. */
function paletteOf(values: Uint32Array): Map<number, number> | undefined {
  const palette = new Map<number, number>();
  let last: number | undefined;
  for (const value of values) {
    // Most pixels are as the one before.
    if (value === last) continue;
    last = value;
    if (palette.has(value)) continue;
    if (palette.size === paletteMax) return undefined;
    palette.set(value, palette.size);
  }
  return palette;
}

function plain(values: Uint32Array, layout: PixelLayout, encoder: TightEncoder): Uint8Array {
  const data = pixelBytes(values, values.length, layout);
  return concatenate(Uint8Array.of(tightStreams.copy << 4), compressed(tightStreams.copy, data, encoder));
}

function paletted(
  values: Uint32Array,
  rect: Rectangle,
  palette: ReadonlyMap<number, number>,
  { layout, encoder }: { readonly layout: PixelLayout; readonly encoder: TightEncoder },
): Uint8Array {
  const stream = palette.size === 2 ? tightStreams.twoColours : tightStreams.palette;
  const head = Uint8Array.of((stream << 4) | tightControls.explicitFilter, tightFilters.palette, palette.size - 1);
  const colours = pixelBytes(palette.keys(), palette.size, layout);
  const indices = indicesOf(values, palette);
  const data = palette.size === 2 ? packedBits(indices, rect.width) : indices;
  return concatenate(head, colours, compressed(stream, data, encoder));
}

function indicesOf(values: Uint32Array, palette: ReadonlyMap<number, number>): Uint8Array {
  const indices = new Uint8Array(values.length);
  let last: number | undefined;
  let index = 0;
  for (let at = 0; at < values.length; at++) {
    const value = values[at] ?? 0;
    if (value !== last) index = palette.get(value) ?? 0;
    last = value;
    indices[at] = index;
  }
  return indices;
}

/** One bit for each pixel, the leftmost highest; each row begins with a byte of its own. */
function packedBits(indices: Uint8Array, width: number): Uint8Array {
  const rowBytes = Math.ceil(width / 8);
  const height = indices.length / width;
  const packed = new Uint8Array(rowBytes * height);
  for (let at = 0; at < indices.length; at++) {
    if (indices[at] === 0) continue;
    const [x, y] = [at % width, Math.floor(at / width)];
    packed[y * rowBytes + (x >> 3)] = (packed[y * rowBytes + (x >> 3)] ?? 0) | (0x80 >> (x & 7));
  }
  return packed;
}

function gradient(values: Uint32Array, rect: Rectangle, format: PixelFormat, encoder: TightEncoder): Uint8Array {
  const { layout } = tightPixels(format);
  const differences = new Uint32Array(values.length);
  for (const { shift, max } of componentsOf(format)) {
    const part = (at: number): number => ((values[at] ?? 0) >>> shift) & max;
    for (let at = 0; at < values.length; at++) {
      const hasLeft = at % rect.width > 0;
      const hasAbove = at >= rect.width;
      const left = hasLeft ? part(at - 1) : 0;
      const above = hasAbove ? part(at - rect.width) : 0;
      const corner = hasLeft && hasAbove ? part(at - rect.width - 1) : 0;
      const difference = (part(at) - gradientGuess(left, above, corner, max)) & max;
      differences[at] = ((differences[at] ?? 0) | (difference << shift)) >>> 0;
    }
  }
  const head = Uint8Array.of((tightStreams.gradient << 4) | tightControls.explicitFilter, tightFilters.gradient);
  return concatenate(
    head,
    compressed(tightStreams.gradient, pixelBytes(differences, differences.length, layout), encoder),
  );
}

function compressed(stream: TightStream, data: Uint8Array, { deflate }: TightEncoder): Uint8Array {
  if (data.length <= tightPlainBytesMax) return data;
  const packed = deflate(stream, data);
  return concatenate(writeCompactLength(packed.length), packed);
}

function pixelBytes(values: Iterable<number>, count: number, layout: PixelLayout): Uint8Array {
  const bytes = new Uint8Array(count * layout.bytes);
  let end = 0;
  for (const value of values) end = putPixel(bytes, end, value, layout);
  return bytes;
}
