// Finds out whether a part of the picture has only moved, so that it can be copied instead of sent.
import type { Framebuffer, Rectangle } from "#protocol/rfb/pixel-format.ts";

export interface Move {
  /** Where it is now. */
  readonly to: Rectangle;
  /** Upper left corner of where it was. */
  readonly from: { readonly x: number; readonly y: number };
}

/** Steps that a viewer may have missed. */
const stepsMax = 8;
/** Rows that are looked at to find the number of steps. */
const sampleEvery = 5;
/** Smaller gains are not worth a rectangle, in pixels. */
const gainMin = 512;

/** The move of `area` by a multiple of the step after which most of it is as it must be, if there is one. */
export function findMove(
  now: Framebuffer,
  shown: Framebuffer,
  { area, dx, dy }: { readonly area: Rectangle; readonly dx: number; readonly dy: number },
): Move | undefined {
  let best: Move | undefined;
  let bestGain = gainMin / sampleEvery;
  for (let steps = 1; steps <= stepsMax; steps += 1) {
    const move = moveBy(area, dx * steps, dy * steps);
    if (move === undefined) return best;
    const gain = wrongPixels(now, shown, move.to, move.to) - wrongPixels(now, shown, move.to, move.from);
    if (gain > bestGain) [best, bestGain] = [move, gain];
  }
  return best;
}

/** What of the area is still in it when it has moved. */
function moveBy(area: Rectangle, dx: number, dy: number): Move | undefined {
  const [width, height] = [area.width - Math.abs(dx), area.height - Math.abs(dy)];
  if (width <= 0 || height <= 0) return undefined;
  const to = { x: area.x + Math.max(0, dx), y: area.y + Math.max(0, dy), width, height };
  return { to, from: { x: area.x + Math.max(0, -dx), y: area.y + Math.max(0, -dy) } };
}

/** Pixels of some rows that would not be right if `to` were taken from `from`. */
function wrongPixels(now: Framebuffer, shown: Framebuffer, to: Rectangle, from: { x: number; y: number }): number {
  let wrong = 0;
  for (let row = 0; row < to.height; row += sampleEvery) {
    const target = (to.y + row) * now.width + to.x;
    const source = (from.y + row) * now.width + from.x;
    for (let x = 0; x < to.width; x += 1) if (now.pixels[target + x] !== shown.pixels[source + x]) wrong += 1;
  }
  return wrong;
}
