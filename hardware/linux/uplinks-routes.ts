// Which interfaces of Linux lead to the internet, and which of them the system prefers; pure functions over the tables' text.

import { SocketAddress } from "node:net";
import { ourMetric } from "./policy-routes.ts";

/** A default route's interface and its metric: the lowest is taken. */
export interface DefaultRoute {
  readonly name: string;
  readonly metric: number;
  /** Address of the router; undefined: the other end of the line is it. */
  readonly gateway?: string;
}

const routeIsUp = 0x0001;
const routeRejects = 0x0200;

/** Default routes in the text of /proc/net/route (IPv4). */
export function defaultRoutes4(table: string): readonly DefaultRoute[] {
  return table
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [name = "", destination, router = "", flags, , , metric, mask] = line.trim().split(/\s+/);
      if (destination !== "00000000" || mask !== "00000000" || !leads(flags)) return [];
      return [{ name, metric: Number.parseInt(metric ?? "0", 10), ...gatewayOf(readIpv4(router)) }];
    });
}

/** Default routes in the text of /proc/net/ipv6_route, which has those of all tables: ours are no word of the system's. */
export function defaultRoutes6(table: string): readonly DefaultRoute[] {
  return table.split("\n").flatMap((line) => {
    const [destination, prefix, , , router = "", metricText, , , flags, name] = line.trim().split(/\s+/);
    if (name === undefined || name === "lo" || prefix !== "00" || !/^0{32}$/.test(destination ?? "")) return [];
    const metric = Number.parseInt(metricText ?? "0", 16);
    return leads(flags) && metric !== ourMetric ? [{ name, metric, ...gatewayOf(readIpv6(router)) }] : [];
  });
}

function gatewayOf(address: string | undefined): { readonly gateway?: string } {
  return address === undefined ? {} : { gateway: address };
}

/** Undefined for 0.0.0.0. The kernel prints the four bytes as a number of this machine, on all that we know the lowest first. */
function readIpv4(hex: string): string | undefined {
  if (!/^[0-9A-F]{8}$/i.test(hex) || /^0+$/.test(hex)) return undefined;
  return [...Buffer.from(hex, "hex")].toReversed().join(".");
}

/** Undefined for ::. */
function readIpv6(hex: string): string | undefined {
  if (!/^[0-9a-f]{32}$/i.test(hex) || /^0+$/.test(hex)) return undefined;
  return new SocketAddress({ address: hex.match(/.{4}/g)?.join(":") ?? "", family: "ipv6" }).address;
}

function leads(flags: string | undefined): boolean {
  const bits = Number.parseInt(flags ?? "0", 16);
  return (bits & routeIsUp) !== 0 && (bits & routeRejects) === 0;
}
