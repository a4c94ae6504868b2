// The whole site in one process on simulated time: operator, cloud, gateway and a LAN with panels. The vocabulary of tests.
import "./deterministic-random.ts"; // First: libraries take the functions of node:crypto when they are loaded.
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { type Cloud, type CloudOptions, startCloud } from "#cloud-stub/cloud.ts";
import {
  type ConfigChanges,
  completeConfig,
  configFileIn,
  configOfText,
  findingsOf,
  type Gateway,
  type GatewayOptions,
  startGateway,
} from "#firmware/gateway.ts";
import { openLinuxStorage } from "#hardware/linux/storage.ts";
import type { Hardware } from "#hardware/ports.ts";
import { ClockView } from "./clock-view.ts";
import { drawFrom } from "./deterministic-random.ts";
import { type Fault, isLinkFault, type World } from "./faults/fault.ts";
import { FaultError } from "./faults/fault-error.ts";
import { siteWorld } from "./faults/site-world.ts";
import { Board, type BoardOptions } from "./gateway/board.ts";
import { boardWorld } from "./gateway/board-world.ts";
import type { DiskChange, DiskStepAhead } from "./gateway/disk.ts";
import { authorityPem } from "./network/certificate.ts";
import { SimulatedNetwork } from "./network/network.ts";
import { Operator } from "./operator.ts";
import type { RunningPanel } from "./panels/panel.ts";
import type { EventLog } from "./record/event-log.ts";
import type { KeptDelivery } from "./record/kept-deliveries.ts";
import { SeededRandom } from "./seeded-random.ts";
import { type PendingTimer, SimulatedClock } from "./simulated-clock.ts";
import { CloudServer, httpsPort, mqttsPort } from "./site/cloud-server.ts";
import { configFileName, siteConfigText } from "./site/config-on-disk.ts";
import { endSite } from "./site/end-site.ts";
import { GatewayBox } from "./site/gateway-box.ts";
import { gatewayConfig } from "./site/gateway-config.ts";
import { createSiteLog } from "./site/json-log.ts";
import { type FaultInForce, LinkHandle } from "./site/link-handle.ts";
import { ProgramParts } from "./site/program-parts.ts";
import type { LogLine } from "./site/programs.ts";
import { siteDefaults } from "./site/site-defaults.ts";
import { addSiteHosts, cloudName, panelAddress, usualBoard } from "./site/site-map.ts";
import { addSiteProxy, type SiteProxy, type SiteProxyOptions } from "./site/site-proxy.ts";
import { SiteRecorder } from "./site/site-recorder.ts";
import type { RunningPanels, SitePanels, SiteVocabulary } from "./site-vocabulary.ts";
import { type EventTap, tapNetwork } from "./triggers/event-tap.ts";
import { type FaultSite, type LaidFault, type Laying, layFaultWhen } from "./triggers/lay-fault.ts";
import type { ProtocolEvent } from "./triggers/protocol-event.ts";

export type { SitePanels } from "./site-vocabulary.ts";

export interface SiteOptions<P extends SitePanels> {
  readonly seed?: number;
  readonly panels?: P;
  /** External id of the gateway. */
  readonly deviceId?: string;
  /** What the gateway is configured with beside the usual; its tunnels may stand in `tunnels` alone. */
  readonly gateway?: ConfigChanges;
  readonly tunnels?: NonNullable<ConfigChanges["tunnels"]>;
  /** Lines for the gateway's configuration file: then it has one on its disk, takes all from it, and the cloud may change it. */
  readonly configFile?: string;
  readonly limits?: NonNullable<CloudOptions["limits"]>;
  /** False: the gateway is not started and nothing is registered; `gatewayRegisters` does it. */
  readonly registered?: boolean;
  readonly startAtMs?: number;
  /** A proxy stands between the gateway and the cloud, and there is no way around it; `proxySettings` say how it is used. */
  readonly proxy?: SiteProxyOptions;
  /** Of the gateway's board: what it is made of, where that differs from the usual one. */
  readonly board?: Omit<BoardOptions, "clock" | "random">;
  /** True: `gatewayParts` can give parts of the gateway's program trouble. */
  readonly partsMayBreak?: boolean;
  /** True: the delivered bytes are kept for a capture, up to 64 MiB. */
  readonly keepBytes?: boolean;
}

export interface PowerCutOptions {
  readonly at?: (change: DiskChange) => boolean;
  readonly atStep?: (step: DiskStepAhead) => boolean;
}

const certificateLifeMs = 365 * 86_400_000;
const logLinesShown = 6;

let databases = 0;

export class Site<P extends SitePanels = SitePanels> implements SiteVocabulary<P>, FaultSite {
  readonly mode = "memory";
  /** As the clock's own: advances time until something holds, and fails with the caller's line at the limit. */
  readonly until: SimulatedClock["until"];
  readonly seed: number;
  readonly clock: SimulatedClock;
  readonly network: SimulatedNetwork;
  readonly operator: Operator;
  readonly board: Board;
  readonly gatewayLog: LogLine[] = [];
  readonly cloudLog: LogLine[] = [];
  readonly #random: SeededRandom;
  readonly #options: SiteOptions<P>;
  readonly #cloud: CloudServer;
  readonly #gateway: GatewayBox;
  readonly #databaseName: string;
  readonly #releaseRandom: () => void;
  readonly #recorder: SiteRecorder;
  readonly #lifts = new Map<object, FaultInForce & { readonly lift: () => void }>();
  readonly #tap: EventTap;
  readonly #cloudClock: ClockView;
  readonly #luck: SeededRandom;
  /** Lifts what `apply` has laid over the whole site and nobody has lifted. */
  readonly #applied = new Set<() => Promise<void>>();
  readonly #faultErrors: unknown[] = [];
  #panels: Partial<Record<keyof P, RunningPanel>> = {};
  #proxy: SiteProxy | undefined;
  readonly #parts: ProgramParts | undefined;

  private constructor(options: SiteOptions<P>, clock: SimulatedClock, releaseRandom: () => void) {
    this.#options = options;
    this.#releaseRandom = releaseRandom;
    this.clock = clock;
    // Bound and not wrapped: the first line of a failure's stack is the caller's.
    this.until = clock.until.bind(clock) as SimulatedClock["until"];
    this.seed = options.seed ?? 1;
    this.#random = new SeededRandom(this.seed);
    databases += 1;
    this.#databaseName = `site-${process.pid}-${databases}.db`;
    this.network = new SimulatedNetwork({ clock, random: this.#random.child("network") });
    this.#recorder = new SiteRecorder({ clock, network: this.network, keepBytes: options.keepBytes ?? false });
    this.#tap = tapNetwork(this.network);
    this.#luck = this.#random.child("luck of faults");
    if (options.partsMayBreak === true) this.#parts = new ProgramParts();
    this.#cloudClock = new ClockView(clock, "cloud");
    const random = this.#random.child("board");
    this.board = new Board({ ...usualBoard, says: (text) => this.says(text), ...options.board, clock, random });
    const panelNames = Object.keys(options.panels ?? {});
    addSiteHosts(this.network, { panelNames, gatewayClock: this.board.clock });
    this.board.uplinks.attach(this.network.host("gateway"));
    this.#cloud = new CloudServer({
      clock,
      host: this.network.host("cloud"),
      start: () => this.#startCloud(),
      certificate: {
        names: [cloudName],
        authority: "Postern site",
        notBeforeMs: clock.nowMs() - certificateLifeMs,
        notAfterMs: clock.nowMs() + certificateLifeMs,
      },
    });
    this.#gateway = new GatewayBox({
      clock,
      host: this.network.host("gateway"),
      board: this.board,
      start: (hardware) => this.#startGateway(hardware),
    });
    this.operator = this.#newOperator();
    clock.describeWorld = () => this.describe();
  }

  /** Starts everything; unless told otherwise the gateway is registered and online, and every panel has an endpoint. */
  static async start<P extends SitePanels>(options: SiteOptions<P> = {}): Promise<Site<P>> {
    const clock = SimulatedClock.start(options.startAtMs === undefined ? {} : { startAtMs: options.startAtMs });
    const releaseRandom = drawFrom(new SeededRandom(options.seed ?? 1).child("process"));
    let site: Site<P> | undefined;
    try {
      site = new Site(options, clock, releaseRandom);
      await openDatabaseFolder();
      // Of a process that was killed and had the same number.
      await site.#removeDatabase();
      await site.#cloud.start();
      if (options.proxy !== undefined) site.#proxy = await addSiteProxy(site.network, options.proxy);
      await site.#startPanels();
      if (options.registered !== false) {
        await site.gatewayRegisters();
        await site.addsEndpoints();
      }
      return site;
    } catch (error) {
      clock.stop();
      releaseRandom();
      if (site !== undefined) await site.#removeDatabase();
      throw error;
    }
  }

  /** External id of the gateway. */
  get deviceId(): string {
    return this.#options.deviceId ?? "gw-0001";
  }

  /** The proxy between the gateway and the cloud; throws on a site without one. */
  get proxy(): SiteProxy {
    if (this.#proxy === undefined) throw new Error("This site has no proxy: ask for one when it starts");
    return this.#proxy;
  }

  /** The running panels by name. */
  get panels(): RunningPanels<P> {
    return this.#panels as RunningPanels<P>;
  }

  /** Everything that happened, in order; always on. */
  get record(): EventLog {
    return this.#recorder.record;
  }

  /** The machines that have run on this site, for counting what of them was taken. */
  get machines(): SiteRecorder["machines"] {
    return this.#recorder.machines;
  }

  /** Throws unless the site was made so that parts may break. */
  get gatewayParts(): ProgramParts {
    if (this.#parts === undefined) throw new Error("This site was not made with partsMayBreak");
    return this.#parts;
  }

  /** What was delivered, with its bytes; nothing unless the site keeps bytes. */
  get keptDeliveries(): readonly KeptDelivery[] {
    return this.#recorder.kept?.deliveries ?? [];
  }

  /** Writes a step of the story into the record. */
  says(text: string): void {
    this.#recorder.says(text);
  }

  /** Lets so many ms of simulated time pass. */
  passes(ms: number): Promise<void> {
    if (!(ms >= 0 && Number.isFinite(ms)))
      throw new RangeError(`site.passes takes a number of ms from 0 up, not ${ms}`);
    return this.clock.advance(ms);
  }

  /** The gateway's program; throws while the power is off. */
  get gateway(): Gateway {
    const { program } = this.#gateway;
    if (program === undefined) throw new Error("The gateway is off");
    return program as Gateway;
  }

  get cloud(): Cloud {
    const { program } = this.#cloud;
    if (program === undefined) throw new Error("The cloud is not running");
    return program as Cloud;
  }

  /** The cloud's database; its write-ahead log stands beside it. */
  get databaseFile(): string {
    return join(databaseFolder(), this.#databaseName);
  }

  /** What the cloud's machine presents to who connects from now on. */
  get cloudServer(): CloudServer {
    return this.#cloud;
  }

  /** The operator expects the gateway, it is switched on, asks, and is let in and online. */
  async gatewayRegisters(): Promise<void> {
    await this.operator.expectsDevice(this.deviceId);
    this.powerOn();
    await this.operator.acceptsDevice(this.deviceId);
    await this.gatewayIsOnline();
  }

  /** Waits until the gateway is online and the cloud shows it so. */
  async gatewayIsOnline(limitMs = 60_000): Promise<void> {
    await this.clock.until(() => this.#gateway.program?.status().connectivity === "online", {
      what: "the gateway to come online",
      limitMs,
    });
    await this.operator.worksWith(this.deviceId);
    await this.operator.seesDeviceOnline();
  }

  /** Enters each panel with the cloud, under its name. */
  async addsEndpoints(): Promise<void> {
    for (const [index, [name, { endpoint }]] of Object.entries(this.#options.panels ?? {}).entries()) {
      const port = this.#panels[name]?.port ?? 0;
      const known = this.#panels[name]?.endpoint;
      await this.operator.addsEndpoint({ name, hostname: panelAddress(index), port, ...endpoint, ...known });
    }
  }

  /** The wire between two hosts: "operator", "cloud", "gateway" or a panel's name. */
  between(one: string, other: string): LinkHandle {
    return new LinkHandle(this.#linkWorld(), [one, other]);
  }

  /** One direction of the wire between two hosts. */
  from(sender: string): { to: (receiver: string) => LinkHandle } {
    return { to: (receiver) => new LinkHandle(this.#linkWorld(), [sender, receiver], sender) };
  }

  /** Runs `block` while a world fault (cloud restart, power cut, reset of everything) is in force. */
  async during<T>(fault: Fault, block: () => T | Promise<T>): Promise<T> {
    const lift = await this.apply(fault);
    try {
      return await block();
    } finally {
      await lift();
    }
  }

  /** Lays a world fault over the whole site until the returned function is called, at the latest until the site ends. */
  async apply(fault: Fault): Promise<() => Promise<void>> {
    if (isLinkFault(fault)) {
      throw new FaultError("fault.wrong-place", `"${fault.name}" is a fault of a link: use site.between(...).during`);
    }
    const world = this.#world();
    const forget = this.#remember({ name: fault.name, on: "site" }, this.network.lay(fault));
    try {
      await fault.begin?.(world);
    } catch (error) {
      forget();
      throw error;
    }
    const lift = async (): Promise<void> => {
      if (!this.#applied.delete(lift)) return;
      forget();
      await fault.end?.(world);
    };
    this.#applied.add(lift);
    return lift;
  }

  /** Calls back when an event of a protocol has happened, counted from now on; the returned function ends the waiting. */
  on(event: ProtocolEvent, happened: () => void): () => void {
    return this.#tap.on(event, happened);
  }

  /** Lays a fault when an event has happened: at the moment at which its bytes arrive. */
  when(event: ProtocolEvent): { apply(fault: Fault, laying?: Laying): LaidFault } {
    return { apply: (fault, laying) => layFaultWhen(this, event, fault, laying) };
  }

  /** A fault could not be laid or lifted at its time: told when the site ends. */
  faultFailed(error: unknown): void {
    this.#faultErrors.push(error);
  }

  /**
   * The gateway's power fails now; or just as the disk is about to make a change that `at` names, before, amid or after it
   * by luck; or exactly before a step of a change that `atStep` names.
   */
  powerCut(options: PowerCutOptions = {}): void {
    const { at, atStep } = options;
    if (atStep !== undefined) {
      this.board.disk.stepping = (step) => {
        if (!atStep(step)) return;
        this.board.disk.stepping = undefined;
        this.#cutPower();
      };
    }
    if (at === undefined) {
      if (atStep !== undefined) return;
      this.#cutPower();
      return;
    }
    this.board.disk.changing = (change) => {
      if (!at(change)) return;
      this.board.disk.changing = undefined;
      this.#cutPower();
    };
  }

  get isGatewayOn(): boolean {
    return this.#gateway.isRunning;
  }

  powerOn(): void {
    if (!this.#gateway.isRunning) this.says("the gateway is switched on");
    this.#gateway.powerOn();
  }

  /** The gateway's program is ended in order, as by SIGTERM, and stays off until `powerOn`. */
  async gatewayStops(): Promise<void> {
    this.says("the gateway is stopped in order");
    await this.#gateway.stop();
  }

  /** The cloud goes and comes back with what it had stored. `hard`: as by kill -9. */
  async cloudRestarts(options: { readonly hard?: boolean; readonly downMs?: number } = {}): Promise<void> {
    await this.#stopCloud({ hard: options.hard ?? false });
    await this.clock.advance(options.downMs ?? 1000);
    await this.#startCloudAgain();
  }

  /** Names of the connections that at least one end still has. */
  openConnections(): readonly string[] {
    return this.network.openConnections();
  }

  pendingTimers(): readonly PendingTimer[] {
    return this.clock.pending();
  }

  /** What the world looks like, for the text of a failure. */
  describe(): string {
    const lines = (log: readonly LogLine[]): string[] =>
      log.slice(-logLinesShown).map((line) => `  ${JSON.stringify(line)}`);
    const faults = [...this.#lifts.values()].map(({ name, where }) => `${name} ${where ?? ""}`.trim());
    return [
      `Site with seed ${this.seed}, ${this.clock.monotonicMs()} ms after its start`,
      `Faults in force: ${faults.join("; ") || "none"}`,
      ...this.board.behaviours.map((name) => `Laid over the board: ${name}`),
      `Connections: ${this.openConnections().join("; ") || "none"}`,
      "Gateway's log:",
      ...lines(this.gatewayLog),
      "Cloud's log:",
      ...lines(this.cloudLog),
    ].join("\n");
  }

  /** Ends everything and fails if something is left behind. */
  async [Symbol.asyncDispose](): Promise<void> {
    let leaks: readonly string[];
    try {
      for (const lift of [...this.#applied]) await lift();
      for (const { lift } of [...this.#lifts.values()]) lift();
      this.board.heal();
      leaks = await endSite({
        clock: this.clock,
        network: this.network,
        operator: this.operator,
        gateway: this.#gateway,
        cloud: this.#cloud,
        panels: Object.values(this.#panels).filter((panel) => panel !== undefined),
      });
    } finally {
      this.clock.stop();
      this.#releaseRandom();
      await this.#removeDatabase();
    }
    if (this.#faultErrors.length > 0)
      throw new AggregateError(this.#faultErrors, "A fault could not be laid or lifted");
    if (leaks.length === 0) return;
    throw new Error(`Left behind at the end of a site with seed ${this.seed}: ${leaks.join("; ")}`);
  }

  async #startPanels(): Promise<void> {
    for (const [index, [name, program]] of Object.entries(this.#options.panels ?? {}).entries()) {
      const running = await program.start({
        name,
        network: this.network.host(name).network,
        clock: new ClockView(this.clock, `panel ${name}`),
        random: this.#random.child(`panel ${name}`),
        seed: `${this.seed}/${name}`,
        address: panelAddress(index),
      });
      this.#panels = { ...this.#panels, [name]: running };
    }
  }

  #startCloud(): Promise<Cloud> {
    const { passwords } = siteDefaults;
    return startCloud({
      clock: this.#cloudClock,
      random: this.#random.child(`cloud at ${this.clock.monotonicMs()}`),
      databaseFile: this.databaseFile,
      masterKey: this.#random.child("master key").bytes(32),
      passwordHasher: siteDefaults.passwordHasher,
      log: createSiteLog(
        () => this.clock.nowMs(),
        (line) => {
          this.cloudLog.push(line);
          this.#recorder.log("cloud", line);
        },
      ),
      inspect: this.#recorder.inspect,
      accounts: { adminPassword: passwords.admin, bootstrapPassword: passwords.bootstrap },
      allowedHosts: [cloudName],
      ports: { https: httpsPort, mqtts: mqttsPort },
      ...(this.#options.limits === undefined ? {} : { limits: this.#options.limits }),
    });
  }

  #startGateway(hardware: Hardware): Gateway {
    return startGateway({
      hardware,
      log: createSiteLog(
        () => hardware.clock.nowMs(),
        (line) => {
          this.gatewayLog.push(line);
          this.#recorder.log("gateway", line);
        },
      ),
      inspect: (event) => {
        this.#recorder.inspect(event);
        this.#parts?.inspect(event);
      },
      ...this.#gatewayConfig(hardware),
    });
  }

  #gatewayConfig(hardware: Hardware): Pick<GatewayOptions, "config" | "configFile"> {
    const authorities = [authorityPem("Postern site")];
    const { configFile: more, tunnels, gateway } = this.#options;
    if (more === undefined) {
      const given = {
        ...gatewayConfig(this.deviceId, authorities[0] ?? ""),
        tunnels: { ...siteDefaults.tunnels, ...tunnels },
      };
      return { config: completeConfig(given, gateway) };
    }
    const { files } = this.board.disk;
    if (!files.has(configFileName)) files.set(configFileName, Buffer.from(siteConfigText(this.deviceId, more)));
    const parse = (text: string) => configOfText(text, configFileName, authorities);
    return {
      config: parse(Buffer.from(files.get(configFileName) ?? []).toString()),
      configFile: configFileIn({
        storage: hardware.storage,
        name: configFileName,
        check: (text) => findingsOf(() => parse(text)),
      }),
    };
  }

  #newOperator(): Operator {
    return new Operator({
      network: this.network.host("operator").network,
      patience: this.clock,
      random: this.#random.child("operator"),
      cloud: { host: cloudName, httpsPort, authorities: [authorityPem("Postern site")] },
      user: "t1000/admin",
      password: siteDefaults.passwords.admin,
    });
  }

  #cutPower(): void {
    if (this.#gateway.isRunning) this.says("the gateway's power fails");
    this.#gateway.powerCut();
  }

  #stopCloud(options: { readonly hard: boolean }): Promise<void> {
    if (this.#cloud.isRunning) this.says(options.hard ? "the cloud is killed" : "the cloud stops in order");
    return this.#cloud.stop(options);
  }

  #startCloudAgain(): Promise<void> {
    if (!this.#cloud.isRunning) this.says("the cloud starts again");
    return this.#cloud.start();
  }

  #linkWorld() {
    const remember = (fault: FaultInForce, lift: () => void): (() => void) => this.#remember(fault, lift);
    return { network: this.network, world: this.#world(), remember };
  }

  #world(): World {
    return {
      resetConnections: (port) =>
        this.network.resetConnections(({ server }) => port === undefined || server.port === port),
      cutPower: () => this.powerCut(),
      restorePower: () => this.powerOn(),
      stopCloud: (options) => this.#stopCloud(options),
      startCloud: () => this.#startCloudAgain(),
      ...siteWorld({
        network: this.network,
        broker: { machine: "cloud", host: cloudName, port: mqttsPort, authorities: [authorityPem("Postern site")] },
        draw: () => this.#luck.fraction(),
        clockOf: (host) => (host === "gateway" ? this.board.clock : host === "cloud" ? this.#cloudClock : undefined),
        login: () => this.#gatewayLogin(),
        disk: this.board.disk,
      }),
      ...boardWorld({ board: this.board, network: this.network, host: "gateway" }),
    };
  }

  /** What the gateway's disk says that it logs in with. */
  #gatewayLogin(): { clientId: string; user: string; password: string } | undefined {
    const file = this.board.disk.files.get("credentials.json");
    if (file === undefined) return undefined;
    const { tenant, user, password } = JSON.parse(Buffer.from(file).toString());
    return { clientId: this.deviceId, user: `${tenant}/${user}`, password };
  }

  #remember(fault: FaultInForce, lift: () => void): () => void {
    const key = {};
    const liftOnce = (): void => {
      if (!this.#lifts.delete(key)) return;
      this.#recorder.fault(fault, "end");
      lift();
    };
    this.#lifts.set(key, { ...fault, lift: liftOnce });
    this.#recorder.fault(fault, "begin");
    return liftOnce;
  }

  async #removeDatabase(): Promise<void> {
    if (databaseFolderName === undefined) return;
    const storage = await openLinuxStorage(databaseFolder());
    for (const ending of ["", "-wal", "-shm", "-journal"]) await storage.remove(`${this.#databaseName}${ending}`);
  }
}

/**
 * One folder for all sites of a user: each takes its files away at its end. In memory where the system has a place for
 * that: a simulated power cut needs no real disk to have written anything, and thousands of runs need not wait for one.
 */
let databaseFolderName: string | undefined;

function databaseFolder(): string {
  if (databaseFolderName === undefined) throw new Error("must hold: the folder is made before it is asked for");
  return databaseFolderName;
}

async function openDatabaseFolder(): Promise<void> {
  const name = `postern-sites-${userInfo().uid}`;
  const places = process.platform === "linux" ? ["/dev/shm", tmpdir()] : [tmpdir()];
  for (const [at, place] of places.entries()) {
    try {
      await openLinuxStorage(join(place, name));
      databaseFolderName = join(place, name);
      return;
    } catch (error) {
      if (at === places.length - 1) throw error;
    }
  }
}
