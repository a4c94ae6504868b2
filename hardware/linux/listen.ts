// Listens for TCP connections.
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { Connection, Listener, ListenOptions, ListenOutcome } from "../ports.ts";
import { createConnection, highWaterMarkBytes, socketSettings } from "./connection.ts";

/** Above it new connections are dropped by the server. */
const connectionsMax = 1024;

const failures: Readonly<Record<string, "port-taken" | "not-permitted">> = {
  EADDRINUSE: "port-taken",
  EACCES: "not-permitted",
  EPERM: "not-permitted",
};

/** `closed` runs once, when the listener has stopped accepting. */
export function listenTcp(
  options: ListenOptions,
  accept: (connection: Connection) => void,
  closed: (port: number) => void,
): Promise<ListenOutcome> {
  const open = new Set<Socket>();
  const settings = { allowHalfOpen: true, highWaterMark: highWaterMarkBytes, ...socketSettings };
  const server = createServer(settings, (socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    accept(createConnection(socket));
  });
  server.maxConnections = connectionsMax;
  return new Promise((resolve) => {
    // Not once: a server that listens can still fail to accept (EMFILE), which must not end the process; it goes on listening.
    server.on("error", (error: NodeJS.ErrnoException) => {
      const detail = `${options.address}:${options.port}: ${error.message}`;
      resolve({ ok: false, reason: failures[error.code ?? ""] ?? "address-unavailable", detail });
    });
    server.listen({ host: options.address, port: options.port, exclusive: true }, () => {
      const { address, port } = server.address() as AddressInfo;
      let closing: Promise<void> | undefined;
      const close = (): Promise<void> => {
        closing ??= new Promise((done) => {
          closed(port);
          server.close(() => done());
          for (const socket of open) socket.resetAndDestroy();
        });
        return closing;
      };
      const listener: Listener = { address, port, close };
      resolve({ ok: true, listener });
    });
  });
}
