// For the gateway's own tests: a gateway on a simulated board between a scripted cloud and whatever panel the test makes.

import type { GatewayConfig } from "#firmware/config/gateway-config.ts";
import { type ConfigChanges, completeConfig, type Gateway, startGateway } from "#firmware/gateway.ts";
import { createLog } from "#firmware/log.ts";
import type { Connection } from "#hardware/ports.ts";
import { Board } from "#simulator/gateway/board.ts";
import { authorityPem } from "#simulator/network/certificate.ts";
import { SimulatedNetwork } from "#simulator/network/network.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { SimulatedClock } from "#simulator/simulated-clock.ts";
import { ScriptedCloud } from "./scripted-cloud.ts";

export const panelAddress = "192.168.10.11";
export const deviceUser = "t1000/device_gw-1";

const lan = (address: string) => [{ address, family: 4 as const, prefixLength: 24 }];

export class SmallSite {
  readonly clock = SimulatedClock.start();
  readonly network: SimulatedNetwork;
  readonly board: Board;
  readonly config: GatewayConfig;
  readonly logLines: string[] = [];
  cloud!: ScriptedCloud;
  gateway!: Gateway;
  panelConnections: Connection[] = [];

  private constructor(tunnels: Partial<GatewayConfig["tunnels"]>, changes: ConfigChanges) {
    const random = new SeededRandom(7);
    this.network = new SimulatedNetwork({ clock: this.clock, random });
    this.network.addHost("gateway", {
      interfaces: [
        { name: "eth0", addresses: lan("10.20.0.2"), hasDefaultRoute: true },
        { name: "eth1", addresses: lan("192.168.10.1") },
      ],
    });
    this.network.addHost("panel", { interfaces: [{ name: "eth0", addresses: lan(panelAddress) }] });
    this.network.addHost("cloud", {
      interfaces: [{ name: "eth0", addresses: lan("198.51.100.20"), hasDefaultRoute: true }],
    });
    this.network.addName("cloud.example", ["198.51.100.20"]);
    this.board = new Board({ clock: this.clock, random: random.child("board") });
    this.config = completeConfig(
      {
        cloud: {
          host: "cloud.example",
          httpsPort: 8443,
          mqttHost: "cloud.example",
          mqttPort: 8883,
          authorities: [authorityPem("Test CA")],
          url: "https://cloud.example:8443",
        },
        device: { id: "gw-1", name: "Line 3 gateway" },
        registration: { method: "bootstrap", user: "management/devicebootstrap", password: "boot-secret" },
        tunnels,
      },
      changes,
    );
  }

  /** With `isRegistered`, the default, the gateway has credentials and is online. */
  static async start(
    options: {
      readonly isRegistered?: boolean;
      readonly tunnels?: Partial<GatewayConfig["tunnels"]>;
      readonly gateway?: ConfigChanges;
    } = {},
  ): Promise<SmallSite> {
    const site = new SmallSite(options.tunnels ?? {}, options.gateway ?? {});
    site.cloud = await ScriptedCloud.start(site.network.host("cloud"), { mqttPort: 8883, httpsPort: 8443 });
    site.cloud.passwords.set("management/devicebootstrap", "boot-secret").set(deviceUser, "device-secret");
    if (options.isRegistered !== false) {
      const credentials = { tenant: "t1000", user: "device_gw-1", password: "device-secret" };
      site.board.disk.files.set("credentials.json", Buffer.from(JSON.stringify(credentials)));
      site.boot();
      await site.isOnline();
    }
    return site;
  }

  boot(config: GatewayConfig = this.config): void {
    const hardware = this.board.boot(this.network.host("gateway"));
    const log = createLog(hardware.clock, (line) => this.logLines.push(line));
    this.gateway = startGateway({ hardware, config, log });
  }

  isOnline(): Promise<unknown> {
    const isOnline = () => this.gateway.status().connectivity === "online";
    return this.clock.until(isOnline, { what: "the gateway to come online", limitMs: 300_000 });
  }

  /** Accepted connections are in `panelConnections`. */
  async panelListens(port = 5900, accepted: (connection: Connection) => void = () => {}): Promise<void> {
    await this.network.host("panel").listen({ address: "0.0.0.0", port }, (connection) => {
      connection.stream.on("error", () => {});
      this.panelConnections.push(connection);
      accepted(connection);
    });
  }

  /** Sends a connect operation as a 530 line and as JSON, as the platform does. */
  requests(id: string, target: { host?: string; port?: number; key?: string } = {}): void {
    const { host = panelAddress, port = 5900, key = `key-${id}` } = target;
    this.cloud.publishTo("gw-1", "s/ds", `530,gw-1,${host},${port},${key}`);
    const fragment = { hostname: host, port, connectionKey: key };
    const operation = { id, deviceId: "100", status: "PENDING", c8y_RemoteAccessConnect: fragment };
    this.cloud.publishTo("gw-1", "devicecontrol/notifications", JSON.stringify(operation));
  }

  events(name: string): Record<string, unknown>[] {
    return this.logLines.map((line) => JSON.parse(line)).filter((line) => line.event === name);
  }

  until<T>(what: string, fact: () => T, limitMs = 60_000) {
    this.clock.describeWorld = () => [...this.cloud.seen.slice(-12), ...this.logLines.slice(-12)].join("\n");
    return this.clock.until(fact, { what, limitMs });
  }

  /** Names of what the gateway still has open and how many of its timers are set. */
  leftovers(): string[] {
    const connections = this.network.openConnections().filter((name) => name.includes("gateway"));
    return [...connections, ...Array<string>(this.board.clock.pendingCount).fill("timer")];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.gateway?.kill();
      await this.clock.until(this.cloud.close(), { what: "the scripted cloud to close" });
    } finally {
      this.clock.stop();
    }
  }
}
