// The port on this machine: each connection that a local program makes becomes a session of its own.
import { createServer, type Server, type Socket } from "node:net";
import { ConnectError } from "./connect-error.ts";
import { exitCodes } from "./exit-codes.ts";
import type { LocalEnd } from "./local-end.ts";
import { isPeerGone } from "./peer-process.ts";

/** Connections at once; more are closed as they come. */
export const connectionsMax = 64;
const address = "127.0.0.1";

export interface LocalPort {
  readonly port: number;
  /** Takes no more connections; those that are open stay. */
  close(): void;
}

/** `accepted` is called with each new connection, `refused` when there are too many. Throws ConnectError for a port that is taken. */
export async function openLocalPort(
  port: number,
  on: { accepted(local: LocalEnd): void; refused(): void },
): Promise<LocalPort> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => on.accepted(localEnd(socket)));
  server.maxConnections = connectionsMax;
  server.on("drop", () => on.refused());
  await listen(server, port);
  const taken = server.address();
  return {
    port: taken !== null && typeof taken === "object" ? taken.port : port,
    close: () => {
      server.close();
    },
  };
}

function localEnd(socket: Socket): LocalEnd {
  // Until the session takes it over: a reset would end the process.
  socket.on("error", () => undefined);
  return {
    input: socket,
    output: socket,
    isGone: () => isPeerGone(socket),
    destroy: () => socket.destroy(),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: Error & { readonly code?: string }) => {
      reject(new ConnectError(exitCodes.localPort, `Port ${port} cannot be opened: ${portWords(error.code)}.`));
    });
    server.listen(port, address, resolve);
  });
}

function portWords(code: string | undefined): string {
  switch (code) {
    case "EADDRINUSE":
      return "another program uses it; leave out --port for a free one";
    case "EACCES":
      return "ports below 1024 are for the administrator";
    default:
      return code ?? "it failed";
  }
}
