// What Node does not tell of a certificate: its common name as it really stands there, and what it may be used for.
import { X509Certificate } from "node:crypto";
import { unreadable } from "./certificate-error.ts";
import { contextTag, DerCursor, tags } from "./der.ts";

export const objectIds = {
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  country: "2.5.4.6",
  basicConstraints: "2.5.29.19",
  keyUsage: "2.5.29.15",
  extendedKeyUsage: "2.5.29.37",
  subjectKeyIdentifier: "2.5.29.14",
  subjectAltName: "2.5.29.17",
  certificatePolicies: "2.5.29.32",
  authorityKeyIdentifier: "2.5.29.35",
  clientAuth: "1.3.6.1.5.5.7.3.2",
  anyExtendedKeyUsage: "2.5.29.37.0",
} as const;

/** Extensions that may be critical: what they say is heeded, or limits nothing here. */
const understood: readonly string[] = [
  objectIds.basicConstraints,
  objectIds.keyUsage,
  objectIds.extendedKeyUsage,
  objectIds.subjectKeyIdentifier,
  objectIds.authorityKeyIdentifier,
  objectIds.subjectAltName,
  objectIds.certificatePolicies,
];

export interface CertificateFacts {
  /** 1 to 3. */
  readonly version: number;
  /** Each CN of the subject, in order; a proper device has exactly one. */
  readonly commonNames: readonly string[];
  readonly isAuthority: boolean;
  /** How many authorities may stand below this one; undefined for no limit. */
  readonly pathLength: number | undefined;
  /** Object ids; undefined if it says nothing, and then it is for everything. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  /** SubjectPublicKeyInfo in DER, as it stands there. */
  readonly publicKeyInfo: Buffer;
  /** Whether an extension that must be understood is none of those that are looked at here or by OpenSSL. */
  readonly isBeyondUs: boolean;
}

/** The bytes of a PEM block or of base64 alone; throws CertificateError. */
export function readPemOrBase64(text: string): Buffer {
  const trimmed = text.trim();
  const block =
    /^-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----([^-]*)-----END (?:X509 |TRUSTED )?CERTIFICATE-----$/.exec(trimmed);
  const body = (block?.[1] ?? trimmed).replaceAll(/\s+/g, "");
  if (body === "" || !/^[A-Za-z0-9+/]+={0,2}$/.test(body)) throw unreadable("it is not one certificate in PEM");
  return Buffer.from(body, "base64");
}

/** Throws CertificateError for anything but one certificate. */
export function parseCertificate(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch {
    // OpenSSL's own words would help nobody.
    throw unreadable("it is not a certificate");
  }
}

/** Throws CertificateError. */
export function readFacts(certificate: X509Certificate): CertificateFacts {
  const body = new DerCursor(certificate.raw).sequence().sequence();
  const version =
    body.nextTag === contextTag(0) ? 1 + (body.within(contextTag(0)).take(tags.integer).content[0] ?? 0) : 1;
  const subject = skipToSubject(body);
  const publicKeyInfo = body.take(tags.sequence).whole;
  const { found: extensions, critical } = readExtensions(body);
  const constraints = readBasicConstraints(extensions.get(objectIds.basicConstraints));
  return {
    version,
    commonNames: readCommonNames(subject),
    ...constraints,
    extendedKeyUsage: readExtendedKeyUsage(extensions.get(objectIds.extendedKeyUsage)),
    publicKeyInfo,
    isBeyondUs: critical.some((id) => !understood.includes(id)),
  };
}

/** The subject: a DER Name. Throws CertificateError. */
export function readSubject(certificate: X509Certificate): Buffer {
  const body = new DerCursor(certificate.raw).sequence().sequence();
  if (body.nextTag === contextTag(0)) body.take(); // version
  return skipToSubject(body);
}

function skipToSubject(body: DerCursor): Buffer {
  body.take(tags.integer); // serial number
  body.take(tags.sequence); // algorithm
  body.take(tags.sequence); // issuer
  body.take(tags.sequence); // validity
  return body.take(tags.sequence).whole;
}

/** The common names of a Name, given as its whole element. Throws CertificateError. */
export function readCommonNames(name: Uint8Array): readonly string[] {
  const names: string[] = [];
  const sets = new DerCursor(name).sequence();
  while (!sets.isAtEnd) {
    const set = sets.within(tags.set);
    while (!set.isAtEnd) {
      const pair = set.sequence();
      const isCommonName = pair.objectId() === objectIds.commonName;
      const value = pair.take();
      if (isCommonName) names.push(readText(value.tag, value.content));
    }
  }
  return names;
}

/** T61String and the like: what is in them is Latin-1 where it is anything. */
function readText(tag: number, content: Buffer): string {
  const bmpString = 0x1e;
  if (tag === bmpString)
    return Buffer.from(content.subarray(0, content.length & ~1))
      .swap16()
      .toString("utf16le");
  return content.toString(tag === tags.utf8String ? "utf8" : "latin1");
}

function readExtensions(body: DerCursor): {
  readonly found: ReadonlyMap<string, Buffer>;
  readonly critical: readonly string[];
} {
  const found = new Map<string, Buffer>();
  const critical: string[] = [];
  // [1] and [2] are unique identifiers, which nobody uses.
  while (!body.isAtEnd && body.nextTag !== contextTag(3)) body.take();
  if (body.isAtEnd) return { found, critical };
  const list = body.within(contextTag(3)).sequence();
  while (!list.isAtEnd) {
    const extension = list.sequence();
    const id = extension.objectId();
    if (extension.nextTag === tags.boolean && extension.take().content[0] !== 0) critical.push(id);
    found.set(id, extension.take(tags.octetString).content);
  }
  return { found, critical };
}

function readBasicConstraints(content: Buffer | undefined): Pick<CertificateFacts, "isAuthority" | "pathLength"> {
  if (content === undefined) return { isAuthority: false, pathLength: undefined };
  const constraints = new DerCursor(content).sequence();
  const isAuthority = constraints.nextTag === tags.boolean && constraints.take().content[0] !== 0;
  if (constraints.nextTag !== tags.integer) return { isAuthority, pathLength: undefined };
  const length = constraints.take().content;
  if (length.length === 0) throw unreadable("its path length is no number");
  return { isAuthority, pathLength: length.length > 4 ? Number.MAX_SAFE_INTEGER : length.readUIntBE(0, length.length) };
}

function readExtendedKeyUsage(content: Buffer | undefined): readonly string[] | undefined {
  if (content === undefined) return undefined;
  const usages: string[] = [];
  const list = new DerCursor(content).sequence();
  while (!list.isAtEnd) usages.push(list.objectId());
  return usages;
}
