// The entries of `tunnels.allow`: their grammar.
import { type IpNetwork, networkBase, parseIpAddress, widthOf, withoutEmbedding } from "./ip-address.ts";

export interface PortRange {
  /** 1 to 65535, `low` not above `high`. */
  readonly low: number;
  readonly high: number;
}

export type AllowEntry =
  /** Private addresses of directly attached networks that are not the default route's. */
  | { readonly kind: "private" }
  /** This gateway itself on ports 22, 23 and 5900. */
  | { readonly kind: "self" }
  /** One address or a network, with all ports or a range of them. */
  | { readonly kind: "network"; readonly network: IpNetwork; readonly ports?: PortRange };

/** What a gateway allows without a `[tunnels]` section, in the demo and the tests as in the product. */
export const defaultAllow: readonly AllowEntry[] = [{ kind: "private" }, { kind: "self" }];

export const allowEntryGrammar =
  '"private", "self", an address or network such as "10.1.0.0/16", "10.1.2.3:5900", "10.1.0.0/16:5900-5999" or "[fd00::/64]:5900"';

/** Reads one entry. A text that is none gives what is wrong with it. */
export function parseAllowEntry(text: string): AllowEntry | { readonly problem: string } {
  if (text === "private" || text === "self") return { kind: text };
  const parts = splitEntry(text);
  if (parts === undefined) return { problem: `must be ${allowEntryGrammar}` };
  const network = parseNetwork(parts.address, parts.prefix);
  if ("problem" in network) return network;
  if (parts.ports === undefined) return { kind: "network", network };
  const ports = parsePorts(parts.ports);
  return "problem" in ports ? ports : { kind: "network", network, ports };
}

interface EntryParts {
  readonly address: string;
  readonly prefix: string | undefined;
  readonly ports: string | undefined;
}

function splitEntry(text: string): EntryParts | undefined {
  // The prefix of an IPv6 network may stand inside the brackets or after them.
  const match =
    /^\[([^\]/]*)(?:\/([^\]]*))?\](?:\/([^:]*))?(?::(.*))?$/.exec(text) ??
    /^([0-9.]+)(?:\/([^:]*))?()(?::(.*))?$/.exec(text) ??
    // Without brackets a colon cannot be told from one before a port, so there is none.
    /^([0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)(?:\/(.*))?()()$/.exec(text);
  if (match === null) return undefined;
  const [, address = "", inner, outer, ports] = match;
  if (inner !== undefined && outer !== undefined && outer !== "") return undefined;
  return { address, prefix: inner ?? (outer === "" ? undefined : outer), ports: ports === "" ? undefined : ports };
}

function parseNetwork(address: string, prefix: string | undefined): IpNetwork | { readonly problem: string } {
  const base = parseIpAddress(address);
  if (base === undefined) return { problem: `has no IP address in its standard spelling (found "${address}")` };
  // Targets are judged by the IPv4 address inside them, so such an entry would never match.
  if (withoutEmbedding(base).family !== base.family) return { problem: "must name the IPv4 address itself" };
  const width = widthOf(base.family);
  if (prefix === undefined) return { base, prefixLength: width };
  if (!/^[0-9]{1,3}$/.test(prefix) || Number(prefix) > width) {
    return { problem: `must have a prefix length from 0 to ${width} after "/" (found "${prefix}")` };
  }
  const network: IpNetwork = { base, prefixLength: Number(prefix) };
  if (networkBase(network).value !== base.value) {
    return {
      problem: `names an address inside the network: leave out "/${prefix}" for that one address, or name the network's first`,
    };
  }
  return network;
}

function parsePorts(text: string): PortRange | { readonly problem: string } {
  const match = /^([0-9]{1,5})(?:-([0-9]{1,5}))?$/.exec(text);
  const low = Number(match?.[1]);
  const high = Number(match?.[2] ?? match?.[1]);
  if (match === null || low < 1 || high > 65535 || low > high) {
    return { problem: `must have a port from 1 to 65535 or a range such as 5900-5999 after ":" (found "${text}")` };
  }
  return { low, high };
}
