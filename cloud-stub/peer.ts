// Who is at the other end of a connection, as the listener saw it.

export interface Peer {
  readonly address: string;
  readonly port: number;
  /** Port on which we accepted. */
  readonly localPort: number;
  /** Whether TLS ran under the stream. */
  readonly isEncrypted: boolean;
  /** PEM, the device's own first, as it showed it in TLS: it has the key, and nobody has judged the chain. */
  readonly clientCertificateChain?: string | undefined;
}

/**
 * Whom limits per address count: an IPv4 address itself, of an IPv6 address its network, since whoever has one address of
 * a /64 has all of them.
 */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(":")) return address;
  const [before = "", after] = (address.split("%", 1)[0] ?? "").toLowerCase().split("::");
  const groupsOf = (part: string) => (part === "" ? [] : part.split(":"));
  const head = groupsOf(before);
  const tail = groupsOf(after ?? "");
  // Four bytes written as an IPv4 address at the end are two groups.
  const length = head.length + tail.length + (address.includes(".") ? 1 : 0);
  const zeros = after === undefined ? [] : Array<string>(Math.max(0, 8 - length)).fill("0");
  const groups = [...head, ...zeros, ...tail].slice(0, 4).map((group) => group.replace(/^0+(?=.)/, ""));
  return `${groups.join(":")}::/64`;
}
