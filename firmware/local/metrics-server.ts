// Serves the gateway's figures for Prometheus over HTTP, on the loopback only.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { messageOf } from "../errors.ts";
import type { GatewayStatus } from "../status/gateway-status.ts";
import { metricsContentType, type ProcessFigures, writeMetrics } from "../status/write-metrics.ts";

export interface MetricsServer {
  readonly port: number;
  close(): Promise<void>;
}

export type MetricsOutcome =
  | { readonly ok: true; readonly server: MetricsServer }
  | { readonly ok: false; readonly why: string };

const address = "127.0.0.1";
/** A browser on this machine that was led here by a foreign name sends that name: it is refused. */
const hosts = /^(localhost|127\.0\.0\.1)(:[0-9]{1,5})?$/i;

const connectionsMax = 8;
const headerBytesMax = 4 * 1024;
const requestLimitMs = 5_000;
const delayResolutionMs = 20;
const nanosecondsPerSecond = 1e9;

/** Port 0 takes a free one. Never rejects. */
export async function serveMetrics(port: number, read: () => GatewayStatus): Promise<MetricsOutcome> {
  const delay = monitorEventLoopDelay({ resolution: delayResolutionMs });
  const server = createServer(
    { maxHeaderSize: headerBytesMax, requestTimeout: requestLimitMs, headersTimeout: requestLimitMs, keepAlive: false },
    (request, response) => answer(request, response, () => writeMetrics(read(), processFigures(delay))),
  );
  server.maxConnections = connectionsMax;
  server.keepAliveTimeout = requestLimitMs;
  server.setTimeout(requestLimitMs, (socket) => socket.destroy());
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ port, host: address, exclusive: true }, resolve);
    });
  } catch (error) {
    return { ok: false, why: `${address}:${port}: ${messageOf(error)}` };
  }
  server.on("error", () => {});
  delay.enable();
  // The figures must not keep a process alive that has nothing else to do.
  server.unref();
  const bound = server.address();
  return {
    ok: true,
    server: {
      port: typeof bound === "object" && bound !== null ? bound.port : port,
      close: () => {
        delay.disable();
        server.closeAllConnections();
        return new Promise((resolve) => void server.close(() => resolve()));
      },
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse, write: () => string): void {
  // A body is not wanted and not read.
  request.on("error", () => {});
  const refusal = refusalOf(request);
  if (refusal !== undefined) {
    response.writeHead(refusal.status, { "content-type": "text/plain; charset=utf-8", connection: "close" });
    response.end(`${refusal.text}\n`);
    return;
  }
  const body = write();
  response.writeHead(200, { "content-type": metricsContentType, "content-length": Buffer.byteLength(body) });
  response.end(body);
}

function refusalOf({ method, url = "", headers }: IncomingMessage) {
  if (!hosts.test(headers.host ?? "")) return { status: 421, text: "This is for this machine only." };
  if (url.split("?")[0] !== "/metrics") return { status: 404, text: "The figures are at /metrics." };
  return method === "GET" ? undefined : { status: 405, text: "Only GET." };
}

function processFigures(delay: ReturnType<typeof monitorEventLoopDelay>): ProcessFigures {
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  // What is measured is the time between two looks, which are `resolution` apart at best.
  const seconds = (nanoseconds: number): number =>
    Math.max(0, nanoseconds / nanosecondsPerSecond - delayResolutionMs / 1000) || 0;
  const figures = {
    residentBytes: rss,
    heapUsedBytes: heapUsed,
    cpuSeconds: (user + system) / 1e6,
    eventLoopDelayP50S: seconds(delay.percentile(50)),
    eventLoopDelayP99S: seconds(delay.percentile(99)),
    eventLoopDelayMaxS: seconds(delay.max),
  };
  delay.reset();
  return figures;
}
