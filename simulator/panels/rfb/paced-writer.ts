// Writes to a viewer, at once or a byte at a time with pauses between.
import type { Duplex } from "node:stream";
import type { Clock, TimerHandle } from "#hardware/ports.ts";

export class PacedWriter {
  readonly #clock: Clock;
  readonly #stream: Duplex;
  #waiting: { bytes: Uint8Array; readonly pauseMs: number | undefined }[] = [];
  #timer: TimerHandle | undefined;
  #endsAfterwards = false;

  constructor(stream: Duplex, clock: Clock) {
    this.#stream = stream;
    this.#clock = clock;
  }

  /** Whether the viewer should first take what has been written. */
  get isFull(): boolean {
    return this.#waiting.length > 0 || this.#stream.writableNeedDrain;
  }

  /** Behind everything that was written before. `pauseMs`: after each byte. */
  write(bytes: Uint8Array, pauseMs?: number): void {
    if (pauseMs === undefined && this.#waiting.length === 0) this.#stream.write(bytes);
    else {
      this.#waiting.push({ bytes, pauseMs });
      if (this.#timer === undefined) this.#pump();
    }
  }

  /** Ends the stream when all is written. */
  end(): void {
    this.#endsAfterwards = true;
    if (this.#waiting.length === 0) this.#stream.end();
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting = [];
  }

  #pump(): void {
    this.#timer = undefined;
    for (let [first] = this.#waiting; first !== undefined; [first] = this.#waiting) {
      if (first.pauseMs !== undefined && first.bytes.length > 0) {
        this.#stream.write(first.bytes.subarray(0, 1));
        first.bytes = first.bytes.subarray(1);
        if (first.bytes.length === 0) this.#waiting.shift();
        this.#timer = this.#clock.setTimeout(() => this.#pump(), first.pauseMs);
        return;
      }
      this.#waiting.shift();
      this.#stream.write(first.bytes);
    }
    if (this.#endsAfterwards) this.#stream.end();
    else this.#stream.emit("drain");
  }
}
