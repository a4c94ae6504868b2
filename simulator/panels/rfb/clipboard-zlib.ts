// Whole zlib streams of clipboard messages, never larger than they may be.
import { Deflate, Inflate } from "pako";
import type { ClipboardZlib } from "#protocol/rfb/extended-clipboard.ts";

export const clipboardZlib: ClipboardZlib = {
  deflate: (bytes) => {
    const chunks: Uint8Array[] = [];
    const stream = new Deflate();
    stream.onData = (chunk) => {
      chunks.push(chunk);
    };
    stream.push(bytes, true);
    return Buffer.concat(chunks);
  },
  inflate: (bytes, bytesMax) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    const stream = new Inflate();
    stream.onData = (chunk) => {
      length += chunk.length;
      // Thrown in the middle of it: a small message may hold a huge text.
      if (length > bytesMax) throw new RangeError(`zlib: more than ${bytesMax} bytes`);
      chunks.push(chunk);
    };
    stream.push(bytes, true);
    if (stream.err !== 0) throw new Error(`zlib: ${stream.msg}`);
    return Buffer.concat(chunks);
  },
};
