// The simulated world of wires: hosts, the links between them, names, routes and what is connected.
import type { Clock } from "#hardware/ports.ts";
import type { CertificateOffer, ConnectAttempt, NameQuery, WorldFault } from "../faults/fault.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { SimulatedClock } from "../simulated-clock.ts";
import { type AddressBytes, formatAddress, isInNetwork, parseAddress } from "./address.ts";
import type { Arrival, Conversation } from "./conversation.ts";
import { Firewall } from "./firewall.ts";
import { type HostInterface, SimulatedHost } from "./host.ts";
import { Link } from "./link.ts";
import { Names } from "./names.ts";
import { Nat, type NatOptions } from "./nat.ts";
import { findWay, type StaticRoute } from "./routing.ts";

/** One-way times of a healthy link, in ms. */
const lanLatencyMs = 1;
const wanLatencyMs = 20;

export interface HostOptions {
  readonly interfaces: readonly HostInterface[];
  /** The machine's own clock; certificates are judged by it. The site's clock by default. */
  readonly clock?: Clock;
  /** Ways to networks that are not attached, by neighbours that are routers. */
  readonly routes?: readonly StaticRoute[];
  /** Forwards packets of others between its attached networks. */
  readonly isRouter?: boolean;
}

/** What one end of a connection sees of the other where an address is translated on the way. */
export interface SeenAs {
  readonly address: string;
  readonly port: number;
}

export type Route =
  | {
      readonly kind: "host";
      readonly host: SimulatedHost;
      readonly link: Link;
      readonly sourceAddress: string;
      /** How the dialled host sees the dialler, if not as it is. */
      readonly seenAs?: SeenAs;
      /** What is reached inside, if a port is forwarded. */
      readonly inside?: SeenAs;
    }
  /** On an attached network, and nobody has the address. */
  | { readonly kind: "nobody" }
  /** Leaves by the default route and is never answered. */
  | { readonly kind: "unanswered" }
  | { readonly kind: "no-route" };

/** Decides over a connection attempt; true: handled. */
export type ConnectBehaviour = (attempt: ConnectAttempt) => boolean;

/** What world faults do on a network; each answers true if it has handled what it was asked. */
export type Behaviour = Pick<WorldFault, "onConnect" | "onResolve" | "onCertificate">;

export class SimulatedNetwork {
  readonly clock: SimulatedClock;
  readonly random: SeededRandom;
  readonly #hosts = new Map<string, SimulatedHost>();
  readonly #links = new Map<string, Link>();
  readonly firewall = new Firewall();
  readonly #names = new Names();
  readonly #nats: Nat[] = [];
  readonly #luck: SeededRandom;
  readonly #conversations = new Set<Conversation>();
  readonly #watchers = new Set<(conversation: Conversation, arrival: Arrival) => void>();
  /** Newest first. */
  #behaviours: readonly Behaviour[] = [];

  constructor(options: { readonly clock: SimulatedClock; readonly random: SeededRandom }) {
    this.clock = options.clock;
    this.random = options.random;
    this.#luck = options.random.child("luck of behaviours");
  }

  addHost(name: string, options: HostOptions): SimulatedHost {
    if (this.#hosts.has(name)) throw new Error(`There is already a host named "${name}"`);
    const host = new SimulatedHost(this, name, options);
    this.#hosts.set(name, host);
    return host;
  }

  host(name: string): SimulatedHost {
    const host = this.#hosts.get(name);
    if (host === undefined) {
      throw new Error(`There is no host named "${name}"; there are ${[...this.#hosts.keys()].join(", ")}`);
    }
    return host;
  }

  /** Names of all hosts, in the order in which they were added. */
  get hostNames(): readonly string[] {
    return [...this.#hosts.keys()];
  }

  /**
   * Enters a name into the table that all hosts resolve with, or into that of one host alone, which overrules it (an empty
   * list: no such name there), until the returned function is called.
   */
  addName(name: string, addresses: readonly string[], host?: string): () => void {
    return this.#names.add(name, addresses, host === undefined ? undefined : this.host(host).name);
  }

  /** As `host` is answered; undefined: no such name. */
  addressesOf(name: string, host?: string): readonly string[] | undefined {
    return this.#names.addressesOf(name, host);
  }

  /** Puts the hosts of a network behind one address: they can dial out, and are dialled by forwarded ports only. */
  addNat(options: NatOptions): void {
    this.#nats.push(new Nat(options));
  }

  /** The link between two hosts; the same one whichever is named first. */
  link(one: string, other: string): Link {
    const hosts = [this.host(one), this.host(other)].map((host) => host.name).sort() as [string, string];
    const key = hosts.join(" ");
    let link = this.#links.get(key);
    if (link === undefined) {
      const latencyMs = one === other ? 0 : this.#areNeighbours(one, other) ? lanLatencyMs : wanLatencyMs;
      link = new Link(hosts, latencyMs, (host) => this.host(host).isUp);
      this.#links.set(key, link);
    }
    return link;
  }

  links(): readonly Link[] {
    return [...this.#links.values()];
  }

  /** Lays a behaviour over all connection attempts until the returned function is called. */
  onConnect(behaviour: ConnectBehaviour): () => void {
    return this.lay({ onConnect: behaviour });
  }

  /** Lays what a world fault does over everything, newest first, until the returned function is called. */
  lay(behaviour: Behaviour): () => void {
    const own: Behaviour = behaviour;
    this.#behaviours = [own, ...this.#behaviours];
    return () => {
      this.#behaviours = this.#behaviours.filter((other) => other !== own);
    };
  }

  /** Calls back with everything that reaches a host, as it does, until the returned function is called. */
  watchArrivals(watcher: (conversation: Conversation, arrival: Arrival) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  delivered(conversation: Conversation, arrival: Arrival): void {
    for (const watcher of this.#watchers) watcher(conversation, arrival);
  }

  /** True when a behaviour has handled the attempt. */
  isHandled(attempt: ConnectAttempt): boolean {
    return this.#behaviours.some((behaviour) => behaviour.onConnect?.({ ...attempt, draw: this.#luck.fraction() }));
  }

  /** True when a behaviour has answered the query. */
  isResolved(query: NameQuery): boolean {
    return this.#behaviours.some((behaviour) => behaviour.onResolve?.({ ...query, draw: this.#luck.fraction() }));
  }

  /** Lets behaviours change the certificate that is about to be shown. */
  offerCertificate(offer: CertificateOffer): void {
    this.#behaviours.some((behaviour) => behaviour.onCertificate?.({ ...offer, draw: this.#luck.fraction() }));
  }

  /** Where a connection attempt to an address and port goes; `source`: from this address of the host's, by its interface. */
  route(from: SimulatedHost, address: string, port: number, source?: string): Route {
    const bytes = parseAddress(address);
    if (bytes === undefined) return { kind: "no-route" };
    const way = findWay([...this.#hosts.values()], from, bytes, source);
    if (way.kind === "internet") return this.#routeOutside(from, { address, bytes, port }, way.sourceAddress);
    // A router that translates has its outside address on a network on which others may be too.
    const attached = way.kind === "nobody" && this.#isOutsideOfNat(bytes) ? from.addressOnNetworkOf(bytes) : undefined;
    if (attached !== undefined) return this.#routeOutside(from, { address, bytes, port }, attached);
    if (way.kind !== "host") return way;
    return { ...way, link: this.link(from.name, way.host.name) };
  }

  #routeOutside(
    from: SimulatedHost,
    to: { readonly address: string; readonly bytes: AddressBytes; readonly port: number },
    sourceAddress: string,
  ): Route {
    if (isPrivate(to.bytes)) return { kind: "unanswered" };
    const nat = this.#nats.find((candidate) => candidate.isInside(parseAddress(sourceAddress) ?? []));
    const forward = this.#nats.find(({ outside }) => outside === formatAddress(to.bytes))?.forward(to.port);
    const inside = forward === undefined ? undefined : { ...forward, port: forward.insidePort ?? forward.port };
    const wanted = parseAddress(inside?.address ?? "") ?? to.bytes;
    const isHidden = forward === undefined && this.#nats.some((other) => other !== nat && other.isInside(wanted));
    if (isHidden) return { kind: "unanswered" };
    const target = [...this.#hosts.values()].find((host) => host.hasAddress(wanted));
    if (target?.defaultRouteAddress() === undefined) return { kind: "unanswered" };
    return {
      kind: "host",
      host: target,
      link: this.link(from.name, target.name),
      sourceAddress,
      ...(nat === undefined ? {} : { seenAs: { address: nat.outside, port: nat.takePort() } }),
      ...(inside === undefined ? {} : { inside: { address: inside.address, port: inside.port } }),
    };
  }

  #isOutsideOfNat(bytes: AddressBytes): boolean {
    const address = formatAddress(bytes);
    return this.#nats.some(({ outside }) => outside === address);
  }

  remember(conversation: Conversation): void {
    this.#conversations.add(conversation);
  }

  forget(conversation: Conversation): void {
    this.#conversations.delete(conversation);
  }

  conversations(): readonly Conversation[] {
    return [...this.#conversations];
  }

  /** Breaks off what fits: both ends are told by a reset. */
  resetConnections(fits: (conversation: Conversation) => boolean): void {
    for (const conversation of this.conversations()) if (fits(conversation)) conversation.breakOff();
  }

  /** "gateway:49152 > press4:5900" for each connection that at least one end still has. */
  openConnections(): readonly string[] {
    return this.conversations()
      .map((conversation) => conversation.name)
      .sort();
  }

  #areNeighbours(one: string, other: string): boolean {
    return this.host(one)
      .addressBytes()
      .some((address) => this.host(other).addressOnNetworkOf(address) !== undefined);
  }
}

const privateNetworks: readonly (readonly [AddressBytes, number])[] = [
  [[10, 0, 0, 0], 8],
  [[172, 16, 0, 0], 12],
  [[192, 168, 0, 0], 16],
  [[169, 254, 0, 0], 16],
];

function isPrivate(address: AddressBytes): boolean {
  return privateNetworks.some(([network, prefixLength]) => isInNetwork(address, network, prefixLength));
}
