// The gateway's configuration: what the file may say, its defaults, and messages that name file, line, key and what was meant.
import { ConfigFile } from "./config-file.ts";
import { type AllowEntry, allowEntryGrammar, defaultAllow, parseAllowEntry } from "./tunnel/allow-entry.ts";

export interface GatewayConfig {
  readonly cloud: CloudAddress;
  readonly device: DeviceNaming;
  readonly registration: Registration;
  readonly stateDir: string;
  readonly tunnels: TunnelSettings;
}

export interface CloudAddress {
  /** Of REST and websockets: a name or IP literal without brackets. */
  readonly host: string;
  readonly httpsPort: number;
  readonly mqttHost: string;
  readonly mqttPort: number;
  /** PEM, trusted in addition to the system's authorities. */
  readonly authorities: readonly string[];
  /** As the file has it, for messages. */
  readonly url: string;
}

export interface DeviceNaming {
  /** External id and MQTT client id; the board's serial number where absent. */
  readonly id?: string;
  readonly name: string;
  readonly type: string;
}

export interface Registration {
  readonly method: "bootstrap";
  readonly user: string;
  /** A secret. */
  readonly password: string;
}

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
}

/** What the file says; the files that it names are still to be read. */
export interface ParsedConfigFile extends Omit<GatewayConfig, "cloud" | "registration"> {
  readonly cloud: Omit<CloudAddress, "authorities">;
  readonly registration: Omit<Registration, "password"> & { readonly password?: string };
  /** Relative to the configuration file unless absolute, as is `stateDir`. */
  readonly caFile?: string;
  readonly passwordFile?: string;
}

export const configDefaults = {
  mqttPort: 8883,
  httpsPort: 443,
  deviceName: "Postern gateway",
  deviceType: "postern-gateway",
  bootstrapUser: "management/devicebootstrap",
  stateDir: "state",
  tunnelsMax: 16,
  dialTimeoutS: 10,
  lostAfterS: 20,
  stalledAfterS: 30,
  drainS: 5,
} as const;

/** Every section and key that the file may have. */
const knownNames = {
  cloud: ["url", "mqtt", "ca"],
  device: ["id", "name", "type"],
  registration: ["method", "user", "password", "password_file"],
  state: ["dir"],
  tunnels: ["max", "allow", "dial_timeout_s", "lost_after_s", "stalled_after_s", "drain_s"],
} as const;

/** Throws ConfigError with every finding. `fileName` is for messages. */
export function parseGatewayConfig(text: string, fileName: string): ParsedConfigFile {
  const file = new ConfigFile(text, fileName);
  file.checkNames(knownNames);
  const cloud = readCloud(file);
  const device = readDevice(file);
  const registration = readRegistration(file);
  const tunnels = readTunnels(file);
  const stateDir = file.text("state", "dir", "a folder") ?? configDefaults.stateDir;
  const caFile = file.text("cloud", "ca", "the name of a file with PEM certificates");
  const passwordFile = file.text("registration", "password_file", "the name of a file");
  file.throwFindings();
  return {
    cloud,
    device,
    registration,
    stateDir,
    tunnels,
    ...(caFile === undefined ? {} : { caFile }),
    ...(passwordFile === undefined ? {} : { passwordFile }),
  };
}

function readCloud(file: ConfigFile): ParsedConfigFile["cloud"] {
  const example = 'an address such as "https://cloud.example:8443"';
  const url = file.text("cloud", "url", example);
  if (url === undefined && file.value("cloud", "url") === undefined) {
    file.report(["cloud", "url"], `is missing: ${example} of the cloud that this gateway belongs to`);
  }
  const https = url === undefined ? undefined : parseAddress(url, "https:", configDefaults.httpsPort);
  if (url !== undefined && https === undefined) {
    file.report(["cloud", "url"], `must be ${example} without path or user, found ${JSON.stringify(withoutUser(url))}`);
  }
  const mqttExample = 'an address such as "mqtts://cloud.example:8883"';
  const mqtt = file.text("cloud", "mqtt", mqttExample);
  const mqtts = mqtt === undefined ? undefined : parseAddress(mqtt, "mqtts:", configDefaults.mqttPort);
  if (mqtt !== undefined && mqtts === undefined) {
    file.report(["cloud", "mqtt"], `must be ${mqttExample}, found ${JSON.stringify(withoutUser(mqtt))}`);
  }
  const host = https?.host ?? "";
  return {
    host,
    httpsPort: https?.port ?? configDefaults.httpsPort,
    mqttHost: mqtts?.host ?? host,
    mqttPort: mqtts?.port ?? configDefaults.mqttPort,
    url: url ?? "",
  };
}

function readDevice(file: ConfigFile): DeviceNaming {
  const id = file.text("device", "id", "the gateway's id, such as its serial number");
  // A colon would separate parts of the MQTT client id (protocol.md 1.2); the rest have a meaning in MQTT topics.
  if (id !== undefined && (/[:/#+\s]/.test(id) || id.length > deviceIdLengthMax)) {
    file.report(
      ["device", "id"],
      `must have at most ${deviceIdLengthMax} characters and none of ":", "/", "#", "+" or blanks, found ${JSON.stringify(id)}`,
    );
  }
  return {
    ...(id === undefined ? {} : { id }),
    name: file.text("device", "name", "a name for people") ?? configDefaults.deviceName,
    type: file.text("device", "type", "a text") ?? configDefaults.deviceType,
  };
}

const deviceIdLengthMax = 128;

function readRegistration(file: ConfigFile): ParsedConfigFile["registration"] {
  const method = file.text("registration", "method", 'the text "bootstrap"');
  if (method !== undefined && method !== "bootstrap") {
    file.report(["registration", "method"], `must be "bootstrap", found ${JSON.stringify(method)}`);
  }
  const user = file.text("registration", "user", 'a text such as "management/devicebootstrap"');
  if (user !== undefined && !/^[^/\s]+\/[^/\s]+$/.test(user)) {
    file.report(
      ["registration", "user"],
      'must be tenant and user with "/" between, as in "management/devicebootstrap"',
    );
  }
  const password = file.value("registration", "password");
  const isText = typeof password === "string" && password !== "";
  // What stands there is not quoted: it may be the password.
  if (password !== undefined && !isText) file.report(["registration", "password"], "must be a text in quotes");
  const hasFile = file.value("registration", "password_file") !== undefined;
  if (password !== undefined && hasFile) {
    file.report(["registration", "password_file"], "and password are both there: keep one of them");
  }
  if (password === undefined && !hasFile) {
    file.report(
      ["registration", "password"],
      "is missing: the bootstrap password, here or in a file named by password_file",
    );
  }
  return {
    method: "bootstrap",
    user: user ?? configDefaults.bootstrapUser,
    ...(isText ? { password } : {}),
  };
}

function readTunnels(file: ConfigFile): TunnelSettings {
  const seconds = (key: string, max: number, fallback: number, min = 1): number =>
    file.wholeNumber("tunnels", key, { min, max, fallback }) * 1000;
  return {
    max: file.wholeNumber("tunnels", "max", { min: 1, max: 256, fallback: configDefaults.tunnelsMax }),
    allow: readAllow(file),
    // The cloud fails an operation after 30 s, so a longer wait for the panel would be in vain.
    dialTimeoutMs: seconds("dial_timeout_s", 25, configDefaults.dialTimeoutS),
    // The cloud is pinged every 5 s: with less than twice that a good tunnel that is idle would count as lost.
    lostAfterMs: seconds("lost_after_s", 600, configDefaults.lostAfterS, 10),
    stalledAfterMs: seconds("stalled_after_s", 600, configDefaults.stalledAfterS),
    drainMs: seconds("drain_s", 60, configDefaults.drainS),
  };
}

const allowEntriesMax = 256;

function readAllow(file: ConfigFile): readonly AllowEntry[] {
  const value = file.value("tunnels", "allow");
  if (value === undefined) return defaultAllow;
  if (!Array.isArray(value) || value.length > allowEntriesMax) {
    file.report(
      ["tunnels", "allow"],
      `must be a list of at most ${allowEntriesMax} entries, each ${allowEntryGrammar}`,
    );
    return [];
  }
  return value.flatMap((each: unknown, index) => {
    const entry = typeof each === "string" ? parseAllowEntry(each) : { problem: `must be ${allowEntryGrammar}` };
    if (!("problem" in entry)) return [entry];
    const found = typeof each === "string" ? ` ${JSON.stringify(each)}` : "";
    file.report(["tunnels", "allow"], `entry ${index + 1}${found} ${entry.problem}`);
    return [];
  });
}

function parseAddress(text: string, protocol: string, defaultPort: number) {
  const url = URL.parse(text);
  if (url === null || url.protocol !== protocol || url.hostname === "" || url.port === "0") return undefined;
  const isBare = url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (!isBare || (url.pathname !== "" && url.pathname !== "/")) return undefined;
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return { host, port: url.port === "" ? defaultPort : Number(url.port) };
}

/** A password that somebody put into an address does not go into a message. */
function withoutUser(text: string): string {
  return text.replace(/\/\/[^/@]*@/, "//***@");
}
