// What a gateway does where its configuration says nothing.
import { defaultAllow } from "../tunnel/allow-entry.ts";
import type {
  BoardSettings,
  CloudAddress,
  DeviceNaming,
  GatewayConfig,
  HealthSettings,
  ModemSettings,
  TunnelSettings,
  UplinkSettings,
} from "./gateway-config.ts";

/** In the units of the file: seconds end in `S`. */
export const configDefaults = {
  mqttPort: 8883,
  httpsPort: 443,
  mqttOver: "auto",
  deviceName: "Postern gateway",
  deviceType: "postern-gateway",
  bootstrapUser: "management/devicebootstrap",
  keyAlgorithm: "ec-p256",
  stateDir: "state",
  tunnelsMax: 16,
  dialTimeoutS: 10,
  lostAfterS: 20,
  stalledAfterS: 30,
  drainS: 5,
  hotCelsius: 80,
  boardModel: "auto",
  watchdogTimeoutS: 15,
  failOverAfterS: 60,
  failBackAfterS: 300,
  modemBaudRate: 115_200,
  resetAfterFailures: 3,
  healthIntervalS: 60,
  diskFullPercent: 90,
  memoryFullPercent: 90,
  logLevel: "info",
} as const;

/** Line settings of a serial console: 9600 8N1 without flow control. */
export const serialDefaults = {
  baudRate: 9600,
  dataBits: 8,
  parity: "none",
  stopBits: 1,
  flowControl: "none",
} as const;

const tunnelDefaults: TunnelSettings = {
  max: configDefaults.tunnelsMax,
  allow: defaultAllow,
  dialTimeoutMs: configDefaults.dialTimeoutS * 1000,
  lostAfterMs: configDefaults.lostAfterS * 1000,
  stalledAfterMs: configDefaults.stalledAfterS * 1000,
  drainMs: configDefaults.drainS * 1000,
  hotCelsius: configDefaults.hotCelsius,
};

const boardDefaults: BoardSettings = {
  model: configDefaults.boardModel,
  watchdog: "auto",
  watchdogTimeoutMs: configDefaults.watchdogTimeoutS * 1000,
};

const healthDefaults: HealthSettings = {
  intervalMs: configDefaults.healthIntervalS * 1000,
  diskFullPercent: configDefaults.diskFullPercent,
  memoryFullPercent: configDefaults.memoryFullPercent,
};

/** A configuration of which only what differs from the defaults is given. */
export interface PartialConfig
  extends Partial<
    Omit<GatewayConfig, "cloud" | "device" | "registration" | "tunnels" | "board" | "uplinks" | "modem" | "health">
  > {
  readonly cloud: Omit<CloudAddress, "mqttOver" | "authorities"> & Partial<CloudAddress>;
  readonly device?: Partial<DeviceNaming>;
  readonly registration: GatewayConfig["registration"];
  readonly tunnels?: Partial<TunnelSettings>;
  readonly board?: Partial<BoardSettings>;
  readonly uplinks?: Pick<UplinkSettings, "prefer"> & Partial<UplinkSettings>;
  readonly modem?: Pick<ModemSettings, "port"> & Partial<ModemSettings>;
  readonly health?: Partial<HealthSettings>;
}

/** What is to be otherwise in a configuration. */
export interface ConfigChanges extends Omit<Partial<PartialConfig>, "cloud"> {
  readonly cloud?: Partial<CloudAddress>;
}

/** Fills in the defaults. What is in `changes` comes first, section by section and key by key. */
export function completeConfig(given: PartialConfig, changes: ConfigChanges = {}): GatewayConfig {
  const { uplinks: _uplinks, modem: _modem, ...rest } = { ...given, ...changes };
  const uplinks = changes.uplinks ?? given.uplinks;
  const modem = changes.modem ?? given.modem;
  return {
    stateDir: configDefaults.stateDir,
    serialConsoles: [],
    commands: [],
    remoteConfiguration: { allow: [] },
    logLevel: configDefaults.logLevel,
    ...rest,
    cloud: { mqttOver: configDefaults.mqttOver, authorities: [], ...given.cloud, ...changes.cloud },
    device: {
      name: configDefaults.deviceName,
      type: configDefaults.deviceType,
      ...given.device,
      ...changes.device,
    },
    tunnels: { ...tunnelDefaults, ...given.tunnels, ...changes.tunnels },
    board: { ...boardDefaults, ...given.board, ...changes.board },
    health: { ...healthDefaults, ...given.health, ...changes.health },
    ...(uplinks === undefined ? {} : { uplinks: { ...uplinkDefaults, ...uplinks } }),
    ...(modem === undefined ? {} : { modem: { ...modemDefaults, ...modem } }),
  };
}

const uplinkDefaults = {
  failOverAfterMs: configDefaults.failOverAfterS * 1000,
  failBackAfterMs: configDefaults.failBackAfterS * 1000,
};

const modemDefaults = {
  baudRate: configDefaults.modemBaudRate,
  resetAfterFailures: configDefaults.resetAfterFailures,
};
