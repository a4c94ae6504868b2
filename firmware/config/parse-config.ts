// What gateway.toml says: every key by the schema, then what the keys mean together.
import { ConfigFile, type FindingPath } from "./config-file.ts";
import { completeConfig, configDefaults } from "./defaults.ts";
import type { CloudAddress, GatewayConfig, ProxySettings } from "./gateway-config.ts";
import { parseCommands } from "./parse-commands.ts";
import { type ParsedRegistration, parseRegistration } from "./parse-registration.ts";
import { parseSerialConsoles } from "./parse-serial-consoles.ts";
import { namedSections, sections, type ValuesOf } from "./schema.ts";

/** What the file says; the files that it names are still to be read. */
export interface ParsedConfigFile extends Omit<GatewayConfig, "cloud" | "registration"> {
  readonly cloud: Omit<CloudAddress, "authorities">;
  readonly registration: ParsedRegistration;
  /** Names of files, relative to the configuration file unless absolute, as is `stateDir`. */
  readonly files: ConfigFileNames;
  /** Whether a secret stands in the file itself. */
  readonly hasSecrets: boolean;
}

/** Each with where it is named, for messages. */
export interface ConfigFileNames {
  readonly ca?: NamedFile;
  readonly proxyPassword?: NamedFile;
  readonly password?: NamedFile;
  readonly securityToken?: NamedFile;
  readonly certificate?: NamedFile;
  readonly key?: NamedFile;
  readonly oneTimePassword?: NamedFile;
}

export interface NamedFile {
  readonly name: string;
  /** File, line and key that name it. */
  readonly place: string;
}

/** Throws ConfigError with every finding. `fileName` is for messages. */
export function parseGatewayConfig(text: string, fileName: string): ParsedConfigFile {
  const file = new ConfigFile(text, fileName);
  file.checkSections([...Object.keys(sections), ...Object.keys(namedSections)]);
  const values = readSections(file);
  const cloud = cloudOf(file, values.cloud);
  const registration = parseRegistration(file, values.registration, values.cloud.mqtt_over);
  checkBoard(file, values.board.watchdog);
  const uplinks = uplinksOf(file, values.uplinks);
  const modem = modemOf(file, values.modem);
  const serialConsoles = parseSerialConsoles(file, modem?.port);
  const commands = parseCommands(file);
  const metrics = metricsOf(file, values.metrics.port);
  file.throwFindings();
  const { device, tunnels, board, health } = values;
  const { registration: _method, ...whole } = completeConfig({
    cloud,
    device: { name: device.name, type: device.type, ...(device.id === undefined ? {} : { id: device.id }) },
    // Its secrets may still be in files: the parsed form stands beside the whole.
    registration: { method: "bootstrap", user: "", password: "" },
    stateDir: values.state.dir,
    tunnels: {
      max: tunnels.max,
      allow: tunnels.allow,
      dialTimeoutMs: tunnels.dial_timeout_s * 1000,
      lostAfterMs: tunnels.lost_after_s * 1000,
      stalledAfterMs: tunnels.stalled_after_s * 1000,
      drainMs: tunnels.drain_s * 1000,
      hotCelsius: tunnels.hot_celsius,
    },
    board: {
      model: board.model,
      watchdog: board.watchdog ?? "auto",
      watchdogTimeoutMs: board.watchdog_timeout_s * 1000,
    },
    ...(uplinks === undefined ? {} : { uplinks }),
    ...(modem === undefined ? {} : { modem }),
    serialConsoles,
    health: {
      intervalMs: health.interval_s * 1000,
      diskFullPercent: health.disk_full_percent,
      memoryFullPercent: health.memory_full_percent,
    },
    commands,
    remoteConfiguration: { allow: values.remote_configuration.allow },
    ...(metrics === undefined ? {} : { metrics }),
    logLevel: values.log.level,
  });
  return { ...whole, cloud, registration, files: filesOf(file, values), hasSecrets: hasSecrets(file) };
}

type Values = { readonly [Name in keyof typeof sections]: ValuesOf<(typeof sections)[Name]> };

function readSections(file: ConfigFile): Values {
  return Object.fromEntries(
    Object.entries(sections).map(([name, section]) => [name, file.section(name, section)]),
  ) as Values;
}

function cloudOf(file: ConfigFile, values: Values["cloud"]): ParsedConfigFile["cloud"] {
  const { url, mqtt } = values;
  if (url === undefined && !file.has("cloud", "url")) {
    const { meaning } = sections.cloud.keys.url;
    file.report(["cloud", "url"], `is missing: ${meaning} of the cloud that this gateway belongs to`);
  }
  const host = url?.host ?? "";
  const proxy = proxyOf(file, values);
  return {
    host,
    httpsPort: url?.port ?? 0,
    mqttHost: mqtt?.host ?? host,
    mqttPort: mqtt?.port ?? configDefaults.mqttPort,
    mqttOver: values.mqtt_over,
    ...(proxy === undefined ? {} : { proxy }),
    url: url?.text ?? "",
  };
}

function proxyOf(file: ConfigFile, values: Values["cloud"]): ProxySettings | undefined {
  const has = (key: string): boolean => file.has("cloud", key);
  file.reportBoth("cloud", "proxy_password");
  const isAnonymous = !has("proxy_user");
  for (const key of ["proxy_user", "proxy_password", "proxy_password_file"]) {
    if (has(key) && !has("proxy")) file.report(["cloud", key], "has no meaning without proxy");
    else if (has(key) && isAnonymous) file.report(["cloud", key], "has no meaning without proxy_user");
  }
  if (!isAnonymous && !has("proxy_password") && !has("proxy_password_file")) {
    file.report(["cloud", "proxy_user"], "has no password: name its file by proxy_password_file");
  }
  const { proxy, proxy_user: user, proxy_password: password } = values;
  if (proxy === undefined) return undefined;
  return {
    host: proxy.host,
    port: proxy.port,
    isTls: proxy.protocol === "https:",
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
  };
}

function checkBoard(file: ConfigFile, watchdog: boolean | undefined): void {
  if (watchdog === false && file.has("board", "watchdog_timeout_s")) {
    file.report(["board", "watchdog_timeout_s"], "has no meaning while watchdog = false");
  }
}

function uplinksOf(file: ConfigFile, values: Values["uplinks"]) {
  const { prefer, fail_over_after_s: over, fail_back_after_s: back } = values;
  if (file.hasSection("uplinks") && !file.has("uplinks", "prefer")) {
    file.report(["uplinks", "prefer"], 'is missing: the network interfaces, best first, as in ["eth0", "wwan0"]');
  }
  if (prefer === undefined) return undefined;
  return { prefer, failOverAfterMs: over * 1000, failBackAfterMs: back * 1000 };
}

function modemOf(file: ConfigFile, values: Values["modem"]) {
  const { port, baud_rate: baudRate, reset_after_failures: resetAfterFailures } = values;
  if (file.hasSection("modem") && !file.has("modem", "port")) {
    file.report(["modem", "port"], `is missing: ${sections.modem.keys.port.meaning}`);
  }
  return port === undefined ? undefined : { port, baudRate, resetAfterFailures };
}

function metricsOf(file: ConfigFile, port: number | undefined) {
  if (file.hasSection("metrics") && !file.has("metrics", "port")) {
    file.report(["metrics", "port"], "is missing: the TCP port on the loopback, such as 9464");
  }
  return port === undefined ? undefined : { port };
}

function filesOf(file: ConfigFile, { cloud, registration }: Values): ConfigFileNames {
  const named = (name: string | undefined, path: FindingPath): NamedFile | undefined =>
    name === undefined ? undefined : { name, place: file.place(path) };
  const all = {
    ca: named(cloud.ca, ["cloud", "ca"]),
    proxyPassword: named(cloud.proxy_password_file, ["cloud", "proxy_password_file"]),
    password: named(registration.password_file, ["registration", "password_file"]),
    securityToken: named(registration.security_token_file, ["registration", "security_token_file"]),
    certificate: named(registration.certificate, ["registration", "certificate"]),
    key: named(registration.key, ["registration", "key"]),
    oneTimePassword: named(registration.one_time_password_file, ["registration", "one_time_password_file"]),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function hasSecrets(file: ConfigFile): boolean {
  return Object.entries(sections).some(([name, { keys }]) =>
    Object.entries(keys).some(([key, spec]) => spec.isSecret === true && file.has(name, key)),
  );
}
