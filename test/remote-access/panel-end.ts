// The gateway's websocket as a stream, for panels that speak over one: what the relay sends to the panel comes out of it.
import { Duplex } from "node:stream";
import type { Peer } from "./world.ts";

export class PanelEnd extends Duplex {
  readonly #peer: Peer;
  readonly #pieceBytes: number;

  /** `skip`: bytes that somebody else has read already. */
  constructor(peer: Peer, options: { readonly pieceBytes?: number; readonly skip?: number } = {}) {
    super({ allowHalfOpen: true });
    this.#peer = peer;
    this.#pieceBytes = options.pieceBytes ?? 1024 * 1024;
    const early = peer.received.subarray(options.skip ?? 0);
    if (early.length > 0) this.push(Buffer.from(early));
    peer.websocket.on("message", (data: Buffer, isBinary) => {
      if (isBinary) setImmediate(() => this.push(data));
    });
    peer.websocket.on("close", () => this.destroy());
    this.on("error", () => {});
  }

  override _read(): void {}

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    for (let start = 0; start < chunk.length; start += this.#pieceBytes) {
      this.#peer.send(chunk.subarray(start, start + this.#pieceBytes));
    }
    setImmediate(done);
  }

  override _writev(chunks: { readonly chunk: Uint8Array }[], done: () => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), "buffer", done);
  }

  override _final(done: () => void): void {
    this.#peer.websocket.close(1000, "panel.closed");
    done();
  }
}
