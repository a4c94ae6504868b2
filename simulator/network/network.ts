// The simulated world of wires: hosts, the links between them, names, routes and what is connected.
import type { Clock } from "#hardware/ports.ts";
import type { ConnectAttempt } from "../faults/fault.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { SimulatedClock } from "../simulated-clock.ts";
import { type AddressBytes, isInNetwork, isLoopback, parseAddress } from "./address.ts";
import type { Arrival, Conversation } from "./conversation.ts";
import { type HostInterface, SimulatedHost } from "./host.ts";
import { Link } from "./link.ts";

/** One-way times of a healthy link, in ms. */
const lanLatencyMs = 1;
const wanLatencyMs = 20;

export interface HostOptions {
  readonly interfaces: readonly HostInterface[];
  /** The machine's own clock; certificates are judged by it. The site's clock by default. */
  readonly clock?: Clock;
}

export type Route =
  | { readonly kind: "host"; readonly host: SimulatedHost; readonly link: Link; readonly sourceAddress: string }
  /** On an attached network, and nobody has the address. */
  | { readonly kind: "nobody" }
  /** Leaves by the default route and is never answered. */
  | { readonly kind: "unanswered" }
  | { readonly kind: "no-route" };

/** Decides over a connection attempt; true: handled. */
export type ConnectBehaviour = (attempt: ConnectAttempt) => boolean;

export class SimulatedNetwork {
  readonly clock: SimulatedClock;
  readonly random: SeededRandom;
  readonly #hosts = new Map<string, SimulatedHost>();
  readonly #links = new Map<string, Link>();
  readonly #names = new Map<string, readonly string[]>();
  readonly #conversations = new Set<Conversation>();
  readonly #watchers = new Set<(conversation: Conversation, arrival: Arrival) => void>();
  /** Newest first. */
  #behaviours: readonly ConnectBehaviour[] = [];

  constructor(options: { readonly clock: SimulatedClock; readonly random: SeededRandom }) {
    this.clock = options.clock;
    this.random = options.random;
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

  /** Enters a name into the table that all hosts resolve with. */
  addName(name: string, addresses: readonly string[]): void {
    this.#names.set(name.toLowerCase(), addresses);
  }

  addressesOf(name: string): readonly string[] | undefined {
    return this.#names.get(name.toLowerCase().replace(/\.$/, ""));
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
    this.#behaviours = [behaviour, ...this.#behaviours];
    return () => {
      this.#behaviours = this.#behaviours.filter((other) => other !== behaviour);
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
    return this.#behaviours.some((behaviour) => behaviour(attempt));
  }

  route(from: SimulatedHost, address: string): Route {
    const bytes = parseAddress(address);
    if (bytes === undefined) return { kind: "no-route" };
    if (isLoopback(bytes) || from.hasAddress(bytes)) {
      return { kind: "host", host: from, link: this.link(from.name, from.name), sourceAddress: address };
    }
    const target = [...this.#hosts.values()].find((host) => host.hasAddress(bytes));
    const attached = from.addressOnNetworkOf(bytes);
    if (attached !== undefined) {
      if (target === undefined) return { kind: "nobody" };
      return { kind: "host", host: target, link: this.link(from.name, target.name), sourceAddress: attached };
    }
    const sourceAddress = from.defaultRouteAddress();
    if (sourceAddress === undefined) return { kind: "no-route" };
    if (target?.defaultRouteAddress() === undefined || isPrivate(bytes)) return { kind: "unanswered" };
    return { kind: "host", host: target, link: this.link(from.name, target.name), sourceAddress };
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
