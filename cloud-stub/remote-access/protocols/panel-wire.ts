// The connection to a panel as a stream, for what speaks over one (ssh2, TLS): the relay feeds and takes its two directions.
import { Duplex } from "node:stream";

export class PanelWire extends Duplex {
  readonly #toPanel: (bytes: Uint8Array) => void;
  #sentBytes = 0;

  /** `toPanel` takes each piece at once; its back-pressure is the relay's. */
  constructor(toPanel: (bytes: Uint8Array) => void) {
    super({ allowHalfOpen: true, emitClose: true });
    this.#toPanel = toPanel;
  }

  /** Bytes given to the panel so far. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  override _read(): void {
    // Bytes come when they come; what may come is regulated by the relay.
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    this.#sentBytes += chunk.length;
    this.#toPanel(chunk);
    done();
  }
}
