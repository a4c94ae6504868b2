// MQTT through a websocket at the cloud's HTTPS port (protocol.md 1.1): the upgrade, and the bytes of its messages as a stream.
import type { Duplex } from "node:stream";
import { createWebSocketStream, WebSocket } from "ws";
import type { Connection, Hardware, WaitOptions } from "#hardware/ports.ts";
import { messageOf } from "../errors.ts";

/** Where brokers take MQTT over websockets, and the protocol's registered name (MQTT 3.1.1 section 6). */
export const mqttPath = "/mqtt";
export const mqttSubprotocol = "mqtt";

export type MqttWebSocketOutcome =
  | { readonly ok: true; readonly stream: Duplex }
  | {
      readonly ok: false;
      readonly reason: "mqtt.no-websocket" | "timeout" | "aborted" | "reset";
      readonly detail: string;
    };

export interface MqttWebSocketTarget {
  readonly host: string;
  readonly port: number;
  /** Most bytes of one message from the cloud. */
  readonly messageBytesMax: number;
}

const httpsPort = 443;

/** The connection stays the caller's on failure. Never rejects for a network reason. */
export function openMqttWebSocket(
  hardware: Pick<Hardware, "clock" | "random">,
  target: MqttWebSocketTarget,
  connection: Connection,
  options: WaitOptions,
): Promise<MqttWebSocketOutcome> {
  return new Promise((resolve) => {
    const webSocket = createWebSocket(hardware, target, connection);
    const finish = (outcome: MqttWebSocketOutcome): void => {
      hardware.clock.clearTimeout(timer);
      options.signal?.removeEventListener("abort", abort);
      resolve(outcome);
      if (!outcome.ok) webSocket.terminate();
    };
    const fail = (reason: Extract<MqttWebSocketOutcome, { ok: false }>["reason"], detail: string): void =>
      finish({ ok: false, reason, detail });
    const abort = (): void => fail("aborted", "not wanted any more");
    const timer = hardware.clock.setTimeout(
      () => fail("timeout", "the cloud did not answer the request for a websocket in time"),
      options.timeoutMs,
    );
    options.signal?.addEventListener("abort", abort);
    webSocket.once("open", () => finish({ ok: true, stream: createWebSocketStream(webSocket) }));
    webSocket.once("unexpected-response", (_request, { statusCode }) =>
      fail("mqtt.no-websocket", `HTTP ${statusCode ?? 0} instead of a websocket for MQTT`),
    );
    // Stays: an error without a listener would end the process. After the first outcome nobody hears it.
    webSocket.on("error", (error) => fail("mqtt.no-websocket", messageOf(error)));
    webSocket.once("close", () => fail("reset", "the connection ended before there was a websocket"));
    if (options.signal?.aborted === true) abort();
  });
}

function createWebSocket(
  { random }: Pick<Hardware, "random">,
  { host, port, messageBytesMax }: MqttWebSocketTarget,
  { stream }: Connection,
): WebSocket {
  const bare = host.includes(":") ? `[${host}]` : host;
  // The scheme says only that ws shall not add TLS of its own: the stream is encrypted already.
  return new WebSocket(`ws://${bare}:${port}${mqttPath}`, [mqttSubprotocol], {
    createConnection: () => stream,
    // RFC 6455 section 4.1: the scheme's own port is left out.
    headers: { Host: port === httpsPort ? bare : `${bare}:${port}` },
    generateMask: (mask: Buffer) => mask.set(random.bytes(mask.length)),
    perMessageDeflate: false,
    skipUTF8Validation: true,
    maxPayload: messageBytesMax,
    // Known to ws, but not to its types. The caller's own limit decides how long an end may take.
    closeTimeout: 2 ** 31 - 1,
  } as ConstructorParameters<typeof WebSocket>[2]);
}
