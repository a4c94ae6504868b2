// Passes over the handshake of simulated TLS, behind which the bytes are in clear; real TLS stays closed.
import type { Direction } from "./protocol-event.ts";

const recordHeader = Buffer.from([0x16, 0x03, 0x03]);
const headerBytes = 5;
/** Records of the handshake in each direction: the dialler's greeting and its end, the listener's certificate. */
const records: Readonly<Record<Direction, number>> = { up: 2, down: 1 };

type State = "unknown" | "tls" | "clear" | "closed";

const nothing = new Uint8Array(0);

export class TlsSkipper {
  readonly #waiting: Record<Direction, Buffer> = { up: Buffer.alloc(0), down: Buffer.alloc(0) };
  readonly #left: Record<Direction, number> = { ...records };
  #state: State = "unknown";

  /** What of the bytes is in clear. */
  receive(direction: Direction, bytes: Uint8Array): Uint8Array {
    if (this.#is("closed")) return nothing;
    // What came before it was known that all is in clear is still to be told.
    if (this.#is("clear") && this.#waiting[direction].length === 0) return bytes;
    this.#waiting[direction] = Buffer.concat([this.#waiting[direction], bytes]);
    if (this.#is("unknown")) this.#decide();
    if (this.#is("tls")) this.#skip(direction);
    const isOver = this.#is("clear") || (this.#is("tls") && this.#left[direction] === 0);
    if (!isOver) return nothing;
    const clear = this.#waiting[direction];
    this.#waiting[direction] = Buffer.alloc(0);
    return clear;
  }

  #is(state: State): boolean {
    return this.#state === state;
  }

  /** TLS is begun by the dialler: a server that speaks before its whole greeting is there is in clear. */
  #decide(): void {
    const { up, down } = this.#waiting;
    if (down.length > 0 && up.length <= headerBytes) this.#state = "clear";
    const begin = up.subarray(0, recordHeader.length);
    if (begin.length > 0 && !recordHeader.subarray(0, begin.length).equals(begin)) this.#state = "clear";
    // The body of a simulated record is JSON; a real one's begins with the type of a handshake message.
    else if (up.length > headerBytes) this.#state = up[headerBytes] === 0x7b ? "tls" : "closed";
  }

  #skip(direction: Direction): void {
    while (this.#left[direction] > 0 && this.#waiting[direction].length >= headerBytes) {
      const waiting = this.#waiting[direction];
      if (!waiting.subarray(0, recordHeader.length).equals(recordHeader)) {
        this.#state = "closed";
        return;
      }
      const end = headerBytes + waiting.readUInt16BE(recordHeader.length);
      if (waiting.length < end) return;
      this.#waiting[direction] = waiting.subarray(end);
      this.#left[direction] -= 1;
    }
  }
}
