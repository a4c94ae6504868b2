// ZRLE encoding (RFC 6143 section 7.7.6): golden tiles by hand, every form read, round trips through one zlib stream.
import { constants, inflateSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createFramebuffer,
  type Framebuffer,
  type PixelFormat,
  type Rectangle,
  rgb888,
} from "#protocol/rfb/pixel-format.ts";
import { decodeZrle, encodeZrle } from "#protocol/rfb/zrle.ts";
import { exactFormats, formats, noise, pictureOf } from "./pictures.ts";
import { bytes, hex, toHex } from "./transcript.ts";
import { deflater, inflater } from "./zlib-stream.ts";

const same = (data: Uint8Array) => data;
const rgb565 = formats["16 bits big-endian 565"]!;
const rgb332 = formats["8 bits 332"]!;

function whole(frame: Framebuffer): Rectangle {
  return { x: 0, y: 0, width: frame.width, height: frame.height };
}

/** The tiles without compression and length. */
function tiles(frame: Framebuffer, format: PixelFormat = rgb888): string {
  return toHex(encodeZrle(frame, whole(frame), format, same).subarray(4));
}

function read(width: number, height: number, data: Uint8Array, format: PixelFormat = rgb888): number[] {
  const frame = createFramebuffer(width, height);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  decodeZrle(frame, whole(frame), format, bytes(length, data), same);
  return [...frame.pixels];
}

describe("tiles as they are written", () => {
  it("begin with their length", () => {
    expect(
      toHex(
        encodeZrle(
          pictureOf(1, 1, () => 0x112233),
          { x: 0, y: 0, width: 1, height: 1 },
          rgb888,
          same,
        ),
      ),
    ).toBe("00000004 01 332211".replaceAll(" ", ""));
  });

  it.each([
    ["32 bits little-endian", "01332211"],
    ["32 bits big-endian", "01112233"],
    ["32 bits little-endian, upper bytes", "01332211"],
    ["32 bits big-endian, upper bytes", "01112233"],
    ["32 bits, blue first", "01112233"],
    ["32 bits, depth 32", "0133221100"],
    // 0x11 << 24 | 0x22 << 12 | 0x33: neither three bytes hold it.
    ["32 bits spread over four bytes", "0133200211"],
    // Both three bytes hold 0x00110600: the last three of four, as TigerVNC's Xvnc sends them (measured).
    ["32 bits little-endian, middle bytes", "01061100"],
    ["32 bits big-endian, middle bytes", "01110600"],
    ["16 bits big-endian 565", "011106"],
  ])("one colour is a solid tile, its CPIXEL with %s", (name, golden) => {
    // 565: 2 << 11 | 8 << 5 | 6 = 0x1106
    expect(
      tiles(
        pictureOf(64, 64, () => 0x112233),
        formats[name]!,
      ),
    ).toBe(golden);
  });

  it("two colours are packed with one bit, rows begin on a byte, the left pixel is the highest bit", () => {
    // Rows of 10 pixels: 0101010101 -> 01010101 01------
    const golden = `02 000000 ffffff ${"5540".repeat(3)}`.replaceAll(" ", "");
    expect(tiles(pictureOf(10, 3, (x) => (x % 2 === 0 ? 0x000000 : 0xffffff)))).toBe(golden);
  });

  it("four colours are packed with two bits", () => {
    // 0 1 2 3 0 -> 00011011 00------
    const golden = "04 000000 010000 020000 030000 1b00 1b00".replaceAll(" ", "");
    expect(tiles(pictureOf(5, 2, (x) => x % 4))).toBe(golden);
  });

  it("sixteen colours are packed with four bits", () => {
    const palette = Array.from({ length: 16 }, (_, index) => `${index.toString(16).padStart(2, "0")}0000`).join("");
    expect(tiles(pictureOf(16, 4, (x) => x))).toBe(`10${palette}${"0123456789abcdef".repeat(4)}`);
  });

  it("long runs of many colours are plain runs", () => {
    // 17 rows of 64 pixels, each of one colour: run length 64 is 63; one appearance each makes a palette a waste.
    const golden = Array.from({ length: 17 }, (_, y) => `${y.toString(16).padStart(2, "0")}00003f`).join("");
    expect(tiles(pictureOf(64, 17, (_, y) => y))).toBe(`80${golden}`);
  });

  it("runs above 255 pixels take more bytes", () => {
    // 4 rows = 256 pixels = 255 + 0; then 60 rows = 3840 = 15 * 255 + 14.
    const frame = pictureOf(64, 64, (_, y) => (y < 4 ? 0x000001 : y < 8 ? 0x000002 : 0x000003));
    const golden = `80 010000 ff00 020000 ff00 030000 ${"ff".repeat(14)}0d`.replaceAll(" ", "");
    // 56 rows = 3584 = 14 * 255 + 14: length minus one is 3583 = 14 * 255 + 13.
    expect(tiles(frame)).toBe(golden);
  });

  it("runs of few colours that come again are palette runs", () => {
    // Eighteen colours, each eight pixels long, twice: 144 pixels in rows of 16.
    const frame = pictureOf(16, 18, (x, y) => (y * 2 + (x >> 3)) % 18);
    const palette = Array.from({ length: 18 }, (_, index) => `${index.toString(16).padStart(2, "0")}0000`).join("");
    const runs = Array.from({ length: 18 }, (_, index) => `${(128 + index).toString(16)}07`).join("");
    expect(tiles(frame)).toBe(`92${palette}${runs}${runs}`);
  });

  it.each([
    [127, "ff"],
    // Form 128 + 128 would not fit into its byte.
    [128, "80"],
  ])("%d colours in runs have the form %s", (colours, form) => {
    // Two rows of a tile for each colour but the last, which takes the rest: runs that come again make a palette worth it.
    const frame = pictureOf(64, 64, (x, y) => Math.floor((y * 64 + x) / 8) % colours);
    expect(tiles(frame).slice(0, 2)).toBe(form);
    expect(read(64, 64, Buffer.from(tiles(frame), "hex"))).toEqual([...frame.pixels]);
  });

  it("a single pixel in palette runs is one byte", () => {
    // Seventeen colours of two pixels and one of one, then all again.
    const row = [...Array.from({ length: 17 }, (_, index) => [index, index]).flat(), 17];
    const frame = pictureOf(35, 4, (x) => row[x]!);
    const palette = Array.from({ length: 18 }, (_, index) => `${index.toString(16).padStart(2, "0")}0000`).join("");
    const runs = `${Array.from({ length: 17 }, (_, index) => `${(128 + index).toString(16)}01`).join("")}11`;
    expect(tiles(frame)).toBe(`92${palette}${runs.repeat(4)}`);
  });

  it("noise is raw", () => {
    const draw = noise(1);
    const frame = pictureOf(8, 8, draw);
    const pixels = [...frame.pixels].map((pixel) => toHex(Uint8Array.of(pixel, pixel >> 8, pixel >> 16))).join("");
    expect(tiles(frame)).toBe(`00${pixels}`);
  });

  it("go from left to right, then down, and are smaller at the edges", () => {
    // 65 by 65: 64x64, 1x64, 64x1, 1x1, each of one colour.
    const frame = pictureOf(65, 65, (x, y) => (x < 64 ? 0 : 1) + (y < 64 ? 0 : 2));
    expect(tiles(frame)).toBe("01000000 01010000 01020000 01030000".replaceAll(" ", ""));
  });

  it("are of pixels after conversion: colours that a format cannot tell apart are one", () => {
    expect(
      tiles(
        pictureOf(64, 64, (x) => x % 2),
        rgb332,
      ),
    ).toBe("0100");
  });
});

describe("tiles as they are read", () => {
  it.each([
    ["raw", 2, 1, "00 010000 020000", [1, 2]],
    ["solid", 2, 2, "01 332211", [0x112233, 0x112233, 0x112233, 0x112233]],
    ["packed with two colours", 3, 2, "02 010000 020000 40 a0", [1, 2, 1, 2, 1, 2]],
    ["packed with three colours", 5, 1, "03 010000 020000 030000 18 40", [1, 2, 3, 1, 2]],
    ["packed with five colours", 3, 1, "05 010000 020000 030000 040000 050000 41 20", [5, 2, 3]],
    ["plain runs", 3, 2, "80 010000 03 020000 01", [1, 1, 1, 1, 2, 2]],
    ["palette runs", 3, 2, "82 010000 020000 00 81 03 00", [1, 2, 2, 2, 2, 1]],
    ["palette runs with one pixel as a run", 2, 1, "82 010000 020000 80 00 01", [1, 2]],
  ])("%s", (_, width, height, data, pixels) => {
    expect(read(width, height, hex(data))).toEqual(pixels);
  });

  it("a palette of one in runs is no form", () => {
    expect(() => read(1, 1, hex("81 010000 00"))).toThrow("ZRLE tile at 0,0: form 129 does not exist");
  });

  it("a run goes over rows up to the last pixel", () => {
    expect(read(64, 64, bytes(hex("80 070000"), new Uint8Array(16).fill(255), 15))).toEqual(new Array(4096).fill(7));
  });

  it("pixels of two bytes and of one", () => {
    expect(read(2, 1, hex("00 f800 001f"), rgb565)).toEqual([0xff0000, 0x0000ff]);
    expect(read(2, 1, hex("00 07 c0"), rgb332)).toEqual([0xff0000, 0x0000ff]);
  });

  it.each([
    ["a form that does not exist", "11 00", "ZRLE tile at 0,0: form 17 does not exist"],
    ["another form that does not exist", "7f 00", "ZRLE tile at 0,0: form 127 does not exist"],
    ["nothing", "", "ZRLE tile at 0,0: the data ends in it"],
    ["a raw tile cut short", "00 010000 0200", "ZRLE tile at 0,0: the data ends in it"],
    ["a packed tile cut short", "02 010000 020000 00", "ZRLE tile at 0,0: the data ends in it"],
    ["a run cut short", "80 010000", "ZRLE tile at 0,0: the data ends in it"],
    ["a run over the end", "80 010000 04", "ZRLE tile at 0,0: a run of 5 pixels goes over its end"],
    ["an endless run", `80 010000 ${"ff".repeat(50)}`, "ZRLE tile at 0,0: the data ends in it"],
    [
      "a packed colour out of the palette",
      "03 000000 010000 020000 c0 00",
      "ZRLE tile at 0,0: colour 3 is not in its palette of 3",
    ],
    [
      "a run's colour out of the palette",
      "82 000000 010000 02",
      "ZRLE tile at 0,0: colour 2 is not in its palette of 2",
    ],
    ["bytes behind the last tile", "01 000000 ff", "ZRLE: 1 bytes behind the last tile"],
  ])("refuses %s", (_, data, message) => {
    expect(() => read(2, 2, hex(data))).toThrow(expect.objectContaining({ code: "rfb.malformed", message }));
  });

  it("refuses a length that does not fit, and a rectangle outside the picture", () => {
    const frame = createFramebuffer(2, 2);
    const message = "ZRLE: the length does not fit the data";
    expect(() => decodeZrle(frame, whole(frame), rgb888, hex("00000005 01000000"), same)).toThrow(message);
    expect(() => decodeZrle(frame, whole(frame), rgb888, hex("0000"), same)).toThrow(message);
    const outside = { x: 1, y: 1, width: 2, height: 1 };
    expect(() => decodeZrle(frame, outside, rgb888, hex("00000004 01000000"), same)).toThrow("outside the 2x2 screen");
    expect(() => encodeZrle(frame, outside, rgb888, same)).toThrow("outside the 2x2 screen");
  });

  it("tells the inflater how much a rectangle can need at most", () => {
    const frame = createFramebuffer(65, 1);
    let bytesMax = 0;
    decodeZrle(frame, whole(frame), rgb888, hex("00000008 01000000 01000000"), (data, max) => {
      bytesMax = max;
      return data;
    });
    expect(bytesMax).toBe(65 * 5 + 2 * (1 + 127 * 4));
  });
});

describe("pictures through one zlib stream", () => {
  /** Lines, areas, gradients, text-like patterns and noise: tiles of every form. */
  function screen(seed: number): Framebuffer {
    const draw = noise(seed);
    return pictureOf(200, 150, (x, y) => {
      if (x < 64 && y < 64) return 0x202830;
      if (x < 128 && y < 64) return (x * 7 + y * 3) % 5 === 0 ? 0xffffff : 0x202830;
      if (y < 64) return draw();
      if (x < 64) return (y << 8) | (y >> 1);
      if (x < 128) return (Math.floor(x / 3) % 20) * 0x0a0b0c;
      return (((x * y) % 15) + 1) * 0x111111;
    });
  }

  it.each(exactFormats)("come out as they went in, with %s, update after update", (_, format) => {
    const deflate = deflater();
    const inflate = inflater();
    for (const seed of [1, 2, 3]) {
      const frame = screen(seed);
      const copy = createFramebuffer(200, 150);
      decodeZrle(copy, whole(copy), format, encodeZrle(frame, whole(frame), format, deflate), inflate);
      expect(copy.pixels).toEqual(frame.pixels);
    }
  });

  it("are what zlib itself reads", () => {
    const frame = screen(4);
    const encoded = encodeZrle(frame, whole(frame), rgb888, deflater());
    const inflated = inflateSync(encoded.subarray(4), { finishFlush: constants.Z_SYNC_FLUSH });
    expect(toHex(inflated)).toBe(tiles(frame));
    expect(encoded.length).toBeLessThan(200 * 150 * 4);
  });

  it("parts come out where they were, the rest stays", () => {
    const anyRect = fc
      .record({ x: fc.nat(140), y: fc.nat(100), width: fc.integer({ min: 1, max: 140 }), height: fc.nat(100) })
      .map(({ x, y, width, height }) => ({
        x,
        y,
        width: Math.min(width, 140 - x + 1),
        height: Math.min(height, 100 - y + 1),
      }));
    fc.assert(
      fc.property(anyRect, fc.nat(), fc.integer({ min: 1, max: 200 }), (rect, seed, colours) => {
        const draw = noise(seed);
        let colour = draw() % colours;
        const frame = pictureOf(141, 101, () => {
          if (draw() % 3 === 0) colour = draw() % colours;
          return colour;
        });
        const copy = createFramebuffer(141, 101);
        copy.pixels.fill(0xabcdef);
        decodeZrle(copy, rect, rgb888, encodeZrle(frame, rect, rgb888, same), same);
        const expected = pictureOf(141, 101, (x, y) => {
          const isInside = x >= rect.x && x < rect.x + rect.width && y >= rect.y && y < rect.y + rect.height;
          return isInside ? frame.pixels[y * 141 + x]! : 0xabcdef;
        });
        expect(copy.pixels).toEqual(expected.pixels);
      }),
      { numRuns: 60 },
    );
  });
});
