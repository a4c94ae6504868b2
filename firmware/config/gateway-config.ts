// The gateway's configuration as its parts take it: files read, defaults filled in, durations in ms.
import type { ClientCertificate, SerialSettings } from "#hardware/ports.ts";
import type { LogLevel } from "../log.ts";
import type { AllowEntry } from "../tunnel/allow-entry.ts";

export interface GatewayConfig {
  readonly cloud: CloudAddress;
  readonly device: DeviceNaming;
  readonly registration: Registration;
  readonly stateDir: string;
  readonly tunnels: TunnelSettings;
  readonly board: BoardSettings;
  /** Absent: the system's choice of uplink stands, nothing is steered. */
  readonly uplinks?: UplinkSettings;
  readonly modem?: ModemSettings;
  readonly serialConsoles: readonly SerialConsoleSettings[];
  readonly health: HealthSettings;
  readonly commands: readonly ConfiguredCommand[];
  readonly remoteConfiguration: RemoteConfigurationSettings;
  /** Absent: no metrics are served. */
  readonly metrics?: MetricsSettings;
  readonly logLevel: LogLevel;
}

export interface CloudAddress {
  /** Of REST and websockets: a name or IP literal without brackets. */
  readonly host: string;
  readonly httpsPort: number;
  readonly mqttHost: string;
  readonly mqttPort: number;
  /** `auto`: MQTT over TLS first, then over a websocket at the address of REST. */
  readonly mqttOver: MqttOver;
  /** PEM, trusted in addition to the system's authorities. */
  readonly authorities: readonly string[];
  readonly proxy?: ProxySettings;
  /** As the file has it, for messages. */
  readonly url: string;
}

export type MqttOver = "auto" | "tls" | "websocket";

/** A proxy that takes HTTP CONNECT. */
export interface ProxySettings {
  /** A name or IP literal without brackets. */
  readonly host: string;
  readonly port: number;
  /** Whether the way to the proxy itself is TLS. */
  readonly isTls: boolean;
  readonly user?: string;
  /** A secret. */
  readonly password?: string;
}

export interface DeviceNaming {
  /** External id and MQTT client id; the board's serial number where absent. */
  readonly id?: string;
  readonly name: string;
  readonly type: string;
}

/** How an unknown gateway becomes one that the cloud knows. */
export type Registration = BootstrapRegistration | CertificateRegistration | EnrolmentRegistration;

export interface BootstrapRegistration {
  readonly method: "bootstrap";
  /** `<tenant>/<user>`. */
  readonly user: string;
  /** A secret. */
  readonly password: string;
  /** A secret. */
  readonly securityToken?: string;
}

export interface CertificateRegistration {
  readonly method: "certificate";
  readonly certificate: ClientCertificate;
}

export interface EnrolmentRegistration {
  readonly method: "enrolment";
  /** A secret, used up by the first certificate. */
  readonly oneTimePassword: string;
  readonly keyAlgorithm: KeyAlgorithm;
}

export type KeyAlgorithm = "ec-p256" | "rsa-2048" | "rsa-3072";

export interface TunnelSettings {
  /** Tunnels open or opening at the same time, 1 to 256. */
  readonly max: number;
  readonly allow: readonly AllowEntry[];
  /** Longest wait for the panel and for the device websocket. */
  readonly dialTimeoutMs: number;
  readonly lostAfterMs: number;
  readonly stalledAfterMs: number;
  /** Longest wait for the far end when a tunnel closes. */
  readonly drainMs: number;
  /** CPU temperature from which no new tunnel is opened, 40 to 110. */
  readonly hotCelsius: number;
}

export interface BoardSettings {
  /** A name of hardware/boards, or `auto`: found out from the device tree. */
  readonly model: string;
  /** `auto`: used where the board has one. */
  readonly watchdog: boolean | "auto";
  /** The board restarts when the gateway has made no progress for this long. */
  readonly watchdogTimeoutMs: number;
}

export interface UplinkSettings {
  /** Names of interfaces, best first; at least one, each once. */
  readonly prefer: readonly string[];
  /** How long the cloud must be out of reach over an uplink before the next one is taken. */
  readonly failOverAfterMs: number;
  /** How long a better uplink must have been up before it is taken again. */
  readonly failBackAfterMs: number;
}

export interface ModemSettings {
  /** Path of the serial port that takes AT commands. */
  readonly port: string;
  readonly baudRate: number;
  readonly resetAfterFailures: number;
}

export interface SerialConsoleSettings {
  /** 1 to 32 of [a-z0-9-]. */
  readonly name: string;
  /** Path of the serial port. */
  readonly port: string;
  readonly settings: SerialSettings;
}

export interface HealthSettings {
  /** Between two measurements. */
  readonly intervalMs: number;
  readonly diskFullPercent: number;
  readonly memoryFullPercent: number;
}

/** A program that the cloud may run by its name; never through a shell. */
export interface ConfiguredCommand {
  readonly name: string;
  /** The program's absolute path, then its arguments. */
  readonly command: readonly string[];
}

/** The sections that the cloud may change only where the local file allows it. */
export type GuardedSection = "cloud" | "registration" | "tunnels" | "commands";

export interface RemoteConfigurationSettings {
  readonly allow: readonly GuardedSection[];
}

export interface MetricsSettings {
  /** TCP port on the loopback. */
  readonly port: number;
}
