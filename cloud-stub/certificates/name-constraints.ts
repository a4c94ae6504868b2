// The extension that keeps our authority to our own names: what trusts `ca.pem` trusts it for nothing else (RFC 5280, 4.2.1.10).
import { isIP } from "node:net";
import forge from "node-forge";

const { asn1 } = forge;
/** Missing in the package's types. */
const { bytesFromIP } = forge.util as unknown as { bytesFromIP(address: string): string | null };
const nameConstraintsOid = "2.5.29.30";

/** Tags of GeneralName in RFC 5280. */
const dnsNameTag = 2;
const ipAddressTag = 7;

/**
 * Permits exactly the given names (a DNS name includes its sub-domains) and IP literals. A kind without any entry
 * would be unrestricted, so it gets one that matches nothing real: the reserved domain `invalid`, the address 0.0.0.0.
 */
export function nameConstraints(names: readonly string[]): { id: string; critical: true; value: string } {
  const addresses = names.filter((name) => isIP(name) !== 0);
  const domains = names.filter((name) => isIP(name) === 0);
  const subtrees = [
    ...(domains.length > 0 ? domains : ["invalid"]).map((name) => subtree(dnsNameTag, name)),
    ...(addresses.length > 0 ? addresses : ["0.0.0.0"]).map((address) =>
      subtree(ipAddressTag, addressAndMask(address)),
    ),
  ];
  const { CONTEXT_SPECIFIC, UNIVERSAL } = asn1.Class;
  const permitted = asn1.create(CONTEXT_SPECIFIC, 0, true, subtrees);
  const constraints = asn1.create(UNIVERSAL, asn1.Type.SEQUENCE, true, [permitted]);
  return { id: nameConstraintsOid, critical: true, value: asn1.toDer(constraints).getBytes() };
}

/** GeneralSubtree with its base alone; minimum 0 is the default and is left out. */
function subtree(tag: number, base: string): forge.asn1.Asn1 {
  const name = asn1.create(asn1.Class.CONTEXT_SPECIFIC, tag, false, base);
  return asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, [name]);
}

/** The address and a mask of all ones, as bytes: 8 for IPv4, 32 for IPv6. */
function addressAndMask(address: string): string {
  const bytes = bytesFromIP(address);
  if (bytes === null) throw new RangeError(`${address} is not an IP address`);
  return bytes + "\xff".repeat(bytes.length);
}
