// The tunnel's cloud side: opens the device websocket (protocol.md 5.4) over the network port.
import { WebSocket } from "ws";
import type { Connection, Hardware } from "#hardware/ports.ts";
import { binarySubprotocol, devicePath } from "#protocol/remote-access.ts";
import type { CloudAuthorization } from "../cloud-identity.ts";
import { type CloudPort, dialCloud } from "../connectivity/dial-cloud.ts";
import { messageOf } from "../errors.ts";
import { EarlyMessages } from "./early-messages.ts";

export interface DeviceWebSocket {
  readonly webSocket: WebSocket;
  readonly connection: Connection;
  /** What has come since it is open, and comes until somebody else reads it. */
  readonly early: EarlyMessages;
}

export type WebSocketOutcome =
  | ({ readonly ok: true } & DeviceWebSocket)
  /** `detail` is one clause for people, without the key. */
  | { readonly ok: false; readonly detail: string; readonly status?: number };

/** Largest message taken from the cloud: it is held as a whole, so it counts against what a tunnel may hold. */
export const messageBytesMax = 512 * 1024;

const httpsPort = 443;

export interface WebSocketTarget {
  readonly cloud: CloudPort;
  readonly authorization: CloudAuthorization;
  /** A secret. */
  readonly connectionKey: string;
}

interface OpenOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Resolves with a websocket that is open and being read. A token that the cloud refuses is replaced by a new one once. Never
 * rejects for a network reason.
 */
export async function openDeviceWebSocket(
  hardware: Hardware,
  target: WebSocketTarget,
  options: OpenOptions,
): Promise<WebSocketOutcome> {
  const { clock } = hardware;
  const deadlineMs = clock.monotonicMs() + options.timeoutMs;
  const remaining = (): OpenOptions => ({ ...options, timeoutMs: Math.max(1, deadlineMs - clock.monotonicMs()) });
  const first = await target.authorization.header(options);
  if (!first.ok) return { ok: false, detail: first.why };
  const outcome = await openWith(hardware, target, first.value, remaining);
  if (outcome.ok || outcome.status !== 401 || !target.authorization.refused(first.value)) return outcome;
  const second = await target.authorization.header(remaining());
  return second.ok ? openWith(hardware, target, second.value, remaining) : { ok: false, detail: second.why };
}

async function openWith(
  hardware: Hardware,
  target: WebSocketTarget,
  authorization: string,
  remaining: () => OpenOptions,
): Promise<WebSocketOutcome> {
  const dialled = await dialCloud(hardware, target.cloud, remaining());
  if (!dialled.ok) return { ok: false, detail: `${dialled.reason}: ${dialled.detail}` };
  const { connection } = dialled;
  const webSocket = createWebSocket(hardware, target, authorization, connection);
  const outcome =
    webSocket === undefined
      ? { ok: false as const, detail: "its address cannot be used" }
      : await upgrade(hardware, webSocket, connection, remaining());
  if (!outcome.ok) connection.stream.destroy();
  return outcome;
}

function upgrade(
  hardware: Hardware,
  webSocket: WebSocket,
  connection: Connection,
  options: OpenOptions,
): Promise<WebSocketOutcome> {
  return new Promise((resolve) => {
    const timer = hardware.clock.setTimeout(() => fail("it did not answer in time"), options.timeoutMs);
    const abort = (): void => fail("given up");
    let isSettled = false;
    const settle = (outcome: WebSocketOutcome): void => {
      isSettled = true;
      hardware.clock.clearTimeout(timer);
      options.signal.removeEventListener("abort", abort);
      resolve(outcome);
    };
    const fail = (detail: string, status?: number): void => {
      if (isSettled) return;
      settle({ ok: false, detail, ...(status === undefined ? {} : { status }) });
      webSocket.terminate();
    };
    options.signal.addEventListener("abort", abort);
    webSocket.once("open", () => {
      // In the same turn: what comes with the answer to the upgrade is read right after it.
      settle({ ok: true, webSocket, connection, early: new EarlyMessages(webSocket) });
    });
    webSocket.once("unexpected-response", (_request, { statusCode = 0 }) => fail(refusalText(statusCode), statusCode));
    // Stays for the websocket's whole life: an error without a listener would end the process. `close` follows each.
    webSocket.on("error", (error) => fail(messageOf(error)));
    if (options.signal.aborted) abort();
  });
}

function createWebSocket(
  hardware: Hardware,
  target: WebSocketTarget,
  authorization: string,
  { stream }: Connection,
): WebSocket | undefined {
  const { host, port } = target.cloud;
  const bare = host.includes(":") ? `[${host}]` : host;
  const authority = `${bare}:${port}`;
  // The scheme says only that ws shall not add TLS of its own: the stream is encrypted already.
  const url = URL.parse(`ws://${authority}${devicePath(target.connectionKey)}`);
  // ws would throw with the address, and so the key, in its message.
  if (url === null) return undefined;
  const options = {
    createConnection: () => stream,
    // RFC 6455 section 4.1: the scheme's own port is left out.
    headers: { Host: port === httpsPort ? bare : authority, Authorization: authorization },
    generateMask: (mask: Buffer) => mask.set(hardware.random.bytes(mask.length)),
    perMessageDeflate: false,
    skipUTF8Validation: true,
    maxPayload: messageBytesMax,
    // Known to ws, but not to its types. Its own limit for a close would cut off a slow cloud that still takes bytes.
    closeTimeout: 2 ** 31 - 1,
  };
  return new WebSocket(url, [binarySubprotocol], options);
}

function refusalText(status: number): string {
  switch (status) {
    case 401:
    case 403:
      return `HTTP ${status}: it does not accept this gateway's credentials`;
    case 404:
      return "HTTP 404: the connection key is unknown, used already or expired";
    default:
      return `HTTP ${status} instead of a websocket`;
  }
}

/** Bytes of a message that ws is still putting together; the library has no public word for it, a test watches this one. */
export function gatheredBytes(webSocket: WebSocket): number {
  const receiver: unknown = Reflect.get(webSocket, "_receiver");
  if (typeof receiver !== "object" || receiver === null) return 0;
  return ["_bufferedBytes", "_messageLength"].reduce((sum, name) => {
    const value: unknown = Reflect.get(receiver, name);
    return sum + (typeof value === "number" ? value : 0);
  }, 0);
}
