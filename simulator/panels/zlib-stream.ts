// The two ends of the zlib stream that a VNC connection keeps for its whole life.
import { Deflate, Inflate, Z_SYNC_FLUSH } from "pako";

/** Fast rather than small: screens are drawn many times a second. */
const level = 1;

/** Compresses piece after piece with one history; what is returned can be read at once by the other end. */
export function openDeflate(): (bytes: Uint8Array) => Uint8Array {
  let chunks: Uint8Array[] = [];
  const stream = new Deflate({ level });
  stream.onData = (chunk) => {
    chunks.push(chunk);
  };
  return (bytes) => {
    chunks = [];
    stream.push(bytes, Z_SYNC_FLUSH);
    return Buffer.concat(chunks);
  };
}

/** Decompresses piece after piece; throws above `bytesMax` and for damaged data. */
export function openInflate(): (bytes: Uint8Array, bytesMax: number) => Uint8Array {
  let chunks: Uint8Array[] = [];
  const stream = new Inflate();
  stream.onData = (chunk) => {
    chunks.push(chunk);
  };
  return (bytes, bytesMax) => {
    chunks = [];
    stream.push(bytes, Z_SYNC_FLUSH);
    if (stream.err !== 0) throw new Error(`zlib: ${stream.msg}`);
    const all = Buffer.concat(chunks);
    if (all.length > bytesMax) throw new RangeError(`zlib: ${all.length} bytes, at most ${bytesMax} were expected`);
    return all;
  };
}
