// Rings, arcs and round corners are drawn from what was worked out before: each pixel must be as if worked out anew.
import { expect, test } from "vitest";
import { Canvas, mix } from "#simulator/panels/canvas.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";

const size = { width: 120, height: 90 };
const white = 0xffffff;

function blank() {
  return { ...size, pixels: new Uint32Array(size.width * size.height) };
}

/** Every pixel of the picture by the formula alone. */
function slowly(coverage: (x: number, y: number) => number) {
  const frame = blank();
  for (const at of frame.pixels.keys()) {
    const alpha = coverage(at % size.width, Math.floor(at / size.width));
    if (alpha > 0) frame.pixels[at] = alpha >= 1 ? white : mix(0, white, alpha);
  }
  return frame.pixels;
}

test("an arc is the pixels between its edges and its ends, the first time and each time after", () => {
  const random = new SeededRandom(5);
  const frame = blank();
  const canvas = new Canvas(frame);
  for (let turn = 0; turn < 40; turn += 1) {
    const outer = random.integer(0, 100) / 2;
    const inner = turn % 3 === 0 ? -1 : outer * random.fraction();
    const [centreX, centreY] = [random.integer(0, size.width), random.integer(0, size.height)];
    const from = random.fraction() * 0.5;
    const to = turn % 4 === 0 ? from + 1 : from + random.fraction() * 0.5;
    const expected = slowly((x, y) => {
      const [dx, dy] = [x - centreX, y - centreY];
      const distance = Math.hypot(dx, dy);
      const angle = (Math.atan2(-dx, dy) / (2 * Math.PI) + 1) % 1;
      const length = 2 * Math.PI * Math.max(distance, 1);
      const along = to - from >= 1 ? 1 : Math.min((angle - from) * length, (to - angle) * length) + 0.5;
      return Math.min(outer - distance + 0.5, distance - inner + 0.5, along);
    });
    for (const time of ["first", "second"]) {
      frame.pixels.fill(0);
      canvas.ring({ centreX, centreY, inner, outer, from, to }, white);
      expect(Buffer.from(frame.pixels.buffer).equals(Buffer.from(expected.buffer)), `${turn}, ${time} time`).toBe(true);
    }
  }
});

test("a rectangle with round corners is whole between them", () => {
  const random = new SeededRandom(6);
  for (let turn = 0; turn < 40; turn += 1) {
    const [left, top] = [random.integer(-5, 60), random.integer(-5, 50)];
    const [width, height] = [random.integer(1, 60), random.integer(1, 50)];
    const radius = random.integer(0, Math.min(width, height)) / 2;
    const expected = slowly((x, y) => {
      const [column, row] = [x - left, y - top];
      if (column < 0 || row < 0 || column >= width || row >= height) return 0;
      const dx = Math.max(radius - column - 0.5, column + 0.5 - (width - radius), 0);
      const dy = Math.max(radius - row - 0.5, row + 0.5 - (height - radius), 0);
      return dy === 0 ? 1 : radius - Math.hypot(dx, dy) + 0.5;
    });
    const frame = blank();
    new Canvas(frame).roundRect(left, top, width, height, radius, white);
    expect(Buffer.from(frame.pixels.buffer).equals(Buffer.from(expected.buffer)), String(turn)).toBe(true);
  }
});
