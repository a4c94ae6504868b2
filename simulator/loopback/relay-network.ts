// The links of a run on real sockets, carried by relays in user space: no root, on Linux and macOS.
import type { Duplex } from "node:stream";
import type { NameQuery, StandIn } from "../faults/fault.ts";
import { FaultError } from "../faults/fault-error.ts";
import { unknownWord } from "../faults/nearest-word.ts";
import { Link } from "../network/link.ts";
import type { SeededRandom } from "../seeded-random.ts";
import { EventTap } from "../triggers/event-tap.ts";
import type { CarriedBehaviour, CarriedConnection, CarriedPortOptions, LinkCarrier } from "./link-carrier.ts";
import type { Decision, RelayArrival, RelayConnection } from "./relay-connection.ts";
import type { TurningClock } from "./relay-pipe.ts";
import { RelayPort } from "./relay-port.ts";

export interface RelayNetworkOptions {
  readonly clock: TurningClock;
  /** Each chunk's luck, and each attempt's. */
  readonly random: SeededRandom;
  readonly hosts: readonly string[];
  /** Speaks with a program that stands in for the one that was meant; without it only those that speak no TLS can. */
  readonly serve?: (standIn: StandIn, stream: Duplex) => void;
  readonly heldBytesMax?: number;
}

export class RelayNetwork implements LinkCarrier {
  readonly tap = new EventTap();
  readonly #options: RelayNetworkOptions;
  readonly #luck: SeededRandom;
  readonly #hosts: Set<string>;
  readonly #down = new Set<string>();
  readonly #links = new Map<string, Link>();
  readonly #ports = new Set<RelayPort>();
  readonly #watchers = new Set<(connection: RelayConnection, arrival: RelayArrival) => void>();
  /** Newest first. */
  #behaviours: readonly CarriedBehaviour[] = [];
  #isClosed = false;

  constructor(options: RelayNetworkOptions) {
    this.#options = options;
    this.#luck = options.random.child("luck of behaviours");
    this.#hosts = new Set(options.hosts);
  }

  get hostNames(): readonly string[] {
    return [...this.#hosts];
  }

  addHost(name: string): void {
    this.#hosts.add(name);
  }

  link(one: string, other: string): Link {
    const hosts = [one, other].map((host) => this.#known(host)).sort() as [string, string];
    const key = hosts.join(" ");
    let link = this.#links.get(key);
    if (link === undefined) {
      link = new Link(hosts, 0, (host) => !this.#down.has(host));
      this.#links.set(key, link);
    }
    return link;
  }

  async openPort(options: CarriedPortOptions): Promise<RelayPort> {
    const { clock, random, heldBytesMax } = this.#options;
    const link = this.link(options.from, options.to);
    const port = await RelayPort.open({
      ...options,
      clock,
      random: random.child(`port ${this.#ports.size + 1} of ${link.name}`),
      link,
      ...(heldBytesMax === undefined ? {} : { heldBytesMax }),
      decide: (draw) => this.#decide(options, draw),
      serve: this.#options.serve ?? serveInClear,
      arrived: (connection, arrival) => this.#arrived(connection, arrival, options.isEnciphered ?? false),
      closed: (closed) => this.#ports.delete(closed),
    });
    this.#ports.add(port);
    if (this.#isClosed) await port.close();
    else await port.refresh();
    return port;
  }

  lay(behaviour: CarriedBehaviour): () => void {
    // A copy: the same fault may be laid twice.
    const own: CarriedBehaviour = { ...behaviour };
    this.#behaviours = [own, ...this.#behaviours];
    this.#refresh();
    return () => {
      this.#behaviours = this.#behaviours.filter((other) => other !== own);
      this.#refresh();
    };
  }

  async settled(): Promise<void> {
    await Promise.all([...this.#ports].map((port) => port.settled()));
  }

  /** True when a behaviour has answered the query. */
  isResolved(query: NameQuery): boolean {
    return this.#behaviours.some((behaviour) => behaviour.onResolve?.({ ...query, draw: this.#luck.fraction() }));
  }

  /** Lets behaviours change the certificate that is about to be shown. */
  offerCertificate(offer: Parameters<NonNullable<CarriedBehaviour["onCertificate"]>>[0]): void {
    this.#behaviours.some((behaviour) => behaviour.onCertificate?.({ ...offer, draw: this.#luck.fraction() }));
  }

  /** While a host is down nothing reaches it and nobody is told. */
  setUp(host: string, isUp: boolean): void {
    this.#known(host);
    if (isUp) this.#down.delete(host);
    else this.#down.add(host);
    for (const link of this.#links.values()) if (link.hosts.includes(host)) link.changed();
  }

  /** Calls back with everything that reaches a side, before its program has it, until the returned function is called. */
  watchArrivals(watcher: (connection: RelayConnection, arrival: RelayArrival) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  conversations(): readonly RelayConnection[] {
    return [...this.#ports].flatMap((port) => [...port.connections]);
  }

  resetConnections(fits: (connection: CarriedConnection) => boolean): void {
    for (const connection of this.conversations()) if (fits(connection)) connection.breakOff();
  }

  openConnections(): readonly string[] {
    return this.conversations()
      .map((connection) => connection.name)
      .sort();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#ports].map((port) => port.close()));
  }

  #known(host: string): string {
    if (this.#hosts.has(host)) return host;
    throw new FaultError("fault.unknown-name", unknownWord("host", host, [...this.#hosts]));
  }

  #refresh(): void {
    // A port that is taken meanwhile is told by `settled`.
    for (const port of this.#ports) port.refresh().catch(() => undefined);
  }

  #decide({ from, to, servicePort, target }: CarriedPortOptions, draw: number | undefined): Decision {
    let decision: Decision = { kind: "pass" };
    const attempt = {
      from,
      to,
      port: servicePort ?? target().port,
      refuse: () => {
        decision = { kind: "refuse" };
      },
      reset: () => {
        decision = { kind: "reset" };
      },
      serve: (standIn: StandIn) => {
        decision = { kind: "serve", standIn };
      },
    };
    this.#behaviours.some((behaviour) => behaviour.onConnect?.({ ...attempt, draw: draw ?? this.#luck.fraction() }));
    return decision;
  }

  #arrived(connection: RelayConnection, arrival: RelayArrival, isEnciphered: boolean): void {
    const { at, kind, bytes } = arrival;
    if (kind === "open") this.tap.opened(connection, connection);
    else if (kind === "bytes" && !isEnciphered)
      this.tap.received(connection, connection, at === "server" ? "up" : "down", bytes);
    for (const watcher of this.#watchers) watcher(connection, arrival);
  }
}

function serveInClear(standIn: StandIn, stream: Duplex): void {
  stream.on("error", () => undefined); // whoever stands in has nothing to lose
  if (standIn.certificate === undefined) standIn.serve(stream);
  else stream.destroy();
}
