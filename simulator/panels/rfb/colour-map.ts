// Viewers with a palette of 256 colours: the panel gives them one in which a colour's number is its own 8-bit value.
import { writeSetColourMapEntries } from "#protocol/rfb/messages.ts";
import { type PixelFormat, pixelDecoder, rgb888 } from "#protocol/rfb/pixel-format.ts";

/** Three bits of red, three of green, two of blue. */
export const paletteFormat: PixelFormat = {
  ...rgb888,
  ...{ bitsPerPixel: 8, depth: 8, redMax: 7, greenMax: 7, blueMax: 3, redShift: 0, greenShift: 3, blueShift: 6 },
};

export function writePalette(): Uint8Array {
  const decode = pixelDecoder(paletteFormat);
  const colours = Array.from({ length: 256 }, (_, value) => {
    const colour = decode(value);
    const wide = (shift: number): number => ((colour >> shift) & 0xff) * 0x101;
    return [wide(16), wide(8), wide(0)] as const;
  });
  return writeSetColourMapEntries(0, colours);
}
