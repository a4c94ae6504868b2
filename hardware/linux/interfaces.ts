// The machine's network interfaces and which of them carry a default route.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { SocketAddress } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { InterfaceAddress, NetworkInterface } from "../ports.ts";
import {
  parseDefaultRoutes4,
  parseDefaultRoutes6,
  parseOwnAddresses4,
  parseOwnAddresses6,
  parseRouteGet,
} from "./proc-net.ts";

const routeCommandMs = 2_000;

/** `root` is where the system's `proc` is: "/", but in tests. */
export async function listInterfaces(root = "/"): Promise<readonly NetworkInterface[]> {
  const defaults = await defaultRouteNames(root);
  const listed = Object.entries(networkInterfaces()).map(([name, addresses = []]) => {
    const isLoopback = addresses.some(({ internal }) => internal);
    const [device = name] = name.split(":");
    return {
      name,
      isLoopback,
      // Where the routes cannot be read, each interface may be the way out: the careful answer for the tunnels' policy.
      hasDefaultRoute: !isLoopback && (defaults?.has(device) ?? true),
      addresses: addresses.map(toAddress),
    };
  });
  const unlisted = await unlistedAddresses(
    root,
    listed.flatMap(({ addresses }) => addresses),
  );
  if (unlisted.length === 0) return listed;
  // Which interface has them is not told, so the careful answer again: no network of it counts as a neighbour's.
  return [...listed, { name: unlistedName, isLoopback: false, hasDefaultRoute: true, addresses: unlisted }];
}

/** No interface of Linux can have this name: it is too long. */
const unlistedName = "without-a-carrier";

/** Node leaves out interfaces without a carrier, such as a cable to a panel that is off; their addresses lead to this machine all the same. */
async function unlistedAddresses(
  root: string,
  listed: readonly InterfaceAddress[],
): Promise<readonly InterfaceAddress[]> {
  // Outside Linux there are no such files, and the kernel may have no IPv6.
  const [table4, table6] = await Promise.all(
    ["fib_trie", "if_inet6"].map((name) => readFile(join(root, "proc/net", name), "latin1").catch(() => "")),
  );
  const known = new Set(listed.map(({ address }) => address));
  const own = [...parseOwnAddresses4(table4 ?? ""), ...parseOwnAddresses6(table6 ?? "").map(canonicalIpv6)];
  return own
    .filter((address) => !known.has(address))
    .map((address) => (address.includes(":") ? hostRoute(address, 6, 128) : hostRoute(address, 4, 32)));
}

function canonicalIpv6(address: string): string {
  return new SocketAddress({ address, family: "ipv6" }).address;
}

function hostRoute(address: string, family: 4 | 6, prefixLength: number): InterfaceAddress {
  return { address, family, prefixLength };
}

function toAddress(address: ReturnType<typeof networkInterfaces>[string] extends (infer A)[] | undefined ? A : never) {
  const prefixLength = Number(address.cidr?.split("/")[1] ?? (address.family === "IPv4" ? 32 : 128));
  return {
    address: address.address,
    family: address.family === "IPv4" ? 4 : 6,
    prefixLength,
  } satisfies InterfaceAddress;
}

async function defaultRouteNames(root: string): Promise<ReadonlySet<string> | undefined> {
  if (process.platform === "darwin") return await defaultRouteOfMacos();
  try {
    const routes4 = parseDefaultRoutes4(await readFile(join(root, "proc/net/route"), "latin1"));
    // A kernel without IPv6 has no such file, and then no such route.
    const routes6 = parseDefaultRoutes6(await readFile(join(root, "proc/net/ipv6_route"), "latin1").catch(() => ""));
    return new Set([...routes4, ...routes6]);
  } catch {
    // Not told by this system: the caller then takes the careful answer.
    return undefined;
  }
}

async function defaultRouteOfMacos(): Promise<ReadonlySet<string> | undefined> {
  try {
    const { stdout } = await promisify(execFile)("/sbin/route", ["-n", "get", "default"], { timeout: routeCommandMs });
    const name = parseRouteGet(stdout);
    return name === undefined ? undefined : new Set([name]);
  } catch {
    // Without a default route the command fails: again the careful answer.
    return undefined;
  }
}
