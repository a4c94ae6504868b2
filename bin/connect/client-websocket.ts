// Opens one client websocket (protocol.md 5.5): its bytes are the stream of one connection to the panel.
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { WebSocket } from "ws";
import { binarySubprotocol, clientPath } from "#protocol/remote-access.ts";
import { readText, refusalError } from "./cloud-api.ts";
import type { CloudLogin } from "./cloud-login.ts";
import { ConnectError } from "./connect-error.ts";
import { exitCodes } from "./exit-codes.ts";
import { dialError, verified } from "./tls-trust.ts";

/** How long the cloud may take to answer the upgrade, in ms. */
const upgradeMs = 20_000;
/** Largest message that is taken, in bytes: it is held as a whole. */
export const messageBytesMax = 1024 * 1024;
const refusalBytesMax = 64 * 1024;

export interface ClientWebSocket {
  /** Open and paused. */
  readonly webSocket: WebSocket;
  /** The connection below it. */
  readonly socket: Socket;
}

export interface EndpointAddress {
  readonly deviceId: string;
  readonly endpointId: string;
}

/** Rejects with ConnectError. With `signal` it is given up. */
export function openClientWebSocket(
  login: CloudLogin,
  { deviceId, endpointId }: EndpointAddress,
  signal: AbortSignal,
): Promise<ClientWebSocket> {
  const { origin, authorization, authorities } = login;
  const url = new URL(clientPath(deviceId, endpointId), origin.replace(/^http/, "ws"));
  const webSocket = new WebSocket(url, [binarySubprotocol], {
    headers: { Authorization: authorization },
    handshakeTimeout: upgradeMs,
    perMessageDeflate: false,
    skipUTF8Validation: true,
    maxPayload: messageBytesMax,
    ...verified(authorities),
  });
  return new Promise((resolve, reject) => {
    let socket: Socket | undefined;
    const giveUp = (): void => webSocket.terminate();
    signal.addEventListener("abort", giveUp, { once: true });
    webSocket.once("upgrade", (response) => {
      socket = response.socket;
      agreeToSilence(response);
    });
    webSocket.once("open", () => {
      signal.removeEventListener("abort", giveUp);
      if (socket === undefined) return;
      // Typing must not wait for more, and a link that died while nothing is said must be noticed.
      socket.setNoDelay(true);
      socket.setKeepAlive(true, keepAliveMs);
      webSocket.pause();
      resolve({ webSocket, socket });
    });
    webSocket.once("unexpected-response", (request, response) => {
      readText(response, refusalBytesMax).then(
        (text) => {
          request.destroy();
          reject(refusalError(response.statusCode ?? 0, text));
        },
        (error: unknown) => reject(dialError(origin, error)),
      );
    });
    // Stays for the websocket's whole life: an error without a listener would end the process. `close` follows each.
    webSocket.on("error", (error) => {
      reject(/handshake has timed out/.test(error.message) ? silenceError(origin) : dialError(origin, error));
    });
    if (signal.aborted) giveUp();
  });
}

/** Silence after which the system asks whether the other end is still there, in ms. */
const keepAliveMs = 10_000;

/**
 * A cloud may leave out the subprotocol that it speaks all the same (protocol.md 5.5), and ws would refuse its answer.
 * `upgrade` comes before ws looks.
 */
function agreeToSilence(response: IncomingMessage): void {
  response.headers["sec-websocket-protocol"] ??= binarySubprotocol;
}

function silenceError(origin: string): ConnectError {
  return new ConnectError(
    exitCodes.cloudUnreachable,
    `The cloud at ${origin} did not open the session within ${upgradeMs / 1000} s.`,
  );
}
