// What the gateway offers to its own machine: its status on a socket, figures for Prometheus, words for systemd.
import type { GatewayConfig } from "../config/gateway-config.ts";
import type { Gateway } from "../gateway.ts";
import type { Log } from "../log.ts";
import type { GatewayStatus } from "../status/gateway-status.ts";
import type { MetricsServer } from "./metrics-server.ts";
import { type StatusServer, serveStatus, statusSocketPath } from "./status-socket.ts";
import { openServiceManager, type ServiceManager } from "./systemd-notify.ts";

export interface LocalServicesOptions {
  readonly gateway: Pick<Gateway, "status" | "progress">;
  readonly config: Pick<GatewayConfig, "stateDir" | "metrics">;
  readonly log: Log;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface LocalServices {
  /** Tells systemd that the gateway is about to end. */
  stopping(): void;
  close(): Promise<void>;
}

/** How often systemd's status line is looked after; it is sent when it has changed. */
const statusLineEveryMs = 5_000;

/** A gateway without any of them is as good a gateway: what cannot be offered is logged. Never rejects. */
export async function openLocalServices(options: LocalServicesOptions): Promise<LocalServices> {
  const { gateway, log } = options;
  const manager = openServiceManager({
    environment: options.environment,
    pid: process.pid,
    isAlive: () => gateway.progress(),
    failed: (why) => log.warn("service.unheard", { why }),
  });
  manager.ready();
  const endLines = tellStatusLines(manager, () => gateway.status());
  const status = await openStatus(options);
  const metrics = await openMetrics(options);
  return {
    stopping: () => manager.stopping(),
    close: async () => {
      endLines();
      manager.close();
      await Promise.all([status?.close(), metrics?.close()]);
    },
  };
}

async function openStatus({ gateway, config, log, environment }: LocalServicesOptions) {
  const path = statusSocketPath(config.stateDir, environment.RUNTIME_DIRECTORY);
  const outcome = await serveStatus(path, () => gateway.status());
  if (outcome.kind === "listening") return outcome.server satisfies StatusServer;
  if (outcome.kind === "unavailable") log.warn("status.unavailable", { why: outcome.why });
  // They would push each other off the cloud for ever. Which of them is the right one is not for either to say.
  else log.error("status.taken", { path, advice: "another gateway runs with this state folder: end one of them" });
  return undefined;
}

async function openMetrics({ gateway, config, log }: LocalServicesOptions): Promise<MetricsServer | undefined> {
  if (config.metrics === undefined) return undefined;
  // Whoever does not ask for figures does not pay for their server.
  const { serveMetrics } = await import("./metrics-server.ts");
  const outcome = await serveMetrics(config.metrics.port, () => gateway.status());
  if (outcome.ok) return outcome.server;
  log.warn("metrics.unavailable", { why: outcome.why });
  return undefined;
}

/** The returned function ends it. */
function tellStatusLines(manager: ServiceManager, read: () => GatewayStatus): () => void {
  if (!manager.isListening) return () => {};
  let last = "";
  const tell = (): void => {
    const line = statusLine(read());
    if (line !== last) manager.status(line);
    last = line;
  };
  tell();
  const telling = setInterval(tell, statusLineEveryMs).unref();
  return () => clearInterval(telling);
}

/** For `systemctl status`. */
export function statusLine({
  registration,
  connectivity,
  connectivitySince,
  registrationSince,
  cloud,
  tunnels,
}: GatewayStatus) {
  const open = tunnels.length === 0 ? "" : `, ${tunnels.length} ${tunnels.length === 1 ? "tunnel" : "tunnels"}`;
  if (registration !== "registered") {
    return `${registration} with ${cloud.url}${reasonText(registrationSince.why)}${open}`;
  }
  const why = connectivity === "online" ? "" : reasonText(connectivitySince.why);
  return `${connectivity}, ${cloud.url}${why}${open}`;
}

function reasonText(why: { readonly reason?: string; readonly event: string } | undefined): string {
  return why === undefined ? "" : ` (${why.reason ?? why.event})`;
}
