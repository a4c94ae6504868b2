// A host's network port in a run on real sockets: the site's own names and addresses, each way of them through a relay.
import { isIP } from "node:net";
import { openLinuxNetwork } from "#hardware/linux/network.ts";
import type {
  Connection,
  DialOutcome,
  Network,
  NetworkInterface,
  ResolveOutcome,
  TcpTarget,
  WaitOptions,
} from "#hardware/ports.ts";
import { isInNetwork, parseAddress } from "../network/address.ts";
import type { RealClock } from "./real-clock.ts";
import type { RelayNetwork } from "./relay-network.ts";
import { loopback } from "./relay-port.ts";

/** How long a system asks a LAN for an address that nobody has. */
const unreachableMs = 3000;

interface Way {
  /** Port of loopback on which the relay takes connections for it. */
  readonly port: number;
}

export interface HostPlan {
  readonly name: string;
  readonly interfaces: readonly NetworkInterface[];
}

/** The address plan of a run: who has which address, and by which relay each way goes. */
export class AddressPlan {
  readonly #names = new Map<string, readonly string[]>();
  readonly #hosts = new Map<string, HostPlan>();
  /** "gateway 192.168.10.11 5900" and where it really goes. */
  readonly #ways = new Map<string, Way>();

  addHost(host: HostPlan): void {
    this.#hosts.set(host.name, host);
  }

  addName(name: string, addresses: readonly string[]): void {
    this.#names.set(name, addresses);
  }

  addressesOf(name: string): readonly string[] | undefined {
    return this.#names.get(name.toLowerCase().replace(/\.$/, ""));
  }

  addWay(from: string, target: TcpTarget, way: Way): void {
    this.#ways.set(keyOf(from, target), way);
  }

  way(from: string, target: TcpTarget): Way | undefined {
    return this.#ways.get(keyOf(from, target));
  }

  host(name: string): HostPlan {
    const host = this.#hosts.get(name);
    if (host === undefined) throw new Error(`must hold: ${name} is in the plan`);
    return host;
  }

  /** Whether a host of the run has the address. */
  isKnown(address: string): boolean {
    return [...this.#hosts.values()].some(({ interfaces }) =>
      interfaces.some(({ addresses }) => addresses.some((own) => own.address === address)),
    );
  }
}

function keyOf(from: string, { address, port }: TcpTarget): string {
  return `${from} ${address} ${port}`;
}

export interface MappedNetworkOptions {
  readonly host: string;
  readonly plan: AddressPlan;
  readonly relays: RelayNetwork;
  readonly clock: RealClock;
  /** A port of this host listens really on `port` of loopback. */
  readonly listens?: (address: TcpTarget, port: number) => Promise<void>;
}

/** Dials leave through relays; nothing of the run ever leaves this machine, names included. */
export function mappedNetwork(options: MappedNetworkOptions): Network {
  const { host, plan } = options;
  const base = openLinuxNetwork();
  const listening: number[] = [];
  const dialBy =
    <Target extends TcpTarget>(dial: (target: Target, wait: WaitOptions) => Promise<DialOutcome>) =>
    async (target: Target, wait: WaitOptions): Promise<DialOutcome> => {
      const { uplink, ...rest } = target;
      if (uplink !== undefined && !hasUplink(plan.host(host), uplink)) {
        const detail = `${target.address}:${target.port}: the uplink ${uplink} is not up`;
        return { ok: false, reason: "unreachable", detail };
      }
      const way = plan.way(host, target);
      if (way === undefined) return await noWay(options, target, wait);
      // Its relays take it from here, whichever uplink it would have left through.
      const outcome = await dial({ ...(rest as Target), address: loopback, port: way.port }, wait);
      return inPlan(outcome, target, `${loopback}:${way.port}`);
    };
  return {
    resolve: (name, wait) => resolve(options, base, name, wait),
    dial: dialBy(base.dial),
    dialTls: dialBy(base.dialTls),
    startTls: async (connection, session, wait) => {
      const { remoteAddress: address, remotePort: port } = connection;
      const outcome = await base.startTls(connection, session, wait);
      return inPlan(outcome, { address, port }, `${address}:${port}`);
    },
    listen: async ({ address, port }, accept) => {
      const outcome = await base.listen({ address: loopback, port: 0 }, accept);
      if (!outcome.ok) return outcome;
      const { listener } = outcome;
      const own = port === 0 ? listener.port : port;
      await options.listens?.({ address, port: own }, listener.port);
      listening.push(own);
      return { ok: true, listener: { address, port: own, close: () => listener.close() } };
    },
    interfaces: async () => plan.host(host).interfaces,
    listeningPorts: () => listening.toSorted((one, other) => one - other),
  };
}

function hasUplink({ interfaces }: HostPlan, name: string): boolean {
  return interfaces.some((each) => each.name === name && each.hasDefaultRoute);
}

async function resolve(
  { host, plan, relays, clock }: MappedNetworkOptions,
  base: Network,
  name: string,
  wait: WaitOptions,
): Promise<ResolveOutcome> {
  // A literal in any spelling is normalised by the system, which asks nobody for it.
  if (isIP(name) !== 0 || /^[0-9.]+$|^0x/i.test(name)) return await base.resolve(name, wait);
  const addresses = plan.addressesOf(name);
  const unknown: ResolveOutcome = { ok: false, reason: "name-unknown", detail: `${name}: ENOTFOUND` };
  const told: { outcome: ResolveOutcome | undefined } = {
    outcome: addresses === undefined ? unknown : { ok: true, addresses },
  };
  relays.isResolved({
    from: host,
    name,
    addresses,
    answer: (given) => {
      told.outcome = { ok: true, addresses: given };
    },
    unknown: () => {
      told.outcome = unknown;
    },
    silence: () => {
      told.outcome = undefined;
    },
  });
  if (told.outcome !== undefined) return told.outcome;
  const end = await pass(clock, wait, wait.timeoutMs);
  return { ok: false, reason: end, detail: `name "${name}": no answer` };
}

/** What comes of dialling what no relay leads to. */
async function noWay(
  { host, plan, clock }: MappedNetworkOptions,
  { address, port }: TcpTarget,
  wait: WaitOptions,
): Promise<DialOutcome> {
  const what = `${address}:${port}`;
  const { interfaces } = plan.host(host);
  const isAttached = (own: string, prefixLength: number): boolean =>
    isInNetwork(parseAddress(address) ?? [], parseAddress(own) ?? [], prefixLength);
  const isNear = interfaces.some(({ addresses }) => addresses.some((own) => isAttached(own.address, own.prefixLength)));
  const isHere = address.startsWith("127.") || address === "::1";
  if (isHere || (plan.isKnown(address) && (isNear || !isPrivate(address)))) {
    return { ok: false, reason: "refused", detail: `${what}: connect ECONNREFUSED` };
  }
  const end = await pass(clock, wait, isNear ? Math.min(unreachableMs, wait.timeoutMs) : wait.timeoutMs);
  if (end === "timeout" && isNear && wait.timeoutMs > unreachableMs) {
    return { ok: false, reason: "unreachable", detail: `${what}: connect EHOSTUNREACH` };
  }
  return { ok: false, reason: end, detail: `${what}: no answer in ${wait.timeoutMs} ms` };
}

function isPrivate(address: string): boolean {
  return address.startsWith("192.168.") || address.startsWith("10.");
}

function pass(clock: RealClock, { signal }: WaitOptions, ms: number): Promise<"timeout" | "aborted"> {
  if (signal?.aborted === true) return Promise.resolve("aborted");
  return new Promise((done) => {
    const stop = (): void => {
      clock.clearTimeout(timer);
      done("aborted");
    };
    const timer = clock.setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      done("timeout");
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** The outcome in the site's own addresses. */
function inPlan(outcome: DialOutcome, { address, port }: TcpTarget, real: string): DialOutcome {
  if (!outcome.ok) return { ...outcome, detail: outcome.detail.replaceAll(real, `${address}:${port}`) };
  const connection: Connection = { ...outcome.connection, remoteAddress: address, remotePort: port };
  return { ok: true, connection };
}
