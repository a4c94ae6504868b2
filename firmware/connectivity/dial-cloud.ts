// Opens a TLS connection to the cloud: resolves its name and tries its addresses in turn, within one limit.
import type { Clock, Connection, DialFailure, Network, WaitOptions } from "#hardware/ports.ts";

export interface CloudPort {
  /** Name or IP literal; also what the certificate must bear. */
  readonly host: string;
  readonly port: number;
  readonly authorities: readonly string[];
}

export type CloudDialOutcome =
  | { readonly ok: true; readonly connection: Connection }
  | { readonly ok: false; readonly reason: DialFailure | "name-unknown"; readonly detail: string };

/** Addresses of one name that are tried. */
const addressesMax = 4;

/** Never rejects for a network reason. */
export async function dialCloud(
  { clock, network }: { readonly clock: Clock; readonly network: Network },
  { host, port, authorities }: CloudPort,
  options: WaitOptions,
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
    const target = { address, port, serverName: host, extraAuthorities: authorities };
    const outcome = await network.dialTls(target, share(index === addresses.length - 1));
    if (outcome.ok || outcome.reason === "aborted") return outcome;
    failure = outcome;
  }
  return failure;
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
