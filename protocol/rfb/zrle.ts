// ZRLE encoding (RFC 6143 section 7.7.6): tiles of 64 by 64 pixels through the one zlib stream of a connection.
import { ProtocolError } from "../protocol-error.ts";
import { concatenate, readU32, writeU32 } from "./numbers.ts";
import { compressedPixelLayout } from "./pixel-bytes.ts";
import {
  type Framebuffer,
  type PixelFormat,
  pixelDecoder,
  pixelEncoder,
  type Rectangle,
  requireInside,
} from "./pixel-format.ts";
import { decodeTile, type TileSource } from "./zrle-tile-decoder.ts";
import { encodeTile, tileSize } from "./zrle-tile-encoder.ts";

/** Compresses with the connection's one stream and flushes, so that the other end can read all of it (Z_SYNC_FLUSH). */
export type Deflate = (bytes: Uint8Array) => Uint8Array;

/** Decompresses with the connection's one stream; may throw above `bytesMax`. */
export type Inflate = (bytes: Uint8Array, bytesMax: number) => Uint8Array;

/** What follows the rectangle's header: a length of four bytes and the compressed tiles. */
export function encodeZrle(frame: Framebuffer, rect: Rectangle, format: PixelFormat, deflate: Deflate): Uint8Array {
  requireInside(frame, rect);
  const encode = pixelEncoder(format);
  const layout = compressedPixelLayout(format);
  const parts: Uint8Array[] = [];
  for (const tile of tilesOf(rect)) {
    const values = new Uint32Array(tile.width * tile.height);
    for (let y = 0; y < tile.height; y++) {
      const row = (tile.y + y) * frame.width + tile.x;
      for (let x = 0; x < tile.width; x++) values[y * tile.width + x] = encode(frame.pixels[row + x] ?? 0);
    }
    parts.push(encodeTile(values, tile.width, layout));
  }
  const compressed = deflate(concatenate(...parts));
  return concatenate(writeU32(compressed.length), compressed);
}

/** Draws what follows a ZRLE rectangle's header, length included. Throws ProtocolError `rfb.malformed` naming the tile. */
export function decodeZrle(
  frame: Framebuffer,
  rect: Rectangle,
  format: PixelFormat,
  bytes: Uint8Array,
  inflate: Inflate,
): void {
  requireInside(frame, rect);
  if (bytes.length < 4 || readU32(bytes) !== bytes.length - 4) {
    throw new ProtocolError("rfb.malformed", "ZRLE: the length does not fit the data");
  }
  const decode = pixelDecoder(format);
  const layout = compressedPixelLayout(format);
  const source: TileSource = { bytes: inflate(bytes.subarray(4), inflatedBytesMax(rect)), offset: 0 };
  for (const tile of tilesOf(rect)) {
    const values = decodeTile(source, tile, layout);
    for (let y = 0; y < tile.height; y++) {
      const row = (tile.y + y) * frame.width + tile.x;
      for (let x = 0; x < tile.width; x++) frame.pixels[row + x] = decode(values[y * tile.width + x] ?? 0);
    }
  }
  if (source.offset !== source.bytes.length) {
    throw new ProtocolError("rfb.malformed", `ZRLE: ${source.bytes.length - source.offset} bytes behind the last tile`);
  }
}

/** From left to right, then from top to bottom. */
function* tilesOf(rect: Rectangle): Generator<Rectangle> {
  for (let y = 0; y < rect.height; y += tileSize) {
    for (let x = 0; x < rect.width; x += tileSize) {
      const width = Math.min(tileSize, rect.width - x);
      const height = Math.min(tileSize, rect.height - y);
      yield { x: rect.x + x, y: rect.y + y, width, height };
    }
  }
}

/** The worst that a server can need: each pixel a run of its own, and a full palette in each tile. */
function inflatedBytesMax(rect: Rectangle): number {
  const tiles = Math.ceil(rect.width / tileSize) * Math.ceil(rect.height / tileSize);
  return rect.width * rect.height * 5 + tiles * (1 + 127 * 4);
}
