// Connection attempts that came a second time: accepted by the target, and reset as nobody is behind them.
import type { Socket } from "node:net";

export class StrayDials {
  readonly #sockets = new Set<Socket>();
  readonly #closed: () => void;

  /** `closed` is told of each that is over. */
  constructor(closed: () => void) {
    this.#closed = closed;
  }

  /** How many are under way. */
  get count(): number {
    return this.#sockets.size;
  }

  add(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("connect", () => socket.resetAndDestroy());
    socket.once("close", () => {
      this.#sockets.delete(socket);
      this.#closed();
    });
  }

  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
