// Composition on a real machine: reads the files, opens the hardware, runs the gateway until a signal; and checks the set-up.
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { openLinuxHardware } from "#hardware/linux/linux-hardware.ts";
import type { Hardware } from "#hardware/ports.ts";
import { type GatewayConfig, type ParsedConfigFile, parseGatewayConfig } from "./config.ts";
import { dialCloud } from "./connectivity/dial-cloud.ts";
import { ConfigError, codeOf, messageOf } from "./errors.ts";
import { type Gateway, startGateway } from "./gateway.ts";
import { createLog, type Log } from "./log.ts";

export interface GatewayCommandOptions {
  /** Path of gateway.toml. */
  readonly config: string;
}

/** `stop` itself takes less than 5 s; a gateway that does not keep to it is broken off. */
const stopLimitMs = 4_900;

/** Runs until SIGTERM or SIGINT. Resolves with the exit code: 0 after a signal, 1 when it could not start or broke. */
export async function runGateway(options: GatewayCommandOptions): Promise<number> {
  const config = await orExplain(() => loadConfig(options.config));
  if (config === undefined) return 1;
  const hardware = await orExplain(() => openHardware(config, options.config));
  if (hardware === undefined) return 1;
  // A reader of the log that goes away must not take the gateway with it.
  process.stdout.on("error", () => {});
  const log = createLog(hardware.clock, (line) => void process.stdout.write(`${line}\n`));
  const monitor = (error: Error): void => log.error("internal.error", { where: "process", what: messageOf(error) });
  process.on("uncaughtExceptionMonitor", monitor);
  const gateway = startGateway({ hardware, config, log });
  const unlisten = stopOnSignals(gateway, log);
  const end = await gateway.ended;
  unlisten();
  process.off("uncaughtExceptionMonitor", monitor);
  return end === "stopped" ? 0 : 1;
}

/** Signals may come twice (a terminal and npm both send one): the second changes nothing. */
function stopOnSignals(gateway: Gateway, log: Log): () => void {
  let limit: NodeJS.Timeout | undefined;
  const stop = (): void => {
    if (limit !== undefined) return;
    limit = setTimeout(() => {
      log.error("internal.error", { where: "process", what: "the gateway did not stop in time" });
      process.exit(0);
    }, stopLimitMs);
    void gateway.stop();
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  return () => {
    clearTimeout(limit);
    // Late twins of the signal still find a listener, or they would end the process with another exit code.
    process.off("SIGTERM", stop).on("SIGTERM", () => {});
    process.off("SIGINT", stop).on("SIGINT", () => {});
  };
}

/** Prints what works and what does not, and what was meant. Resolves with 0 if all is well, else 1. */
export async function checkGateway(options: GatewayCommandOptions): Promise<number> {
  const config = await orExplain(() => loadConfig(options.config));
  if (config === undefined) return 1;
  say(`ok    ${options.config} can be read and says nothing wrong`);
  const hardware = await orExplain(() => openHardware(config, options.config));
  if (hardware === undefined) return 1;
  say(`ok    the state folder ${config.stateDir} can be used`);
  say(`ok    the device id is ${config.device.id ?? `${hardware.identity.serialNumber} (the board's serial number)`}`);
  const { cloud } = config;
  const https = await checkPort(hardware, cloud, "HTTPS, [cloud] url", cloud.host, cloud.httpsPort);
  const mqtt = await checkPort(hardware, cloud, "MQTT, [cloud] mqtt", cloud.mqttHost, cloud.mqttPort);
  return https && mqtt ? 0 : 1;
}

const checkLimitMs = 10_000;
const closeLimitMs = 500;

async function checkPort(
  hardware: Hardware,
  { authorities }: GatewayConfig["cloud"],
  what: string,
  host: string,
  port: number,
): Promise<boolean> {
  const outcome = await dialCloud(hardware, { host, port, authorities }, { timeoutMs: checkLimitMs });
  if (outcome.ok) {
    const { stream } = outcome.connection;
    await new Promise<void>((resolve) => {
      // In order, so that the cloud does not log a broken handshake; its end is awaited for a moment only.
      const limit = setTimeout(() => stream.destroy(), closeLimitMs);
      stream.once("close", () => resolve(clearTimeout(limit)));
      stream.on("error", () => {});
      stream.resume().end();
    });
    say(`ok    ${what}: ${host}:${port} answers, and its certificate is good`);
    return true;
  }
  say(`FAIL  ${what}: ${host}:${port}: ${failureTexts[outcome.reason]} (${outcome.detail})`);
  return false;
}

const failureTexts: Readonly<Record<Extract<Awaited<ReturnType<typeof dialCloud>>, { ok: false }>["reason"], string>> =
  {
    "name-unknown": "the name cannot be resolved: is it spelt right, and does this machine have a DNS server?",
    refused: "nothing listens on that port: is the port right, and is the cloud running?",
    unreachable: "there is no way to it: is the network up?",
    timeout: "no answer: a firewall on the way may drop the packets",
    reset: "the connection was broken off",
    aborted: "the check was broken off",
    "tls.unknown-authority":
      "its certificate is from an authority that this gateway does not trust: name the cloud's ca.pem as [cloud] ca",
    "tls.wrong-name": "its certificate is for another name: [cloud] must use a name that the certificate bears",
    "tls.expired": "its certificate has expired: is this machine's clock right?",
    "tls.not-yet-valid": "its certificate is not valid yet: is this machine's clock right?",
    "tls.failed": "it does not speak TLS as expected: is it the right port?",
  };

/** Reads the configuration and the files it names. Throws ConfigError. */
async function loadConfig(path: string): Promise<GatewayConfig> {
  const text = await read(path, "the configuration");
  const parsed = parseGatewayConfig(text, basename(path));
  const folder = dirname(resolve(path));
  const password = await loadPassword(parsed, folder, path);
  const authorities = await loadAuthorities(parsed, folder, path);
  const { caFile: _ca, passwordFile: _file, cloud, registration, stateDir, ...rest } = parsed;
  return {
    ...rest,
    cloud: { ...cloud, authorities },
    registration: { ...registration, password },
    stateDir: resolve(folder, stateDir),
  };
}

async function loadPassword(parsed: ParsedConfigFile, folder: string, path: string): Promise<string> {
  if (parsed.passwordFile === undefined) return parsed.registration.password ?? "";
  const file = resolve(folder, parsed.passwordFile);
  const [password = ""] = (await read(file, `${basename(path)}: [registration] password_file`)).split(/\r?\n/);
  if (password !== "") return password;
  throw new ConfigError("config.invalid", [
    `${basename(path)}: [registration] password_file: ${file} has no first line`,
  ]);
}

async function loadAuthorities(parsed: ParsedConfigFile, folder: string, path: string): Promise<readonly string[]> {
  if (parsed.caFile === undefined) return [];
  const file = resolve(folder, parsed.caFile);
  const pem = await read(file, `${basename(path)}: [cloud] ca`);
  const certificates = pem.match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs) ?? [];
  try {
    for (const certificate of certificates) new X509Certificate(certificate);
    if (certificates.length > 0) return certificates;
  } catch {
    // OpenSSL's own words for a damaged certificate help nobody; the finding below does.
  }
  throw new ConfigError("config.invalid", [
    `${basename(path)}: [cloud] ca: ${file} must hold certificates in PEM form`,
  ]);
}

async function read(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const why = codeOf(error) === "ENOENT" ? "there is no such file" : messageOf(error);
    throw new ConfigError("config.unreadable", [`${what}: ${path}: ${why}`]);
  }
}

async function openHardware({ stateDir }: GatewayConfig, path: string): Promise<Hardware> {
  try {
    return await openLinuxHardware({ stateDir });
  } catch (error) {
    const why = messageOf(error);
    throw new ConfigError("config.invalid", [`${basename(path)}: [state] dir: ${stateDir} cannot be used: ${why}`]);
  }
}

/** A configuration that cannot be used is told on standard error, one finding a line. */
async function orExplain<T>(load: () => Promise<T>): Promise<T | undefined> {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const finding of error.findings) process.stderr.write(`${finding}\n`);
    return undefined;
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
