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
  const remaining = (): WaitOptions => ({ ...options, timeoutMs: Math.max(1, deadlineMs - clock.monotonicMs()) });
  const resolved = await network.resolve(host, options);
  if (!resolved.ok) return resolved;
  let failure: CloudDialOutcome = { ok: false, reason: "name-unknown", detail: `${host} has no address` };
  for (const address of resolved.addresses.slice(0, addressesMax)) {
    const target = { address, port, serverName: host, extraAuthorities: authorities };
    const outcome = await network.dialTls(target, remaining());
    if (outcome.ok || outcome.reason === "aborted" || outcome.reason === "timeout") return outcome;
    failure = outcome;
  }
  return failure;
}
