// The gateway's figures in Prometheus' text format (version 0.0.4). No names of panels, no operation, no secret.
import type { GatewayStatus } from "./gateway-status.ts";

/** Of this process. */
export interface ProcessFigures {
  readonly residentBytes: number;
  readonly heapUsedBytes: number;
  readonly cpuSeconds: number;
  /** Over the time since the last question, in seconds. */
  readonly eventLoopDelayP50S: number;
  readonly eventLoopDelayP99S: number;
  readonly eventLoopDelayMaxS: number;
}

export const metricsContentType = "text/plain; version=0.0.4; charset=utf-8";

type Labels = Readonly<Record<string, string>>;

interface Metric {
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly help: string;
  readonly samples: readonly (readonly [labels: Labels, value: number])[];
}

export function writeMetrics(status: GatewayStatus, figures: ProcessFigures): string {
  const metrics = [
    ...stateMetrics(status),
    ...trafficMetrics(status),
    ...boardMetrics(status),
    ...processMetrics(figures),
  ];
  return metrics
    .filter(({ samples }) => samples.length > 0)
    .map(writeMetric)
    .join("");
}

function stateMetrics(status: GatewayStatus): readonly Metric[] {
  const { counters, identity } = status;
  const states = ["offline", "connecting", "online"] as const;
  return [
    gauge("postern_info", "What runs here; always 1.", [
      [{ version: status.version, device: status.device.id, model: status.device.model }, 1],
    ]),
    gauge("postern_start_time_seconds", "Start of the gateway, in seconds since the Unix epoch.", [
      [{}, status.startedAtMs / 1000],
    ]),
    gauge("postern_registered", "Whether the cloud knows the gateway.", [
      [{}, bit(status.registration === "registered")],
    ]),
    gauge(
      "postern_connectivity",
      "The state of the connection to the cloud: 1 for the one that holds.",
      states.map((state) => [{ state }, bit(status.connectivity === state)] as const),
    ),
    counter("postern_online_total", "How often the gateway came online.", [[{}, counters.online]]),
    counter(
      "postern_offline_total",
      "How often a connection to the cloud was lost or did not come about.",
      Object.entries(counters.offline).map(([reason, count]) => [{ reason }, count] as const),
    ),
    gauge(
      "postern_certificate_expiry_seconds",
      "End of the gateway's own certificate, in seconds since the Unix epoch.",
      identity?.certificateNotAfterMs === undefined ? [] : [[{}, identity.certificateNotAfterMs / 1000]],
    ),
  ];
}

function trafficMetrics({ tunnels, counters, queue }: GatewayStatus): readonly Metric[] {
  const sum = (of: "bytesUp" | "bytesDown" | "heldBytes"): number =>
    tunnels.reduce((total, tunnel) => total + tunnel[of], 0);
  const open = tunnels.filter(({ isOpen }) => isOpen).length;
  return [
    gauge("postern_tunnels", "Tunnels by state.", [
      [{ state: "open" }, open],
      [{ state: "opening" }, tunnels.length - open],
    ]),
    counter("postern_tunnels_opened_total", "Tunnels of which both ends stood.", [[{}, counters.tunnelsOpened]]),
    counter(
      "postern_tunnels_closed_total",
      "Tunnels that ended, refused ones among them.",
      Object.entries(counters.tunnelsClosed).map(([reason, count]) => [{ reason }, count] as const),
    ),
    counter("postern_tunnel_bytes_total", "Bytes through tunnels; up is towards the panel.", [
      [{ direction: "up" }, counters.bytesUp + sum("bytesUp")],
      [{ direction: "down" }, counters.bytesDown + sum("bytesDown")],
    ]),
    gauge("postern_tunnel_held_bytes", "Bytes that wait inside the gateway.", [[{}, sum("heldBytes")]]),
    gauge("postern_queue_messages", "Messages that wait for the cloud.", [[{}, queue.messages]]),
    counter("postern_queue_dropped_total", "Messages dropped because too many waited.", [[{}, queue.dropped]]),
  ];
}

function boardMetrics({ health }: GatewayStatus): readonly Metric[] {
  const one = (name: string, help: string, value: number | undefined): Metric =>
    gauge(name, help, value === undefined ? [] : [[{}, value]]);
  return [
    one("postern_temperature_celsius", "CPU temperature.", health?.celsius),
    one("postern_load1", "Mean number of processes that could run, over the last minute.", health?.load1),
    one("postern_memory_used_percent", "Of the board's memory.", health?.memoryUsedPercent),
    one("postern_disk_used_percent", "Of the disk with the gateway's state.", health?.diskUsedPercent),
    one("postern_alarms", "Active alarms.", health?.alarms.length),
  ];
}

function processMetrics(figures: ProcessFigures): readonly Metric[] {
  return [
    gauge("process_resident_memory_bytes", "Resident memory.", [[{}, figures.residentBytes]]),
    gauge("postern_heap_used_bytes", "Memory used by JavaScript.", [[{}, figures.heapUsedBytes]]),
    counter("process_cpu_seconds_total", "CPU time, user and system.", [[{}, figures.cpuSeconds]]),
    gauge("postern_event_loop_delay_seconds", "Delay of the event loop since the last question.", [
      [{ quantile: "0.5" }, figures.eventLoopDelayP50S],
      [{ quantile: "0.99" }, figures.eventLoopDelayP99S],
      [{ quantile: "1" }, figures.eventLoopDelayMaxS],
    ]),
  ];
}

function gauge(name: string, help: string, samples: Metric["samples"]): Metric {
  return { name, type: "gauge", help, samples };
}

function counter(name: string, help: string, samples: Metric["samples"]): Metric {
  return { name, type: "counter", help, samples };
}

function bit(holds: boolean): number {
  return holds ? 1 : 0;
}

function writeMetric({ name, type, help, samples }: Metric): string {
  const lines = samples.map(([labels, value]) => `${name}${writeLabels(labels)} ${writeValue(value)}`);
  return [`# HELP ${name} ${help.replaceAll("\\", "\\\\")}`, `# TYPE ${name} ${type}`, ...lines, ""].join("\n");
}

function writeLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

/** JavaScript's spelling of numbers is the format's, but for the infinite. */
function writeValue(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}
