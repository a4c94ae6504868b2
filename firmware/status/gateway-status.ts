// What a gateway is doing, for people and programs beside it. No secret, no connection key.
import type { CloseReason } from "#protocol/close-reason.ts";
import type { HealthStatus } from "../health/health-status.ts";
import type { ModemStatus } from "../modem/modem-status.ts";
import type { UplinkStatus } from "../uplinks/uplinks-status.ts";

export type RegistrationState = "unregistered" | "registering" | "registered";
export type ConnectivityState = "offline" | "connecting" | "online";

export interface GatewayStatus {
  readonly registration: RegistrationState;
  readonly connectivity: ConnectivityState;
  /** Open and opening. */
  readonly tunnels: readonly TunnelStatus[];
  readonly version: string;
  /** Absolute; tells gateways of one machine apart. */
  readonly stateDir: string;
  readonly device: DeviceStatus;
  /** Of this status, in ms since the Unix epoch, as are all times in it. */
  readonly atMs: number;
  readonly startedAtMs: number;
  /** Of the registration. */
  readonly registrationSince: StateSince;
  /** Of the connectivity. */
  readonly connectivitySince: StateSince;
  readonly cloud: CloudStatus;
  /** As whom the gateway logs in; undefined while the cloud does not know it. */
  readonly identity?: IdentityStatus;
  readonly queue: QueueStatus;
  /** Undefined where the gateway does not look after its board. */
  readonly health?: HealthStatus;
  /** Undefined where nobody looks after the ways to the internet. */
  readonly uplink?: UplinkStatus;
  /** Undefined where there is no modem. */
  readonly modem?: ModemStatus;
  /** Those of the configuration. */
  readonly serialConsoles: readonly SerialConsoleStatus[];
  readonly counters: GatewayCounters;
}

export interface SerialConsoleStatus {
  readonly name: string;
  /** Path of the serial port. */
  readonly port: string;
  /** Of the tunnel that has it; undefined while it is free. */
  readonly operation?: string;
}

export interface DeviceStatus {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly model: string;
  readonly serialNumber: string;
}

/** Since when it is so, and what was last said about it. */
export interface StateSince {
  readonly sinceMs: number;
  readonly why?: StateReason;
  /** When it is tried again. */
  readonly retryAtMs?: number;
}

/** What the log said. */
export interface StateReason {
  /** Dotted name, such as `connectivity.offline`. */
  readonly event: string;
  readonly reason?: string;
  readonly detail?: string;
  /** What a person can do about it. */
  readonly advice?: string;
}

export interface CloudStatus {
  /** Address of HTTPS as configured. */
  readonly url: string;
  /** `host:port` of MQTT over TLS. */
  readonly mqtt: string;
  readonly mqttOver: string;
  /** How the present connection of MQTT goes, or the last one went. */
  readonly mqttWay?: "tls" | "websocket";
  /** `host:port`, where one is configured. */
  readonly proxy?: string;
}

export interface IdentityStatus {
  readonly kind: "password" | "certificate";
  /** `<tenant>/<user>`, with a password. */
  readonly user?: string;
  /** Where the certificate comes from. */
  readonly source?: "files" | "enrolment";
  /** When the certificate expires. */
  readonly certificateNotAfterMs?: number;
}

/** Messages for the cloud that wait for it. */
export interface QueueStatus {
  readonly messages: number;
  /** Since the start: the oldest ones of a queue that was full. */
  readonly dropped: number;
}

export interface TunnelStatus {
  readonly operation: string;
  /** Path of states, such as `standing.forwarding`. */
  readonly state: string;
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** Bytes in the tunnel's queues and those of its connections. */
  readonly heldBytes: number;
  /** The panel, as the cloud asked for it. */
  readonly host: string;
  readonly port: number;
  /** Whether both ends stand. */
  readonly isOpen: boolean;
  readonly requestedAtMs: number;
}

/** Since the start. */
export interface GatewayCounters {
  /** How often the gateway came online. */
  readonly online: number;
  /** How often a connection was lost or did not come about, by reason. */
  readonly offline: Readonly<Record<string, number>>;
  readonly tunnelsOpened: number;
  /** Ended tunnels, refused ones among them, by reason. */
  readonly tunnelsClosed: Readonly<Partial<Record<CloseReason, number>>>;
  /** Of ended tunnels. */
  readonly bytesUp: number;
  readonly bytesDown: number;
}
