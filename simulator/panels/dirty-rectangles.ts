// Which parts of a picture differ from what somebody was sent last.
import type { Framebuffer, Rectangle } from "#protocol/rfb/pixel-format.ts";

/** Side of the squares that are compared. */
const squareSize = 32;

/** Rectangles inside `area` that cover every pixel in which the pictures differ; squares side by side are one. */
export function dirtyRectangles(now: Framebuffer, before: Framebuffer, area: Rectangle): Rectangle[] {
  const rectangles: Rectangle[] = [];
  const right = Math.min(now.width, area.x + area.width);
  const bottom = Math.min(now.height, area.y + area.height);
  for (let y = area.y; y < bottom; y += squareSize) {
    const height = Math.min(squareSize, bottom - y);
    let run: { x: number; width: number } | undefined;
    for (let x = area.x; x < right; x += squareSize) {
      const width = Math.min(squareSize, right - x);
      if (differs(now, before, { x, y, width, height })) {
        run = run === undefined ? { x, width } : { x: run.x, width: run.width + width };
      } else if (run !== undefined) {
        rectangles.push({ ...run, y, height });
        run = undefined;
      }
    }
    if (run !== undefined) rectangles.push({ ...run, y, height });
  }
  return rectangles;
}

/** Takes over `area` of one picture into another of the same size. */
export function copyArea(from: Framebuffer, to: Framebuffer, area: Rectangle): void {
  for (let y = area.y; y < area.y + area.height; y += 1) {
    const start = y * from.width + area.x;
    to.pixels.set(from.pixels.subarray(start, start + area.width), start);
  }
}

function differs(one: Framebuffer, other: Framebuffer, { x, y, width, height }: Rectangle): boolean {
  for (let row = y; row < y + height; row += 1) {
    const start = row * one.width + x;
    for (let at = start; at < start + width; at += 1) if (one.pixels[at] !== other.pixels[at]) return true;
  }
  return false;
}
