// Hextile encoding (RFC 6143 section 7.7.4), the client's side: how long a rectangle is, and what it draws.
import { ProtocolError } from "../protocol-error.ts";
import { hextileBits, hextilesOf } from "./hextile.ts";
import { getPixel, type PixelLayout, pixelLayout } from "./pixel-bytes.ts";
import { type Framebuffer, type PixelFormat, pixelDecoder, type Rectangle, requireInside } from "./pixel-format.ts";
import { drawDecoded } from "./rectangle-values.ts";

const { raw, background, foreground, subrectangles, coloured } = hextileBits;

/** Length in bytes of a Hextile rectangle that begins at `offset`; undefined while its end cannot be told yet. */
export function hextileBytes(
  bytes: Uint8Array,
  offset: number,
  rect: Rectangle,
  format: PixelFormat,
): number | undefined {
  const layout = pixelLayout(format);
  let at = offset;
  for (const tile of hextilesOf(rect)) {
    const end = tileEnd(bytes, at, tile, layout);
    if (end === undefined || end > bytes.length) return undefined;
    at = end;
  }
  return at - offset;
}

function tileEnd(bytes: Uint8Array, start: number, tile: Rectangle, layout: PixelLayout): number | undefined {
  const bits = bytes[start];
  if (bits === undefined) return undefined;
  let end = start + 1;
  if ((bits & raw) !== 0) return end + tile.width * tile.height * layout.bytes;
  if ((bits & background) !== 0) end += layout.bytes;
  if ((bits & foreground) !== 0) end += layout.bytes;
  if ((bits & subrectangles) === 0) return end;
  const count = bytes[end];
  return count === undefined ? undefined : end + 1 + count * (2 + ((bits & coloured) !== 0 ? layout.bytes : 0));
}

/** Draws what follows a Hextile rectangle's header. Throws ProtocolError `rfb.malformed` for what cannot be. */
export function decodeHextile(frame: Framebuffer, rect: Rectangle, format: PixelFormat, bytes: Uint8Array): void {
  requireInside(frame, rect);
  if (hextileBytes(bytes, 0, rect, format) !== bytes.length) {
    throw new ProtocolError("rfb.malformed", "Hextile: the tiles do not fill the rectangle");
  }
  const layout = pixelLayout(format);
  const decode = pixelDecoder(format);
  const carried: { background?: number; foreground?: number } = {};
  let at = 0;
  for (const tile of hextilesOf(rect)) {
    drawDecoded(frame, tile, decode, readTile(bytes.subarray(at), tile, layout, carried));
    at = tileEnd(bytes, at, tile, layout) ?? at;
  }
}

function readTile(
  bytes: Uint8Array,
  tile: Rectangle,
  layout: PixelLayout,
  carried: { background?: number; foreground?: number },
): Uint32Array {
  const bits = bytes[0] ?? 0;
  const values = new Uint32Array(tile.width * tile.height);
  let at = 1;
  const pixel = () => {
    const value = getPixel(bytes, at, layout);
    at += layout.bytes;
    return value;
  };
  if ((bits & raw) !== 0) {
    for (let index = 0; index < values.length; index++) values[index] = pixel();
    // Colours do not outlive a raw tile.
    delete carried.background;
    delete carried.foreground;
    return values;
  }
  if ((bits & background) !== 0) carried.background = pixel();
  if ((bits & foreground) !== 0) carried.foreground = pixel();
  values.fill(known(carried.background, "background"));
  const count = (bits & subrectangles) === 0 ? 0 : (bytes[at++] ?? 0);
  for (let index = 0; index < count; index++) {
    const value = (bits & coloured) !== 0 ? pixel() : known(carried.foreground, "foreground");
    const [place = 0, size = 0] = bytes.subarray(at, at + 2);
    at += 2;
    fill(values, tile, { x: place >> 4, y: place & 15, width: (size >> 4) + 1, height: (size & 15) + 1 }, value);
  }
  return values;
}

function known(colour: number | undefined, which: string): number {
  if (colour === undefined) throw new ProtocolError("rfb.malformed", `Hextile: a tile without a ${which} colour`);
  return colour;
}

function fill(values: Uint32Array, tile: Rectangle, part: Rectangle, value: number): void {
  if (part.x + part.width > tile.width || part.y + part.height > tile.height) {
    throw new ProtocolError("rfb.malformed", "Hextile: a subrectangle reaches out of its tile");
  }
  for (let y = part.y; y < part.y + part.height; y++) {
    values.fill(value, y * tile.width + part.x, y * tile.width + part.x + part.width);
  }
}
