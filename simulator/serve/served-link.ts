// A link that is served: a port that leads to a target through faults, and what passed.
import type { CarriedTarget } from "../loopback/link-carrier.ts";
import type { RealClock } from "../loopback/real-clock.ts";
import { RelayNetwork } from "../loopback/relay-network.ts";
import { loopback, type RelayPort } from "../loopback/relay-port.ts";
import { standInServer } from "../loopback/serve-tls.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { ProtocolEvent } from "../triggers/protocol-event.ts";
import type { ConnectionView, LinkView } from "./api-types.ts";
import { linkFaultSite } from "./link-fault-site.ts";
import { LinkFaults } from "./link-faults.ts";
import { strangersAuthority } from "./strangers-authority.ts";
import { formatTarget } from "./target-text.ts";
import type { WorldLog } from "./world-log.ts";

export interface ServedLinkOptions {
  readonly name: string;
  readonly between: readonly [string, string];
  /** 0 takes a free one. */
  readonly port: number;
  /** Asked at each connection; undefined: the panel has gone. */
  readonly target: () => CarriedTarget;
  readonly clock: RealClock;
  readonly random: SeededRandom;
  readonly log: WorldLog;
}

export class ServedLink {
  readonly name: string;
  readonly between: readonly [string, string];
  target: () => CarriedTarget;
  readonly faults: LinkFaults;
  readonly #network: RelayNetwork;
  #port: RelayPort | undefined;

  private constructor(options: ServedLinkOptions) {
    const { name, between, clock, random, target, log } = options;
    this.name = name;
    this.between = between;
    this.target = target;
    this.#network = new RelayNetwork({
      clock,
      random,
      hosts: between,
      serve: standInServer(clock, () => strangersAuthority(clock)),
    });
    const faultFailed = (error: unknown): void => log.write({ kind: "problem", link: name, text: String(error) });
    this.faults = new LinkFaults({
      link: name,
      between,
      site: linkFaultSite({ network: this.#network, clock, random, faultFailed }),
      settled: () => this.#network.settled(),
      log,
    });
    this.#network.watchArrivals((connection, { at, kind, bytes }) => {
      const from = at === "server" ? between[0] : between[1];
      const what = { connection: connection.name, from, delivery: kind, bytes: bytes.length };
      log.write({ kind: "delivery", link: name, ...what });
    });
  }

  /** Rejects with PortError. */
  static async open(options: ServedLinkOptions): Promise<ServedLink> {
    const link = new ServedLink(options);
    const [from, to] = options.between;
    link.#port = await link.#network.openPort({ from, to, listenPort: options.port, target: () => link.target() });
    return link;
  }

  view(): LinkView {
    const connections = this.#network.conversations();
    const target = this.target();
    const sum = (of: "up" | "down"): number => connections.reduce((bytes, { held }) => bytes + held[of], 0);
    return {
      name: this.name,
      host: loopback,
      port: this.#port?.port ?? 0,
      target: formatTarget(target),
      panel: null,
      between: this.between,
      isListening: this.#port?.isListening ?? false,
      connections: { open: connections.length, total: this.#port?.connectionsTotal ?? 0 },
      bytes: this.#port?.bytes ?? { up: 0, down: 0 },
      held: { up: sum("up"), down: sum("down") },
      faults: this.faults.names,
    };
  }

  connections(): readonly ConnectionView[] {
    return this.#network
      .conversations()
      .map(({ name, isAccepted, bytes, held }) => ({ name, isAccepted, bytes, held }));
  }

  resetConnections(): void {
    this.#network.resetConnections(() => true);
  }

  forgetCounts(): void {
    this.#port?.forgetCounts();
  }

  /** Calls back when the event has happened, counted from now on. */
  on(event: ProtocolEvent, happened: () => void): () => void {
    return this.#network.tap.on(event, happened);
  }

  /** Lifts everything and resets what is open. */
  async close(): Promise<void> {
    await this.faults.close();
    await this.#network.close();
  }
}
