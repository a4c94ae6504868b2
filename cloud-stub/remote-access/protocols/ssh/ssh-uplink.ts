// What a person types on its way into the SSH channel: a counted queue that holds the client back while the panel takes nothing.
import type { Writable } from "node:stream";

/** Bytes in the queue above which the client is held back. */
const highWaterBytes = 32 * 1024;

export class SshUplink {
  readonly #wire: { readonly sentBytes: number };
  readonly #regulate: () => void;
  #channel: Writable | undefined;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  /** `taking`: the channel has a piece that does not fit its window; `rekeying`: ssh2 keeps what it is given to itself. */
  #state: "free" | "taking" | "rekeying" = "free";

  constructor(wire: { readonly sentBytes: number }, regulate: () => void) {
    this.#wire = wire;
    this.#regulate = regulate;
  }

  get heldBytes(): number {
    return this.#queuedBytes + (this.#channel?.writableLength ?? 0);
  }

  get isFull(): boolean {
    return this.#queuedBytes >= highWaterBytes;
  }

  write(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    this.#pump();
  }

  /** The shell is open. */
  open(channel: Writable): void {
    this.#channel = channel;
    this.#pump();
  }

  /** Something went to the panel: a key exchange may be over. */
  wireMoved(): void {
    if (this.#state !== "rekeying") return;
    this.#state = "free";
    this.#pump();
  }

  /** Gives all that is left to the channel, whatever its window: nothing more comes. */
  flush(): void {
    const rest = this.#queue.splice(0);
    this.#queuedBytes = 0;
    for (const bytes of rest) this.#channel?.write(bytes);
  }

  #pump(): void {
    const channel = this.#channel;
    if (channel === undefined) return;
    const wasFull = this.isFull;
    while (this.#state === "free") {
      const bytes = this.#queue.shift();
      if (bytes === undefined) break;
      this.#queuedBytes -= bytes.length;
      const sentBefore = this.#wire.sentBytes;
      let isTaken = false;
      this.#state = "taking";
      channel.write(bytes, () => {
        isTaken = true;
        if (this.#state !== "taking") return;
        this.#state = "free";
        this.#pump();
      });
      // The callback of a written piece comes on a later turn; that is back-pressure enough for what fits.
      if (!isTaken && this.#wire.sentBytes === sentBefore && channel.writableLength === 0) this.#state = "rekeying";
    }
    if (wasFull && !this.isFull) this.#regulate();
  }
}
