// Raw encoding (RFC 6143 section 7.7.1) in arbitrary true-colour formats.
import { describe, expect, it } from "vitest";
import { createFramebuffer, pixelDecoder, pixelEncoder, rgb888 } from "#protocol/rfb/pixel-format.ts";
import { decodeRaw, encodeRaw, rawBytes } from "#protocol/rfb/raw.ts";
import { exactFormats, formats, noise, pictureOf } from "./pictures.ts";
import { hex, toHex } from "./transcript.ts";

const onePixel = { x: 0, y: 0, width: 1, height: 1 };

describe("raw", () => {
  // The colour 0x11aaff by hand: maxima and shifts of RFC 6143 section 7.4, rounded to the nearest shade.
  it.each([
    ["32 bits little-endian", "ffaa1100"],
    ["32 bits big-endian", "0011aaff"],
    ["32 bits little-endian, upper bytes", "00ffaa11"],
    ["32 bits big-endian, upper bytes", "11aaff00"],
    ["32 bits, blue first", "11aaff00"],
    // 0x11 << 24 | 0xaa << 12 | 0xff
    ["32 bits spread over four bytes", "ffa00a11"],
    // 68 << 20 | 682 << 10 | 1023
    ["32 bits, ten per colour", "ffab4a04"],
    // 2 << 11 | 42 << 5 | 31
    ["16 bits little-endian 565", "5f15"],
    ["16 bits big-endian 565", "155f"],
    // 2 << 10 | 21 << 5 | 31
    ["16 bits little-endian 555", "bf0a"],
    // 0 | 5 << 3 | 3 << 6
    ["8 bits 332", "e8"],
  ])("writes a pixel with %s", (name, golden) => {
    const frame = pictureOf(1, 1, () => 0x11aaff);
    expect(toHex(encodeRaw(frame, onePixel, formats[name]!))).toBe(golden);
  });

  it("writes a part of the picture row by row", () => {
    const frame = pictureOf(4, 3, (x, y) => (x << 8) | y);
    expect(toHex(encodeRaw(frame, { x: 1, y: 1, width: 2, height: 2 }, rgb888))).toBe(
      "01010000 01020000 02010000 02020000".replaceAll(" ", ""),
    );
  });

  it.each(exactFormats)("gives the same picture back with %s", (_, format) => {
    const draw = noise(7);
    const frame = pictureOf(13, 9, draw);
    const rect = { x: 2, y: 1, width: 9, height: 7 };
    const copy = createFramebuffer(13, 9);
    decodeRaw(copy, rect, format, encodeRaw(frame, rect, format));
    for (let y = 0; y < 9; y++) {
      for (let x = 0; x < 13; x++) {
        const isInside = x >= 2 && x < 11 && y >= 1 && y < 8;
        expect(copy.pixels[y * 13 + x]).toBe(isInside ? frame.pixels[y * 13 + x] : 0);
      }
    }
  });

  it.each(Object.entries(formats))("keeps what a format can show, with %s", (_, format) => {
    const encode = pixelEncoder(format);
    const decode = pixelDecoder(format);
    for (const colour of [0x000000, 0xffffff, 0xff0000, 0x00ff00, 0x0000ff])
      expect(decode(encode(colour))).toBe(colour);
    const draw = noise(3);
    for (let index = 0; index < 200; index++) {
      const shown = decode(encode(draw()));
      expect(decode(encode(shown))).toBe(shown);
    }
  });

  it("refuses a wrong length, a rectangle outside the picture and a colour map", () => {
    const frame = createFramebuffer(4, 4);
    const outside = { x: 3, y: 0, width: 2, height: 1 };
    expect(rawBytes(onePixel, rgb888)).toBe(4);
    expect(() => decodeRaw(frame, onePixel, rgb888, hex("000000"))).toThrow("Raw: 3 bytes where 4 belong");
    expect(() => decodeRaw(frame, onePixel, rgb888, hex("0000000000"))).toThrow("Raw: 5 bytes where 4 belong");
    expect(() => decodeRaw(frame, outside, rgb888, new Uint8Array(8))).toThrow(
      "rectangle 2x1 at 3,0 is outside the 4x4 screen",
    );
    expect(() => encodeRaw(frame, outside, rgb888)).toThrow("outside the 4x4 screen");
    expect(() => encodeRaw(frame, onePixel, { ...rgb888, trueColour: false })).toThrow(
      expect.objectContaining({ code: "rfb.unsupported" }),
    );
  });
});
