// Ends a socket by a reset, in whatever state it is.
import { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** RST where it is a socket. While our end of stream is being sent libuv refuses it (EINVAL) and Node would leak the socket. */
export function resetSocket(socket: Duplex): void {
  if (socket.destroyed) return;
  if (!(socket instanceof Socket)) {
    socket.destroy();
  } else if (socket.connecting) {
    socket.destroy();
  } else if (socket.writableEnded && socket.writableLength === 0 && !socket.writableFinished) {
    socket.once("finish", () => resetSocket(socket));
  } else {
    socket.resetAndDestroy();
  }
}
