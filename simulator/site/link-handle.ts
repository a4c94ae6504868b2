// The wire between two hosts of a site, as tests speak of it: faults are laid over it for a block or until lifted.
import { type Fault, isLinkFault, type LinkFault, type World, type WorldFault } from "../faults/fault.ts";
import type { SimulatedNetwork } from "../network/network.ts";

/** What a site tells a handle about the world, and is told by it. */
export interface LinkWorld {
  readonly network: SimulatedNetwork;
  readonly world: Omit<World, "resetConnections">;
  /** Keeps what is in force, to be lifted at the latest when the site ends. */
  remember(name: string, lift: () => void): () => void;
}

export class LinkHandle {
  readonly #site: LinkWorld;
  readonly #hosts: readonly [string, string];
  /** Host whose sending alone is meant; both if undefined. */
  readonly #from: string | undefined;

  constructor(site: LinkWorld, hosts: readonly [string, string], from?: string) {
    this.#site = site;
    this.#hosts = hosts;
    this.#from = from;
    // A name that is no host's fails here and not in the middle of a story.
    site.network.link(...hosts);
  }

  /** Lays a fault over the link until the returned function is called. */
  apply(fault: Fault): () => void {
    const lift = isLinkFault(fault) ? this.#applyToLink(fault) : this.#applyToConnections(fault);
    return this.#site.remember(`${fault.name} between ${this.#hosts.join(" and ")}`, lift);
  }

  /** Lays a fault over the link for as long as `block` runs. */
  async during<T>(fault: Fault, block: () => T | Promise<T>): Promise<T> {
    const lift = this.apply(fault);
    try {
      return await block();
    } finally {
      lift();
    }
  }

  #applyToLink(fault: LinkFault): () => void {
    return this.#site.network.link(...this.#hosts).apply(fault, this.#from);
  }

  #applyToConnections(fault: WorldFault): () => void {
    const { network } = this.#site;
    const world: World = { ...this.#site.world, resetConnections: (port) => this.#resetConnections(port) };
    const isMine = (from: string, to: string): boolean =>
      this.#from === undefined ? this.#hosts.includes(from) && this.#hosts.includes(to) : from === this.#from;
    const lift = network.onConnect((attempt) =>
      isMine(attempt.from, attempt.to) ? (fault.onConnect?.(attempt) ?? false) : false,
    );
    if (fault.begin?.(world) instanceof Promise)
      throw new Error(`"${fault.name}" is no fault of a link: use site.during`);
    return () => {
      lift();
      void fault.end?.(world);
    };
  }

  #resetConnections(port: number | undefined): void {
    this.#site.network.resetConnections(
      ({ client, server }) =>
        this.#hosts.includes(client.host) &&
        this.#hosts.includes(server.host) &&
        (port === undefined || server.port === port),
    );
  }
}
