// Resolves the target of a tunnel once and judges the very address that will be dialled.
import type { Hardware } from "#hardware/ports.ts";
import type { CloseReason } from "#protocol/close-reason.ts";
import type { ConnectRequest } from "#protocol/remote-access.ts";
import type { CloudAddress, TunnelSettings } from "../config/gateway-config.ts";
import { readConsoleHost } from "../serial-console/console-host.ts";
import { parseIpAddress, withoutEmbedding } from "./ip-address.ts";
import type { PanelTarget } from "./panel-target.ts";
import { isOwnAddress, judgeTarget } from "./policy.ts";

export type TargetOutcome =
  | { readonly kind: "allowed"; readonly target: PanelTarget }
  /** `detail` is one clause for people. */
  | { readonly kind: "refused"; readonly reason: CloseReason; readonly detail: string };

export interface TargetCheckDeps {
  readonly hardware: Pick<Hardware, "network">;
  readonly cloud: CloudAddress;
  readonly settings: TunnelSettings;
  /** Beside those of the network port: TCP ports of this machine on which the gateway listens by other means. */
  readonly ownPorts?: readonly number[];
  /** Which serial consoles are configured; none if left out. */
  readonly consoles?: { has(name: string): boolean };
}

/** A serial console is known by its name alone. Of several addresses of a host the first that is allowed is taken. */
export async function checkTarget(
  deps: TargetCheckDeps,
  { hostname, port }: ConnectRequest,
  signal: AbortSignal,
): Promise<TargetOutcome> {
  const console = readConsoleHost(hostname);
  if (console.kind === "refused") return { kind: "refused", reason: "policy.refused", detail: console.why };
  if (console.kind === "other") return checkHost(deps, { hostname, port }, signal);
  if (deps.consoles?.has(console.name) === true) return { kind: "allowed", target: { console: console.name, port } };
  const detail = `no serial console is named ${console.name}`;
  return { kind: "refused", reason: "policy.refused", detail };
}

async function checkHost(
  { hardware, cloud, settings, ownPorts: others = [] }: TargetCheckDeps,
  { hostname, port }: Pick<ConnectRequest, "hostname" | "port">,
  signal: AbortSignal,
): Promise<TargetOutcome> {
  const { network } = hardware;
  const options = { timeoutMs: settings.dialTimeoutMs, signal };
  const name = hostname.replace(/^\[(.*)\]$/, "$1");
  const [resolved, interfaces, ...clouds] = await Promise.all([
    network.resolve(name, options),
    network.interfaces(),
    network.resolve(cloud.host, options),
    network.resolve(cloud.mqttHost, options),
  ]);
  if (!resolved.ok) return { kind: "refused", reason: "panel.name-unknown", detail: resolved.detail };
  // A name that does not resolve now may be this machine's all the same.
  const isCloudHere = clouds.some((each) => !each.ok || each.addresses.some((address) => isOwn(address, interfaces)));
  const ownPorts = [...network.listeningPorts(), ...others, ...(isCloudHere ? [cloud.httpsPort, cloud.mqttPort] : [])];
  let why = "the name has no address";
  for (const address of resolved.addresses) {
    const verdict = judgeTarget({ address, port }, { allow: settings.allow, interfaces, ownPorts });
    if (verdict.isAllowed) return { kind: "allowed", target: { address, port } };
    why = verdict.why;
  }
  return { kind: "refused", reason: "policy.refused", detail: why };
}

function isOwn(address: string, interfaces: Parameters<typeof isOwnAddress>[1]): boolean {
  const parsed = parseIpAddress(address);
  return parsed !== undefined && isOwnAddress(withoutEmbedding(parsed), interfaces);
}
