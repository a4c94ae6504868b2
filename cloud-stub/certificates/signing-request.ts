// Reads a request for a certificate (PKCS#10, RFC 2986): who asks, for which key, and that they have that key.
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { unacceptable, unreadable } from "./certificate-error.ts";
import { readCommonNames } from "./certificate-facts.ts";
import { contextTag, DerCursor, tags } from "./der.ts";

export interface SigningRequest {
  /** The subject as it stands in the request: a DER Name. */
  readonly subject: Buffer;
  readonly commonName: string;
  readonly publicKey: KeyObject;
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKeyInfo: Buffer;
}

/** Largest request, in bytes of DER: RSA with 8192 bits and a long subject need half of it. */
export const requestBytesMax = 8_192;
const subjectBytesMax = 2_048;
/** Smallest and largest RSA key, in bits; the largest one keeps a verification below a millisecond or so. */
export const rsaBits = { min: 2_048, max: 8_192 } as const;
/** Largest public exponent: a long one would make each verification slow. */
const rsaExponentMax = 2n ** 32n;
const curves = ["prime256v1", "secp384r1", "secp521r1"];

/** Signature algorithms by their object id: the hash, and for which keys. */
const algorithms: Readonly<Record<string, { readonly hash: string; readonly key: "rsa" | "ec" }>> = {
  "1.2.840.113549.1.1.11": { hash: "sha256", key: "rsa" },
  "1.2.840.113549.1.1.12": { hash: "sha384", key: "rsa" },
  "1.2.840.113549.1.1.13": { hash: "sha512", key: "rsa" },
  "1.2.840.10045.4.3.2": { hash: "sha256", key: "ec" },
  "1.2.840.10045.4.3.3": { hash: "sha384", key: "ec" },
  "1.2.840.10045.4.3.4": { hash: "sha512", key: "ec" },
};

/** `text`: base64 of the DER, with line breaks or as PEM. Throws CertificateError. */
export function readSigningRequest(text: string): SigningRequest {
  const request = new DerCursor(decode(text));
  const outer = request.sequence();
  if (!request.isAtEnd) throw unreadable("there is something behind it");
  const info = outer.take(tags.sequence);
  const algorithm = algorithms[outer.sequence().objectId()];
  const signature = outer.bits();
  if (!outer.isAtEnd) throw unreadable("its structure is not that of one");
  const body = new DerCursor(info.content);
  const version = body.take(tags.integer).content;
  if (version.length !== 1 || version[0] !== 0) throw unreadable("its version is not 1");
  const subject = body.take(tags.sequence).whole;
  const publicKeyInfo = body.take(tags.sequence).whole;
  if (!body.isAtEnd) body.take(contextTag(0)); // attributes: nothing of them is asked for or granted
  if (!body.isAtEnd) throw unreadable("its structure is not that of one");
  const publicKey = readPublicKey(publicKeyInfo);
  if (algorithm === undefined || algorithm.key !== publicKey.asymmetricKeyType) {
    throw unacceptable("its signature is not RSA (PKCS#1) or ECDSA with SHA-256, SHA-384 or SHA-512");
  }
  if (!isSigned(algorithm.hash, info.whole, publicKey, signature))
    throw unreadable("its signature does not fit its key");
  return { subject, commonName: onlyCommonName(subject), publicKey, publicKeyInfo };
}

function decode(text: string): Buffer {
  const body = text
    .replace(/^\s*-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----/, "")
    .replace(/-----END (?:NEW )?CERTIFICATE REQUEST-----\s*$/, "")
    .replaceAll(/\s+/g, "");
  if (body === "" || !/^[A-Za-z0-9+/]+={0,2}$/.test(body)) throw unreadable("it is not base64");
  const bytes = Buffer.from(body, "base64");
  if (bytes.length > requestBytesMax) throw unacceptable(`it has more than ${requestBytesMax} bytes`);
  return bytes;
}

function readPublicKey(info: Buffer): KeyObject {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: info, format: "der", type: "spki" });
  } catch {
    // OpenSSL's own words would help nobody.
    throw unreadable("its public key cannot be read");
  }
  const { modulusLength = 0, publicExponent = 0n, namedCurve = "" } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "rsa") {
    if (modulusLength < rsaBits.min || modulusLength > rsaBits.max || publicExponent > rsaExponentMax) {
      throw unacceptable(`its RSA key has ${modulusLength} bits; ${rsaBits.min} to ${rsaBits.max} are allowed`);
    }
  } else if (key.asymmetricKeyType !== "ec" || !curves.includes(namedCurve)) {
    throw unacceptable("its key is neither RSA nor on the curve P-256, P-384 or P-521");
  }
  return key;
}

function isSigned(hash: string, signed: Buffer, key: KeyObject, signature: Buffer): boolean {
  try {
    return verify(hash, signed, key, signature);
  } catch {
    // A signature that has not even the form of one.
    return false;
  }
}

function onlyCommonName(subject: Buffer): string {
  if (subject.length > subjectBytesMax) throw unacceptable(`its subject has more than ${subjectBytesMax} bytes`);
  const [commonName, ...others] = readCommonNames(subject);
  if (commonName === undefined || others.length > 0) {
    throw unacceptable("its subject does not have exactly one common name (CN)");
  }
  return commonName;
}
