// Websockets of people and gateways to the cloud of http-bench.ts, over streams in memory, with real logins.
import { type Duplex, duplexPair } from "node:stream";
import { type ClientOptions, WebSocket } from "ws";
import { type HttpBench, httpPeer } from "./http-bench.ts";

export interface OpenedWebSocket {
  /** The HTTP status: 101 once it is open. */
  readonly status: Promise<number>;
  /** The error word of a refusal. */
  readonly error: Promise<string | undefined>;
  /** Code and word of the close frame. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly websocket: WebSocket;
}

export function openWebSocket(
  bench: HttpBench,
  path: string,
  headers: Readonly<Record<string, string>>,
): OpenedWebSocket {
  const [near, far] = duplexPair();
  near.once("close", () => far.destroy());
  far.once("close", () => near.destroy());
  bench.cloud.handleHttp(far, httpPeer);
  const websocket = new WebSocket(`ws://localhost:8080${path}`, ["binary"], {
    perMessageDeflate: false,
    createConnection: (() => near satisfies Duplex) as unknown as NonNullable<ClientOptions["createConnection"]>,
    headers: { ...headers },
  });
  websocket.on("error", () => {});
  const answered = new Promise<{ status: number; error?: string }>((resolve) => {
    websocket.once("open", () => resolve({ status: 101 }));
    websocket.once("unexpected-response", (_request, response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, error: JSON.parse(Buffer.concat(chunks).toString()).error });
        websocket.terminate();
      });
    });
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    websocket.once("close", (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  return {
    status: answered.then(({ status }) => status),
    error: answered.then(({ error }) => error),
    closed,
    websocket,
  };
}

/** A registered gateway that can open tunnels, with one passthrough endpoint. */
export async function withEndpoint(bench: HttpBench): Promise<{
  readonly deviceId: string;
  readonly path: string;
  readonly device: Readonly<Record<string, string>>;
}> {
  const { id, mqtt, password } = await bench.registers("gw-1");
  await mqtt.publishAsync("s/us", "114,c8y_RemoteAccessConnect", { qos: 1 });
  const endpoint = { name: "PLC", hostname: "192.0.2.10", port: 102, protocol: "PASSTHROUGH", credentialsType: "NONE" };
  const made = await bench.admin("POST", `/service/remoteaccess/devices/${id}/configurations`, endpoint);
  const authorization = `Basic ${Buffer.from(`t1000/device_gw-1:${password}`).toString("base64")}`;
  return {
    deviceId: id,
    path: `/service/remoteaccess/client/${id}/configurations/${made.json.id}`,
    device: { authorization },
  };
}
