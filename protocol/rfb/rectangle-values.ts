// The pixel values of a part of a picture in some pixel format, row by row: what encodings work on.
import { type Framebuffer, type PixelFormat, pixelDecoder, pixelEncoder, type Rectangle } from "./pixel-format.ts";

/** Values of the format, `rect.width * rect.height` of them. The part must be inside the picture. */
export function valuesOf(frame: Framebuffer, rect: Rectangle, format: PixelFormat): Uint32Array {
  return encodedValues(frame, rect, pixelEncoder(format));
}

/** The same for whoever reads many small parts: `encode` is of `pixelEncoder`. */
export function encodedValues(frame: Framebuffer, rect: Rectangle, encode: (colour: number) => number): Uint32Array {
  const values = new Uint32Array(rect.width * rect.height);
  let at = 0;
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    const row = y * frame.width;
    for (let x = rect.x; x < rect.x + rect.width; x++) values[at++] = encode(frame.pixels[row + x] ?? 0);
  }
  return values;
}

/** Draws values of the format into a part of a picture. */
export function drawValues(frame: Framebuffer, rect: Rectangle, format: PixelFormat, values: Uint32Array): void {
  drawDecoded(frame, rect, pixelDecoder(format), values);
}

/** The same for whoever draws many small parts: `decode` is of `pixelDecoder`. */
export function drawDecoded(
  frame: Framebuffer,
  rect: Rectangle,
  decode: (value: number) => number,
  values: Uint32Array,
): void {
  let at = 0;
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    const row = y * frame.width;
    for (let x = rect.x; x < rect.x + rect.width; x++) frame.pixels[row + x] = decode(values[at++] ?? 0);
  }
}
