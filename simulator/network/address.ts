// IP addresses as text: canonical spelling, the odd spellings that a resolver takes, and which network one belongs to.

/** An address as bytes: 4 or 16 of them. */
export type AddressBytes = readonly number[];

/**
 * What the C library's resolver makes of a literal: decimal, octal and hexadecimal parts, one to four of them, and
 * letters and digits of other widths and in circles. Undefined for something that is a name.
 */
export function normaliseLiteral(text: string): string | undefined {
  // IDNA reads the ideographic full stop as a dot.
  const plain = text.normalize("NFKC").replaceAll("\u3002", ".").toLowerCase();
  const bytes = parseLooseIpv4(plain) ?? parseIpv6(plain.replace(/^\[(.*)\]$/, "$1"));
  return bytes === undefined ? undefined : formatAddress(bytes);
}

/** The bytes of a literal in canonical or usual spelling; undefined for anything else. */
export function parseAddress(text: string): AddressBytes | undefined {
  return parseIpv4(text) ?? parseIpv6(text);
}

/** IPv6 as RFC 5952 says; an IPv4-mapped address ends in dotted form. */
export function formatAddress(bytes: AddressBytes): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups: number[] = [];
  for (let at = 0; at < 16; at += 2) groups.push(((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0));
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped) return `::ffff:${bytes.slice(12).join(".")}`;
  const gap = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  if (gap.length < 2) return hex.join(":");
  return `${hex.slice(0, gap.start).join(":")}::${hex.slice(gap.start + gap.length).join(":")}`;
}

/** Whether `address` is in the network that `network` with `prefixLength` names. */
export function isInNetwork(address: AddressBytes, network: AddressBytes, prefixLength: number): boolean {
  if (address.length !== network.length) return false;
  for (let bit = 0; bit < prefixLength; bit += 1) {
    const mask = 0x80 >> (bit % 8);
    const at = bit >> 3;
    if (((address[at] ?? 0) & mask) !== ((network[at] ?? 0) & mask)) return false;
  }
  return true;
}

export function isLoopback(address: AddressBytes): boolean {
  return address.length === 4 ? address[0] === 127 : formatAddress(address) === "::1";
}

function parseIpv4(text: string): AddressBytes | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined;
  const bytes = text.split(".").map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

function parseLooseIpv4(text: string): AddressBytes | undefined {
  const parts = text.split(".");
  if (parts.length > 4) return undefined;
  const numbers = parts.map(parseLooseNumber);
  const last = numbers.at(-1);
  if (last === undefined || numbers.some((number) => number === undefined)) return undefined;
  const leading = numbers.slice(0, -1) as number[];
  const tailBytes = 4 - leading.length;
  if (leading.some((number) => number > 255) || last >= 256 ** tailBytes) return undefined;
  const tail: number[] = [];
  for (let shift = tailBytes - 1; shift >= 0; shift -= 1) tail.push(Math.floor(last / 256 ** shift) % 256);
  return [...leading, ...tail];
}

function parseLooseNumber(text: string): number | undefined {
  if (/^0x[0-9a-f]{1,8}$/.test(text)) return Number.parseInt(text.slice(2), 16);
  if (/^0[0-7]{0,12}$/.test(text)) return Number.parseInt(text, 8);
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
  return undefined;
}

function parseIpv6(text: string): AddressBytes | undefined {
  const zoneless = text.replace(/%.*$/, "");
  if (!/^[0-9a-f:.]+$/i.test(zoneless) || !zoneless.includes(":")) return undefined;
  const halves = zoneless.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(parseGroups);
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  if (halves.length === 1) return head.length === 16 ? head : undefined;
  const after = tail ?? [];
  const missing = 16 - head.length - after.length;
  if (missing < 2) return undefined;
  return [...head, ...new Array<number>(missing).fill(0), ...after];
}

function parseGroups(text: string): number[] | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [at, group] of groups.entries()) {
    if (group.includes(".")) {
      const dotted = at === groups.length - 1 ? parseIpv4(group) : undefined;
      if (dotted === undefined) return undefined;
      bytes.push(...dotted);
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(group)) return undefined;
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    }
  }
  return bytes;
}

function longestZeroRun(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start += 1) {
    let length = 0;
    while (groups[start + length] === 0) length += 1;
    if (length > best.length) best = { start, length };
  }
  return best;
}
