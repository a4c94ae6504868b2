// The keys that stand in DER: PKCS#1 (RFC 8017), SEC1 (RFC 5915), DSA in OpenSSL's form, PKCS#8 (RFC 5958), SubjectPublicKeyInfo (RFC 5280).
import { DerReader, derTags } from "./der.ts";
import { damaged, type KeyError, unsupported } from "./key-error.ts";
import {
  type CurveName,
  checkPublic,
  curves,
  dsaPrivate,
  ecdsaPrivate,
  ed25519Private,
  type PrivateNumbers,
  type PublicNumbers,
  rsaPrivate,
  uncompressed,
} from "./key-numbers.ts";

const keyObjectIds = {
  rsa: "1.2.840.113549.1.1.1",
  rsaPss: "1.2.840.113549.1.1.10",
  dsa: "1.2.840.10040.4.1",
  ec: "1.2.840.10045.2.1",
  x25519: "1.3.101.110",
  x448: "1.3.101.111",
  ed25519: "1.3.101.112",
  ed448: "1.3.101.113",
} as const;

const strangers: Readonly<Record<string, string>> = {
  [keyObjectIds.rsaPss]: "RSA-PSS",
  [keyObjectIds.x25519]: "X25519",
  [keyObjectIds.x448]: "X448",
  [keyObjectIds.ed448]: "Ed448",
};

/** The error for an algorithm that SSH, or its client here, does not know. */
function unknownAlgorithm(objectId: string): KeyError {
  const name = strangers[objectId] ?? `algorithm ${objectId}`;
  return unsupported(`This is a key for ${name}, which cannot be used; RSA, DSA, ECDSA (NIST curves) and ED25519 can.`);
}

/** Reads a PrivateKeyInfo in the clear; throws KeyError. */
export function readPkcs8(der: Uint8Array): PrivateNumbers {
  const info = new DerReader(der).sequence();
  if (info.integer() > 1n) throw damaged("its structure is not that of a key");
  const algorithm = info.sequence();
  const objectId = algorithm.objectId();
  const key = info.octets();
  switch (objectId) {
    case keyObjectIds.rsa:
      return readPkcs1(key);
    case keyObjectIds.dsa: {
      const parameters = algorithm.sequence();
      const [p, q, g] = [parameters.integer(), parameters.integer(), parameters.integer()];
      return dsaPrivate({ p, q, g, x: new DerReader(key).integer() });
    }
    case keyObjectIds.ec:
      return readSec1(key, readCurve(algorithm));
    case keyObjectIds.ed25519:
      return ed25519Private(new DerReader(key).octets(), undefined);
    default:
      throw unknownAlgorithm(objectId);
  }
}

/** RFC 8017 appendix A.1.2. */
export function readPkcs1(der: Uint8Array): PrivateNumbers {
  const key = new DerReader(der).sequence();
  if (key.integer() !== 0n) throw unsupported("This RSA key has more than two primes; SSH cannot use it.");
  const [n, e, d, p, q] = [key.integer(), key.integer(), key.integer(), key.integer(), key.integer()];
  return rsaPrivate({ n, e, d, p, q });
}

export function readDsa(der: Uint8Array): PrivateNumbers {
  const key = new DerReader(der).sequence();
  if (key.integer() !== 0n) throw damaged("its structure is not that of a key");
  const [p, q, g, y, x] = [key.integer(), key.integer(), key.integer(), key.integer(), key.integer()];
  return dsaPrivate({ p, q, g, y, x });
}

/** RFC 5915; inside PKCS#8 the curve stands outside. */
export function readSec1(der: Uint8Array, outerCurve: CurveName | undefined): PrivateNumbers {
  const key = new DerReader(der).sequence();
  if (key.integer() !== 1n) throw damaged("its structure is not that of a key");
  const scalar = key.octets();
  const named = key.nextTag === derTags.context0 ? readCurve(key.within(derTags.context0)) : outerCurve;
  const point = key.nextTag === derTags.context1 ? key.within(derTags.context1).bits() : undefined;
  if (named === undefined) throw damaged("it does not name its curve");
  if (scalar.length > curves[named].bytes + 1) throw damaged("its structure is not that of a key");
  return ecdsaPrivate(named, BigInt(`0x${scalar.toString("hex") || "0"}`), point);
}

/** The curve that an algorithm's parameters name; throws KeyError for one that SSH does not know. */
function readCurve(parameters: DerReader): CurveName {
  if (parameters.nextTag === derTags.sequence) {
    throw unsupported("This key spells out its elliptic curve instead of naming it; SSH knows curves by name only.");
  }
  const objectId = parameters.objectId();
  const names: readonly CurveName[] = ["nistp256", "nistp384", "nistp521"];
  const name = names.find((candidate) => curves[candidate].objectId === objectId);
  if (name === undefined) {
    throw unsupported(`This key is on the curve ${objectId}; SSH knows NIST P-256, P-384 and P-521.`);
  }
  return name;
}

/** Reads a SubjectPublicKeyInfo ("PUBLIC KEY"); throws KeyError. */
export function readPublicKeyInfo(der: Uint8Array): PublicNumbers {
  const info = new DerReader(der).sequence();
  const algorithm = info.sequence();
  const objectId = algorithm.objectId();
  const key = info.bits();
  switch (objectId) {
    case keyObjectIds.rsa:
      return readPkcs1Public(key);
    case keyObjectIds.dsa: {
      const parameters = algorithm.sequence();
      const [p, q, g] = [parameters.integer(), parameters.integer(), parameters.integer()];
      return checkPublic({ algorithm: "DSA", p, q, g, y: new DerReader(key).integer() });
    }
    case keyObjectIds.ec: {
      const curve = readCurve(algorithm);
      return { algorithm: "ECDSA", curve, point: uncompressed(curve, key) };
    }
    case keyObjectIds.ed25519:
      return checkPublic({ algorithm: "ED25519", point: Buffer.from(key) });
    default:
      throw unknownAlgorithm(objectId);
  }
}

/** Reads an RSAPublicKey ("RSA PUBLIC KEY", RFC 8017 appendix A.1.1); throws KeyError. */
export function readPkcs1Public(der: Uint8Array): PublicNumbers {
  const key = new DerReader(der).sequence();
  const [n, e] = [key.integer(), key.integer()];
  return checkPublic({ algorithm: "RSA", n, e });
}
