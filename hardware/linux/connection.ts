// One TCP or TLS socket as the port's Connection.
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Connection } from "../ports.ts";
import { DeliveryTable } from "./delivery-table.ts";

/** Queue of each direction at which back-pressure begins. Small, so that typed keys do not queue behind a picture. */
export const highWaterMarkBytes = 32 * 1024;

/** Settings of every socket. libuv probes an idle peer after this delay and gives up after 10 probes a second apart: 20 s in all. */
export const socketSettings = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 } as const;

/** Of the whole machine, so one of each for all networks of this process. */
const deliveries4 = new DeliveryTable("/proc/net/tcp");
const deliveries6 = new DeliveryTable("/proc/net/tcp6");

/** The TCP socket below each stream, to reset the connection by, however many layers of TLS are between. */
const carriers = new WeakMap<Duplex, Socket>();

/** A TCP socket that TLS can run over and that can then still be reset. */
export class CarrierSocket extends Socket {
  #mustReset = false;

  /**
   * Resets this connection by way of the TLS socket above it. Only in this order: resetting the carrier first and then
   * destroying the TLS socket frees memory from which the system is still writing, and Node crashes [tried with 24.21].
   */
  resetThrough(secured: Socket): void {
    this.#mustReset = true;
    secured.destroy();
  }

  override destroy(error?: Error): this {
    if (!this.#mustReset) return super.destroy(error);
    this.#mustReset = false;
    return this.resetAndDestroy();
  }
}

/**
 * Wraps a connected socket; `carrier` is the TCP socket below TLS, or the stream itself.
 * An error of the stream never goes unheard, so a reset that nobody listens for cannot end the process; `close` follows always.
 */
export function createConnection(stream: Socket, carrier: Socket = stream): Connection {
  const ends = {
    remoteAddress: carrier.remoteAddress ?? "",
    remotePort: carrier.remotePort ?? 0,
    localAddress: carrier.localAddress ?? "",
    localPort: carrier.localPort ?? 0,
  };
  carriers.set(stream, carrier);
  hearErrors(stream);
  return {
    stream,
    ...ends,
    heldBytes: () => stream.readableLength + stream.writableLength,
    delivery: () => (ends.remoteAddress.includes(":") ? deliveries6 : deliveries4).read(ends),
    reset: () => resetStream(stream, carrier),
  };
}

/** The connection once TLS runs over it: the same ends, the stream in clear. */
export function securedConnection(below: Connection, stream: Socket): Connection {
  const carrier = carriers.get(below.stream) ?? stream;
  carriers.set(stream, carrier);
  hearErrors(stream);
  return {
    ...below,
    stream,
    heldBytes: () => below.heldBytes() + stream.readableLength + stream.writableLength,
    reset: () => resetStream(stream, carrier),
  };
}

function hearErrors(stream: Socket): void {
  stream.prependListener("error", (error: NodeJS.ErrnoException) => {
    // Writing after the peer's reset says EPIPE: the same fact, seen from the other direction.
    if (error.code === "EPIPE") error.code = "ECONNRESET";
  });
}

function resetStream(stream: Socket, carrier: Socket): void {
  if (stream.destroyed) return;
  if (stream.writableEnded && stream.writableLength === 0 && !stream.writableFinished) {
    // Our end of stream is being sent at this moment; meanwhile libuv refuses a reset (EINVAL), and Node then leaks the socket.
    stream.once("finish", () => resetStream(stream, carrier));
  } else if (carrier instanceof CarrierSocket && carrier !== stream) {
    carrier.resetThrough(stream);
  } else {
    stream.resetAndDestroy();
  }
}
