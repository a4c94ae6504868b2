// One end of a simulated TCP connection, as a Duplex that behaves like a socket with `allowHalfOpen`.
import { Duplex } from "node:stream";
import type { DeliveryKind } from "../faults/fault.ts";
import type { Pipe } from "./pipe.ts";

/** Bytes a stream holds inside the program on each side before it stops reading or asks its writer to wait. */
const highWaterMarkBytes = 16 * 1024;

/** With more than fits the window waiting, nothing is sent until so much fits. */
const segmentBytes = 16 * 1024;

/** Node's code for what OpenSSL says of a record whose authentication code does not fit. */
export const alteredRecordCode = "ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC";

type WriteCallback = (error?: Error | null) => void;

type Arrival =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "end" }
  | { readonly kind: "reset" };

export class Endpoint extends Duplex {
  readonly #outgoing: Pipe;
  readonly #incoming: Pipe;
  readonly #hasClosed: () => void;
  /** What the host's system has and the program has not read yet. */
  #arrived: Arrival[] = [];
  #waiting: { bytes: Uint8Array; readonly done: WriteCallback } | undefined;
  #wantsMore = false;
  #isPeerGone = false;
  #isClosed = false;
  #saysNothing = false;
  /** Its system knows nothing of the connection any more, although nobody was told. */
  #isForgotten = false;
  #hasSentEnd = false;
  #tls: "none" | "handshake" | "open" = "none";

  constructor(pipes: { readonly outgoing: Pipe; readonly incoming: Pipe }, hasClosed: () => void) {
    super({
      allowHalfOpen: true,
      readableHighWaterMark: highWaterMarkBytes,
      writableHighWaterMark: highWaterMarkBytes,
    });
    this.#outgoing = pipes.outgoing;
    this.#incoming = pipes.incoming;
    this.#hasClosed = hasClosed;
    this.#outgoing.hasRoom = () => this.#pump();
    this.#incoming.deliver = (kind, bytes, isCorrupt) => this.#arrive(kind, bytes, isCorrupt);
    // A peer's reset must not end the process because nobody listens for it yet, or any more.
    this.on("error", () => undefined);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  heldBytes(): number {
    return this.readableLength + this.writableLength;
  }

  /** Starts reading, as sockets do, so that a reset is noticed although nobody reads yet. */
  establish(): void {
    this.read(0);
  }

  /** TLS begins, and later is open: from then on an altered byte ends the connection and reaches no program. */
  secure(state: "handshake" | "open"): void {
    this.#tls = state;
  }

  /** Drops everything and sends a RST. */
  reset(): void {
    if (this.#isClosed) return;
    this.#saysNothing = true;
    this.#outgoing.send("reset");
    this.destroy();
  }

  /** As when the power fails: gone, and nobody is told. */
  vanish(): void {
    this.#isForgotten = true;
    this.#saysNothing = true;
    this.destroy();
  }

  /** The system gave up on the peer. */
  giveUp(): void {
    this.#isForgotten = true;
    this.#saysNothing = true;
    this.destroy(socketError("ETIMEDOUT", "the system gave up on the peer"));
  }

  override _read(): void {
    this.#wantsMore = true;
    this.#takeArrived();
  }

  override _write(chunk: Uint8Array, _encoding: string, done: WriteCallback): void {
    if (this.#isPeerGone) {
      done(socketError("ECONNRESET", "the peer has reset the connection"));
      return;
    }
    // A socket's writer may use its buffer again as soon as the write is taken.
    this.#waiting = { bytes: new Uint8Array(chunk), done };
    this.#pump();
  }

  override _writev(chunks: { chunk: Uint8Array }[], done: WriteCallback): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), "buffer", done);
  }

  override _final(done: WriteCallback): void {
    this.#hasSentEnd = true;
    if (!this.#isPeerGone) this.#outgoing.send("end");
    done();
  }

  override _destroy(error: Error | null, done: WriteCallback): void {
    const unread = this.#arrived.some((arrival) => arrival.kind === "bytes");
    if (!this.#saysNothing && !this.#isPeerGone) {
      // RFC 1122 4.2.2.13: closing with unread data sends a RST instead of a FIN.
      if (unread) this.#outgoing.send("reset");
      else if (!this.#hasSentEnd) this.#outgoing.send("end");
    }
    this.#isClosed = true;
    for (const arrival of this.#arrived) if (arrival.kind === "bytes") this.#incoming.consumed(arrival.bytes.length);
    this.#arrived = [];
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.done(error ?? socketError("ECONNABORTED", "closed before everything was sent"));
    this.#hasClosed();
    done(error);
  }

  #arrive(kind: DeliveryKind, arrived: Uint8Array, isCorrupt: boolean): void {
    // In a handshake an altered record is no record: there is no text in it that could still mean something.
    const bytes = isCorrupt && this.#tls === "handshake" ? new Uint8Array(arrived.length) : arrived;
    if (isCorrupt && this.#tls === "open" && !this.#isClosed) {
      this.#incoming.consumed(bytes.length);
      this.#breakTls();
      return;
    }
    if (this.#isClosed) {
      this.#incoming.consumed(bytes.length);
      // A system that does not know the connection answers data with a RST, and an end of stream too.
      const isAnswered = kind === "bytes" || (kind === "end" && this.#isForgotten);
      if (isAnswered && !this.#isPeerGone) this.#outgoing.send("reset");
      return;
    }
    if (kind === "bytes") this.#arrived.push({ kind, bytes });
    else if (kind === "end" || kind === "reset") this.#arrived.push({ kind });
    if (kind === "reset") this.#breakWrites();
    this.#takeArrived();
  }

  /** TLS knows from the record's code that it was altered, tells the peer so (here by the RST), and gives up. */
  #breakTls(): void {
    if (this.#isPeerGone) return;
    this.#saysNothing = true;
    this.#outgoing.send("reset");
    this.destroy(socketError(alteredRecordCode, "an altered TLS record"));
  }

  #takeArrived(): void {
    while (this.#wantsMore && !this.#isClosed) {
      const arrival = this.#arrived.shift();
      if (arrival === undefined) return;
      if (arrival.kind === "bytes") {
        this.#wantsMore = this.push(arrival.bytes);
        this.#incoming.consumed(arrival.bytes.length);
      } else if (arrival.kind === "end") {
        this.push(null);
      } else {
        this.destroy(socketError("ECONNRESET", "the peer has reset the connection"));
      }
    }
  }

  #breakWrites(): void {
    this.#isPeerGone = true;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.done(socketError("ECONNRESET", "the peer has reset the connection"));
  }

  #pump(): void {
    while (this.#waiting !== undefined && !this.#isClosed) {
      const { bytes, done } = this.#waiting;
      const { roomBytes } = this.#outgoing;
      const fits = Math.min(bytes.length, roomBytes);
      // RFC 1122 4.2.3.4: a sender that filled every small opening of the window would soon send nothing but crumbs.
      if (fits < bytes.length && roomBytes < segmentBytes) return;
      if (fits > 0) this.#outgoing.send("bytes", bytes.subarray(0, fits));
      if (fits === bytes.length) {
        this.#waiting = undefined;
        done();
      } else {
        this.#waiting.bytes = bytes.subarray(fits);
      }
    }
  }
}

function socketError(code: string, text: string): Error {
  return Object.assign(new Error(`${code}: ${text}`), { code });
}
