// Tight encoding (rfbproto, number 7), the client's side without JPEG: how long a rectangle is, and what it draws.
import { ProtocolError } from "../protocol-error.ts";
import { getPixel, type PixelLayout } from "./pixel-bytes.ts";
import { type Framebuffer, type PixelFormat, type Rectangle, requireInside } from "./pixel-format.ts";
import { drawValues } from "./rectangle-values.ts";
import {
  componentsOf,
  gradientGuess,
  readCompactLength,
  type TightStream,
  tightControls,
  tightFilters,
  tightPixels,
  tightPlainBytesMax,
  tightWidthMax,
} from "./tight-pixels.ts";

export interface TightDecoder {
  /** Decompresses with that one of the connection's four streams; may throw above `bytesMax`. */
  readonly inflate: (stream: TightStream, bytes: Uint8Array, bytesMax: number) => Uint8Array;
  /** The stream begins anew. */
  readonly reset: (stream: TightStream) => void;
}

interface Head {
  readonly resets: number;
  /** Undefined for a fill. */
  readonly stream?: TightStream;
  readonly filter: number;
  /** Where the palette, or a fill's colour, begins, and how many colours there are. */
  readonly coloursAt: number;
  readonly colours: number;
  /** Length of the data before compression. */
  readonly dataBytes: number;
  readonly dataAt: number;
}

/** Length in bytes of a Tight rectangle that begins at `offset`; undefined while its end cannot be told yet. */
export function tightBytes(
  bytes: Uint8Array,
  offset: number,
  rect: Rectangle,
  format: PixelFormat,
): number | undefined {
  const head = readHead(bytes, offset, rect, tightPixels(format).layout);
  if (head === undefined) return undefined;
  if (head.stream === undefined) return head.dataAt - offset;
  if (head.dataBytes <= tightPlainBytesMax) return head.dataAt + head.dataBytes - offset;
  const compact = readCompactLength(bytes, head.dataAt);
  return compact && compact.end + compact.length - offset;
}

function readHead(bytes: Uint8Array, offset: number, rect: Rectangle, layout: PixelLayout): Head | undefined {
  const control = bytes[offset];
  if (control === undefined) return undefined;
  const resets = control & 15;
  const kind = control & 0xf0;
  const at = offset + 1;
  if (kind === tightControls.fill) {
    return { resets, filter: 0, coloursAt: at, colours: 1, dataBytes: 0, dataAt: at + layout.bytes };
  }
  if (kind >= tightControls.fill) throw new ProtocolError("rfb.unsupported", `Tight: control byte ${control}`);
  const stream = ((control >> 4) & 3) as TightStream;
  const pixels = rect.width * rect.height;
  const hasFilter = (control & tightControls.explicitFilter) !== 0;
  const filter = hasFilter ? bytes[at] : tightFilters.copy;
  if (filter === undefined) return undefined;
  if (filter > tightFilters.gradient) throw malformed(`filter ${filter} does not exist`);
  const plain = { resets, stream, filter, coloursAt: 0, colours: 0, dataBytes: pixels * layout.bytes };
  if (filter !== tightFilters.palette) return { ...plain, dataAt: at + Number(hasFilter) };
  const last = bytes[at + 1];
  if (last === undefined) return undefined;
  const colours = last + 1;
  const dataBytes = colours <= 2 ? Math.ceil(rect.width / 8) * rect.height : pixels;
  const coloursAt = at + 2;
  return { ...plain, coloursAt, colours, dataBytes, dataAt: coloursAt + colours * layout.bytes };
}

/** Draws what follows a Tight rectangle's header. Throws ProtocolError `rfb.malformed` or `rfb.unsupported` (JPEG). */
export function decodeTight(
  frame: Framebuffer,
  rect: Rectangle,
  format: PixelFormat,
  { bytes, decoder }: { readonly bytes: Uint8Array; readonly decoder: TightDecoder },
): void {
  requireInside(frame, rect);
  if (rect.width > tightWidthMax) throw malformed(`${rect.width} pixels in a row`);
  if (tightBytes(bytes, 0, rect, format) !== bytes.length) throw malformed("the length does not fit the data");
  const { format: own, layout } = tightPixels(format);
  const head = readHead(bytes, 0, rect, layout);
  if (head === undefined) throw malformed("no control byte");
  for (const stream of [0, 1, 2, 3] as const) if ((head.resets & (1 << stream)) !== 0) decoder.reset(stream);
  const palette = pixels(bytes.subarray(head.coloursAt, head.coloursAt + head.colours * layout.bytes), layout);
  if (head.stream === undefined) {
    drawValues(frame, rect, own, new Uint32Array(rect.width * rect.height).fill(palette[0] ?? 0));
    return;
  }
  const data = dataOf(bytes, head, head.stream, decoder);
  drawValues(frame, rect, own, filtered(data, head, { rect, palette, format: own, layout }));
}

function dataOf(bytes: Uint8Array, head: Head, stream: TightStream, decoder: TightDecoder): Uint8Array {
  if (head.dataBytes <= tightPlainBytesMax) return bytes.subarray(head.dataAt);
  const compact = readCompactLength(bytes, head.dataAt);
  const data = decoder.inflate(stream, bytes.subarray(compact?.end), head.dataBytes);
  if (data.length !== head.dataBytes) throw malformed(`${data.length} bytes where ${head.dataBytes} belong`);
  return data;
}

function filtered(
  data: Uint8Array,
  { filter }: Head,
  {
    rect,
    palette,
    format,
    layout,
  }: { rect: Rectangle; palette: Uint32Array; format: PixelFormat; layout: PixelLayout },
): Uint32Array {
  switch (filter) {
    case tightFilters.copy:
      return pixels(data, layout);
    case tightFilters.palette:
      return fromPalette(data, rect, palette);
    default:
      return fromGradient(pixels(data, layout), rect.width, format);
  }
}

function fromPalette(data: Uint8Array, { width, height }: Rectangle, palette: Uint32Array): Uint32Array {
  const rowBytes = palette.length <= 2 ? Math.ceil(width / 8) : width;
  const values = new Uint32Array(width * height);
  for (let at = 0; at < values.length; at++) {
    const [x, y] = [at % width, Math.floor(at / width)];
    const byte = (column: number) => data[y * rowBytes + column] ?? 0;
    const index = palette.length <= 2 ? (byte(x >> 3) >> (7 - (x & 7))) & 1 : byte(x);
    const value = palette[index];
    if (value === undefined) throw malformed(`colour ${index} of a palette of ${palette.length}`);
    values[at] = value;
  }
  return values;
}

function fromGradient(differences: Uint32Array, width: number, format: PixelFormat): Uint32Array {
  const values = new Uint32Array(differences.length);
  for (const { shift, max } of componentsOf(format)) {
    const part = (at: number): number => ((values[at] ?? 0) >>> shift) & max;
    for (let at = 0; at < values.length; at++) {
      const hasLeft = at % width > 0;
      const hasAbove = at >= width;
      const left = hasLeft ? part(at - 1) : 0;
      const above = hasAbove ? part(at - width) : 0;
      const corner = hasLeft && hasAbove ? part(at - width - 1) : 0;
      const difference = ((differences[at] ?? 0) >>> shift) & max;
      const value = (difference + gradientGuess(left, above, corner, max)) & max;
      values[at] = ((values[at] ?? 0) | (value << shift)) >>> 0;
    }
  }
  return values;
}

function pixels(bytes: Uint8Array, layout: PixelLayout): Uint32Array {
  const values = new Uint32Array(Math.floor(bytes.length / layout.bytes));
  for (let at = 0; at < values.length; at++) values[at] = getPixel(bytes, at * layout.bytes, layout);
  return values;
}

function malformed(what: string): ProtocolError {
  return new ProtocolError("rfb.malformed", `Tight: ${what}`);
}
