// Writes parts of the picture for one viewer, in the encoding and the pixel format that it asked for.
import { encodeCopyRectangle, moveArea } from "#protocol/rfb/copy-rect.ts";
import { encodeHextile } from "#protocol/rfb/hextile.ts";
import { type EncodedRectangle, encodings } from "#protocol/rfb/messages.ts";
import {
  createFramebuffer,
  type Framebuffer,
  type PixelFormat,
  type Rectangle,
  rgb888,
} from "#protocol/rfb/pixel-format.ts";
import { pixelEncodings } from "#protocol/rfb/pseudo-encodings.ts";
import { encodeRaw } from "#protocol/rfb/raw.ts";
import { encodeTight, tightParts } from "#protocol/rfb/tight-encoding.ts";
import { encodeZrle } from "#protocol/rfb/zrle.ts";
import { copyArea, dirtyRectangles } from "../dirty-rectangles.ts";
import type { ScrollingArea } from "../hmi-screen.ts";
import { openDeflate } from "../zlib-stream.ts";
import { findMove } from "./moved-area.ts";

type Deflate = (bytes: Uint8Array) => Uint8Array;

export class PictureWriter {
  /** What the viewer wants its pixels in. */
  format: PixelFormat = rgb888;
  /** The encoding for pixels. */
  encoding: number = encodings.raw;
  takesCopies = false;
  readonly #swaps: boolean;
  /** The picture as the viewer has it; undefined until it has been sent one of this size. */
  #shown: Framebuffer | undefined;
  /** One for each of its four streams, and the fifth is ZRLE's. */
  readonly #streams = new Map<number, Deflate>();

  constructor(options: { readonly swapsRedAndBlue: boolean }) {
    this.#swaps = options.swapsRedAndBlue;
  }

  get hasShown(): boolean {
    return this.#shown !== undefined;
  }

  /** Parts that differ from what was sent, or all of `area` if the viewer wants it anew; takes note of them. */
  write(
    frame: Framebuffer,
    area: Rectangle,
    { isWhole, scrolling }: { readonly isWhole: boolean; readonly scrolling: readonly ScrollingArea[] },
  ): EncodedRectangle[] {
    if (this.#shown?.width !== frame.width || this.#shown.height !== frame.height) {
      this.#shown = createFramebuffer(frame.width, frame.height);
    }
    const shown = this.#shown;
    if (isWhole) return area.width * area.height === 0 ? [] : this.#encode(frame, area);
    const copies = this.takesCopies ? scrolling.flatMap((part) => this.#copy(frame, shown, area, part)) : [];
    return [...copies, ...dirtyRectangles(frame, shown, area).flatMap((part) => this.#encode(frame, part))];
  }

  /** The size has changed: nothing that was sent counts any more. */
  forget(): void {
    this.#shown = undefined;
  }

  #copy(frame: Framebuffer, shown: Framebuffer, asked: Rectangle, part: ScrollingArea): EncodedRectangle[] {
    if (!isInside(part.area, asked)) return [];
    const move = findMove(frame, shown, part);
    if (move === undefined) return [];
    const { width, height } = move.to;
    moveArea(shown, { ...move.from, width, height }, move.to);
    return [{ ...move.to, encoding: encodings.copyRectangle, payload: encodeCopyRectangle(move.from) }];
  }

  #encode(frame: Framebuffer, part: Rectangle): EncodedRectangle[] {
    if (this.#shown !== undefined) copyArea(frame, this.#shown, part);
    const source = this.#swaps ? swapped(frame) : frame;
    const { encoding } = this;
    if (encoding === pixelEncodings.tight) {
      const encoder = { deflate: (stream: number, bytes: Uint8Array) => this.#stream(stream)(bytes) };
      return [...tightParts(part)].map((one) => ({
        ...one,
        encoding,
        payload: encodeTight(source, one, this.format, encoder),
      }));
    }
    return [{ ...part, encoding, payload: this.#payload(source, part) }];
  }

  #payload(frame: Framebuffer, part: Rectangle): Uint8Array {
    if (this.encoding === encodings.zrle) return encodeZrle(frame, part, this.format, this.#stream(4));
    if (this.encoding === pixelEncodings.hextile) return encodeHextile(frame, part, this.format);
    return encodeRaw(frame, part, this.format);
  }

  #stream(index: number): Deflate {
    const known = this.#streams.get(index);
    if (known !== undefined) return known;
    const stream = openDeflate();
    this.#streams.set(index, stream);
    return stream;
  }
}

function isInside(part: Rectangle, area: Rectangle): boolean {
  return (
    part.x >= area.x &&
    part.y >= area.y &&
    part.x + part.width <= area.x + area.width &&
    part.y + part.height <= area.y + area.height
  );
}

function swapped(frame: Framebuffer): Framebuffer {
  const swap = (pixel: number): number => ((pixel & 0xff) << 16) | (pixel & 0xff00) | ((pixel >> 16) & 0xff);
  return { ...frame, pixels: frame.pixels.map(swap) };
}
