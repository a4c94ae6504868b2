// IP addresses as numbers, so that one address has one form however it is spelt, and networks can be compared.

export interface IpAddress {
  readonly family: 4 | 6;
  /** 32 or 128 bits. */
  readonly value: bigint;
}

export interface IpNetwork {
  readonly base: IpAddress;
  /** 0 to 32 or 128. */
  readonly prefixLength: number;
}

/**
 * Reads a literal in its standard form: four decimal numbers, or IPv6 as RFC 4291 section 2.2 writes it. Other spellings
 * of IPv4 (`127.1`, hexadecimal, octal) are names to be resolved, so they give undefined. A zone (`%eth0`) is dropped.
 */
export function parseIpAddress(text: string): IpAddress | undefined {
  const literal = text.replace(/%.*$/s, "");
  return literal.includes(":") ? parseIpv6(literal) : parseIpv4(literal);
}

/** Whether the address lies in the network; addresses of the other family never do. */
export function isWithin(address: IpAddress, network: IpNetwork): boolean {
  if (address.family !== network.base.family) return false;
  const shift = BigInt(widthOf(address.family) - network.prefixLength);
  return address.value >> shift === network.base.value >> shift;
}

export function isSameAddress(a: IpAddress, b: IpAddress): boolean {
  return a.family === b.family && a.value === b.value;
}

/** The lowest address of the network. */
export function networkBase({ base, prefixLength }: IpNetwork): IpAddress {
  const shift = BigInt(widthOf(base.family) - prefixLength);
  return { family: base.family, value: (base.value >> shift) << shift };
}

/** The highest address of the network: of IPv4, the one that broadcasts to it. */
export function networkTop({ base, prefixLength }: IpNetwork): IpAddress {
  const hostBits = BigInt(widthOf(base.family) - prefixLength);
  return { family: base.family, value: base.value | ((1n << hostBits) - 1n) };
}

export function widthOf(family: 4 | 6): 32 | 128 {
  return family === 4 ? 32 : 128;
}

/** A network from its standard form `base/prefix`; throws for anything else, so it is for literals of our own. */
export function network(text: string): IpNetwork {
  const [address = "", length] = text.split("/");
  const base = parseIpAddress(address);
  if (base === undefined) throw new Error(`not a network: ${text}`);
  return { base, prefixLength: length === undefined ? widthOf(base.family) : Number(length) };
}

const mapped = network("::ffff:0:0/96");

/** Where in an IPv6 address an IPv4 address is kept: bits to the right of it. */
const embeddings: readonly { readonly within: IpNetwork; readonly shift: bigint }[] = [
  // IPv4-mapped and the older IPv4-compatible form, RFC 4291 section 2.5.5.
  { within: mapped, shift: 0n },
  { within: network("::/96"), shift: 0n },
  // IPv4-translated, RFC 2765 section 2.1.
  { within: network("::ffff:0:0:0/96"), shift: 0n },
  // NAT64, RFC 6052 section 2.1, and its local-use prefix, RFC 8215, where it is 96 bits long.
  { within: network("64:ff9b::/96"), shift: 0n },
  { within: network("64:ff9b:1::/96"), shift: 0n },
  // 6to4, RFC 3056 section 2.
  { within: network("2002::/16"), shift: 80n },
];

/** An IPv6 address that carries an IPv4 address counts as that IPv4 address; `::` and `::1` are themselves. */
export function withoutEmbedding(address: IpAddress): IpAddress {
  if (address.family === 4 || address.value <= 1n) return address;
  const embedding = embeddings.find(({ within }) => isWithin(address, within));
  return embedding === undefined ? address : { family: 4, value: (address.value >> embedding.shift) & 0xffff_ffffn };
}

/** Whether the IPv4 address inside is reached over IPv6; only of the mapped form the system itself makes IPv4. */
export function isTranslated(address: IpAddress): boolean {
  return withoutEmbedding(address).family !== address.family && !isWithin(address, mapped);
}

function parseIpv4(text: string): IpAddress | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    // A leading zero would be octal for some readers and decimal for others.
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = (value << 8n) | BigInt(part);
  }
  return { family: 4, value };
}

function parseIpv6(text: string): IpAddress | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? "", halves.length === 1);
  const tail = halves.length === 1 ? [] : parseGroups(halves[1] ?? "", true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  // `::` stands for at least one group of zeros.
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array<number>(missing).fill(0), ...tail];
  return { family: 6, value: groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n) };
}

function parseGroups(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (part.includes(".")) {
      const inner = mayEndInIpv4 && index === parts.length - 1 ? parseIpv4(part) : undefined;
      if (inner === undefined) return undefined;
      groups.push(Number(inner.value >> 16n), Number(inner.value & 0xffffn));
    } else {
      if (!/^[0-9A-Fa-f]{1,4}$/.test(part)) return undefined;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}

/** A literal that `parseIpAddress` reads as this address; of IPv6 with all eight groups. */
export function writeIpAddress({ family, value }: IpAddress): string {
  const [groups, bits, radix, separator] = family === 4 ? ([4, 8n, 10, "."] as const) : ([8, 16n, 16, ":"] as const);
  const parts = Array.from({ length: groups }, (_, index) => {
    const shift = bits * BigInt(groups - 1 - index);
    return ((value >> shift) & ((1n << bits) - 1n)).toString(radix);
  });
  return parts.join(separator);
}
