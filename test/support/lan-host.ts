// A second host on a LAN of its own: a network namespace behind a veth pair, with an address of a private network. Needs root.
import { execFileSync } from "node:child_process";
import { networkInterfaces } from "node:os";
import { Program } from "./processes.ts";

export interface LanHost {
  /** Of this machine on that LAN. */
  readonly nearAddress: string;
  /** Of the host. */
  readonly address: string;
  /** Its network namespace as `readlink /proc/self/ns/net` tells it there. */
  readonly namespace: string;
  /** Starts a program on the host. */
  runs(name: string, command: string, ...args: string[]): Program;
  remove(): void;
}

function ip(...args: string[]): string {
  return execFileSync("ip", args, { encoding: "utf8", stdio: "pipe" });
}

export function makeLanHost(): LanHost {
  const namespace = `postern-lan-${process.pid}`;
  const [nearEnd, farEnd] = [`pl${process.pid}`, `pm${process.pid}`];
  const net = freeNetwork();
  const [nearAddress, address] = [`${net}.1`, `${net}.2`];
  ip("netns", "add", namespace);
  ip("link", "add", nearEnd, "type", "veth", "peer", "name", farEnd, "netns", namespace);
  ip("addr", "add", `${nearAddress}/30`, "dev", nearEnd);
  ip("link", "set", nearEnd, "up");
  ip("-n", namespace, "addr", "add", `${address}/30`, "dev", farEnd);
  ip("-n", namespace, "link", "set", farEnd, "up");
  return {
    nearAddress,
    address,
    namespace: ip("netns", "exec", namespace, "readlink", "/proc/self/ns/net").trim(),
    runs: (name, command, ...args) => new Program(name, "ip", ["netns", "exec", namespace, command, ...args]),
    // The pair goes with the namespace.
    remove: () => void ip("netns", "del", namespace),
  };
}

/** The first three numbers of a network of RFC 1918 that no interface of this machine is in. */
function freeNetwork(): string {
  const taken = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const start = process.pid % 250;
  for (let step = 0; step < 250; step++) {
    const net = `10.213.${(start + step) % 250}`;
    if (!taken.some(({ address }) => address.startsWith(`${net}.`))) return net;
  }
  throw new Error("no free network in 10.213.0.0/16");
}
