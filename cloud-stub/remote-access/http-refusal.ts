// Refuses a websocket upgrade with a plain HTTP answer and Cumulocity's error body (protocol.md 7.1).
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "#hardware/ports.ts";

export interface Refusal {
  readonly status: 400 | 401 | 403 | 404 | 422 | 429 | 500 | 503;
  /** `<area>/<Type>`. */
  readonly error: string;
  /** One sentence for people without a secret. */
  readonly message: string;
}

/** How long a refused peer may take to close its end, in ms. */
const lingerMs = 2_000;

/** Answers and closes; the connection is broken off if the peer does not close its end in time. */
export function refuseUpgrade(socket: Duplex, refusal: Refusal, clock: Clock): void {
  if (socket.destroyed) return;
  const body = JSON.stringify({ error: refusal.error, message: refusal.message, info: "" });
  const lines = [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? "Refused"}`,
    "Content-Type: application/vnd.com.nsn.cumulocity.error+json;charset=UTF-8;ver=0.9",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Cache-Control: no-store",
    "X-Content-Type-Options: nosniff",
    // Not "Basic": a browser would open a login box of its own.
    ...(refusal.status === 401 ? ['WWW-Authenticate: XBasic realm="Cumulocity"'] : []),
    "Connection: close",
    "",
    body,
  ];
  const timer = clock.setTimeout(() => socket.destroy(), lingerMs);
  socket.once("close", () => clock.clearTimeout(timer));
  socket.once("finish", () => {
    if (socket.readableEnded) socket.destroy();
  });
  socket.once("end", () => {
    if (socket.writableFinished) socket.destroy();
  });
  // Without somebody who reads, the peer's end would never be seen.
  socket.resume();
  socket.end(lines.join("\r\n"));
}
