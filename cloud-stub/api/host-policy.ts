// Which Host and Origin a request may bear: our own names only, so that no foreign page or rebound name reaches us.

export interface HostHeaders {
  readonly host?: string | undefined;
  readonly origin?: string | string[] | undefined;
}

export type HostJudgement = "own" | "foreign-host" | "foreign-origin";

export interface HostPolicy {
  /** An absent Origin is fine (programs send none); one that is there must be that of the page we serve at this Host. */
  judge(headers: HostHeaders, isEncrypted: boolean): HostJudgement;
  /** Whether there is an Origin, and it is our own. */
  hasOwnOrigin(headers: HostHeaders, isEncrypted: boolean): boolean;
}

/** `allowedHosts`: names and IP literals (IPv6 without brackets) without a port; any port is accepted. */
export function createHostPolicy(allowedHosts: readonly string[]): HostPolicy {
  const allowed = new Set(allowedHosts.map((name) => name.toLowerCase()));

  function judge(headers: HostHeaders, isEncrypted: boolean): HostJudgement {
    const host = parseHost(headers.host, isEncrypted);
    if (host === undefined || !allowed.has(host.name)) return "foreign-host";
    if (headers.origin === undefined) return "own";
    const origin = parseOrigin(headers.origin);
    const isOwn = origin !== undefined && origin.name === host.name && origin.port === host.port;
    return isOwn && origin.isEncrypted === isEncrypted ? "own" : "foreign-origin";
  }

  return {
    judge,
    hasOwnOrigin: (headers, isEncrypted) => headers.origin !== undefined && judge(headers, isEncrypted) === "own",
  };
}

/** Port in a Host header, or the scheme's own; undefined for a malformed header. */
export function portOfHost(host: string | undefined, isEncrypted: boolean): number | undefined {
  return parseHost(host, isEncrypted)?.port;
}

function parseHost(host: string | undefined, isEncrypted: boolean): { name: string; port: number } | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::([0-9]{1,5}))?$/i.exec(host ?? "");
  const name = match?.[1] ?? match?.[2];
  if (match === null || name === undefined) return undefined;
  return { name: name.toLowerCase(), port: Number(match[3] ?? (isEncrypted ? 443 : 80)) };
}

function parseOrigin(origin: string | string[]): { name: string; port: number; isEncrypted: boolean } | undefined {
  if (typeof origin !== "string") return undefined;
  const match = /^(https?):\/\/([^/?#@\s]+)$/i.exec(origin);
  if (match === null) return undefined;
  const isEncrypted = match[1]?.toLowerCase() === "https";
  const host = parseHost(match[2], isEncrypted);
  return host === undefined ? undefined : { ...host, isEncrypted };
}
