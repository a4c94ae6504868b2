// Reads what Linux tells in /proc/net about sockets and routes; pure functions over the files' text.
import type { DeliveryState } from "../ports.ts";

export interface SocketEnds {
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

const routeIsUp = 0x0001;
const routeRejects = 0x0200;
/** Value of the timer column while a closed window is being probed. */
const probeTimer = "04";

/** How /proc/net/tcp and /proc/net/tcp6 write the two ends of a connection; undefined where an address is none. */
export function connectionText(ends: SocketEnds): string | undefined {
  const local = procEndpoint(ends.localAddress, ends.localPort);
  const remote = procEndpoint(ends.remoteAddress, ends.remotePort);
  return local === undefined || remote === undefined ? undefined : `${local} ${remote}`;
}

/** The two ends in a line of either table, written as above; empty for the head of the table. */
export function connectionOfLine(line: string): string {
  const afterNumber = line.indexOf(": ");
  if (afterNumber === -1) return "";
  const start = afterNumber + 2;
  return line.slice(start, line.indexOf(" ", line.indexOf(" ", start) + 1));
}

/**
 * The delivery columns in a line of either table.
 * While the peer's window is closed, unanswered window probes count as retransmits: a peer that only reads slowly answers
 * each probe, which sets the count back to 0; one that vanished answers none.
 */
export function parseDeliveryLine(line: string): DeliveryState {
  const [, , , , queues, timer, retransmits, , probes] = line.trim().split(/\s+/);
  const isProbing = timer?.split(":")[0] === probeTimer;
  return {
    unacknowledgedBytes: Number.parseInt(queues?.split(":")[0] ?? "0", 16),
    // The retransmit column is hexadecimal, the probe column decimal (net/ipv4/tcp_ipv4.c, get_tcp4_sock).
    retransmits: Number.parseInt(retransmits ?? "0", 16) + (isProbing ? Number.parseInt(probes ?? "0", 10) : 0),
  };
}

/** Names of the interfaces through which a default route of /proc/net/route (IPv4) leaves. */
export function parseDefaultRoutes4(table: string): readonly string[] {
  const names = new Set<string>();
  for (const line of table.split("\n").slice(1)) {
    const [name, destination, , flags, , , , mask] = line.trim().split(/\s+/);
    if (name === undefined || destination !== "00000000" || mask !== "00000000") continue;
    if (leads(flags)) names.add(name);
  }
  return [...names];
}

/** Names of the interfaces through which a default route of /proc/net/ipv6_route leaves. */
export function parseDefaultRoutes6(table: string): readonly string[] {
  const names = new Set<string>();
  for (const line of table.split("\n")) {
    const [destination, prefix, , , , , , , flags, name] = line.trim().split(/\s+/);
    if (name === undefined || prefix !== "00" || !/^0{32}$/.test(destination ?? "")) continue;
    if (leads(flags)) names.add(name);
  }
  return [...names];
}

/** This machine's IPv4 addresses in /proc/net/fib_trie, which has those of interfaces without a carrier too. */
export function parseOwnAddresses4(table: string): readonly string[] {
  const found = table.matchAll(/\|-- ([0-9.]+)\n\s+\/32 host LOCAL$/gm);
  return [...new Set([...found].map(([, address = ""]) => address))];
}

/** This machine's IPv6 addresses in /proc/net/if_inet6, with all their zeros. */
export function parseOwnAddresses6(table: string): readonly string[] {
  const found = table.matchAll(/^([0-9a-f]{32}) /gm);
  return [...found].map(([, digits = ""]) => digits.match(/.{4}/g)?.join(":") ?? "");
}

/** The interface in the answer of macOS's `route -n get default`. */
export function parseRouteGet(answer: string): string | undefined {
  return /^\s*interface: (\S+)$/m.exec(answer)?.[1];
}

function leads(flags: string | undefined): boolean {
  const bits = Number.parseInt(flags ?? "0", 16);
  return (bits & routeIsUp) !== 0 && (bits & routeRejects) === 0;
}

/** Address and port as /proc/net writes them: each 32-bit word as a number of the machine, which is little-endian here. */
function procEndpoint(address: string, port: number): string | undefined {
  const bytes = addressBytes(address);
  if (bytes === undefined) return undefined;
  let hex = "";
  for (let at = 0; at < bytes.length; at += 4) {
    for (let back = 3; back >= 0; back -= 1) hex += (bytes[at + back] ?? 0).toString(16).padStart(2, "0");
  }
  return `${hex}:${port.toString(16).padStart(4, "0")}`.toUpperCase();
}

function addressBytes(address: string): readonly number[] | undefined {
  const [bare = ""] = address.split("%");
  if (!bare.includes(":")) {
    const bytes = bare.split(".").map(Number);
    return bytes.length === 4 && bytes.every((byte) => byte >= 0 && byte <= 255) ? bytes : undefined;
  }
  const words = bare.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, a, b, c, d) => {
    const high = (Number(a) * 256 + Number(b)).toString(16);
    return `${high}:${(Number(c) * 256 + Number(d)).toString(16)}`;
  });
  const [head = "", tail] = words.split("::");
  const headWords = head === "" ? [] : head.split(":");
  const tailWords = tail === undefined || tail === "" ? [] : tail.split(":");
  const missing = 8 - headWords.length - tailWords.length;
  if (tail === undefined ? missing !== 0 : missing < 0) return undefined;
  const all = [...headWords, ...new Array<string>(tail === undefined ? 0 : missing).fill("0"), ...tailWords];
  return all.flatMap((word) => {
    const value = Number.parseInt(word, 16);
    return [value >> 8, value & 255];
  });
}
