// Reads the picture that an X display gives of itself (the XWD format of X11's xwd, version 7) into RGB pixels.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** 0x00RRGGBB, row by row. */
  readonly pixels: Uint32Array;
}

/** Asks the X server behind `display` (":51") for its root window, pointer not included. */
export async function pictureOfDisplay(display: string): Promise<Picture> {
  const { stdout } = await promisify(execFile)("xwd", ["-root", "-silent", "-display", display], {
    encoding: "buffer",
    maxBuffer: 64 * 1024 * 1024,
  });
  return parseXwd(stdout);
}

/** XWDFile.h: 25 header words, big-endian, then name, colour map and rows of 32-bit pixels. */
export function parseXwd(bytes: Buffer): Picture {
  const word = (index: number) => bytes.readUInt32BE(index * 4);
  const [headerSize, version, width, height] = [word(0), word(1), word(4), word(5)];
  const [byteOrder, bitsPerPixel, bytesPerLine, colours] = [word(7), word(11), word(12), word(19)];
  if (version !== 7 || bitsPerPixel !== 32)
    throw new Error(`xwd: version ${version} with ${bitsPerPixel} bits per pixel is not read here`);
  const start = headerSize + colours * 12;
  const pixels = new Uint32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = start + y * bytesPerLine + x * 4;
      pixels[y * width + x] = (byteOrder === 0 ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)) & 0xffffff;
    }
  }
  return { width, height, pixels };
}

/** How many pixels of the two differ; -1 where their sizes do. */
export function differentPixels(a: Picture, b: Picture): number {
  if (a.width !== b.width || a.height !== b.height) return -1;
  let count = 0;
  for (let index = 0; index < a.pixels.length; index++) if (a.pixels[index] !== b.pixels[index]) count++;
  return count;
}
