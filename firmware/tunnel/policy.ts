// Which targets this gateway opens tunnels to, whatever the cloud asks for (docs/security.md). Pure: facts in, verdict out.
import type { NetworkInterface, TcpTarget } from "#hardware/ports.ts";
import type { AllowEntry } from "./allow-entry.ts";
import {
  type IpAddress,
  type IpNetwork,
  isSameAddress,
  isTranslated,
  isWithin,
  network,
  networkTop,
  parseIpAddress,
  widthOf,
  withoutEmbedding,
} from "./ip-address.ts";

export interface PolicyFacts {
  readonly allow: readonly AllowEntry[];
  readonly interfaces: readonly NetworkInterface[];
  /** TCP ports of this machine on which Postern itself listens: this process, and a cloud that runs here. */
  readonly ownPorts: readonly number[];
}

export type Verdict = { readonly isAllowed: true } | { readonly isAllowed: false; readonly why: string };

/** Ports of this machine that `self` opens: SSH, Telnet and VNC. */
export const selfPorts: readonly number[] = [22, 23, 5900];

const privateNetworks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"].map(network);
const loopbackNetworks = ["127.0.0.0/8", "::1/128"].map(network);

const forbidden: readonly { readonly what: string; readonly networks: readonly IpNetwork[] }[] = [
  { what: "unspecified", networks: ["0.0.0.0/8", "::/128"].map(network) },
  { what: "link-local", networks: ["169.254.0.0/16", "fe80::/10"].map(network) },
  { what: "multicast", networks: ["224.0.0.0/4", "ff00::/8"].map(network) },
  { what: "broadcast", networks: ["255.255.255.255/32"].map(network) },
  // RFC 8215 leaves it to the site how long the prefix is, and with it where the IPv4 address stands.
  { what: "a translated one in which no IPv4 address can be told", networks: ["64:ff9b:1::/48"].map(network) },
  // Where cloud providers hand out credentials to whoever asks from the machine, beside 169.254.169.254.
  {
    what: "a metadata service",
    networks: [
      ...["fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:42::42"],
      ...["100.100.100.200", "168.63.129.16", "192.0.0.192"],
    ].map(network),
  },
];

/** Judges an address that is resolved already: the very one that will be dialled. */
export function judgeTarget(target: TcpTarget, facts: PolicyFacts): Verdict {
  const literal = parseIpAddress(target.address);
  if (literal === undefined) return refused("not an IP address");
  const address = withoutEmbedding(literal);
  const never = forbiddenKind(address, facts.interfaces);
  if (never !== undefined) return refused(`the address is ${never}, which is never allowed`);
  const isOwn = isOwnAddress(address, facts.interfaces);
  if (isOwn && facts.ownPorts.includes(target.port)) {
    return refused("Postern itself listens on that port, which is never allowed");
  }
  const foreign = { address, port: target.port, isTranslated: isTranslated(literal) };
  const isAllowed = facts.allow.some((entry) =>
    isOwn ? allowsOwn(entry, address, target.port) : allowsForeign(entry, foreign, facts.interfaces),
  );
  if (isAllowed) return { isAllowed: true };
  return refused(
    isOwn ? "no entry of tunnels.allow names this port of the gateway itself" : "no entry of tunnels.allow names it",
  );
}

/** Whether the address (without embedding) is loopback or one of this machine's own. */
export function isOwnAddress(address: IpAddress, interfaces: readonly NetworkInterface[]): boolean {
  if (loopbackNetworks.some((loopback) => isWithin(address, loopback))) return true;
  return interfaces.some((each) =>
    attachedNetworks([each]).some(
      // The system keeps the whole of a network on the loopback interface to itself, as it does 127.0.0.0/8.
      (attached) =>
        isSameAddress(withoutEmbedding(attached.base), address) || (each.isLoopback && isWithin(address, attached)),
    ),
  );
}

function forbiddenKind(address: IpAddress, interfaces: readonly NetworkInterface[]): string | undefined {
  const known = forbidden.find(({ networks }) => networks.some((each) => isWithin(address, each)));
  if (known !== undefined) return known.what;
  // The last address of an attached IPv4 network reaches all of it; /31 and /32 have none (RFC 3021).
  const isDirectedBroadcast = attachedNetworks(interfaces).some(
    (attached) =>
      attached.base.family === 4 && attached.prefixLength < 31 && isSameAddress(networkTop(attached), address),
  );
  return isDirectedBroadcast ? "the broadcast address of an attached network" : undefined;
}

/** The gateway itself is only reached by `self` and by entries that name that one address or lie within loopback. */
function allowsOwn(entry: AllowEntry, address: IpAddress, port: number): boolean {
  switch (entry.kind) {
    case "private":
      return false;
    case "self":
      return selfPorts.includes(port);
    case "network": {
      const named = entry.network;
      const isExact = named.prefixLength === widthOf(named.base.family);
      const isLoopback = loopbackNetworks.some(
        (loopback) => isWithin(named.base, loopback) && named.prefixLength >= loopback.prefixLength,
      );
      return (isExact || isLoopback) && matches(entry, address, port);
    }
    default:
      return entry satisfies never;
  }
}

interface ForeignTarget {
  readonly address: IpAddress;
  readonly port: number;
  /** Whether a translator or relay stands before the address: then the way to it is not the attached network's. */
  readonly isTranslated: boolean;
}

function allowsForeign(
  entry: AllowEntry,
  { address, port, isTranslated }: ForeignTarget,
  interfaces: readonly NetworkInterface[],
): boolean {
  switch (entry.kind) {
    case "private":
      return !isTranslated && isPrivateNeighbour(address, interfaces);
    case "self":
      return false;
    case "network":
      return matches(entry, address, port);
    default:
      return entry satisfies never;
  }
}

function matches(entry: Extract<AllowEntry, { kind: "network" }>, address: IpAddress, port: number): boolean {
  if (!isWithin(address, entry.network)) return false;
  return entry.ports === undefined || (port >= entry.ports.low && port <= entry.ports.high);
}

function isPrivateNeighbour(address: IpAddress, interfaces: readonly NetworkInterface[]): boolean {
  if (!privateNetworks.some((each) => isWithin(address, each))) return false;
  const attached = interfaces.filter((each) =>
    attachedNetworks([each]).some(
      (network) => network.prefixLength < widthOf(network.base.family) && isWithin(address, network),
    ),
  );
  // Where two interfaces claim the network, the one towards the default route may be the one taken.
  return attached.length > 0 && attached.every((each) => !each.hasDefaultRoute && !each.isLoopback);
}

function attachedNetworks(interfaces: readonly NetworkInterface[]): readonly IpNetwork[] {
  return interfaces.flatMap(({ addresses }) =>
    addresses.flatMap(({ address, prefixLength }) => {
      const base = parseIpAddress(address);
      return base === undefined ? [] : [{ base, prefixLength }];
    }),
  );
}

function refused(why: string): Verdict {
  return { isAllowed: false, why };
}
