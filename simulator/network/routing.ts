// Which way a host's packets go: attached networks, routes by way of other hosts, and the default route to the internet.
import { type AddressBytes, formatAddress, isInNetwork, isLoopback, parseAddress } from "./address.ts";
import type { SimulatedHost } from "./host.ts";

/** Routers that a packet may pass before it is dropped. */
const hopsMax = 8;

/** Packets to a network go by way of a neighbour that forwards. */
export interface StaticRoute {
  readonly network: string;
  readonly prefixLength: number;
  /** Address of the neighbour. */
  readonly via: string;
}

export type Way =
  | { readonly kind: "host"; readonly host: SimulatedHost; readonly sourceAddress: string }
  /** On an attached network, and nobody has the address. */
  | { readonly kind: "nobody" }
  /** Leaves by the default route, or a router, and is never answered. */
  | { readonly kind: "unanswered" }
  /** Leaves for the internet. */
  | { readonly kind: "internet"; readonly sourceAddress: string }
  | { readonly kind: "no-route" };

/**
 * The way from `from` to an address, back included: a host that cannot answer is not reached. `source`: by the interface
 * with this address alone, and by its default route.
 */
export function findWay(
  hosts: readonly SimulatedHost[],
  from: SimulatedHost,
  address: AddressBytes,
  source?: string,
): Way {
  if (isLoopback(address) || from.hasAddress(address)) {
    return { kind: "host", host: from, sourceAddress: formatAddress(address) };
  }
  const isAsked = (own: string | undefined): boolean => source === undefined || own === source;
  const attached = from.addressOnNetworkOf(address);
  if (attached !== undefined && isAsked(attached)) {
    const target = hosts.find((host) => host.hasAddress(address));
    return target === undefined ? { kind: "nobody" } : { kind: "host", host: target, sourceAddress: attached };
  }
  const route = from.routeTo(address);
  const near = route === undefined ? undefined : parseAddress(route.via);
  if (route !== undefined && isAsked(near === undefined ? undefined : from.addressOnNetworkOf(near))) {
    return findRouted(hosts, from, route, address);
  }
  const sourceAddress = source ?? from.defaultRouteAddress();
  return sourceAddress === undefined ? { kind: "no-route" } : { kind: "internet", sourceAddress };
}

function findRouted(
  hosts: readonly SimulatedHost[],
  from: SimulatedHost,
  route: StaticRoute,
  address: AddressBytes,
): Way {
  const via = parseAddress(route.via);
  const sourceAddress = via === undefined ? undefined : from.addressOnNetworkOf(via);
  if (sourceAddress === undefined) return { kind: "no-route" };
  const target = hosts.find((host) => host.hasAddress(address));
  const source = parseAddress(sourceAddress) ?? [];
  const reaches = target !== undefined && goes(hosts, from, address) && goes(hosts, target, source);
  return reaches ? { kind: "host", host: target, sourceAddress } : { kind: "unanswered" };
}

/** Whether packets of `from` get to an address by attached networks and routers. */
function goes(hosts: readonly SimulatedHost[], from: SimulatedHost, address: AddressBytes): boolean {
  let at: SimulatedHost | undefined = from;
  for (let hops = 0; at !== undefined && hops <= hopsMax; hops += 1) {
    if (at.hasAddress(address)) return true;
    if (at.addressOnNetworkOf(address) !== undefined) return hosts.some((host) => host.hasAddress(address));
    const via: AddressBytes | undefined = parseAddress(at.routeTo(address)?.via ?? "");
    if (via === undefined || at.addressOnNetworkOf(via) === undefined) return false;
    at = hosts.find((host) => host.hasAddress(via) && host.isRouter && host.isUp);
  }
  return false;
}

/** The most specific of the routes that lead to an address. */
export function bestRoute(routes: readonly StaticRoute[], address: AddressBytes): StaticRoute | undefined {
  return routes
    .filter(({ network, prefixLength }) => isInNetwork(address, parseAddress(network) ?? [], prefixLength))
    .toSorted((one, other) => other.prefixLength - one.prefixLength)[0];
}
