// Composition on a real machine: reads the files, opens the hardware, runs the gateway until a signal; and checks the set-up.
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { openLinuxHardware } from "#hardware/linux/linux-hardware.ts";
import type { Hardware } from "#hardware/ports.ts";
import { checkCloud } from "./check/check-cloud.ts";
import { type GatewayConfig, type ParsedConfigFile, parseGatewayConfig } from "./config.ts";
import { ConfigError, codeOf, messageOf } from "./errors.ts";
import { type Gateway, startGateway } from "./gateway.ts";
import { createLog, type Log } from "./log.ts";
import { probeStorage } from "./storage-probe.ts";

export interface GatewayCommandOptions {
  /** Path of gateway.toml. */
  readonly config: string;
}

/** `stop` itself takes less than 5 s; a gateway that does not keep to it is broken off. */
const stopLimitMs = 4_900;

/** Runs until SIGTERM or SIGINT. Resolves with the exit code: 0 after a signal, 1 when it could not start or broke. */
export async function runGateway(options: GatewayCommandOptions): Promise<number> {
  const signals = listenForSignals();
  const config = await orExplain(() => loadConfig(options.config));
  const hardware = config && (await orExplain(() => openWritableHardware(config, options.config)));
  if (config === undefined || hardware === undefined) {
    signals.ignore();
    return 1;
  }
  if (signals.hasCome()) return 0;
  // A reader of the log that goes away must not take the gateway with it.
  process.stdout.on("error", () => {});
  const log = createLog(hardware.clock, (line) => void process.stdout.write(`${line}\n`));
  const monitor = (error: Error): void => log.error("internal.error", { where: "process", what: messageOf(error) });
  process.on("uncaughtExceptionMonitor", monitor);
  const gateway = startGateway({ hardware, config, log });
  const unlimit = signals.stop(gateway, log);
  const end = await gateway.ended;
  unlimit();
  process.off("uncaughtExceptionMonitor", monitor);
  return end === "stopped" ? 0 : 1;
}

interface Signals {
  /** Before there is a gateway. */
  hasCome(): boolean;
  /** From now on a signal stops the gateway; the returned function clears the limit. */
  stop(gateway: Gateway, log: Log): () => void;
  /** The process ends for another reason. */
  ignore(): void;
}

/** Signals may come early, twice (a terminal and npm both send one) and late: none may end the process by itself. */
function listenForSignals(): Signals {
  let hasCome = false;
  let onFirst: (() => void) | undefined;
  const heard = (): void => {
    if (!hasCome) onFirst?.();
    hasCome = true;
  };
  process.on("SIGTERM", heard).on("SIGINT", heard);
  return {
    hasCome: () => hasCome,
    stop: (gateway, log) => {
      let limit: NodeJS.Timeout | undefined;
      onFirst = () => {
        limit = setTimeout(() => {
          log.error("internal.error", { where: "process", what: "the gateway did not stop in time" });
          process.exit(0);
        }, stopLimitMs);
        void gateway.stop();
      };
      return () => {
        onFirst = undefined;
        clearTimeout(limit);
      };
    },
    ignore: () => void process.off("SIGTERM", heard).off("SIGINT", heard),
  };
}

/** Prints what works and what does not, and what was meant. Resolves with 0 if all is well, else 1. */
export async function checkGateway(options: GatewayCommandOptions): Promise<number> {
  const config = await orExplain(() => loadConfig(options.config));
  if (config === undefined) return 1;
  say(`ok    ${options.config} can be read and says nothing wrong`);
  const hardware = await orExplain(() => openHardware(config, options.config));
  if (hardware === undefined) return 1;
  const stateProblem = await probeStorage(hardware.storage);
  say(
    stateProblem === undefined
      ? `ok    the state folder ${config.stateDir} can be written to`
      : `FAIL  the state folder ${config.stateDir} cannot be written to: ${stateProblem}`,
  );
  say(`ok    the device id is ${config.device.id ?? `${hardware.identity.serialNumber} (the board's serial number)`}`);
  const isCloudGood = await checkCloud({ hardware, config, say });
  return isCloudGood && stateProblem === undefined ? 0 : 1;
}

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

/** Credentials that cannot be stored would be lost at the next start, long after anybody looks: better none at all. */
async function openWritableHardware(config: GatewayConfig, path: string): Promise<Hardware> {
  const hardware = await openHardware(config, path);
  const { stateDir } = config;
  const problem = await probeStorage(hardware.storage);
  if (problem === undefined) return hardware;
  throw new ConfigError("config.invalid", [
    `${basename(path)}: [state] dir: ${stateDir} cannot be written to: ${problem}`,
  ]);
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
