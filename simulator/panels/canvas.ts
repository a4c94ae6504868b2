// Drawing on a framebuffer: filled shapes with smooth edges, lines, arcs, and text in the panels' own font at any size.
import type { Framebuffer, Rectangle } from "#protocol/rfb/pixel-format.ts";
import { glyphExtent, glyphHeight, glyphRows, glyphWidth } from "./glyphs.ts";
import { type PolarPixels, polarPixels } from "./polar-pixels.ts";

/** Glyph masks kept at most; a screen uses about two hundred. */
const masksMax = 1024;

interface Mask {
  readonly width: number;
  readonly height: number;
  /** 0 to 1 for each pixel. */
  readonly coverage: Float32Array;
}

/** Rings whose pixels are kept at most; a screen uses about ten. */
const polarsMax = 32;

/** How what is drawn comes onto the picture: times `scale`, then moved by `x` and `y` pixels. */
export interface CanvasView {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export class Canvas {
  readonly frame: Framebuffer;
  readonly view: CanvasView;
  readonly #masks = new Map<string, Mask>();
  readonly #polars = new Map<string, PolarPixels>();

  constructor(frame: Framebuffer, view: CanvasView = { scale: 1, x: 0, y: 0 }) {
    this.frame = frame;
    this.view = view;
  }

  fill(x: number, y: number, width: number, height: number, colour: number): void {
    const at = this.#place(x, y);
    const { scale } = this.view;
    this.#fill(at.x, at.y, width * scale, height * scale, colour);
  }

  /** Mixes a colour into what is there, by a share from 0 to 1. */
  veil(x: number, y: number, width: number, height: number, colour: number, share: number): void {
    const at = this.#place(x, y);
    const { scale } = this.view;
    const right = Math.min(this.frame.width, Math.round(at.x + width * scale));
    const bottom = Math.min(this.frame.height, Math.round(at.y + height * scale));
    for (let row = Math.max(0, Math.round(at.y)); row < bottom; row += 1) {
      for (let column = Math.max(0, Math.round(at.x)); column < right; column += 1) {
        const place = row * this.frame.width + column;
        this.frame.pixels[place] = mix(this.frame.pixels[place] ?? 0, colour, share);
      }
    }
  }

  #fill(x: number, y: number, width: number, height: number, colour: number): void {
    const left = Math.max(0, Math.round(x));
    const right = Math.min(this.frame.width, Math.round(x + width));
    const bottom = Math.min(this.frame.height, Math.round(y + height));
    if (right <= left) return;
    for (let row = Math.max(0, Math.round(y)); row < bottom; row += 1) {
      this.frame.pixels.fill(colour, row * this.frame.width + left, row * this.frame.width + right);
    }
  }

  #place(x: number, y: number): { x: number; y: number } {
    const { view } = this;
    return { x: view.x + x * view.scale, y: view.y + y * view.scale };
  }

  /** A filled rectangle with round corners. */
  roundRect(x: number, y: number, width: number, height: number, radius: number, colour: number): void {
    const { scale } = this.view;
    const at = this.#place(x, y);
    const [left, top] = [Math.round(at.x), Math.round(at.y)];
    this.#roundRect(
      {
        x: left,
        y: top,
        width: Math.round(at.x + width * scale) - left,
        height: Math.round(at.y + height * scale) - top,
      },
      radius * scale,
      colour,
    );
  }

  #roundRect({ x, y, width, height }: Rectangle, radius: number, colour: number): void {
    for (let row = 0; row < height; row += 1) {
      const dy = Math.max(radius - row - 0.5, row + 0.5 - (height - radius), 0);
      if (dy === 0) {
        this.#fill(x, y + row, width, 1, colour);
        continue;
      }
      // Between the corners a row is as far outside everywhere.
      const [left, right] = [Math.ceil(radius), Math.floor(width - radius)];
      const isFilled = radius - dy + 0.5 >= 1 && right > left;
      if (isFilled) this.#fill(x + left, y + row, right - left, 1, colour);
      for (let column = 0; column < width; column += 1) {
        if (isFilled && column === left) column = right;
        const dx = Math.max(radius - column - 0.5, column + 0.5 - (width - radius), 0);
        this.#blend(x + column, y + row, colour, radius - Math.hypot(dx, dy) + 0.5);
      }
    }
  }

  disc(centreX: number, centreY: number, radius: number, colour: number): void {
    this.ring({ centreX, centreY, inner: -1, outer: radius, from: 0, to: 1 }, colour);
  }

  /** A part of a ring; `from` and `to` in turns, 0 at the bottom and clockwise. */
  ring(
    shape: {
      readonly centreX: number;
      readonly centreY: number;
      readonly inner: number;
      readonly outer: number;
      readonly from: number;
      readonly to: number;
    },
    colour: number,
  ): void {
    const { from, to } = shape;
    const { scale } = this.view;
    const [inner, outer] = [shape.inner * scale, shape.outer * scale];
    const centre = this.#place(shape.centreX, shape.centreY);
    const [centreX, centreY] = [Math.round(centre.x), Math.round(centre.y)];
    const isWhole = to - from >= 1;
    const { xs, ys, across, turns, arcLengths } = this.#polarOf(inner, outer);
    for (let at = 0; at < xs.length; at += 1) {
      const turn = turns[at] ?? 0;
      const arcLength = arcLengths[at] ?? 1;
      const along = isWhole ? 1 : Math.min((turn - from) * arcLength, (to - turn) * arcLength) + 0.5;
      this.#blend(centreX + (xs[at] ?? 0), centreY + (ys[at] ?? 0), colour, Math.min(across[at] ?? 0, along));
    }
  }

  #polarOf(inner: number, outer: number): PolarPixels {
    const key = `${inner} ${outer}`;
    let polar = this.#polars.get(key);
    if (polar === undefined) {
      if (this.#polars.size >= polarsMax) this.#polars.clear();
      polar = polarPixels(inner, outer);
      this.#polars.set(key, polar);
    }
    return polar;
  }

  /** A line of `thickness` pixels with smooth edges. */
  line(fromX: number, fromY: number, toX: number, toY: number, thickness: number, colour: number): void {
    const [from, to] = [this.#place(fromX, fromY), this.#place(toX, toY)];
    this.#line(from, to, thickness * this.view.scale, colour);
  }

  #line(from: { x: number; y: number }, to: { x: number; y: number }, thickness: number, colour: number): void {
    const [fromX, fromY, toX, toY] = [from.x, from.y, to.x, to.y];
    const reach = thickness / 2 + 1;
    const lengthSquared = (toX - fromX) ** 2 + (toY - fromY) ** 2;
    for (let y = Math.floor(Math.min(fromY, toY) - reach); y <= Math.max(fromY, toY) + reach; y += 1) {
      for (let x = Math.floor(Math.min(fromX, toX) - reach); x <= Math.max(fromX, toX) + reach; x += 1) {
        const raw =
          lengthSquared === 0 ? 0 : ((x - fromX) * (toX - fromX) + (y - fromY) * (toY - fromY)) / lengthSquared;
        const along = Math.min(1, Math.max(0, raw));
        const distance = Math.hypot(x - fromX - along * (toX - fromX), y - fromY - along * (toY - fromY));
        this.#blend(x, y, colour, thickness / 2 - distance + 0.5);
      }
    }
  }

  /** A shape with straight sides and smooth edges; for small ones. */
  polygon(points: readonly (readonly [number, number])[], colour: number): void {
    const corners = points.map(([x, y]) => this.#place(x, y));
    const [xs, ys] = [corners.map(({ x }) => x), corners.map(({ y }) => y)];
    const [right, bottom] = [Math.ceil(Math.max(...xs)), Math.ceil(Math.max(...ys))];
    for (let y = Math.floor(Math.min(...ys)); y <= bottom; y += 1) {
      for (let x = Math.floor(Math.min(...xs)); x <= right; x += 1) {
        let inside = 0;
        for (const dy of samples) for (const dx of samples) if (isInside(corners, x + dx, y + dy)) inside += 1;
        this.#blend(x, y, colour, inside / samples.length ** 2);
      }
    }
  }

  /** Draws text with its upper left corner at `x`, `y`; `size` 1 is seven pixels high, and two below the line. Returns where it ends. */
  text(x: number, y: number, text: string, size: number, colour: number): number {
    let at = x;
    for (const character of text) {
      const { left, width } = glyphExtent(character);
      const place = this.#place(at - left * size, y);
      this.#glyph(Math.round(place.x), Math.round(place.y), character, size * this.view.scale, colour);
      at += (width + 1) * size;
    }
    return Math.round(at);
  }

  textCentred(centreX: number, y: number, text: string, size: number, colour: number): void {
    this.text(Math.round(centreX - textWidth(text, size) / 2), y, text, size, colour);
  }

  textRight(rightX: number, y: number, text: string, size: number, colour: number): void {
    this.text(Math.round(rightX - textWidth(text, size)), y, text, size, colour);
  }

  #glyph(x: number, y: number, character: string, size: number, colour: number): void {
    const mask = this.#maskOf(character, size);
    for (let row = 0; row < mask.height; row += 1) {
      for (let column = 0; column < mask.width; column += 1) {
        this.#blend(x + column, y + row, colour, mask.coverage[row * mask.width + column] ?? 0);
      }
    }
  }

  #maskOf(character: string, size: number): Mask {
    const key = `${character}${size}`;
    let mask = this.#masks.get(key);
    if (mask === undefined) {
      if (this.#masks.size >= masksMax) this.#masks.clear();
      mask = makeMask(character, size);
      this.#masks.set(key, mask);
    }
    return mask;
  }

  #blend(x: number, y: number, colour: number, alpha: number): void {
    if (alpha <= 0 || x < 0 || y < 0 || x >= this.frame.width || y >= this.frame.height) return;
    const at = y * this.frame.width + x;
    this.frame.pixels[at] = alpha >= 1 ? colour : mix(this.frame.pixels[at] ?? 0, colour, alpha);
  }
}

/** Width of a text in pixels, without the gap behind its last character. */
export function textWidth(text: string, size: number): number {
  let width = -1;
  for (const character of text) width += glyphExtent(character).width + 1;
  return Math.max(0, width) * size;
}

/** The text, cut so that it is at most `width` pixels wide; what is missing is shown as two dots. */
export function fitted(text: string, size: number, width: number): string {
  if (textWidth(text, size) <= width) return text;
  let cut = text;
  while (cut.length > 0 && textWidth(`${cut}..`, size) > width) cut = cut.slice(0, -1);
  return `${cut.trimEnd()}..`;
}

/** Where in a pixel a shape is asked for. */
const samples = [-0.375, -0.125, 0.125, 0.375] as const;

/** Whether a ray to the right crosses the sides an odd number of times. */
function isInside(corners: readonly { readonly x: number; readonly y: number }[], x: number, y: number): boolean {
  let inside = false;
  for (const [index, one] of corners.entries()) {
    const other = corners[(index + 1) % corners.length] ?? one;
    if (one.y > y === other.y > y) continue;
    if (x < one.x + ((y - one.y) / (other.y - one.y)) * (other.x - one.x)) inside = !inside;
  }
  return inside;
}

/** `share` of `other` in `colour`, 0 to 1. */
export function mix(colour: number, other: number, share: number): number {
  let mixed = 0;
  for (const shift of [16, 8, 0]) {
    const from = (colour >> shift) & 0xff;
    const to = (other >> shift) & 0xff;
    mixed |= Math.round(from + (to - from) * share) << shift;
  }
  return mixed;
}

/**
 * A glyph at a size. Between its pixels the bitmap is read as a smooth surface whose contour at one half is the outline:
 * diagonals come out straight and corners round, instead of as steps.
 */
function makeMask(character: string, size: number): Mask {
  const bitmap = glyphRows(character);
  const lit = (x: number, y: number): number => (((bitmap[y] ?? 0) >> (glyphWidth - 1 - x)) & 1 && x >= 0 ? 1 : 0);
  const width = Math.ceil((glyphWidth + 1) * size);
  const height = Math.ceil((glyphHeight + 1) * size);
  const coverage = new Float32Array(width * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const sourceX = (x + 0.5) / size - 0.5;
      const sourceY = (y + 0.5) / size - 0.5;
      const [left, top] = [Math.floor(sourceX), Math.floor(sourceY)];
      const [right, below] = [sourceX - left, sourceY - top];
      const surface =
        lit(left, top) * (1 - right) * (1 - below) +
        lit(left + 1, top) * right * (1 - below) +
        lit(left, top + 1) * (1 - right) * below +
        lit(left + 1, top + 1) * right * below;
      coverage[y * width + x] = size === 1 ? surface : Math.min(1, Math.max(0, (surface - 0.4) * size * 1.2 + 0.5));
    }
  }
  return { width, height, coverage };
}
