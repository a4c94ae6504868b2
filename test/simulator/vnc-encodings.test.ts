// The encodings of the VNC panel: what the server's side writes, the client's side draws, for any picture and pixel format.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeCopyRectangle, encodeCopyRectangle } from "#protocol/rfb/copy-rect.ts";
import { decodeCursor, encodeCursor } from "#protocol/rfb/cursor.ts";
import { encodeHextile } from "#protocol/rfb/hextile.ts";
import { decodeHextile, hextileBytes } from "#protocol/rfb/hextile-decoder.ts";
import { createFramebuffer, type Framebuffer, type PixelFormat, rgb888 } from "#protocol/rfb/pixel-format.ts";
import { decodeRaw, encodeRaw } from "#protocol/rfb/raw.ts";
import { decodeTight, tightBytes } from "#protocol/rfb/tight-decoding.ts";
import { encodeTight, tightParts } from "#protocol/rfb/tight-encoding.ts";
import { readCompactLength, type TightStream, writeCompactLength } from "#protocol/rfb/tight-pixels.ts";
import { decodeZrle, encodeZrle } from "#protocol/rfb/zrle.ts";
import { openDeflate, openInflate } from "#simulator/panels/zlib-stream.ts";
import { formats } from "../protocol/rfb/pictures.ts";

const formatList = [
  ...Object.entries(formats),
  ["8 bits 332 big-endian", { ...formats["8 bits 332"]!, bigEndian: true }],
] as const;

/** Pictures as screens are: areas of one colour, few colours, and now and then noise. */
const pictures = fc
  .record({
    width: fc.integer({ min: 1, max: 70 }),
    height: fc.integer({ min: 1, max: 40 }),
    colours: fc.array(fc.integer({ min: 0, max: 0xffffff }), { minLength: 1, maxLength: 20 }),
    areas: fc.array(fc.tuple(fc.nat(69), fc.nat(39), fc.nat(69), fc.nat(39), fc.nat(19)), { maxLength: 30 }),
    noise: fc.option(fc.integer(), { nil: undefined }),
  })
  .map(({ width, height, colours, areas, noise }): Framebuffer => {
    const frame = createFramebuffer(width, height);
    frame.pixels.fill(colours[0]!);
    for (const [x, y, w, h, colour] of areas) {
      for (let row = y; row < Math.min(height, y + h); row += 1) {
        for (let column = x; column < Math.min(width, x + w); column += 1) {
          frame.pixels[row * width + column] = colours[colour % colours.length]!;
        }
      }
    }
    let state = noise ?? 0;
    if (noise !== undefined) {
      for (let at = 0; at < frame.pixels.length; at += 1) {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        if (state % 3 !== 0) frame.pixels[at] = state >>> 8;
      }
    }
    return frame;
  });

const cases = pictures.chain((frame) =>
  fc.record({
    frame: fc.constant(frame),
    x: fc.nat(frame.width - 1),
    y: fc.nat(frame.height - 1),
    right: fc.nat(frame.width - 1),
    bottom: fc.nat(frame.height - 1),
  }),
);

type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

function partOf({ x, y, right, bottom }: Case) {
  const [left, top] = [Math.min(x, right), Math.min(y, bottom)];
  return { x: left, y: top, width: Math.abs(x - right) + 1, height: Math.abs(y - bottom) + 1 };
}

/** What a client has that was sent the part without any loss but that of the format's shades. */
function ideal(frame: Framebuffer, one: Case, pixelFormat: PixelFormat): Framebuffer {
  const seen = createFramebuffer(frame.width, frame.height);
  decodeRaw(seen, partOf(one), pixelFormat, encodeRaw(frame, partOf(one), pixelFormat));
  return seen;
}

class Streams {
  readonly #deflates = [openDeflate(), openDeflate(), openDeflate(), openDeflate()];
  readonly #inflates = [openInflate(), openInflate(), openInflate(), openInflate()];
  readonly deflate = (stream: TightStream, bytes: Uint8Array) => this.#deflates[stream]!(bytes);
  readonly inflate = (stream: TightStream, bytes: Uint8Array, max: number) => this.#inflates[stream]!(bytes, max);
  readonly reset = (stream: TightStream) => {
    this.#inflates[stream] = openInflate();
  };
}

const runs = { numRuns: 60 };

describe.each(formatList)("in a pixel format of %s", (_name, pixelFormat) => {
  it("Hextile draws what it was given, and its length is told from its bytes", () => {
    fc.assert(
      fc.property(cases, (one) => {
        const seen = createFramebuffer(one.frame.width, one.frame.height);
        const bytes = encodeHextile(one.frame, partOf(one), pixelFormat);
        expect(
          hextileBytes(Buffer.concat([Buffer.alloc(3), bytes, Buffer.alloc(5)]), 3, partOf(one), pixelFormat),
        ).toBe(bytes.length);
        expect(hextileBytes(bytes.subarray(0, -1), 0, partOf(one), pixelFormat)).toBeUndefined();
        decodeHextile(seen, partOf(one), pixelFormat, bytes);
        expect(seen.pixels).toEqual(ideal(one.frame, one, pixelFormat).pixels);
      }),
      runs,
    );
  });

  it.each([
    ["without", false],
    ["with", true],
  ])("Tight draws what it was given over streams that go on, %s the gradient filter", (_how, usesGradient) => {
    const streams = new Streams();
    fc.assert(
      fc.property(cases, (one) => {
        const seen = createFramebuffer(one.frame.width, one.frame.height);
        const bytes = encodeTight(one.frame, partOf(one), pixelFormat, { deflate: streams.deflate, usesGradient });
        const shifted = Buffer.concat([Buffer.alloc(3), bytes, Buffer.alloc(5)]);
        expect(tightBytes(shifted, 3, partOf(one), pixelFormat)).toBe(bytes.length);
        decodeTight(seen, partOf(one), pixelFormat, { bytes, decoder: streams });
        expect(seen.pixels).toEqual(ideal(one.frame, one, pixelFormat).pixels);
      }),
      runs,
    );
  });

  it("ZRLE draws what it was given over a stream that goes on", () => {
    const [deflate, inflate] = [openDeflate(), openInflate()];
    fc.assert(
      fc.property(cases, (one) => {
        const seen = createFramebuffer(one.frame.width, one.frame.height);
        const bytes = encodeZrle(one.frame, partOf(one), pixelFormat, deflate);
        decodeZrle(seen, partOf(one), pixelFormat, bytes, inflate);
        expect(seen.pixels).toEqual(ideal(one.frame, one, pixelFormat).pixels);
      }),
      runs,
    );
  });

  it("Cursor keeps shape and mask", () => {
    fc.assert(
      fc.property(pictures, (picture) => {
        const mask = Uint8Array.from(picture.pixels, (pixel) => pixel & 1);
        const bytes = encodeCursor({ picture, mask }, pixelFormat);
        const shape = decodeCursor(picture, pixelFormat, bytes);
        const whole = { x: 0, y: 0, width: picture.width, height: picture.height };
        const seen = createFramebuffer(picture.width, picture.height);
        decodeRaw(seen, whole, pixelFormat, encodeRaw(picture, whole, pixelFormat));
        expect(shape.mask).toEqual(mask);
        expect(shape.picture.pixels).toEqual(seen.pixels);
      }),
      runs,
    );
  });
});

describe("CopyRect", () => {
  it("moves any part to any place, also where they overlap, as if through a copy", () => {
    fc.assert(
      fc.property(cases, fc.nat(), fc.nat(), (one, toX, toY) => {
        const rect = partOf(one);
        const to = { x: toX % (one.frame.width - rect.width + 1), y: toY % (one.frame.height - rect.height + 1) };
        const seen = { ...one.frame, pixels: Uint32Array.from(one.frame.pixels) };
        decodeCopyRectangle(seen, { ...rect, ...to }, encodeCopyRectangle(rect));
        const expected = Uint32Array.from(one.frame.pixels);
        for (let y = 0; y < rect.height; y += 1) {
          for (let x = 0; x < rect.width; x += 1) {
            expected[(to.y + y) * one.frame.width + to.x + x] =
              one.frame.pixels[(rect.y + y) * one.frame.width + rect.x + x]!;
          }
        }
        expect(seen.pixels).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it("refuses a source that is outside of the picture", () => {
    const frame = createFramebuffer(20, 20);
    const rect = { x: 0, y: 0, width: 10, height: 10 };
    expect(() => decodeCopyRectangle(frame, rect, encodeCopyRectangle({ x: 11, y: 0 }))).toThrow(/outside/);
    expect(() => decodeCopyRectangle(frame, rect, Uint8Array.of(0, 0, 0))).toThrow(/3 bytes/);
  });
});

describe("golden bytes", () => {
  const two = createFramebuffer(3, 2);
  two.pixels.set([0xff0000, 0xff0000, 0x0000ff, 0xff0000, 0xff0000, 0x0000ff]);
  const whole = { x: 0, y: 0, width: 3, height: 2 };
  const bits16 = formats["16 bits big-endian 565"]!;
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

  it("of Hextile: background, foreground and one subrectangle (RFC 6143 section 7.7.4)", () => {
    expect(hex(encodeHextile(two, whole, bits16))).toBe(
      "0e" + // BackgroundSpecified, ForegroundSpecified, AnySubrects
        "f800" + // red of five bits
        "001f" + // blue of five bits
        "01" + // one subrectangle
        "2001", // at 2,0; 1 wide, 2 high
    );
  });

  it("of Tight: a fill (rfbproto, Tight encoding)", () => {
    const one = createFramebuffer(4, 4);
    one.pixels.fill(0x123456);
    const fill = encodeTight(one, { x: 0, y: 0, width: 4, height: 4 }, rgb888, { deflate: new Streams().deflate });
    // Fill compression, then red, green, blue.
    expect(hex(fill)).toBe("80123456");
  });

  it("of Tight: a palette of two colours, whose data are too short to be compressed", () => {
    expect(hex(encodeTight(two, whole, rgb888, { deflate: new Streams().deflate }))).toBe(
      "50" + // stream 1, explicit filter
        "01" + // palette
        "01" + // two colours
        "ff0000" +
        "0000ff" +
        "2020", // a bit for each pixel, each row in its own byte
    );
  });

  it.each([
    [0, "00"],
    [127, "7f"],
    [128, "8001"],
    [10_000, "904e"], // the example of rfbproto
    [16_383, "ff7f"],
    [16_384, "808001"],
    [4_194_303, "ffffff"],
  ])("of Tight's compact length %i", (length, bytes) => {
    expect(hex(writeCompactLength(length))).toBe(bytes);
    expect(readCompactLength(Buffer.from(bytes, "hex"), 0)).toEqual({ length, end: bytes.length / 2 });
  });
});

describe("what cannot be", () => {
  const frame = createFramebuffer(16, 16);
  const rect = { x: 0, y: 0, width: 16, height: 16 };
  const decoder = new Streams();
  const hextile = (text: string) => () => decodeHextile(frame, rect, rgb888, Buffer.from(text, "hex"));
  const tight = (text: string) => () => decodeTight(frame, rect, rgb888, { bytes: Buffer.from(text, "hex"), decoder });

  it.each<[string, () => void, RegExp]>([
    ["a tile without a background", hextile("00"), /background/],
    ["a subrectangle without a foreground", hextile("0a00000000010000"), /foreground/],
    ["a subrectangle out of its tile", hextile("0e000000000000000001ffff"), /reaches out/],
    ["a tile that is too short", hextile("01"), /do not fill/],
    ["Tight's JPEG", tight("90"), /control byte 144/],
    ["Tight's filter 3", tight("4003"), /filter 3/],
    ["Tight data that are no zlib", tight("0004deadbeef"), /zlib|header/],
  ])("%s is refused", (_what, decode, words) => {
    expect(decode).toThrow(words);
  });

  it("noise never hangs the decoders and only ever throws", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        for (const decode of [
          () => decodeHextile(frame, rect, rgb888, bytes),
          () => decodeTight(frame, rect, rgb888, { bytes, decoder: new Streams() }),
        ]) {
          try {
            decode();
          } catch (error) {
            expect(error).toBeInstanceOf(Error);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it("Tight is cut into parts of at most 2048 by 32 pixels, which cover all of it once", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 700 }), (width, height) => {
        let area = 0;
        for (const part of tightParts({ x: 3, y: 4, width, height })) {
          expect(part.width).toBeLessThanOrEqual(2048);
          expect(part.width * part.height).toBeLessThanOrEqual(65_536);
          area += part.width * part.height;
        }
        expect(area).toBe(width * height);
      }),
    );
  });
});
