// Walks to one of the cloud's ports step by step: name, proxy, TCP, TLS; and says at which step it ends.
import type { Connection, DialFailure, DialOutcome, Hardware, WaitOptions } from "#hardware/ports.ts";
import type { CloudPort } from "../connectivity/dial-cloud.ts";
import { askProxy } from "../connectivity/http-connect.ts";
import type { FindingCode, HopName } from "./findings.ts";

export type WayHop = Extract<HopName, "dns" | "proxy" | "tcp" | "tls">;
/** In this order; without a proxy its hop is passed. */
export const wayHops: readonly WayHop[] = ["dns", "proxy", "tcp", "tls"];

export type Way =
  | { readonly ok: true; readonly connection: Connection }
  | { readonly ok: false; readonly hop: WayHop; readonly code: FindingCode; readonly detail: string };

type Step<T> = { readonly ok: true; readonly value: T } | Extract<Way, { ok: false }>;

const stepLimitMs = 10_000;
const addressesMax = 4;
const wait: WaitOptions = { timeoutMs: stepLimitMs };

/** The connection is the caller's. Never rejects for a network reason. */
export async function reachPort(hardware: Pick<Hardware, "clock" | "network">, port: CloudPort): Promise<Way> {
  const addresses = await resolve(hardware, port);
  if (!addresses.ok) return addresses;
  const reached = await connect(hardware, port, addresses.value);
  if (!reached.ok) return reached;
  const through = await passProxy(hardware, port, reached.value);
  if (!through.ok) return through;
  return await secure(hardware, port, through.value);
}

async function resolve({ network }: Pick<Hardware, "network">, port: CloudPort): Promise<Step<readonly string[]>> {
  const { host } = port.proxy ?? port;
  const outcome = await network.resolve(host, wait);
  if (!outcome.ok) {
    if (port.proxy !== undefined) return failed("proxy", "proxy.name-unknown", outcome.detail);
    return failed("dns", outcome.reason === "timeout" ? "dns.no-answer" : "dns.name-unknown", outcome.detail);
  }
  const { addresses } = outcome;
  if (port.proxy === undefined && !isLocalName(host) && addresses.every(isOwnOrNone)) {
    const found = addresses.length === 0 ? "no address" : addresses.join(", ");
    return failed("dns", "dns.wrong-answer", `${host} is said to be at ${found}`);
  }
  return { ok: true, value: addresses.slice(0, addressesMax) };
}

/** A person who names the loopback means it. */
function isLocalName(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost") || /^(127\.|::1$)/.test(host);
}

function isOwnOrNone(address: string): boolean {
  return /^(127\.|0\.0\.0\.0$|::1?$)/.test(address);
}

async function connect(
  { network }: Pick<Hardware, "network">,
  port: CloudPort,
  addresses: readonly string[],
): Promise<Step<Connection>> {
  const { proxy } = port;
  const target = { port: proxy?.port ?? port.port, ...(port.uplink === undefined ? {} : { uplink: port.uplink }) };
  let failure: DialOutcome = { ok: false, reason: "unreachable", detail: "the name has no address" };
  for (const address of addresses) {
    const session = { serverName: proxy?.host ?? "", extraAuthorities: port.authorities };
    const dial = proxy?.isTls === true ? network.dialTls : network.dial;
    failure = await dial.call(network, { address, ...target, ...session }, wait);
    if (failure.ok) return { ok: true, value: failure.connection };
  }
  const { reason, detail } = failure;
  if (proxy === undefined) return failed("tcp", tcpCodes[reason] ?? "tcp.unreachable", detail);
  if (reason.startsWith("tls.")) return failed("proxy", "proxy.tls", detail);
  return failed("proxy", reason === "refused" ? "proxy.refused" : "proxy.unreachable", detail);
}

const tcpCodes: Partial<Record<DialFailure, FindingCode>> = {
  refused: "tcp.refused",
  timeout: "tcp.no-answer",
  reset: "tcp.reset",
  unreachable: "tcp.unreachable",
};

async function passProxy(
  { clock }: Pick<Hardware, "clock">,
  { proxy, host, port }: CloudPort,
  connection: Connection,
): Promise<Step<Connection>> {
  if (proxy === undefined) return { ok: true, value: connection };
  const asked = await askProxy(clock, connection, { proxy, host, port }, wait);
  if (asked.ok) return { ok: true, value: asked.connection };
  if (asked.reason === "proxy.login-refused") return failed("proxy", "proxy.login-refused", asked.detail);
  const isProxy = asked.detail.startsWith("HTTP ");
  return failed("proxy", isProxy ? "proxy.forbidden" : "proxy.not-a-proxy", asked.detail);
}

async function secure(
  { network }: Pick<Hardware, "network">,
  { host, authorities, clientCertificate }: CloudPort,
  connection: Connection,
): Promise<Way> {
  const shown = clientCertificate === undefined ? {} : { clientCertificate };
  const session = { serverName: host, extraAuthorities: authorities, ...shown };
  const outcome = await network.startTls(connection, session, wait);
  if (outcome.ok) return outcome;
  return failed("tls", tlsCodes[outcome.reason] ?? "tls.failed", outcome.detail);
}

const tlsCodes: Partial<Record<DialFailure, FindingCode>> = {
  "tls.unknown-authority": "tls.unknown-authority",
  "tls.wrong-name": "tls.wrong-name",
  "tls.expired": "tls.expired",
  "tls.not-yet-valid": "tls.not-yet-valid",
  timeout: "tls.no-answer",
};

function failed(hop: WayHop, code: FindingCode, detail: string): Extract<Way, { ok: false }> {
  return { ok: false, hop, code, detail };
}
