// One zlib stream in each direction, as a connection has them.
import { Deflate, Inflate, Z_SYNC_FLUSH } from "pako";

export function deflater(): (bytes: Uint8Array) => Uint8Array {
  const stream = new Deflate();
  return (bytes) => {
    const chunks: Uint8Array[] = [];
    stream.onData = (chunk) => chunks.push(Uint8Array.from(chunk));
    if (!stream.push(Uint8Array.from(bytes), Z_SYNC_FLUSH)) throw new Error(`deflate: ${stream.msg}`);
    return Buffer.concat(chunks);
  };
}

export function inflater(): (bytes: Uint8Array) => Uint8Array {
  const stream = new Inflate();
  return (bytes) => {
    const chunks: Uint8Array[] = [];
    stream.onData = (chunk) => chunks.push(Uint8Array.from(chunk));
    if (!stream.push(Uint8Array.from(bytes), Z_SYNC_FLUSH)) throw new Error(`inflate: ${stream.msg}`);
    return Buffer.concat(chunks);
  };
}
