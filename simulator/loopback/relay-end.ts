// One end of a relayed connection: its socket, what it sends into its pipe, and what it knows of the connection.
import type { Duplex } from "node:stream";
import type { RelayPipe } from "./relay-pipe.ts";
import { resetSocket } from "./reset-socket.ts";

export interface RelayEndOptions {
  /** Where goes what it sends. */
  readonly pipe: RelayPipe;
  /** Whether its connection stands, so that it may be read. */
  readonly isReady: () => boolean;
  /** It takes more again, or has gone and takes everything. */
  readonly takesMore: () => void;
  readonly closed: () => void;
}

export class RelayEnd {
  readonly #options: RelayEndOptions;
  #socket: Duplex | undefined;
  /** Its system has forgotten the connection, by a fault. */
  #hasVanished = false;
  /** It was told by a reset: what it sent goes no further. */
  #isTold = false;
  #deliveredBytes = 0;

  constructor(options: RelayEndOptions) {
    this.#options = options;
  }

  get hasVanished(): boolean {
    return this.#hasVanished;
  }

  /** Bytes passed on to it so far. */
  get deliveredBytes(): number {
    return this.#deliveredBytes;
  }

  get isOpen(): boolean {
    return this.#socket?.destroyed === false;
  }

  get isGone(): boolean {
    return this.#hasVanished || !this.isOpen;
  }

  /** The socket by which it is being dialled; `take` follows. */
  dials(socket: Duplex): void {
    this.#socket = socket;
  }

  /** Hears from now on what comes from the socket; nothing is read yet. */
  take(socket: Duplex): void {
    this.#socket = socket;
    const { pipe, takesMore, closed } = this.#options;
    let isOver = false;
    const over = (kind: "end" | "reset"): void => {
      if (isOver || !this.#isHeard()) return;
      isOver = kind === "reset";
      pipe.send(kind);
    };
    socket.on("data", (bytes: Uint8Array) => {
      if (this.#isHeard()) pipe.send("bytes", bytes);
      this.setReading();
    });
    socket.on("end", () => over("end"));
    socket.on("error", () => over("reset"));
    socket.once("close", () => {
      // Whatever still comes for it finds nobody.
      takesMore();
      closed();
    });
    socket.pause();
  }

  /** Reads, or leaves its system to hold what comes, as the pipe has room. */
  setReading(): void {
    const socket = this.#socket;
    if (socket === undefined || socket.destroyed) return;
    const { pipe, isReady } = this.#options;
    const wanted = isReady() && pipe.canRead;
    if (wanted === !socket.isPaused()) return;
    if (wanted) socket.resume();
    else socket.pause();
  }

  /** False: it takes no more until `takesMore`. */
  write(bytes: Uint8Array): boolean {
    const socket = this.#socket;
    if (socket === undefined || !socket.writable) return true;
    this.#deliveredBytes += bytes.length;
    if (socket.write(bytes)) return true;
    socket.once("drain", () => this.#options.takesMore());
    return false;
  }

  /** Tells it the end of the stream. */
  end(): void {
    this.#socket?.end();
  }

  /** Tells it that the connection is no more. */
  reset(): void {
    this.#isTold = true;
    this.drop();
  }

  /** Forgets the connection, if it is not gone already; its own program sees a reset. */
  vanish(): void {
    if (this.#socket === undefined || this.isGone) return;
    this.#hasVanished = true;
    resetSocket(this.#socket);
  }

  /** Resets the socket if it is open. */
  drop(): void {
    if (this.#socket !== undefined) resetSocket(this.#socket);
  }

  #isHeard(): boolean {
    return !this.#hasVanished && !this.#isTold;
  }
}
