// The machine's network interfaces and which of them carry a default route.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { promisify } from "node:util";
import type { InterfaceAddress, NetworkInterface } from "../ports.ts";
import { parseDefaultRoutes4, parseDefaultRoutes6, parseRouteGet } from "./proc-net.ts";

const routeCommandMs = 2_000;

export async function listInterfaces(): Promise<readonly NetworkInterface[]> {
  const defaults = await defaultRouteNames();
  return Object.entries(networkInterfaces()).map(([name, addresses = []]) => {
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
}

function toAddress(address: ReturnType<typeof networkInterfaces>[string] extends (infer A)[] | undefined ? A : never) {
  const prefixLength = Number(address.cidr?.split("/")[1] ?? (address.family === "IPv4" ? 32 : 128));
  return {
    address: address.address,
    family: address.family === "IPv4" ? 4 : 6,
    prefixLength,
  } satisfies InterfaceAddress;
}

async function defaultRouteNames(): Promise<ReadonlySet<string> | undefined> {
  if (process.platform === "darwin") return await defaultRouteOfMacos();
  try {
    const routes4 = parseDefaultRoutes4(await readFile("/proc/net/route", "latin1"));
    // A kernel without IPv6 has no such file, and then no such route.
    const routes6 = parseDefaultRoutes6(await readFile("/proc/net/ipv6_route", "latin1").catch(() => ""));
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
