// Composition on a real machine: reads the files, opens the hardware, runs the gateway until a signal; and checks the set-up.
import { realpath } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { readDeviceTree } from "#hardware/linux/identity.ts";
import { openLinuxHardware } from "#hardware/linux/linux-hardware.ts";
import { openLinuxStorage } from "#hardware/linux/storage.ts";
import type { Hardware, Storage } from "#hardware/ports.ts";
import { boardParts, chooseBoard } from "./board/board-parts.ts";
import { checkCloud } from "./check/check-cloud.ts";
import type { GatewayConfig } from "./config/gateway-config.ts";
import { completeParsed, type LoadedConfig, loadConfig } from "./config/load-config.ts";
import { parseGatewayConfig } from "./config/parse-config.ts";
import {
  type ConfigFileAccess,
  configFileIn,
  previousName,
  restorePrevious,
} from "./device-management/config-file-access.ts";
import { findingsOf } from "./device-management/config-text.ts";
import { LogRing } from "./device-management/log-ring.ts";
import { ConfigError, messageOf } from "./errors.ts";
import { type Gateway, startGateway } from "./gateway.ts";
import { configFiles } from "./local/config-files.ts";
import { openLocalServices } from "./local/local-services.ts";
import { type DoctorOptions, runDoctor } from "./local/run-doctor.ts";
import { showStatus } from "./local/show-status.ts";
import { createLog, type Log } from "./log.ts";
import { holdsIdentity, probeStorage } from "./storage-probe.ts";

export { gatewayVersion } from "./version.ts";

export interface GatewayCommandOptions {
  /** Path of gateway.toml. */
  readonly config: string;
}

/** `stop` itself takes less than 5 s; a gateway that does not keep to it is broken off. */
const stopLimitMs = 4_900;

/** Runs until SIGTERM or SIGINT. Resolves with the exit code: 0 after a signal, 1 when it could not start or broke. */
export async function runGateway(options: GatewayCommandOptions): Promise<number> {
  const signals = listenForSignals();
  const environment = takeServiceEnvironment();
  const logRing = new LogRing();
  // A reader of the log that goes away must not take the gateway with it.
  process.stdout.off("error", ignore).on("error", ignore);
  let fallenBackWhy: string | undefined;
  for (;;) {
    const end = await runOnce(options, { signals, environment, logRing, fallenBackWhy });
    fallenBackWhy = undefined;
    if (end === "stopped") return 0;
    if (end === "reconfigured" && !signals.hasCome()) continue;
    if (end === "reconfigured") return 0;
    // A configuration that the cloud has sent and that does not work out is taken back: nobody is there to do it.
    if (signals.hasCome() || !(await putConfigBack(options.config))) {
      signals.ignore();
      return 1;
    }
    fallenBackWhy = `the gateway could not be started with it: ${end.why}`;
  }
}

interface RunParts {
  readonly signals: Signals;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly logRing: LogRing;
  readonly fallenBackWhy: string | undefined;
}

/** From reading the configuration to the end of the gateway; `why` it could not start or broke. */
async function runOnce(
  options: GatewayCommandOptions,
  { signals, environment, logRing, fallenBackWhy }: RunParts,
): Promise<"stopped" | "reconfigured" | { readonly why: string }> {
  const findings: string[] = [];
  const loaded = await orExplain(() => load(options.config), findings);
  const config = loaded?.config;
  const opened = config && (await orExplain(() => openWritableHardware(config, options.config), findings));
  if (loaded === undefined || config === undefined || opened === undefined) return { why: findings.join("; ") };
  const { hardware, storageProblem } = opened;
  const configFile = await openConfigFile(options.config, fallenBackWhy);
  if (signals.hasCome()) return "stopped";
  const log = createLog(hardware.clock, (line) => void process.stdout.write(`${line}\n`), config.logLevel);
  for (const what of loaded.warnings) log.warn("config.warning", { what });
  if (storageProblem !== undefined) log.error("state.unwritable", { dir: config.stateDir, why: storageProblem });
  const monitor = (error: Error): void => log.error("internal.error", { where: "process", what: messageOf(error) });
  process.on("uncaughtExceptionMonitor", monitor);
  if ("why" in configFile) log.warn("management.no-configuration", { why: configFile.why });
  const gateway = startGateway({ hardware, config, log, logRing, ...("why" in configFile ? {} : { configFile }) });
  const local = openLocalServices({ gateway, config, log, environment });
  const unlimit = signals.stop(gateway, log, async () => (await local).stopping());
  const end = await gateway.ended;
  await (await local).close();
  unlimit();
  process.off("uncaughtExceptionMonitor", monitor);
  return end === "stopped" || end === "reconfigured" ? end : { why: "a part of it broke" };
}

/** What systemd tells this process is not for the programs that it runs. */
function takeServiceEnvironment(): Readonly<Record<string, string | undefined>> {
  const environment = { ...process.env };
  for (const name of ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]) delete process.env[name];
  return environment;
}

interface Signals {
  /** Before there is a gateway. */
  hasCome(): boolean;
  /** From now on a signal stops the gateway, and `stopping` is told; the returned function clears the limit. */
  stop(gateway: Gateway, log: Log, stopping: () => void): () => void;
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
    stop: (gateway, log, stopping) => {
      let limit: NodeJS.Timeout | undefined;
      onFirst = () => {
        limit = setTimeout(() => {
          log.error("internal.error", { where: "process", what: "the gateway did not stop in time" });
          process.exit(0);
        }, stopLimitMs);
        stopping();
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

export interface StatusCommandOptions {
  /** Path of gateway.toml; without it the gateway that runs as a service is meant. */
  readonly config?: string;
  /** Path of the gateway's socket. */
  readonly socket?: string;
  readonly json: boolean;
}

/** Prints what the running gateway does. Resolves with 0 if it answered, else 1. */
export async function showGatewayStatus({ config: path, socket, json }: StatusCommandOptions): Promise<number> {
  const stateDir = path === undefined ? undefined : await orExplain(() => readStateDir(path));
  if (path !== undefined && stateDir === undefined) return 1;
  const explain = (line: string): void => void process.stderr.write(`${line}\n`);
  // A reader that has seen enough, such as `head`, is no mistake.
  process.stdout.on("error", () => {});
  return showStatus({ stateDir, socket, isJson: json, say, explain });
}

/** The secrets that the file names are not read: who asks for the status need not be able to. Throws ConfigError. */
async function readStateDir(path: string): Promise<string> {
  const outcome = await configFiles.read(path);
  if (!outcome.ok) throw new ConfigError("config.unreadable", [`the configuration: ${path}: ${outcome.why}`]);
  return configFiles.resolve(path, parseGatewayConfig(outcome.text, configFiles.baseName(path)).stateDir);
}

/** Walks from the settings to the panels and says what is wrong first. Resolves with 0 if nothing is. */
export async function examineGateway(options: DoctorOptions): Promise<number> {
  process.stdout.on("error", () => {});
  return await runDoctor(options, {
    load: () => load(options.config),
    openHardware: (config) => openHardware(config, options.config),
    say,
    explain: (line) => void process.stderr.write(`${line}\n`),
  });
}

/** Prints what works and what does not, and what was meant. Resolves with 0 if all is well, else 1. */
export async function checkGateway(options: GatewayCommandOptions): Promise<number> {
  const loaded = await orExplain(() => load(options.config));
  if (loaded === undefined) return 1;
  const { config, warnings } = loaded;
  say(`ok    ${options.config} can be read and says nothing wrong`);
  for (const warning of warnings) say(`WARN  ${warning}`);
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

/** So that the cloud may ask for it and send another, or why that is not possible: its name or its folder. */
async function openConfigFile(
  path: string,
  fallenBackWhy: string | undefined,
): Promise<ConfigFileAccess | { readonly why: string }> {
  try {
    const { storage, name } = await configFolder(path);
    const check = (text: string): Promise<readonly string[]> =>
      findingsOf(() => {
        const parsed = parseGatewayConfig(text, name);
        return completeParsed(parsed, { files: configFiles, path, nowMs: Date.now(), isOpenToOthers: false });
      });
    return configFileIn({ storage, name, check, fallenBackWhy });
  } catch (error) {
    return { why: messageOf(error) };
  }
}

/** True if a new configuration was on trial and the old one is there again. */
async function putConfigBack(path: string): Promise<boolean> {
  try {
    const { storage, name } = await configFolder(path);
    if ((await storage.read(previousName(name))) === undefined) return false;
    await restorePrevious(storage, name);
    process.stderr.write(`${path}: the configuration before this one is used again\n`);
    return true;
  } catch {
    return false; // why nothing works has been said already
  }
}

async function configFolder(path: string): Promise<{ readonly storage: Storage; readonly name: string }> {
  // Where a link leads, or the link would be replaced by a file.
  const real = await realpath(path);
  const name = basename(real);
  if (!/^[a-z0-9-][a-z0-9.-]{0,50}$/.test(name)) {
    throw new Error(`${name}: only files named with a-z, 0-9, "." and "-" can be changed from the cloud`);
  }
  return { storage: await openLinuxStorage(dirname(real)), name };
}

/** Reads the configuration and the files it names. Throws ConfigError. */
function load(path: string): Promise<LoadedConfig> {
  return loadConfig({ files: configFiles, path, nowMs: Date.now() });
}

async function openHardware({ stateDir, board: settings }: GatewayConfig, path: string): Promise<Hardware> {
  const board = chooseBoard(settings, await readDeviceTree());
  try {
    return await openLinuxHardware({ stateDir, ...boardParts(board, settings) });
  } catch (error) {
    const why = messageOf(error);
    throw new ConfigError("config.invalid", [`${basename(path)}: [state] dir: ${stateDir} cannot be used: ${why}`]);
  }
}

/**
 * Credentials that cannot be stored would be lost at the next start, long after anybody looks: better none at all. Who has
 * them already comes online all the same: over a disk that is full, or a card that has died read-only, nobody else can help.
 */
async function openWritableHardware(
  config: GatewayConfig,
  path: string,
): Promise<{ readonly hardware: Hardware; readonly storageProblem?: string }> {
  const hardware = await openHardware(config, path);
  const { stateDir, registration } = config;
  const problem = await probeStorage(hardware.storage);
  if (problem === undefined) return { hardware };
  if (await holdsIdentity(hardware.storage, registration.method)) return { hardware, storageProblem: problem };
  throw new ConfigError("config.invalid", [
    `${basename(path)}: [state] dir: ${stateDir} cannot be written to: ${problem}`,
  ]);
}

/** A configuration that cannot be used is told on standard error, one finding a line. */
async function orExplain<T>(load: () => Promise<T>, told: string[] = []): Promise<T | undefined> {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const finding of error.findings) process.stderr.write(`${finding}\n`);
    told.push(...error.findings);
    return undefined;
  }
}

function ignore(): void {}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
