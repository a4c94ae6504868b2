// Opens a TLS connection to the cloud, directly or through an HTTP proxy, trying all addresses within one limit.
import type {
  CipherPreference,
  ClientCertificate,
  Clock,
  Connection,
  DialFailure,
  DialOutcome,
  Network,
  TlsSession,
  WaitOptions,
} from "#hardware/ports.ts";
import type { ProxySettings } from "../config/gateway-config.ts";
import { askProxy, type ProxyFailure } from "./http-connect.ts";
import { isClockWrong, type TimeFloor } from "./time-floor.ts";

export interface CloudPort {
  /** Name or IP literal; also what the certificate must bear. */
  readonly host: string;
  readonly port: number;
  readonly authorities: readonly string[];
  /** Shown where the cloud asks for one. */
  readonly clientCertificate?: ClientCertificate;
  readonly cipherPreference?: CipherPreference;
  /** Leave through this uplink; the system's choice where absent. */
  readonly uplink?: string;
  readonly proxy?: ProxySettings;
  /** The newest time that is known to have been: by it a wrong clock is told from a wrong certificate. */
  readonly timeFloor?: TimeFloor;
}

export type CloudDialFailure =
  | DialFailure
  | "name-unknown"
  | ProxyFailure
  /** The certificate is not valid yet, and by this clock it is earlier than it can be. */
  | "clock.wrong";

export type CloudDialOutcome =
  | { readonly ok: true; readonly connection: Connection }
  | { readonly ok: false; readonly reason: CloudDialFailure; readonly detail: string };

export interface DialPorts {
  readonly clock: Clock;
  readonly network: Network;
}

/** Addresses of one name that are tried. */
const addressesMax = 4;

/** Never rejects for a network reason. */
export async function dialCloud(ports: DialPorts, cloud: CloudPort, options: WaitOptions): Promise<CloudDialOutcome> {
  const outcome = await (cloud.proxy === undefined
    ? dialDirectly(ports, cloud, options)
    : dialThroughProxy(ports, cloud, cloud.proxy, options));
  if (outcome.ok || outcome.reason !== "tls.not-yet-valid") return outcome;
  if (!isClockWrong(ports.clock.nowMs(), cloud.timeFloor)) return outcome;
  return { ok: false, reason: "clock.wrong", detail: `${outcome.detail}; by this machine's clock it is earlier` };
}

async function dialDirectly(ports: DialPorts, cloud: CloudPort, options: WaitOptions): Promise<CloudDialOutcome> {
  return await dialAddresses(ports, cloud, options, (address, wait) =>
    ports.network.dialTls({ address, port: cloud.port, ...uplinkOf(cloud), ...sessionOf(cloud) }, wait),
  );
}

async function dialThroughProxy(
  ports: DialPorts,
  cloud: CloudPort,
  proxy: ProxySettings,
  options: WaitOptions,
): Promise<CloudDialOutcome> {
  const deadlineMs = ports.clock.monotonicMs() + options.timeoutMs;
  const left = (): WaitOptions => ({ ...options, timeoutMs: Math.max(1, deadlineMs - ports.clock.monotonicMs()) });
  const reached = await dialAddresses(ports, proxy, left(), (address, wait) => {
    const target = { address, port: proxy.port, ...uplinkOf(cloud) };
    if (!proxy.isTls) return ports.network.dial(target, wait);
    const session = { serverName: proxy.host, extraAuthorities: cloud.authorities };
    return ports.network.dialTls({ ...target, ...session }, wait);
  });
  if (!reached.ok) return aboutProxy(reached);
  const asked = await askProxy(ports.clock, reached.connection, { proxy, host: cloud.host, port: cloud.port }, left());
  if (!asked.ok) return asked;
  return await ports.network.startTls(asked.connection, sessionOf(cloud), left());
}

/** TLS with the proxy keeps its own words; whatever else keeps us from it is one fact for people: it is not to be reached. */
function aboutProxy(outcome: Extract<CloudDialOutcome, { ok: false }>): CloudDialOutcome {
  const detail = `the proxy: ${outcome.detail}`;
  const isOwnFact = outcome.reason === "aborted" || outcome.reason.startsWith("tls.");
  return { ok: false, reason: isOwnFact ? outcome.reason : "proxy.unreachable", detail };
}

/** Each address of a name in turn until one of them works. */
async function dialAddresses(
  { clock, network }: DialPorts,
  { host }: { readonly host: string },
  options: WaitOptions,
  dial: (address: string, options: WaitOptions) => Promise<DialOutcome>,
): Promise<CloudDialOutcome> {
  const deadlineMs = clock.monotonicMs() + options.timeoutMs;
  // A dark address (IPv6 without a way out, say) must not take all of the time: the next ones get half of what is left.
  const share = (isLast: boolean): WaitOptions => {
    return { ...options, timeoutMs: Math.max(1, (deadlineMs - clock.monotonicMs()) / (isLast ? 1 : 2)) };
  };
  const resolved = await network.resolve(host, options);
  if (!resolved.ok) return resolved;
  let failure: CloudDialOutcome = { ok: false, reason: "name-unknown", detail: `${host} has no address` };
  const addresses = alternating(resolved.addresses).slice(0, addressesMax);
  for (const [index, address] of addresses.entries()) {
    const outcome = await dial(address, share(index === addresses.length - 1));
    if (outcome.ok || outcome.reason === "aborted") return outcome;
    failure = outcome;
  }
  return failure;
}

function sessionOf({ host, authorities, clientCertificate, cipherPreference }: CloudPort): TlsSession {
  return {
    serverName: host,
    extraAuthorities: authorities,
    ...(clientCertificate === undefined ? {} : { clientCertificate }),
    ...(cipherPreference === undefined ? {} : { cipherPreference }),
  };
}

function uplinkOf({ uplink }: CloudPort): { readonly uplink?: string } {
  return uplink === undefined ? {} : { uplink };
}

/** In the resolver's order, but one address of each family after the other, so that both get a try. */
function alternating(addresses: readonly string[]): readonly string[] {
  const isIpv6First = addresses[0]?.includes(":");
  const first = addresses.filter((address) => address.includes(":") === isIpv6First);
  const second = addresses.filter((address) => address.includes(":") !== isIpv6First);
  return Array.from({ length: addresses.length }, (_, index) => [first[index], second[index]])
    .flat()
    .filter((address) => address !== undefined);
}
