// Pixel formats of RFB (RFC 6143 section 7.4) and the picture that both ends keep; true colour only.
import { ProtocolError } from "../protocol-error.ts";

export interface PixelFormat {
  readonly bitsPerPixel: 8 | 16 | 32;
  /** Bits that mean something, 1 to `bitsPerPixel`. */
  readonly depth: number;
  readonly bigEndian: boolean;
  readonly trueColour: boolean;
  readonly redMax: number;
  readonly greenMax: number;
  readonly blueMax: number;
  /** Bits from the lowest one. */
  readonly redShift: number;
  readonly greenShift: number;
  readonly blueShift: number;
}

/** A picture; each pixel is 0x00RRGGBB, row by row. */
export interface Framebuffer {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint32Array;
}

/** A part of a picture, in pixels from its upper left corner. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Length of a pixel format in bytes. */
export const pixelFormatBytes = 16;

/** 32 bits little-endian 0x00RRGGBB: what most servers and noVNC speak. */
export const rgb888: PixelFormat = {
  bitsPerPixel: 32,
  depth: 24,
  bigEndian: false,
  trueColour: true,
  redMax: 255,
  greenMax: 255,
  blueMax: 255,
  redShift: 16,
  greenShift: 8,
  blueShift: 0,
};

export function createFramebuffer(width: number, height: number): Framebuffer {
  return { width, height, pixels: new Uint32Array(width * height) };
}

/** Reads 16 bytes. Throws ProtocolError `rfb.malformed` for a format that cannot be. */
export function parsePixelFormat(bytes: Uint8Array): PixelFormat {
  const view = new DataView(bytes.buffer, bytes.byteOffset, pixelFormatBytes);
  const bitsPerPixel = view.getUint8(0);
  if (bitsPerPixel !== 8 && bitsPerPixel !== 16 && bitsPerPixel !== 32) {
    throw malformed(`bits-per-pixel is ${bitsPerPixel}, not 8, 16 or 32`);
  }
  const format: PixelFormat = {
    bitsPerPixel,
    depth: view.getUint8(1),
    bigEndian: view.getUint8(2) !== 0,
    trueColour: view.getUint8(3) !== 0,
    redMax: view.getUint16(4),
    greenMax: view.getUint16(6),
    blueMax: view.getUint16(8),
    redShift: view.getUint8(10),
    greenShift: view.getUint8(11),
    blueShift: view.getUint8(12),
  };
  if (format.depth < 1 || format.depth > bitsPerPixel) throw malformed(`depth ${format.depth} of ${bitsPerPixel} bits`);
  if (format.trueColour) checkColours(format);
  return format;
}

export function writePixelFormat(format: PixelFormat): Uint8Array {
  const bytes = new Uint8Array(pixelFormatBytes);
  const view = new DataView(bytes.buffer);
  bytes.set([format.bitsPerPixel, format.depth, Number(format.bigEndian), Number(format.trueColour)]);
  view.setUint16(4, format.redMax);
  view.setUint16(6, format.greenMax);
  view.setUint16(8, format.blueMax);
  bytes.set([format.redShift, format.greenShift, format.blueShift], 10);
  return bytes;
}

/** Throws ProtocolError `rfb.unsupported` for a colour map, which Postern does not draw. */
export function requireTrueColour(format: PixelFormat): void {
  if (!format.trueColour) throw new ProtocolError("rfb.unsupported", "the pixel format uses a colour map");
}

/** Throws ProtocolError `rfb.malformed` if the part is not wholly inside the picture. */
export function requireInside(frame: Framebuffer, rect: Rectangle): void {
  const isInside =
    rect.x >= 0 && rect.y >= 0 && rect.x + rect.width <= frame.width && rect.y + rect.height <= frame.height;
  if (isInside) return;
  const part = `${rect.width}x${rect.height} at ${rect.x},${rect.y}`;
  throw new ProtocolError("rfb.malformed", `rectangle ${part} is outside the ${frame.width}x${frame.height} screen`);
}

/** A function from 0x00RRGGBB to the format's pixel value; rounds where the format has fewer shades. */
export function pixelEncoder(format: PixelFormat): (colour: number) => number {
  requireTrueColour(format);
  const red = Uint32Array.from(shades, (shade) => scale(shade, 255, format.redMax) << format.redShift);
  const green = Uint32Array.from(shades, (shade) => scale(shade, 255, format.greenMax) << format.greenShift);
  const blue = Uint32Array.from(shades, (shade) => scale(shade, 255, format.blueMax) << format.blueShift);
  return (colour) => {
    const value = at(red, (colour >>> 16) & 255) | at(green, (colour >>> 8) & 255) | at(blue, colour & 255);
    return value >>> 0;
  };
}

/** A function from the format's pixel value to 0x00RRGGBB. */
export function pixelDecoder(format: PixelFormat): (value: number) => number {
  requireTrueColour(format);
  const { redMax, greenMax, blueMax, redShift, greenShift, blueShift } = format;
  return (value) => {
    const red = scale((value >>> redShift) & redMax, redMax, 255);
    const green = scale((value >>> greenShift) & greenMax, greenMax, 255);
    const blue = scale((value >>> blueShift) & blueMax, blueMax, 255);
    return (red << 16) | (green << 8) | blue;
  };
}

const shades = Array.from({ length: 256 }, (_, shade) => shade);

function scale(value: number, max: number, newMax: number): number {
  return max === 0 ? 0 : Math.floor((value * newMax + (max >> 1)) / max);
}

function at(table: Uint32Array, index: number): number {
  return table[index] ?? 0;
}

function checkColours(format: PixelFormat): void {
  const colours = [
    ["red", format.redMax, format.redShift],
    ["green", format.greenMax, format.greenShift],
    ["blue", format.blueMax, format.blueShift],
  ] as const;
  for (const [name, max, shift] of colours) {
    if ((max & (max + 1)) !== 0) throw malformed(`${name}-max ${max} is not a power of two minus one`);
    if (shift + Math.log2(max + 1) > format.bitsPerPixel) throw malformed(`${name} does not fit into a pixel`);
  }
}

function malformed(what: string): ProtocolError {
  return new ProtocolError("rfb.malformed", `pixel format: ${what}`);
}
