// Where the pixels of a ring are as seen from its centre: worked out once for each ring, and drawn from many times.

/** The pixels of a ring, by their place from its centre. */
export interface PolarPixels {
  readonly xs: Int16Array;
  readonly ys: Int16Array;
  /** How much of the pixel is between the two edges; above 1 where all of it is. */
  readonly across: Float64Array;
  /** In turns, 0 at the bottom and clockwise. */
  readonly turns: Float64Array;
  /** Length of a whole turn at its distance, in pixels. */
  readonly arcLengths: Float64Array;
}

/** Of a ring between two radii, in pixels; a negative inner one makes a disc. */
export function polarPixels(inner: number, outer: number): PolarPixels {
  const pixels: { x: number; y: number; across: number; distance: number }[] = [];
  const reach = Math.ceil(outer) + 1;
  const outermost = (outer + 0.6) ** 2;
  const innermost = inner < 0.6 ? -1 : (inner - 0.6) ** 2;
  for (let y = -reach; y <= reach; y += 1) {
    for (let x = -reach; x <= reach; x += 1) {
      // Most of the square is far outside or inside: known without a root, with a margin for what that would round.
      const squared = x * x + y * y;
      if (squared > outermost || squared < innermost) continue;
      const distance = Math.hypot(x, y);
      const across = Math.min(outer - distance + 0.5, distance - inner + 0.5);
      if (across > 0) pixels.push({ x, y, across, distance });
    }
  }
  return {
    xs: Int16Array.from(pixels, ({ x }) => x),
    ys: Int16Array.from(pixels, ({ y }) => y),
    across: Float64Array.from(pixels, ({ across }) => across),
    turns: Float64Array.from(pixels, ({ x, y }) => (Math.atan2(-x, y) / (2 * Math.PI) + 1) % 1),
    arcLengths: Float64Array.from(pixels, ({ distance }) => 2 * Math.PI * Math.max(distance, 1)),
  };
}
