// `postern up`: cloud, one gateway and a LAN with five panels on this machine, for people to try things out.
import "./deterministic-random.ts"; // First: libraries take the functions of node:crypto when they are loaded.
import { chmodSync, createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type CloudProcess, lockFolder, type RunCloudOptions, runCloud, setUserPassword } from "#cloud-stub/main.ts";
import { completeConfig, type Gateway, startGateway } from "#firmware/gateway.ts";
import { openLinuxHardware } from "#hardware/linux/linux-hardware.ts";
import { openLinuxNetwork } from "#hardware/linux/network.ts";
import type { Hardware, Network } from "#hardware/ports.ts";
import type { CommandIo, SimExitCode } from "./commands/command-io.ts";
import type { RunScenariosOptions } from "./commands/run-scenarios.ts";
import type { SoakCommandOptions } from "./commands/run-soak-command.ts";
import type { SwarmCommandOptions } from "./commands/run-swarm-command.ts";
import { cloudHost, demoDeviceId, demoGatewayConfig, demoGatewayToml } from "./demo/demo-gateway.ts";
import { type DemoPanel, startDemoPanels } from "./demo/demo-panels.ts";
import { enterPanels, letGatewayIn } from "./demo/demo-registration.ts";
import type { Patience } from "./operator/patience.ts";
import { realPatience } from "./operator/real-patience.ts";
import { Operator } from "./operator.ts";
import type { ServeSimulatorOptions } from "./serve/serve.ts";
import { createSiteLog } from "./site/json-log.ts";

export { PlanError, parsePlan, writePlan } from "./swarm/plan-file.ts";
export { replaySwarm, runSwarm } from "./swarm/run-swarm.ts";
export { swarmReportLines } from "./swarm/swarm-words.ts";

/** `postern sim list`. This and the next four are loaded when they are asked for: they bring in every panel and fault. */
export async function listScenarios(io: CommandIo, options: { readonly json?: true }): Promise<SimExitCode> {
  return (await import("./commands/list-scenarios.ts")).listScenarios(io, options);
}

/** `postern sim run`. */
export async function runScenarios(io: CommandIo, options: RunScenariosOptions): Promise<SimExitCode> {
  return (await import("./commands/run-scenarios.ts")).runScenarios(io, options);
}

/** `postern sim soak`. */
export async function runSoakCommand(io: CommandIo, options: SoakCommandOptions): Promise<SimExitCode> {
  return (await import("./commands/run-soak-command.ts")).runSoakCommand(io, options);
}

/** `postern sim swarm`. */
export async function runSwarmCommand(io: CommandIo, options: SwarmCommandOptions): Promise<SimExitCode> {
  return (await import("./commands/run-swarm-command.ts")).runSwarmCommand(io, options);
}

/** `postern sim replay`. */
export async function replayCommand(
  io: CommandIo,
  what: string,
  options: { readonly record?: string },
): Promise<SimExitCode> {
  return (await import("./commands/run-swarm-command.ts")).replayCommandOf(io, what, options);
}

/** `postern sim serve`: until the signal aborts. Rejects with an error with a code when the port cannot be had. */
export async function serveSimulator(options: ServeSimulatorOptions): Promise<void> {
  return (await import("./serve/serve.ts")).serveSimulator(options);
}

type PortOption = "port" | "httpsPort" | "mqttsPort";

export interface RunSiteOptions {
  /** Of the console over HTTP. */
  readonly port: number;
  readonly httpsPort: number;
  readonly mqttsPort: number;
  /** Made if missing; a second start finds there what the first one left. */
  readonly dataDir: string;
  /** Drives the panels' process values. */
  readonly seed: number;
  /** Ports that a person asked for: one of these that is taken is an error, the others give way. */
  readonly explicit: readonly PortOption[];
}

const bootstrapUser = "management/devicebootstrap";

/** An error with a `code` is for a person to read; its message is one line. */
class SiteError extends Error {
  readonly code: "site.stopped" | "site.no-folder" | "site.not-online";

  constructor(code: SiteError["code"], message: string) {
    super(message);
    this.name = "SiteError";
    this.code = code;
  }
}

/** Runs until SIGINT or SIGTERM. Resolves with the exit code: 0 after a signal, 1 when it could not start. */
export async function runSite(options: RunSiteOptions): Promise<number> {
  const stop = listenForStop();
  const closers: (() => Promise<void>)[] = [];
  try {
    await startSite(options, closers, stop.signal);
    await stop.asked;
    say("Stopping ...");
    return 0;
  } catch (error) {
    if (error instanceof SiteError && error.code === "site.stopped") return 0;
    if (!(error instanceof Error) || !("code" in error)) throw error;
    process.stderr.write(`postern up: ${error.message}\n`);
    return 1;
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

/** Signals may come twice (a terminal and npm both send one), and late ones must still find a listener. */
function listenForStop() {
  const controller = new AbortController();
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const stop = (): void => {
    controller.abort(new SiteError("site.stopped", "stopped while starting"));
    resolve();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, stop);
  return { asked, signal: controller.signal };
}

async function startSite(
  options: RunSiteOptions,
  closers: (() => Promise<void>)[],
  signal: AbortSignal,
): Promise<void> {
  const folders = makeFolders(options.dataDir);
  closers.push(takeFolder(options.dataDir));
  // What has been started when the signal comes must be closed too.
  const step = <T>(made: T, close: (made: T) => Promise<void>): T => {
    closers.push(() => close(made));
    signal.throwIfAborted();
    return made;
  };
  // A laptop's LEDs, power button and watchdog are no gateway's.
  const parts = { leds: false, button: false, watchdog: false } as const;
  const hardware = await openLinuxHardware({ stateDir: folders.state, ...parts });
  const adminPassword = process.env["POSTERN_ADMIN_PASSWORD"] || newSecret(hardware);
  const bootstrap = readBootstrapPassword(folders.bootstrapPassword, hardware);

  say("Starting the cloud ...");
  const cloudLog = openLog(folders.cloudLog, closers);
  const isFirstStart = !existsSync(join(folders.cloud, "postern.db"));
  const accounts = { adminPassword, bootstrapPassword: bootstrap.password };
  const cloud = step(await runCloud(cloudOptions(options, { ...folders, accounts, write: cloudLog })), (it) =>
    it.stop(),
  );
  tellOtherPorts(options, cloud);
  if (!isFirstStart) await setPasswords(folders.cloud, { adminPassword, bootstrap });

  say("Starting five panels ...");
  const { clock, random } = hardware;
  // Not the gateway's own network: it refuses tunnels to ports on which it listens itself.
  const panels = step(
    await startDemoPanels({ network: openLinuxNetwork(), clock, random, seed: options.seed }),
    async (started) => {
      for (const panel of started) await panel.running.close();
    },
  );

  const operator = newOperator({ cloud, adminPassword, network: openLinuxNetwork(), hardware, signal });
  const isKnown = (await operator.findsDevice(demoDeviceId)) !== undefined;
  // A cloud that was started afresh knows nothing of the credentials that an earlier one gave.
  if (!isKnown) await hardware.storage.remove("credentials.json");
  const isRegistered = (await hardware.storage.list()).includes("credentials.json");

  say(isRegistered ? "Starting the gateway ..." : "Starting the gateway and registering it ...");
  const gatewayLog = openLog(folders.gatewayLog, closers);
  const gateway = step(
    startDemoGateway({ hardware, cloud, panels, folders, password: bootstrap.password, write: gatewayLog }),
    (it) => it.stop(),
  );
  if (!isRegistered) await letGatewayIn(operator);
  await isOnline({ gateway, operator, patience: realPatience(clock, signal), log: folders.gatewayLog });
  await enterPanels(operator, panels);
  signal.throwIfAborted();
  announce({ cloud, panels, adminPassword, options });
}

function makeFolders(dataDir: string) {
  const gateway = join(dataDir, "gateway");
  const cloud = join(dataDir, "cloud");
  try {
    for (const folder of [dataDir, gateway, cloud]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new SiteError("site.no-folder", `the folder ${dataDir} cannot be used: ${whyNoFolder(error)}`);
  }
  return {
    cloud,
    gateway,
    state: join(gateway, "state"),
    config: join(gateway, "gateway.toml"),
    bootstrapPassword: join(gateway, "bootstrap-password"),
    cloudLog: join(dataDir, "cloud.log"),
    gatewayLog: join(dataDir, "gateway.log"),
  };
}

function whyNoFolder(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EEXIST" || code === "ENOTDIR") return "something that is no folder stands in its way";
  return error instanceof Error ? error.message : String(error);
}

/** Two sites on one folder would write over each other's state. */
function takeFolder(dataDir: string): () => Promise<void> {
  const inUse = `a site is running in ${dataDir}; stop it, or name another folder with --data.`;
  const lock = lockFolder(dataDir, inUse);
  return async () => lock.release();
}

/** A line writer into a file of mode 0600 that begins empty. */
function openLog(file: string, closers: (() => Promise<void>)[]): (line: string) => void {
  const stream = createWriteStream(file, { flags: "w", mode: 0o600 });
  stream.once("open", () => chmodSync(file, 0o600));
  // A full disk must not end the site; what is lost is the log.
  stream.on("error", () => undefined);
  closers.push(() => new Promise<void>((resolve) => stream.end(() => resolve())));
  return (line) => void stream.write(`${line}\n`);
}

function newSecret({ random }: Hardware): string {
  return Buffer.from(random.bytes(15)).toString("base64url");
}

/** The gateway has it in a file, as a real one would. */
function readBootstrapPassword(file: string, hardware: Hardware) {
  if (existsSync(file)) return { password: readFileSync(file, "utf8").trim(), isNew: false };
  const password = newSecret(hardware);
  writeFileSync(file, `${password}\n`, { mode: 0o600 });
  return { password, isNew: true };
}

function cloudOptions(
  { port, httpsPort, mqttsPort, explicit }: RunSiteOptions,
  rest: Pick<RunCloudOptions, "accounts" | "write"> & { readonly cloud: string },
): RunCloudOptions {
  const names = { port: "httpPort", httpsPort: "httpsPort", mqttsPort: "mqttsPort" } as const;
  return {
    dataDir: rest.cloud,
    httpPort: port,
    httpsPort,
    mqttsPort,
    explicit: explicit.map((name) => names[name]),
    // Beside the data, because this is a demo; the cloud's log says so too.
    demoMasterKeyFile: join(rest.cloud, "master.key"),
    firstPasswords: "return",
    ...(rest.accounts === undefined ? {} : { accounts: rest.accounts }),
    ...(rest.write === undefined ? {} : { write: rest.write }),
  };
}

function tellOtherPorts(wanted: RunSiteOptions, { ports }: CloudProcess): void {
  const rows = [
    ["console", wanted.port, ports.http],
    ["HTTPS", wanted.httpsPort, ports.https],
    ["MQTT", wanted.mqttsPort, ports.mqtts],
  ] as const;
  for (const [what, asked, got] of rows) {
    if (asked !== 0 && asked !== got) say(`Port ${asked} for ${what} is taken; it is ${got} this time.`);
  }
}

/** The accounts are there from an earlier start, whose passwords nobody kept. */
async function setPasswords(
  dataDir: string,
  passwords: {
    readonly adminPassword: string;
    readonly bootstrap: { readonly password: string; readonly isNew: boolean };
  },
): Promise<void> {
  const { adminPassword, bootstrap } = passwords;
  await setUserPassword({ dataDir, name: "admin", password: adminPassword });
  if (bootstrap.isNew) await setUserPassword({ dataDir, name: bootstrapUser, password: bootstrap.password });
}

function newOperator(parts: {
  readonly cloud: CloudProcess;
  readonly adminPassword: string;
  readonly network: Network;
  readonly hardware: Hardware;
  readonly signal: AbortSignal;
}): Operator {
  const { cloud, adminPassword, network, hardware, signal } = parts;
  return new Operator({
    network,
    patience: realPatience(hardware.clock, signal),
    random: hardware.random,
    cloud: { host: cloudHost, httpsPort: cloud.ports.https, authorities: [cloud.caPem] },
    user: `${cloud.tenantId}/${cloud.adminUser}`,
    password: adminPassword,
  });
}

function startDemoGateway(parts: {
  readonly hardware: Hardware;
  readonly cloud: CloudProcess;
  readonly panels: readonly DemoPanel[];
  readonly folders: ReturnType<typeof makeFolders>;
  readonly password: string;
  readonly write: (line: string) => void;
}): Gateway {
  const { hardware, cloud, panels, folders, password, write } = parts;
  const settings = {
    httpsPort: cloud.ports.https,
    mqttsPort: cloud.ports.mqtts,
    bootstrapUser,
    stateDir: folders.state,
    panelPorts: panels.map(({ running }) => running.port),
  };
  const files = { ca: cloud.caFile, password: folders.bootstrapPassword };
  writeFileSync(folders.config, demoGatewayToml(settings, files), { mode: 0o600 });
  return startGateway({
    hardware,
    log: createSiteLog(
      () => hardware.clock.nowMs(),
      (line) => write(JSON.stringify(line)),
    ),
    config: completeConfig(demoGatewayConfig({ ...settings, authority: cloud.caPem, bootstrapPassword: password })),
  });
}

async function isOnline(parts: {
  readonly gateway: Gateway;
  readonly operator: Operator;
  readonly patience: Patience;
  readonly log: string;
}): Promise<void> {
  const { gateway, operator, patience, log } = parts;
  try {
    await patience.until(() => gateway.status().connectivity === "online", { what: "the gateway to come online" });
    await operator.worksWith(demoDeviceId);
    await operator.seesDeviceOnline();
  } catch (error) {
    if (error instanceof SiteError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new SiteError("site.not-online", `the gateway did not come online (${why}); its log is ${log}`);
  }
}

function announce(parts: {
  readonly cloud: CloudProcess;
  readonly panels: readonly DemoPanel[];
  readonly adminPassword: string;
  readonly options: RunSiteOptions;
}): void {
  const { cloud, panels, adminPassword, options } = parts;
  const { http, https, mqtts } = cloud.ports;
  const url = `http://localhost:${http}`;
  if (!existsSync(fileURLToPath(new URL("../dist/console/index.html", import.meta.url)))) {
    say("The console is not built, so its pages are missing: run `npm run setup`.");
  }
  const rows = [
    ["Console", url],
    ["User", cloud.adminUser],
    ["Password", adminPassword],
    ["Panels", panels.map(({ name, running }) => `${name} (port ${running.port})`).join(", ")],
    ["Logs", `${join(options.dataDir, "cloud.log")}, gateway.log`],
  ] as const;
  say(
    `\nThe site is ready. Ctrl+C stops it.\n\n${rows.map(([name, value]) => `  ${name.padEnd(10)}${value}`).join("\n")}\n`,
  );
  const line = {
    event: "site.ready",
    console: url,
    https: `https://${cloudHost}:${https}`,
    mqtts: `mqtts://${cloudHost}:${mqtts}`,
    tenant: cloud.tenantId,
    user: cloud.adminUser,
    ca: cloud.caFile,
    gateway: demoDeviceId,
    panels: panels.map(({ name, running }) => ({ name, port: running.port })),
    seed: options.seed,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
