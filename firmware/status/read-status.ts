// Gathers the status of a gateway from its machines, its tunnels' meters and its history.
import type { SnapshotFrom } from "xstate";
import type { Hardware } from "#hardware/ports.ts";
import type { CloudIdentity } from "../cloud-identity.ts";
import type { GatewayConfig } from "../config/gateway-config.ts";
import type { ConnectivityContext } from "../connectivity/connectivity-events.ts";
import type { gatewayMachine } from "../gateway.machine.ts";
import { healthStatus } from "../health/health-status.ts";
import { modemStatus } from "../modem/modem-status.ts";
import { readConsoleHost } from "../serial-console/console-host.ts";
import type { TunnelMeter } from "../tunnel/leg-facts.ts";
import { writeTarget } from "../tunnel/tunnel-words.ts";
import { type UplinkStatus, uplinkStatus } from "../uplinks/uplinks-status.ts";
import { gatewayVersion } from "../version.ts";
import type {
  CloudStatus,
  ConnectivityState,
  GatewayStatus,
  IdentityStatus,
  RegistrationState,
  SerialConsoleStatus,
  TunnelStatus,
} from "./gateway-status.ts";
import type { GatewayHistory } from "./history.ts";

export type GatewaySnapshot = SnapshotFrom<typeof gatewayMachine>;

export interface StatusSources {
  readonly snapshot: GatewaySnapshot;
  readonly hardware: Pick<Hardware, "clock" | "identity">;
  readonly config: GatewayConfig;
  /** By operation. */
  readonly meters: ReadonlyMap<string, TunnelMeter>;
  readonly history: GatewayHistory;
}

export function readStatus(sources: StatusSources): GatewayStatus {
  const { snapshot, hardware, config, history } = sources;
  const { children, context } = snapshot;
  const [registration, connectivity] = readStates(snapshot);
  const { id, name, type } = context.device;
  const { model, serialNumber } = hardware.identity;
  // The machinery knows the child by its name only.
  const connectivityContext = children.connectivity?.getSnapshot().context as ConnectivityContext | undefined;
  const identity = identityStatus(context.identity);
  const health = context.health && healthStatus(context.health.getSnapshot());
  const uplink = uplinkOf(context);
  const modem = modemStatus(context.modem?.getSnapshot());
  return {
    registration,
    connectivity,
    tunnels: tunnelStatuses(sources),
    version: gatewayVersion,
    stateDir: config.stateDir,
    device: { id, name, type, model, serialNumber },
    atMs: Math.round(hardware.clock.nowMs()),
    startedAtMs: history.startedAtMs,
    registrationSince: history.registrationSince(),
    connectivitySince: history.connectivitySince(),
    cloud: cloudStatus(config.cloud, connectivityContext?.way),
    ...(identity === undefined ? {} : { identity }),
    queue: {
      messages: connectivityContext?.outbox.length ?? 0,
      dropped: history.dropped,
    },
    ...(health === undefined ? {} : { health }),
    ...(uplink === undefined ? {} : { uplink }),
    ...(modem === undefined ? {} : { modem }),
    serialConsoles: consoleStatuses(sources),
    counters: history.counters(),
  };
}

/** What the history is told after each change. */
export function readStates({ context, children }: GatewaySnapshot): [RegistrationState, ConnectivityState] {
  return [registrationState(context.identity, children), connectivityState(children.connectivity?.getSnapshot())];
}

function registrationState(
  identity: CloudIdentity | undefined,
  { registration }: GatewaySnapshot["children"],
): RegistrationState {
  if (identity !== undefined) return "registered";
  const state = registration?.getSnapshot();
  return state === undefined || statePath(state.value) === "loading" ? "unregistered" : "registering";
}

function connectivityState(
  snapshot: { readonly status: string; readonly value: unknown } | undefined,
): ConnectivityState {
  const path = snapshot?.status === "active" ? statePath(snapshot.value) : "";
  if (path.startsWith("connected.online")) return "online";
  return path.startsWith("connected") ? "connecting" : "offline";
}

/** Where none is preferred: the one that the system takes, as it was last seen. */
function uplinkOf({ uplinks, health }: GatewaySnapshot["context"]): UplinkStatus | undefined {
  if (uplinks !== undefined) return uplinkStatus(uplinks.getSnapshot());
  const seen = health?.getSnapshot().context.health.sample?.uplinks;
  return seen === undefined ? undefined : { name: seen.find(({ isDefault }) => isDefault)?.name, uplinks: [] };
}

function tunnelStatuses({ snapshot, meters, history }: StatusSources): readonly TunnelStatus[] {
  return Object.entries(snapshot.context.tunnels).map(([operation, { ref, host, port, wasOpen }]) => {
    const meter = meters.get(operation);
    return {
      operation,
      state: statePath(ref.getSnapshot().value),
      bytesUp: meter?.bytesUp() ?? 0,
      bytesDown: meter?.bytesDown() ?? 0,
      heldBytes: meter?.heldBytes() ?? 0,
      host,
      port,
      isOpen: wasOpen,
      requestedAtMs: history.requestedAtMs(operation) ?? history.startedAtMs,
    };
  });
}

function consoleStatuses({ config, snapshot }: StatusSources): readonly SerialConsoleStatus[] {
  const owners = Object.entries(snapshot.context.tunnels).flatMap(([operation, { host }]) => {
    const read = readConsoleHost(host);
    return read.kind === "console" ? [{ name: read.name, operation }] : [];
  });
  return config.serialConsoles.map(({ name, port }) => {
    const operation = owners.find((owner) => owner.name === name)?.operation;
    return { name, port, ...(operation === undefined ? {} : { operation }) };
  });
}

/** Without what the proxy is told. */
export function cloudStatus(
  { url, mqttHost, mqttPort, mqttOver, proxy }: GatewayConfig["cloud"],
  mqttWay?: CloudStatus["mqttWay"],
): CloudStatus {
  return {
    url,
    mqtt: writeTarget({ host: mqttHost, port: mqttPort }),
    mqttOver,
    ...(mqttWay === undefined ? {} : { mqttWay }),
    ...(proxy === undefined ? {} : { proxy: writeTarget(proxy) }),
  };
}

function identityStatus(identity: CloudIdentity | undefined): IdentityStatus | undefined {
  if (identity === undefined) return undefined;
  if (identity.kind === "password") return { kind: "password", user: `${identity.tenant}/${identity.user}` };
  return { kind: "certificate", source: identity.source, certificateNotAfterMs: identity.notAfterMs };
}

/** `{ a: "b" }` is `a.b`; of states side by side the first is followed. */
function statePath(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  const [[name, inner] = ["", ""]] = Object.entries(value);
  return inner === "" ? name : `${name}.${statePath(inner)}`;
}
