// CopyRect encoding (RFC 6143 section 7.7.2): a part of the picture is taken from another place of the same picture.
import { ProtocolError } from "../protocol-error.ts";
import { readU16, writeU16s } from "./numbers.ts";
import { type Framebuffer, type Rectangle, requireInside } from "./pixel-format.ts";

/** Length of what follows the rectangle's header. */
export const copyRectangleBytes = 4;

/** `source`: the upper left corner of the place that is copied. */
export function encodeCopyRectangle(source: { readonly x: number; readonly y: number }): Uint8Array {
  return writeU16s(source.x, source.y);
}

/** Copies within the picture, also where the two places overlap. Throws ProtocolError `rfb.malformed` if one is outside. */
export function decodeCopyRectangle(frame: Framebuffer, rect: Rectangle, bytes: Uint8Array): void {
  if (bytes.length !== copyRectangleBytes) {
    throw new ProtocolError("rfb.malformed", `CopyRect: ${bytes.length} bytes where ${copyRectangleBytes} belong`);
  }
  moveArea(frame, { ...rect, x: readU16(bytes, 0), y: readU16(bytes, 2) }, rect);
}

/** Copies a part of a picture to another place of it. Throws ProtocolError `rfb.malformed` if one is outside. */
export function moveArea(frame: Framebuffer, from: Rectangle, to: { readonly x: number; readonly y: number }): void {
  requireInside(frame, from);
  requireInside(frame, { ...from, x: to.x, y: to.y });
  for (let step = 0; step < from.height; step++) {
    // Downwards the last row goes first, or it would be overwritten before it is read.
    const row = to.y > from.y ? from.height - 1 - step : step;
    const start = (from.y + row) * frame.width + from.x;
    frame.pixels.copyWithin((to.y + row) * frame.width + to.x, start, start + from.width);
  }
}
