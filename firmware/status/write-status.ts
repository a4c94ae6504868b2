// The status of a gateway as lines for people.
import type {
  CloudStatus,
  GatewayStatus,
  SerialConsoleStatus,
  StateReason,
  StateSince,
  TunnelStatus,
} from "./gateway-status.ts";

export function writeStatus(status: GatewayStatus): readonly string[] {
  const { device, queue, counters } = status;
  const rows: [name: string, value: string | undefined][] = [
    ["Gateway", `${device.id} (${device.name}), ${device.model}, version ${status.version}`],
    ["Running", since(status, status.startedAtMs)],
    ["Registration", stateLine(status, status.registration, status.registrationSince)],
    ...whyRows(status, status.registrationSince),
    ["Connection", stateLine(status, status.connectivity, status.connectivitySince)],
    ...whyRows(status, status.connectivitySince),
    ["Cloud", cloudText(status.cloud)],
    ["Login", loginText(status)],
    ["Uplink", uplinkText(status)],
    [
      "Queue",
      `${counted(queue.messages, "message")} for the cloud${queue.dropped > 0 ? `, ${queue.dropped} dropped` : ""}`,
    ],
    ["Modem", modemText(status)],
    ["Board", boardText(status)],
    ...status.serialConsoles.map((each): [string, string] => ["Serial", consoleText(each)]),
    ...(status.health?.alarms ?? []).map(({ severity, text }): [string, string] => ["Alarm", `${severity}: ${text}`]),
    ["Since start", `${counted(counters.online, "time")} online, ${counted(counters.tunnelsOpened, "tunnel")} opened`],
  ];
  const known = rows.filter((row): row is [string, string] => row[1] !== undefined);
  const width = Math.max(...known.map(([name]) => name.length)) + 2;
  return [...known.map(([name, value]) => `${name.padEnd(width)}${value}`), "", ...tunnelLines(status)];
}

function stateLine(status: GatewayStatus, state: string, { sinceMs }: StateSince): string {
  return `${state} ${since(status, sinceMs)}`;
}

function since({ atMs }: GatewayStatus, sinceMs: number): string {
  return `since ${timeText(sinceMs)} (${durationText(atMs - sinceMs)})`;
}

function whyRows({ atMs }: GatewayStatus, { why, retryAtMs }: StateSince): [string, string | undefined][] {
  if (why === undefined) return [];
  const retry = retryAtMs === undefined ? "" : `; next try in ${durationText(retryAtMs - atMs)}`;
  return [
    ["  why", `${whyText(why)}${retry}`],
    ["  to do", why.advice],
  ];
}

function whyText({ event, reason, detail }: StateReason): string {
  if (reason === undefined) return detail === undefined ? event : `${event}: ${detail}`;
  return detail === undefined ? reason : `${reason}: ${detail}`;
}

function cloudText({ url, mqtt, mqttWay, proxy }: CloudStatus): string {
  const way = mqttWay === "websocket" ? "MQTT through a websocket" : `MQTT at ${mqtt}`;
  return `${url}, ${way}${proxy === undefined ? "" : `, by the proxy ${proxy}`}`;
}

function loginText({ identity, atMs }: GatewayStatus): string {
  if (identity === undefined) return "none yet";
  if (identity.kind === "password") return `${identity.user} with a password`;
  const { certificateNotAfterMs: endMs, source } = identity;
  const from = source === "enrolment" ? "issued by the cloud" : "given in files";
  if (endMs === undefined) return `certificate, ${from}`;
  const days = Math.floor((endMs - atMs) / dayMs);
  return endMs < atMs
    ? `certificate, ${from}, EXPIRED at ${timeText(endMs)}`
    : `certificate, ${from}, expires at ${timeText(endMs)} (in ${counted(days, "day")})`;
}

function uplinkText({ uplink }: GatewayStatus): string | undefined {
  if (uplink === undefined) return undefined;
  const { name, uplinks, wanted, why } = uplink;
  const list = uplinks.map((each) => `${each.name} ${each.isUp ? "up" : "down"}`).join(", ");
  const preferred = list === "" ? "" : ` (by preference: ${list})`;
  const problem = why === undefined ? "" : `; ${wanted ?? "the preferred one"} cannot be taken: ${why}`;
  return `${name ?? "none"}${preferred}${problem}`;
}

function modemText({ modem }: GatewayStatus): string | undefined {
  if (modem === undefined) return undefined;
  const { port, trouble, why, model, registration, operator, signalDbm, resets } = modem;
  const parts = [
    model ?? port,
    registration === undefined ? undefined : `${registration}${operator === undefined ? "" : ` with ${operator}`}`,
    signalDbm === undefined ? undefined : `${signalDbm} dBm`,
    trouble === undefined ? undefined : `${trouble}${why === undefined ? "" : `: ${why}`}`,
    resets === 0 ? undefined : `reset ${counted(resets, "time")}`,
  ];
  return parts.filter((part) => part !== undefined).join(", ");
}

function consoleText({ name, port, operation }: SerialConsoleStatus): string {
  return `${name} at ${port}, ${operation === undefined ? "free" : `used by ${operation}`}`;
}

function boardText({ health }: GatewayStatus): string | undefined {
  if (health === undefined) return undefined;
  const { celsius, load1, memoryUsedPercent, diskUsedPercent, isHot, isClockSynchronised } = health;
  const parts = [
    celsius === undefined ? undefined : `${celsius.toFixed(1)} °C${isHot ? ", too hot for another tunnel" : ""}`,
    load1 === undefined ? undefined : `load ${load1.toFixed(2)}`,
    memoryUsedPercent === undefined ? undefined : `memory ${Math.round(memoryUsedPercent)} %`,
    diskUsedPercent === undefined ? undefined : `disk ${Math.round(diskUsedPercent)} %`,
    isClockSynchronised === false ? "clock not synchronised" : undefined,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(", ");
}

function tunnelLines({ tunnels, atMs }: GatewayStatus): readonly string[] {
  if (tunnels.length === 0) return ["No tunnel is open."];
  const header = ["OPERATION", "PANEL", "STATE", "FOR", "UP", "DOWN"];
  return columns([header, ...tunnels.map((each) => tunnelRow(each, atMs))]);
}

function tunnelRow(tunnel: TunnelStatus, atMs: number): readonly string[] {
  const { operation, host, port, isOpen, requestedAtMs, bytesUp, bytesDown, state } = tunnel;
  const panel = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  const bytes = [bytesText(bytesUp), bytesText(bytesDown)];
  return [operation, panel, isOpen ? "open" : state, durationText(atMs - requestedAtMs), ...bytes];
}

/** Left-aligned, two blanks between. */
function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** The two largest units, such as `2 h 5 min`. */
export function durationText(ms: number): string {
  const units: [number, string][] = [
    [dayMs, "d"],
    [hourMs, "h"],
    [minuteMs, "min"],
    [secondMs, "s"],
  ];
  const rest = Math.max(0, ms);
  const first = units.findIndex(([size]) => rest >= size);
  if (first < 0) return "0 s";
  const parts = units.slice(first, first + 2).map(([size, name], index) => {
    const within = index === 0 ? rest : rest % (units[first]?.[0] ?? 1);
    return `${Math.floor(within / size)} ${name}`;
  });
  return parts.filter((part, index) => index === 0 || !part.startsWith("0 ")).join(" ");
}

/** Seconds are enough for people. */
export function timeText(ms: number): string {
  const text = new Date(ms).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, 19)} UTC`;
}

function bytesText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = bytes < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${units[power]}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
