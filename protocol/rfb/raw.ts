// Raw encoding (RFC 6143 section 7.7.1): every pixel of a rectangle, row by row.
import { ProtocolError } from "../protocol-error.ts";
import { getPixel, pixelLayout, putPixel } from "./pixel-bytes.ts";
import {
  type Framebuffer,
  type PixelFormat,
  pixelDecoder,
  pixelEncoder,
  type Rectangle,
  requireInside,
} from "./pixel-format.ts";

/** Length in bytes of a rectangle's pixels. */
export function rawBytes(rect: Rectangle, format: PixelFormat): number {
  return rect.width * rect.height * pixelLayout(format).bytes;
}

/** What follows the rectangle's header. */
export function encodeRaw(frame: Framebuffer, rect: Rectangle, format: PixelFormat): Uint8Array {
  requireInside(frame, rect);
  const encode = pixelEncoder(format);
  const layout = pixelLayout(format);
  const bytes = new Uint8Array(rawBytes(rect, format));
  let offset = 0;
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    const row = y * frame.width;
    for (let x = rect.x; x < rect.x + rect.width; x++) {
      offset = putPixel(bytes, offset, encode(frame.pixels[row + x] ?? 0), layout);
    }
  }
  return bytes;
}

/** Draws what `encodeRaw` wrote. Throws ProtocolError `rfb.malformed` for a wrong length or a rectangle outside the picture. */
export function decodeRaw(frame: Framebuffer, rect: Rectangle, format: PixelFormat, bytes: Uint8Array): void {
  requireInside(frame, rect);
  const expected = rawBytes(rect, format);
  if (bytes.length !== expected) {
    throw new ProtocolError("rfb.malformed", `Raw: ${bytes.length} bytes where ${expected} belong`);
  }
  const decode = pixelDecoder(format);
  const layout = pixelLayout(format);
  let offset = 0;
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    const row = y * frame.width;
    for (let x = rect.x; x < rect.x + rect.width; x++) {
      frame.pixels[row + x] = decode(getPixel(bytes, offset, layout));
      offset += layout.bytes;
    }
  }
}
