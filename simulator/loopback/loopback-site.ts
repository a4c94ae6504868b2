// A site on real sockets of this machine, in real time: the same words as the site in memory, over relays on loopback.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cloud, type CloudOptions, startCloud } from "#cloud-stub/cloud.ts";
import { type ConfigChanges, completeConfig, type Gateway, startGateway } from "#firmware/gateway.ts";
import type { Hardware } from "#hardware/ports.ts";
import type { Fault } from "../faults/fault.ts";
import type { Operator } from "../operator.ts";
import type { EventLog } from "../record/event-log.ts";
import { httpsPort, mqttsPort } from "../site/cloud-server.ts";
import { gatewayConfig } from "../site/gateway-config.ts";
import { createSiteLog } from "../site/json-log.ts";
import type { LinkHandle } from "../site/link-handle.ts";
import type { LogLine } from "../site/programs.ts";
import { siteDefaults } from "../site/site-defaults.ts";
import { cloudName } from "../site/site-map.ts";
import type { RunningPanels, SitePanels, SiteVocabulary } from "../site-vocabulary.ts";
import { type FaultSite, type LaidFault, type Laying, layFaultWhen } from "../triggers/lay-fault.ts";
import type { ProtocolEvent } from "../triggers/protocol-event.ts";
import { LoopbackFaults } from "./loopback-faults.ts";
import { LoopbackStage } from "./loopback-stage.ts";
import { loopbackWorld } from "./loopback-world.ts";
import type { RealClock } from "./real-clock.ts";
import { passing } from "./real-waiting.ts";
import type { RelayNetwork } from "./relay-network.ts";
import type { RelayRecorder } from "./relay-recorder.ts";

export interface LoopbackSiteOptions<P extends SitePanels> {
  readonly seed?: number;
  readonly panels?: P;
  /** External id of the gateway. */
  readonly deviceId?: string;
  /** What the gateway is configured with beside the usual; its tunnels may stand in `tunnels` alone. */
  readonly gateway?: ConfigChanges;
  readonly tunnels?: NonNullable<ConfigChanges["tunnels"]>;
  readonly limits?: NonNullable<CloudOptions["limits"]>;
  /** False: the gateway is not started and nothing is registered; `gatewayRegisters` does it. */
  readonly registered?: boolean;
}

/** The gateway promises to stop within 5 s; a busy machine may need longer. */
const stopMs = 10_000;
const logLinesShown = 6;

export class LoopbackSite<P extends SitePanels = SitePanels> implements SiteVocabulary<P>, FaultSite {
  readonly mode = "loopback";
  readonly seed: number;
  /** External id of the gateway. */
  readonly deviceId: string;
  readonly clock: RealClock;
  readonly operator: Operator;
  /** Waits for a promise or a fact, and fails with the caller's line at the limit. */
  readonly until: SiteVocabulary["until"];
  readonly gatewayLog: LogLine[] = [];
  readonly cloudLog: LogLine[] = [];
  readonly relays: RelayNetwork;
  readonly #options: LoopbackSiteOptions<P>;
  readonly #folder: string;
  readonly #stage: LoopbackStage;
  readonly #faults: LoopbackFaults;
  #cloudStarts = 0;

  private constructor(options: LoopbackSiteOptions<P>, folder: string) {
    this.#options = options;
    this.#folder = folder;
    this.seed = options.seed ?? 1;
    this.deviceId = options.deviceId ?? "gw-0001";
    const stage = new LoopbackStage({
      seed: this.seed,
      panels: options.panels ?? {},
      startCloud: () => this.#startCloud(),
      startGateway: (hardware) => this.#startGateway(hardware),
      describe: () => this.describe(),
    });
    const { clock, operator, until, relays, recorder } = stage;
    this.#stage = stage;
    this.clock = clock;
    this.operator = operator;
    this.until = until;
    this.relays = relays;
    const world = loopbackWorld(stage, this.deviceId, {
      cutPower: () => this.powerCut(),
      restorePower: () => this.powerOn(),
      stopCloud: (how) => this.#stopCloud(how),
      startCloud: () => this.#startCloudAgain(),
    });
    this.#faults = new LoopbackFaults({ clock, relays, recorder, world });
  }

  /** As the site in memory: registered and online, every panel with an endpoint, unless told otherwise. */
  static async start<P extends SitePanels>(options: LoopbackSiteOptions<P> = {}): Promise<LoopbackSite<P>> {
    const folder = await mkdtemp(join(tmpdir(), "postern-loopback-"));
    let site: LoopbackSite<P> | undefined;
    try {
      site = new LoopbackSite(options, folder);
      await site.#stage.start();
      if (options.registered !== false) {
        await site.gatewayRegisters();
        await site.addsEndpoints();
      }
      return site;
    } catch (error) {
      if (site === undefined) await rm(folder, { recursive: true, force: true });
      else await site.#end().catch(() => undefined); // the first failure is the one to tell
      throw error;
    }
  }

  get panels(): RunningPanels<P> {
    return this.#stage.panels.running as RunningPanels<P>;
  }

  get record(): EventLog {
    return this.#stage.recorder.record;
  }

  /** The machines that have run on this site, for counting what of them was taken. */
  get machines(): RelayRecorder["machines"] {
    return this.#stage.recorder.machines;
  }

  get isGatewayOn(): boolean {
    return this.#stage.gateway.isRunning;
  }

  /** The gateway's program; throws while the power is off. */
  get gateway(): Gateway {
    const { program } = this.#stage.gateway;
    if (program === undefined) throw new Error("The gateway is off");
    return program as Gateway;
  }

  get cloud(): Cloud {
    const { program } = this.#stage.cloud;
    if (program === undefined) throw new Error("The cloud is not running");
    return program as Cloud;
  }

  /** PEM of the authority that all parties of the site trust. */
  get authorityPem(): string {
    return this.#stage.authority.pem;
  }

  /** A host's way into the site's network, for who wants to look for himself: "operator", "gateway" or "double". */
  network(host: string): Hardware["network"] {
    return this.#stage.ways.network(host);
  }

  says(text: string): void {
    this.#stage.recorder.says(text);
  }

  /** Lets so many ms of real time pass. */
  passes(ms: number): Promise<void> {
    return passing(this.clock, ms);
  }

  /** The operator expects the gateway, it is switched on, asks, and is let in and online. */
  async gatewayRegisters(): Promise<void> {
    await this.operator.expectsDevice(this.deviceId);
    this.powerOn();
    await this.operator.acceptsDevice(this.deviceId);
    await this.gatewayIsOnline();
  }

  async gatewayIsOnline(limitMs = 60_000): Promise<void> {
    await this.until(() => this.#stage.gateway.program?.status().connectivity === "online", {
      what: "the gateway to come online",
      limitMs,
    });
    await this.operator.worksWith(this.deviceId);
    await this.operator.seesDeviceOnline();
  }

  /** Enters each panel with the cloud, under its name. */
  async addsEndpoints(): Promise<void> {
    for (const endpoint of this.#stage.panels.endpoints()) await this.operator.addsEndpoint(endpoint);
  }

  between(one: string, other: string): LinkHandle {
    return this.#faults.between(one, other);
  }

  from(sender: string): { to: (receiver: string) => LinkHandle } {
    return this.#faults.from(sender);
  }

  async during<T>(fault: Fault, block: () => T | Promise<T>): Promise<T> {
    const lift = await this.apply(fault);
    try {
      return await block();
    } finally {
      await lift();
    }
  }

  apply(fault: Fault): Promise<() => Promise<void>> {
    return this.#faults.apply(fault);
  }

  /** What is under TLS is told by the cloud's end of it, at which the bytes are in clear. */
  on(event: ProtocolEvent, happened: () => void): () => void {
    return this.#faults.on(event, happened);
  }

  when(event: ProtocolEvent): { apply(fault: Fault, laying?: Laying): LaidFault } {
    return { apply: (fault, laying) => layFaultWhen(this.#faults, event, fault, laying) };
  }

  faultFailed(error: unknown): void {
    this.#faults.faultFailed(error);
  }

  powerCut(): void {
    if (this.isGatewayOn) this.says("the gateway's power fails");
    this.#stage.gateway.powerCut();
  }

  powerOn(): void {
    if (!this.isGatewayOn) this.says("the gateway is switched on");
    this.#stage.gateway.powerOn();
  }

  async gatewayStops(): Promise<void> {
    this.says("the gateway is stopped in order");
    await this.until(this.#stage.gateway.stop(), { what: "the gateway to stop", limitMs: stopMs });
  }

  async cloudRestarts(options: { readonly hard?: boolean; readonly downMs?: number } = {}): Promise<void> {
    await this.#stopCloud({ hard: options.hard ?? false });
    await this.passes(options.downMs ?? 1000);
    await this.#startCloudAgain();
  }

  openConnections(): readonly string[] {
    return this.relays.openConnections();
  }

  describe(): string {
    const lines = (log: readonly LogLine[]): string[] =>
      log.slice(-logLinesShown).map((line) => `  ${JSON.stringify(line)}`);
    return [
      `Site on loopback with seed ${this.seed}`,
      `Faults in force: ${this.#faults.names.join("; ") || "none"}`,
      `Connections: ${this.openConnections().join("; ") || "none"}`,
      "Gateway's log:",
      ...lines(this.gatewayLog),
      "Cloud's log:",
      ...lines(this.cloudLog),
    ].join("\n");
  }

  /** Ends everything and fails if something is left behind. */
  async [Symbol.asyncDispose](): Promise<void> {
    const leaks = await this.#end();
    const { errors } = this.#faults;
    if (errors.length > 0) throw new AggregateError(errors, "A fault could not be laid or lifted");
    if (leaks.length > 0) {
      throw new Error(`Left behind at the end of a site on loopback with seed ${this.seed}: ${leaks.join("; ")}`);
    }
  }

  async #end(): Promise<readonly string[]> {
    const leaks: string[] = [];
    try {
      await this.#faults.liftAll();
      leaks.push(...(await this.#stage.end()));
    } finally {
      await this.#stage.close();
      await rm(this.#folder, { recursive: true, force: true });
    }
    leaks.push(...this.#stage.timersLeft());
    return [...new Set(leaks)];
  }

  #startCloud(): Promise<Cloud> {
    const { cloud, random, recorder } = this.#stage;
    const { passwords, passwordHasher } = siteDefaults;
    this.#cloudStarts += 1;
    return startCloud({
      clock: cloud.clock,
      random: random.child(`cloud, start ${this.#cloudStarts}`),
      databaseFile: join(this.#folder, "cloud.db"),
      masterKey: random.child("master key").bytes(32),
      passwordHasher,
      log: createSiteLog(
        () => this.clock.nowMs(),
        (line) => {
          this.cloudLog.push(line);
          recorder.log("cloud", line);
        },
      ),
      inspect: recorder.inspect,
      accounts: { adminPassword: passwords.admin, bootstrapPassword: passwords.bootstrap },
      allowedHosts: [cloudName],
      ports: { https: httpsPort, mqtts: mqttsPort },
      ...(this.#options.limits === undefined ? {} : { limits: this.#options.limits }),
    });
  }

  async #startCloudAgain(): Promise<void> {
    const { cloud } = this.#stage;
    if (cloud.program === undefined) this.says("the cloud starts again");
    await cloud.start();
  }

  async #stopCloud(options: { readonly hard: boolean }): Promise<void> {
    const { cloud } = this.#stage;
    if (cloud.program !== undefined) this.says(options.hard ? "the cloud is killed" : "the cloud stops in order");
    await cloud.stop(options);
  }

  #startGateway(hardware: Hardware): Gateway {
    const { recorder, authority } = this.#stage;
    return startGateway({
      hardware,
      log: createSiteLog(
        () => hardware.clock.nowMs(),
        (line) => {
          this.gatewayLog.push(line);
          recorder.log("gateway", line);
        },
      ),
      inspect: recorder.inspect,
      config: completeConfig(
        {
          ...gatewayConfig(this.deviceId, authority.pem),
          tunnels: { ...siteDefaults.tunnels, ...this.#options.tunnels },
        },
        this.#options.gateway,
      ),
    });
  }
}
