// A site on real sockets of this machine, in real time: the same words as the site in memory, over relays on loopback.
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cloud, type CloudOptions, startCloud } from "#cloud-stub/cloud.ts";
import { type Gateway, type GatewayOptions, startGateway } from "#firmware/gateway.ts";
import type { Hardware } from "#hardware/ports.ts";
import { checkMode, faultKinds } from "../faults/catalogue.ts";
import { type Fault, isLinkFault, type World } from "../faults/fault.ts";
import { FaultError } from "../faults/fault-error.ts";
import { MqttDouble } from "../faults/mqtt-double.ts";
import { Operator } from "../operator.ts";
import type { RunningPanel } from "../panels/panel.ts";
import type { EventLog } from "../record/event-log.ts";
import { SeededRandom } from "../seeded-random.ts";
import { httpsPort, mqttsPort } from "../site/cloud-server.ts";
import { createSiteLog } from "../site/json-log.ts";
import { type FaultInForce, LinkHandle } from "../site/link-handle.ts";
import type { LogLine } from "../site/programs.ts";
import { cloudName, panelAddress } from "../site/site-map.ts";
import type { RunningPanels, SitePanels, SiteVocabulary } from "../site-vocabulary.ts";
import { type FaultSite, type LaidFault, type Laying, layFaultWhen } from "../triggers/lay-fault.ts";
import type { ProtocolEvent } from "../triggers/protocol-event.ts";
import { CloudFront } from "./cloud-front.ts";
import { endLoopbackSite, timersLeft } from "./end-loopback-site.ts";
import { LoopbackCloud } from "./loopback-cloud.ts";
import { LoopbackGateway } from "./loopback-gateway.ts";
import { type AddressPlan, mappedNetwork } from "./mapped-network.ts";
import { RealClock } from "./real-clock.ts";
import { passing, realWaiting } from "./real-waiting.ts";
import { RelayNetwork } from "./relay-network.ts";
import { loopback } from "./relay-port.ts";
import { RelayRecorder } from "./relay-recorder.ts";
import { RunAuthority } from "./run-authority.ts";
import { standInServer } from "./serve-tls.ts";
import { cloudAddress, cloudDoors, drawSitePlan, otherHosts } from "./site-plan.ts";

type TunnelSettings = GatewayOptions["config"]["tunnels"];

export interface LoopbackSiteOptions<P extends SitePanels> {
  readonly seed?: number;
  readonly panels?: P;
  /** External id of the gateway. */
  readonly deviceId?: string;
  readonly tunnels?: Partial<TunnelSettings>;
  readonly limits?: NonNullable<CloudOptions["limits"]>;
  /** False: the gateway is not started and nothing is registered; `gatewayRegisters` does it. */
  readonly registered?: boolean;
}

const passwords = { admin: "site-admin-Pa55", bootstrap: "site-bootstrap-Pa55" } as const;
/** The gateway promises to stop within 5 s; a busy machine may need longer. */
const stopMs = 10_000;
const logLinesShown = 6;

/** The product's hasher is slow on purpose; what it hashes here lives for one run. */
const quickHasher: CloudOptions["passwordHasher"] = {
  hash: async (password) => createHash("sha256").update(password).digest("hex"),
  verify: async (password, stored) => createHash("sha256").update(password).digest("hex") === stored,
};

/** The product's own; the panels have addresses of a private LAN, as in memory. */
const defaultTunnels: TunnelSettings = {
  max: 16,
  allow: [{ kind: "private" }, { kind: "self" }],
  dialTimeoutMs: 10_000,
  lostAfterMs: 20_000,
  stalledAfterMs: 30_000,
  drainMs: 5000,
};

export class LoopbackSite<P extends SitePanels = SitePanels> implements SiteVocabulary<P>, FaultSite {
  readonly mode = "loopback";
  readonly seed: number;
  readonly clock = new RealClock();
  readonly operator: Operator;
  /** Waits for a promise or a fact, and fails with the caller's line at the limit. */
  readonly until: SiteVocabulary["until"];
  readonly gatewayLog: LogLine[] = [];
  readonly cloudLog: LogLine[] = [];
  readonly relays: RelayNetwork;
  readonly #options: LoopbackSiteOptions<P>;
  readonly #random: SeededRandom;
  readonly #luck: SeededRandom;
  readonly #plan: AddressPlan;
  readonly #authority: RunAuthority;
  readonly #front: CloudFront;
  readonly #cloud: LoopbackCloud;
  readonly #gateway: LoopbackGateway;
  readonly #recorder: RelayRecorder;
  readonly #panelClocks: RealClock[] = [];
  readonly #folder: string;
  readonly #lifts = new Map<object, FaultInForce & { readonly lift: () => void }>();
  readonly #applied = new Set<() => Promise<void>>();
  readonly #faultErrors: unknown[] = [];
  #panels: Partial<Record<keyof P, RunningPanel>> = {};
  #cloudStarts = 0;

  private constructor(options: LoopbackSiteOptions<P>, folder: string) {
    this.#options = options;
    this.#folder = folder;
    this.seed = options.seed ?? 1;
    this.#random = new SeededRandom(this.seed);
    this.#luck = this.#random.child("luck of faults");
    this.until = realWaiting(this.clock, () => this.describe());
    this.#authority = new RunAuthority([cloudName], () => this.clock.nowMs());
    const panelNames = Object.keys(options.panels ?? {});
    this.relays = new RelayNetwork({
      clock: this.clock,
      random: this.#random.child("network"),
      hosts: [...otherHosts, ...panelNames],
      serve: standInServer(this.clock, () => this.#authority),
    });
    this.#recorder = new RelayRecorder(this.clock, this.relays, (server) => server === "cloud");
    this.#front = new CloudFront({ clock: this.clock, relays: this.relays, authority: this.#authority });
    this.#plan = drawSitePlan(panelNames);
    this.#cloud = new LoopbackCloud({
      front: this.#front,
      relays: this.relays,
      start: () => this.#startCloud(),
      until: this.until,
    });
    this.#gateway = new LoopbackGateway({
      clock: this.clock,
      random: this.#random.child("board"),
      relays: this.relays,
      network: this.#network("gateway"),
      start: (hardware) => this.#startGateway(hardware),
    });
    this.operator = new Operator({
      network: this.#network("operator"),
      patience: { until: this.until },
      random: this.#random.child("operator"),
      cloud: { host: cloudName, httpsPort, authorities: [this.#authority.pem] },
      user: "t1000/admin",
      password: passwords.admin,
    });
  }

  /** As the site in memory: registered and online, every panel with an endpoint, unless told otherwise. */
  static async start<P extends SitePanels>(options: LoopbackSiteOptions<P> = {}): Promise<LoopbackSite<P>> {
    const folder = await mkdtemp(join(tmpdir(), "postern-loopback-"));
    let site: LoopbackSite<P> | undefined;
    try {
      site = new LoopbackSite(options, folder);
      await site.#openDoors();
      await site.#cloud.start();
      await site.#startPanels();
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

  get deviceId(): string {
    return this.#options.deviceId ?? "gw-0001";
  }

  get panels(): RunningPanels<P> {
    return this.#panels as RunningPanels<P>;
  }

  get record(): EventLog {
    return this.#recorder.record;
  }

  /** The machines that have run on this site, for counting what of them was taken. */
  get machines(): RelayRecorder["machines"] {
    return this.#recorder.machines;
  }

  get isGatewayOn(): boolean {
    return this.#gateway.isRunning;
  }

  /** The gateway's program; throws while the power is off. */
  get gateway(): Gateway {
    if (this.#gateway.program === undefined) throw new Error("The gateway is off");
    return this.#gateway.program as Gateway;
  }

  get cloud(): Cloud {
    if (this.#front.program === undefined) throw new Error("The cloud is not running");
    return this.#front.program as Cloud;
  }

  says(text: string): void {
    this.#recorder.says(text);
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
    await this.until(() => this.#gateway.program?.status().connectivity === "online", {
      what: "the gateway to come online",
      limitMs,
    });
    await this.operator.worksWith(this.deviceId);
    await this.operator.seesDeviceOnline();
  }

  /** Enters each panel with the cloud, under its name. */
  async addsEndpoints(): Promise<void> {
    for (const [index, [name, { endpoint }]] of Object.entries(this.#options.panels ?? {}).entries()) {
      const running = this.#panels[name];
      const place = { name, hostname: panelAddress(index), port: running?.port ?? 0 };
      await this.operator.addsEndpoint({ ...place, ...endpoint, ...running?.endpoint });
    }
  }

  /** PEM of the authority that all parties of the site trust. */
  get authorityPem(): string {
    return this.#authority.pem;
  }

  /** A host's way into the site's network, for who wants to look for himself: "operator", "gateway" or "double". */
  network(host: string): Hardware["network"] {
    return this.#network(host);
  }

  between(one: string, other: string): LinkHandle {
    return new LinkHandle(this.#linkWorld(), [one, other]);
  }

  from(sender: string): { to: (receiver: string) => LinkHandle } {
    return { to: (receiver) => new LinkHandle(this.#linkWorld(), [sender, receiver], sender) };
  }

  async during<T>(fault: Fault, block: () => T | Promise<T>): Promise<T> {
    const lift = await this.apply(fault);
    try {
      return await block();
    } finally {
      await lift();
    }
  }

  async apply(fault: Fault): Promise<() => Promise<void>> {
    if (isLinkFault(fault)) {
      throw new FaultError("fault.wrong-place", `"${fault.name}" is a fault of a link: use site.between(...).during`);
    }
    const world = this.#world();
    const forget = this.#remember({ name: fault.name, on: "site" }, this.relays.lay(fault));
    try {
      await fault.begin?.(world);
    } catch (error) {
      forget();
      throw error;
    }
    await this.relays.settled();
    const lift = async (): Promise<void> => {
      if (!this.#applied.delete(lift)) return;
      forget();
      await fault.end?.(world);
      await this.relays.settled();
    };
    this.#applied.add(lift);
    return lift;
  }

  /** What is under TLS is told by the cloud's end of it, at which the bytes are in clear. */
  on(event: ProtocolEvent, happened: () => void): () => void {
    return this.relays.tap.on(event, happened);
  }

  when(event: ProtocolEvent): { apply(fault: Fault, laying?: Laying): LaidFault } {
    return { apply: (fault, laying) => layFaultWhen(this, event, fault, laying) };
  }

  faultFailed(error: unknown): void {
    this.#faultErrors.push(error);
  }

  powerCut(): void {
    if (this.#gateway.isRunning) this.says("the gateway's power fails");
    this.#gateway.powerCut();
  }

  powerOn(): void {
    if (!this.#gateway.isRunning) this.says("the gateway is switched on");
    this.#gateway.powerOn();
  }

  async gatewayStops(): Promise<void> {
    this.says("the gateway is stopped in order");
    await this.until(this.#gateway.stop(), { what: "the gateway to stop", limitMs: stopMs });
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
    const faults = [...this.#lifts.values()].map(({ name, where }) => `${name} ${where ?? ""}`.trim());
    return [
      `Site on loopback with seed ${this.seed}`,
      `Faults in force: ${faults.join("; ") || "none"}`,
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
    if (this.#faultErrors.length > 0)
      throw new AggregateError(this.#faultErrors, "A fault could not be laid or lifted");
    if (leaks.length > 0) {
      throw new Error(`Left behind at the end of a site on loopback with seed ${this.seed}: ${leaks.join("; ")}`);
    }
  }

  async #end(): Promise<readonly string[]> {
    const leaks: string[] = [];
    try {
      for (const lift of [...this.#applied]) await lift();
      for (const { lift } of [...this.#lifts.values()]) lift();
      const panels = Object.values(this.#panels).filter((panel) => panel !== undefined);
      const { until, relays, operator } = this;
      leaks.push(
        ...(await endLoopbackSite({ until, relays, operator, gateway: this.#gateway, cloud: this.#cloud, panels })),
      );
    } finally {
      await this.relays.close();
      await this.#front.close();
      await rm(this.#folder, { recursive: true, force: true });
    }
    leaks.push(...timersLeft([this.clock, this.#cloud.clock, ...this.#panelClocks]));
    return [...new Set(leaks)];
  }

  #network(host: string): Hardware["network"] {
    return mappedNetwork({
      host,
      plan: this.#plan,
      relays: this.relays,
      clock: this.clock,
      listens: (target, realPort) => this.#leadTo(host, target, () => realPort, false),
    });
  }

  /** A way of the gateway to a port of a panel. */
  async #leadTo(
    to: string,
    target: { readonly address: string; readonly port: number },
    realPort: () => number,
    isEnciphered: boolean,
    from = "gateway",
  ): Promise<void> {
    const way = await this.relays.openPort({
      from,
      to,
      servicePort: target.port,
      target: () => ({ host: loopback, port: realPort() }),
      isEnciphered,
    });
    this.#plan.addWay(from, target, way);
  }

  async #openDoors(): Promise<void> {
    for (const door of cloudDoors) {
      const port = await this.#front.openDoor(door);
      const target = { address: cloudAddress, port: door.servicePort };
      await this.#leadTo("cloud", target, () => port, true, door.from);
    }
  }

  async #startPanels(): Promise<void> {
    for (const [index, [name, program]] of Object.entries(this.#options.panels ?? {}).entries()) {
      const clock = new RealClock();
      this.#panelClocks.push(clock);
      const running = await program.start({
        name,
        network: this.#network(name),
        clock,
        random: this.#random.child(`panel ${name}`),
        seed: `${this.seed}/${name}`,
        address: panelAddress(index),
      });
      this.#panels = { ...this.#panels, [name]: running };
    }
  }

  #startCloud(): Promise<Cloud> {
    this.#cloudStarts += 1;
    return startCloud({
      clock: this.#cloud.clock,
      random: this.#random.child(`cloud, start ${this.#cloudStarts}`),
      databaseFile: join(this.#folder, "cloud.db"),
      masterKey: this.#random.child("master key").bytes(32),
      passwordHasher: quickHasher,
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

  async #startCloudAgain(): Promise<void> {
    if (this.#cloud.program === undefined) this.says("the cloud starts again");
    await this.#cloud.start();
  }

  async #stopCloud(options: { readonly hard: boolean }): Promise<void> {
    if (this.#cloud.program !== undefined) {
      this.says(options.hard ? "the cloud is killed" : "the cloud stops in order");
    }
    await this.#cloud.stop(options);
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
      inspect: this.#recorder.inspect,
      config: {
        cloud: {
          host: cloudName,
          httpsPort,
          mqttHost: cloudName,
          mqttPort: mqttsPort,
          authorities: [this.#authority.pem],
          url: `https://${cloudName}:${httpsPort}`,
        },
        device: { id: this.deviceId, name: "Line 3 gateway", type: "postern-gateway" },
        registration: { method: "bootstrap", user: "management/devicebootstrap", password: passwords.bootstrap },
        stateDir: "state",
        tunnels: { ...defaultTunnels, ...this.#options.tunnels },
      },
    });
  }

  #linkWorld() {
    const remember = (fault: FaultInForce, lift: () => void): (() => void) => this.#remember(fault, lift);
    return { network: this.relays, world: this.#world(), remember };
  }

  /** What it lacks are watchdog, modem and uplinks: faults that need them are refused by name. */
  #world(): World {
    return {
      resetConnections: (port) =>
        this.relays.resetConnections(({ server }) => port === undefined || server.port === port),
      cutPower: () => this.powerCut(),
      restorePower: () => this.powerOn(),
      stopCloud: (options) => this.#stopCloud(options),
      startCloud: () => this.#startCloudAgain(),
      draw: () => this.#luck.fraction(),
      jumpClock: (host, byMs) => (host === "cloud" ? this.#cloud.clock : this.#gateway.clock).jump(byMs),
      kickBroker: () => this.#front.kickBroker(),
      duplicateClient: ({ againAfterMs }) => this.#copyGateway(againAfterMs),
      failDisk: (failure) => this.#gateway.failDisk(failure),
    };
  }

  #copyGateway(againAfterMs: number): () => void {
    const file = this.#gateway.disk.files.get("credentials.json");
    if (file === undefined) {
      throw new FaultError(
        "fault.not-here",
        "the gateway has no login yet that a double could have: register it first",
      );
    }
    const { tenant, user, password } = JSON.parse(Buffer.from(file).toString()) as Record<string, string>;
    const device = new MqttDouble({
      network: this.#network("double"),
      clock: this.clock,
      broker: { host: cloudName, port: mqttsPort, authorities: [this.#authority.pem] },
      login: { clientId: this.deviceId, user: `${tenant}/${user}`, password: password ?? "" },
      againAfterMs,
    });
    device.start();
    return () => device.stop();
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
}

/** Names of the faults that a site on loopback cannot have, each with the table's reason. */
export const notOnLoopback: readonly (readonly [string, string])[] = faultKinds.flatMap((kind) => {
  try {
    checkMode(kind, "loopback");
    return [];
  } catch (error) {
    return [[kind.name, error instanceof Error ? error.message : String(error)] as const];
  }
});
