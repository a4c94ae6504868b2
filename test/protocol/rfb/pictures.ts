// Pixel formats and pictures that the tests of the encodings share.
import { createFramebuffer, type Framebuffer, type PixelFormat, rgb888 } from "#protocol/rfb/pixel-format.ts";

function format(bitsPerPixel: 8 | 16 | 32, depth: number, colours: readonly number[], bigEndian = false): PixelFormat {
  const [redMax = 0, greenMax = 0, blueMax = 0, redShift = 0, greenShift = 0, blueShift = 0] = colours;
  return {
    bitsPerPixel,
    depth,
    bigEndian,
    trueColour: true,
    redMax,
    greenMax,
    blueMax,
    redShift,
    greenShift,
    blueShift,
  };
}

const eight = [255, 255, 255];

export const formats: Readonly<Record<string, PixelFormat>> = {
  "32 bits little-endian": rgb888,
  "32 bits big-endian": format(32, 24, [...eight, 16, 8, 0], true),
  "32 bits little-endian, upper bytes": format(32, 24, [...eight, 24, 16, 8]),
  "32 bits big-endian, upper bytes": format(32, 24, [...eight, 24, 16, 8], true),
  "32 bits, blue first": format(32, 24, [...eight, 0, 8, 16]),
  "32 bits, depth 32": format(32, 32, [...eight, 16, 8, 0]),
  "32 bits spread over four bytes": format(32, 24, [...eight, 24, 12, 0]),
  "32 bits, ten per colour": format(32, 30, [1023, 1023, 1023, 20, 10, 0]),
  "32 bits little-endian, middle bytes": format(32, 16, [31, 63, 31, 19, 13, 8]),
  "32 bits big-endian, middle bytes": format(32, 16, [31, 63, 31, 19, 13, 8], true),
  "16 bits little-endian 565": format(16, 16, [31, 63, 31, 11, 5, 0]),
  "16 bits big-endian 565": format(16, 16, [31, 63, 31, 11, 5, 0], true),
  "16 bits little-endian 555": format(16, 15, [31, 31, 31, 10, 5, 0]),
  "8 bits 332": format(8, 8, [7, 7, 3, 0, 3, 6]),
};

/** Formats that keep every one of 16 million colours. */
export const exactFormats = Object.entries(formats).filter(([, { redMax }]) => redMax >= 255);

export function pictureOf(width: number, height: number, colourAt: (x: number, y: number) => number): Framebuffer {
  const frame = createFramebuffer(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) frame.pixels[y * width + x] = colourAt(x, y);
  }
  return frame;
}

/** A small generator of numbers without pattern; the same seed gives the same ones. */
export function noise(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  };
}
