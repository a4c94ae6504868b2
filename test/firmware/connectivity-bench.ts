// For tests of the queue for the cloud: the connectivity machine with all its real actors, on a board between power cuts.
import { type Actor, createActor } from "xstate";
import { cloudSession } from "#firmware/connectivity/connectivity.actor.ts";
import { connectivityMachine } from "#firmware/connectivity/connectivity.machine.ts";
import { keptQueue } from "#firmware/connectivity/kept-queue.actor.ts";
import type { LogEntry } from "#firmware/log.ts";
import { Board } from "#simulator/gateway/board.ts";
import { authorityPem } from "#simulator/network/certificate.ts";
import { SimulatedNetwork } from "#simulator/network/network.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { SimulatedClock } from "#simulator/simulated-clock.ts";
import { ScriptedCloud } from "./scripted-cloud.ts";

const lan = (address: string) => [{ address, family: 4 as const, prefixLength: 24 }];
const identity = { kind: "password", tenant: "t1000", user: "device_gw-1", password: "secret" } as const;

export class ConnectivityBench {
  readonly clock = SimulatedClock.start();
  readonly network: SimulatedNetwork;
  readonly board: Board;
  readonly log: LogEntry[] = [];
  cloud!: ScriptedCloud;
  actor!: Actor<typeof connectivityMachine>;

  private constructor(seed: number) {
    const random = new SeededRandom(seed);
    this.network = new SimulatedNetwork({ clock: this.clock, random });
    const host = (name: string, address: string) =>
      this.network.addHost(name, { interfaces: [{ name: "eth0", addresses: lan(address), hasDefaultRoute: true }] });
    host("gateway", "10.20.0.2");
    host("cloud", "198.51.100.20");
    this.network.addName("cloud.example", ["198.51.100.20"]);
    this.board = new Board({ clock: this.clock, random: random.child("board") });
  }

  static async start(seed = 1): Promise<ConnectivityBench> {
    const bench = new ConnectivityBench(seed);
    bench.cloud = await ScriptedCloud.start(bench.network.host("cloud"), { mqttPort: 8883, httpsPort: 8443 });
    bench.cloud.passwords.set("t1000/device_gw-1", "secret");
    bench.boots();
    return bench;
  }

  boots(): void {
    this.network.host("gateway").powerOn();
    const hardware = this.board.boot(this.network.host("gateway"));
    const port = { host: "cloud.example", port: 8883, authorities: [authorityPem("Test CA")] };
    const machine = connectivityMachine.provide({
      actions: {
        log: (_, entry) => void this.log.push(entry),
        tellOnline: () => {},
        tellOffline: () => {},
        tellReceived: () => {},
        tellTakeover: () => {},
        tellTakeoverOver: () => {},
        tellDropped: () => {},
      },
      actors: { session: cloudSession(hardware, port), queue: keptQueue(hardware) },
    });
    const board = { serialNumber: "1", model: "Board", revision: "1" };
    const input = { device: { id: "gw-1", name: "Line 3", type: "postern-gateway", board } };
    this.actor = createActor(machine, { clock: hardware.clock, input });
    this.actor.start();
    this.actor.send({ type: "connectivity.start", identity });
  }

  powerCut(): void {
    const host = this.network.host("gateway");
    host.powerOff();
    this.board.disk.powerOff();
    this.actor.stop();
    host.forgetAll();
    this.board.powerOff();
  }

  /** Stops it in order, as the gateway does. */
  async stops(): Promise<void> {
    this.actor.send({ type: "connectivity.stop" });
    await this.until("the machine to stop", () => this.actor.getSnapshot().status === "done");
    this.board.powerOff();
  }

  publishes(number: number): void {
    this.actor.send({ type: "connectivity.publish", text: `400,c8y_Test,${number}`, isRepeatable: true, isKept: true });
  }

  /** The link to the cloud is cut until the returned function is called. */
  cutOff(): () => void {
    const lift = this.network.firewall.add({ from: "gateway", to: "cloud", action: "drop" });
    this.network.resetConnections(() => true);
    return lift;
  }

  async isOnline(): Promise<void> {
    await this.until("the machine to be online", () => this.actor.getSnapshot().matches({ connected: "online" }));
  }

  /** Numbers of the messages that the cloud has got, in order. */
  get delivered(): readonly number[] {
    return this.cloud.seen
      .filter((each) => each.startsWith("s/us 400,c8y_Test,"))
      .map((each) => Number(each.slice(18)));
  }

  events(name: string): readonly LogEntry[] {
    return this.log.filter(({ event }) => event === name);
  }

  until<T>(what: string, fact: () => T, limitMs = 120_000) {
    return this.clock.until(fact, { what, limitMs });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.actor.stop();
      await this.clock.until(this.cloud.close(), { what: "the scripted cloud to close" });
    } finally {
      this.clock.stop();
    }
  }
}
