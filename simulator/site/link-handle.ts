// The wire between two hosts of a site, as tests speak of it: faults are laid over it for a block or until lifted.
import { type Fault, isLinkFault, type LinkFault, type World, type WorldFault } from "../faults/fault.ts";
import { FaultError } from "../faults/fault-error.ts";
import type { Behaviour } from "../network/network.ts";

/** A connection of a site, in memory or on real sockets. */
interface SiteConnection {
  readonly client: { readonly host: string };
  readonly server: { readonly host: string; readonly port: number };
  endVanishes(side: "client" | "server"): void;
}

/** What carries a site's connections, in memory or on real sockets. */
interface LinkNetwork {
  link(one: string, other: string): { apply(fault: LinkFault, from?: string): () => void };
  lay(behaviour: Behaviour): () => void;
  conversations(): readonly SiteConnection[];
  resetConnections(fits: (connection: SiteConnection) => boolean): void;
}

/** What a site tells a handle about the world, and is told by it. */
export interface LinkWorld {
  readonly network: LinkNetwork;
  readonly world: Omit<World, "resetConnections">;
  /** Keeps what is in force, to be lifted at the latest when the site ends. */
  remember(fault: FaultInForce, lift: () => void): () => void;
}

/** A fault that is laid over something, for the record and for the text of a failure. */
export interface FaultInForce {
  readonly name: string;
  /** "cloud-gateway" for a wire, "cloud>gateway" for one direction of it, or "site". */
  readonly on: string;
  /** The same for people: "between gateway and press4". */
  readonly where?: string;
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
    return this.#site.remember(
      { name: fault.name, on: this.#name, where: `between ${this.#hosts.join(" and ")}` },
      lift,
    );
  }

  get #name(): string {
    const [sender, receiver] = this.#hosts;
    return this.#from === undefined ? [sender, receiver].sort().join("-") : `${sender}>${receiver}`;
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
    if (fault.isOfSite === true) {
      throw new FaultError("fault.wrong-place", `"${fault.name}" is no fault of a link: use site.during`);
    }
    const { network } = this.#site;
    const world: World = {
      ...this.#site.world,
      resetConnections: (port) => network.resetConnections((conversation) => this.#concerns(conversation, port)),
      vanishConnections: (end, port) => this.#vanishConnections(end, port),
    };
    const isMine = (from: string, to: string): boolean =>
      this.#from === undefined
        ? this.#hosts.includes(from) && this.#hosts.includes(to)
        : from === this.#from && this.#hosts.includes(to);
    const isAsker = (host: string): boolean =>
      this.#from === undefined ? this.#hosts.includes(host) : host === this.#from;
    const lift = network.lay({
      onConnect: (attempt) => isMine(attempt.from, attempt.to) && fault.onConnect?.(attempt) === true,
      onResolve: (query) => isAsker(query.from) && fault.onResolve?.(query) === true,
      onCertificate: (offer) => isMine(offer.from, offer.to) && fault.onCertificate?.(offer) === true,
    });
    try {
      void fault.begin?.(world); // of what is laid on a link nothing takes its time
    } catch (error) {
      lift();
      throw error;
    }
    return () => {
      lift();
      void fault.end?.(world);
    };
  }

  /** Whether a connection runs between the two hosts, and to that port if one is given. */
  #concerns({ client, server }: SiteConnection, port: number | undefined): boolean {
    const isBetween = this.#hosts.includes(client.host) && this.#hosts.includes(server.host);
    return isBetween && (port === undefined || server.port === port);
  }

  #vanishConnections(end: "near" | "far", port: number | undefined): void {
    const [near, far] = this.#hosts;
    const host = end === "near" ? near : far;
    for (const conversation of this.#site.network.conversations()) {
      if (!this.#concerns(conversation, port)) continue;
      conversation.endVanishes(conversation.client.host === host ? "client" : "server");
    }
  }
}
