// MQTT over websockets at `/mqtt` of the HTTP ports (protocol.md 1.1): the same broker, for devices with passwords behind strict firewalls.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { createWebSocketStream, type WebSocket, WebSocketServer } from "ws";
import type { Clock } from "#hardware/ports.ts";
import type { Peer } from "../peer.ts";
import { refuseUpgrade } from "../remote-access/http-refusal.ts";

const path = "/mqtt";
/** MQTT 3.1.1 section 6, and what clients of 3.1 say. */
const subprotocols = ["mqtt", "mqttv3.1"];
/** Largest websocket message, in bytes: clients may put several packets into one. */
const messageBytesMax = 256 * 1024;

export class MqttWebSockets {
  readonly #clock: Clock;
  readonly #serve: (stream: Duplex, peer: Peer) => void;
  readonly #server: WebSocketServer;

  /** `serve`: takes the bytes of a connection as if they had come from a socket. */
  constructor(deps: { readonly clock: Clock; readonly serve: (stream: Duplex, peer: Peer) => void }) {
    this.#clock = deps.clock;
    this.#serve = deps.serve;
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      skipUTF8Validation: true,
      maxPayload: messageBytesMax,
      handleProtocols: (offered) => subprotocols.find((known) => offered.has(known)) ?? false,
    });
  }

  /** Takes a websocket upgrade; false if its path is not ours, and then nothing was done. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, peer: Peer): boolean {
    if (request.url?.split("?", 1)[0] !== path) return false;
    const offered = String(request.headers["sec-websocket-protocol"] ?? "").split(",");
    if (!offered.some((one) => subprotocols.includes(one.trim()))) {
      const message = "This websocket speaks the subprotocol mqtt.";
      refuseUpgrade(socket, { status: 400, error: "general/badRequest", message }, this.#clock);
      return true;
    }
    this.#server.handleUpgrade(request, socket, head, (webSocket) => this.#open(webSocket, peer));
    return true;
  }

  #open(webSocket: WebSocket, peer: Peer): void {
    const stream = createWebSocketStream(webSocket);
    webSocket.on("message", (_data, isBinary) => {
      // MQTT is binary (MQTT 3.1.1 section 6).
      if (!isBinary) stream.destroy();
    });
    this.#serve(stream, peer);
  }
}
