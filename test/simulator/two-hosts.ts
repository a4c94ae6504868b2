// For the network's own tests: a gateway, one panel beside it and a cloud, with a connection between the first two.
import type { Connection, DialOutcome, ListenOutcome } from "#hardware/ports.ts";
import { SimulatedNetwork } from "#simulator/network/network.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { SimulatedClock } from "#simulator/simulated-clock.ts";

export class TwoHosts {
  readonly clock = SimulatedClock.start();
  readonly network: SimulatedNetwork;

  constructor() {
    this.network = new SimulatedNetwork({ clock: this.clock, random: new SeededRandom(7) });
    const lan = (address: string) => [{ address, family: 4 as const, prefixLength: 24 }];
    this.network.addHost("gateway", {
      interfaces: [
        { name: "eth0", addresses: lan("10.20.0.2"), hasDefaultRoute: true },
        { name: "eth1", addresses: lan("192.168.10.1") },
      ],
    });
    this.network.addHost("panel", { interfaces: [{ name: "eth0", addresses: lan("192.168.10.11") }] });
    this.network.addHost("cloud", {
      interfaces: [{ name: "eth0", addresses: lan("198.51.100.20"), hasDefaultRoute: true }],
    });
    this.network.addName("cloud.example", ["198.51.100.20"]);
  }

  get link() {
    return this.network.link("gateway", "panel");
  }

  async listens(accept: (connection: Connection) => void, port = 5900): Promise<Listening> {
    const outcome = await this.network.host("panel").listen({ address: "0.0.0.0", port }, accept);
    if (!outcome.ok) throw new Error(outcome.detail);
    return outcome;
  }

  dials(port = 5900, timeoutMs = 10_000): Promise<DialOutcome> {
    const dialled = this.network.host("gateway").dial({ address: "192.168.10.11", port }, { timeoutMs });
    return this.clock.until(dialled, { what: "the dial's outcome" });
  }

  /** Both ends of one connection, gateway's first. */
  async connected(): Promise<readonly [Connection, Connection]> {
    let panelEnd: Connection | undefined;
    const { listener } = await this.listens((connection) => {
      panelEnd = connection;
    });
    const outcome = await this.dials();
    if (!outcome.ok || panelEnd === undefined) throw new Error("not connected");
    void listener;
    return [outcome.connection, panelEnd];
  }

  [Symbol.dispose](): void {
    this.clock.stop();
  }
}

type Listening = Extract<ListenOutcome, { ok: true }>;

/** Everything that a stream has given so far, as text, with what else happened to it. */
export function recordOf(connection: Connection): { text: string; events: string[] } {
  const record = { text: "", events: [] as string[] };
  connection.stream.on("data", (chunk: Buffer) => {
    record.text += chunk.toString("latin1");
  });
  connection.stream.on("end", () => record.events.push("end"));
  connection.stream.on("error", (error: NodeJS.ErrnoException) => record.events.push(`error ${error.code}`));
  connection.stream.on("close", () => record.events.push("close"));
  return record;
}
