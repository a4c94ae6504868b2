// Authorities of devices for tests: real certificates and requests for them, made with the product's own writer where OpenSSL's is not at hand.
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { contextTag, derBits, derInteger, derText, derTime, tags } from "#cloud-stub/certificates/der.ts";
import { derElement, derObjectId, derSequence } from "#protocol/x509/der-writer.ts";

export interface Names {
  /** Each gives one CN; default: one. */
  readonly commonNames: readonly string[];
  readonly organization?: string;
}

export interface CertificateWish extends Partial<Names> {
  readonly commonName?: string;
  readonly notBeforeMs?: number;
  readonly notAfterMs?: number;
  /** Default: none at all. */
  readonly extendedKeyUsage?: readonly string[];
  readonly isAuthority?: boolean;
  readonly pathLength?: number;
  readonly version?: 1 | 3;
  /** Content of the serial number; default: the next one. */
  readonly serialNumber?: Uint8Array;
  /** In the place of what `isAuthority` and `pathLength` say. */
  readonly basicConstraints?: Uint8Array;
  /** Critical ones beside the others: object id and value. */
  readonly criticalExtensions?: readonly (readonly [string, Uint8Array])[];
  readonly keyPair?: KeyPair;
}

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export interface Certified extends KeyPair {
  readonly pem: string;
  readonly name: Uint8Array;
}

/** The time of the test clocks. */
export const benchNowMs = Date.parse("2026-11-24T10:00:00.000Z");
const dayMs = 86_400_000;
const hashes = { rsa: "1.2.840.113549.1.1.11", ec: "1.2.840.10045.4.3.2" } as const;
let serial = 0;

export function ecKeys(namedCurve = "P-256"): KeyPair {
  return generateKeyPairSync("ec", { namedCurve });
}

let shared: KeyPair | undefined;
/** One pair for all that do not care: making an RSA key takes a while. */
export function rsaKeys(modulusLength = 2048): KeyPair {
  if (modulusLength !== 2048) return generateKeyPairSync("rsa", { modulusLength });
  shared ??= generateKeyPairSync("rsa", { modulusLength });
  return shared;
}

/** An authority that signed itself. */
export function makeAuthority(wish: CertificateWish = {}): Certified {
  const keys = wish.keyPair ?? ecKeys();
  const name = writeName({ commonNames: wish.commonNames ?? [wish.commonName ?? "Factory"] });
  return certify({ ...keys, pem: "", name }, { isAuthority: true, ...wish, keyPair: keys });
}

/** A certificate that `issuer` signed. */
export function certify(issuer: Certified, wish: CertificateWish): Certified {
  const keys = wish.keyPair ?? ecKeys();
  const name = writeName({ commonNames: wish.commonNames ?? [wish.commonName ?? "Factory"], ...wish });
  const version = wish.version ?? 3;
  serial += 1;
  const algorithm = writeAlgorithm(issuer.privateKey);
  const body = derSequence(
    ...(version === 3 ? [derElement(contextTag(0), derInteger(Buffer.from([2])))] : []),
    wish.serialNumber === undefined
      ? derInteger(Buffer.from([1, serial >> 8, serial & 0xff]))
      : derElement(tags.integer, wish.serialNumber),
    algorithm,
    issuer.name,
    derSequence(
      derTime(wish.notBeforeMs ?? benchNowMs - dayMs),
      derTime(wish.notAfterMs ?? benchNowMs + 3_650 * dayMs),
    ),
    name,
    keys.publicKey.export({ format: "der", type: "spki" }),
    ...(version === 3 ? [writeExtensions(wish)] : []),
  );
  return { ...keys, name, pem: toPem("CERTIFICATE", signed(body, algorithm, issuer.privateKey)) };
}

/** A request for a certificate, in PEM. `signWith`: another key than the one it is for. */
export function makeRequest(
  commonName: string | Names,
  options: { readonly keys?: KeyPair; readonly signWith?: KeyObject } = {},
): string {
  const keys = options.keys ?? ecKeys();
  const names = typeof commonName === "string" ? { commonNames: [commonName] } : commonName;
  const info = derSequence(
    derInteger(Buffer.from([0])),
    writeName(names),
    keys.publicKey.export({ format: "der", type: "spki" }),
    derElement(contextTag(0)),
  );
  const algorithm = writeAlgorithm(keys.privateKey);
  return toPem("CERTIFICATE REQUEST", signed(info, algorithm, options.signWith ?? keys.privateKey));
}

function writeExtensions(wish: CertificateWish): Uint8Array {
  const extension = (id: string, value: Uint8Array) =>
    derSequence(derObjectId(id), derElement(tags.octetString, value));
  const constraints = [
    ...(wish.isAuthority === true ? [derElement(tags.boolean, Buffer.from([0xff]))] : []),
    ...(wish.pathLength === undefined ? [] : [derInteger(Buffer.from([wish.pathLength]))]),
  ];
  const usages = wish.extendedKeyUsage?.map(derObjectId);
  return derElement(
    contextTag(3),
    derSequence(
      extension("2.5.29.19", wish.basicConstraints ?? derSequence(...constraints)),
      ...(usages === undefined ? [] : [extension("2.5.29.37", derSequence(...usages))]),
      ...(wish.criticalExtensions ?? []).map(([id, value]) =>
        derSequence(
          derObjectId(id),
          derElement(tags.boolean, Buffer.from([0xff])),
          derElement(tags.octetString, value),
        ),
      ),
    ),
  );
}

export function writeName({ commonNames, organization }: Names): Uint8Array {
  const part = (id: string, text: string) =>
    derElement(tags.set, derSequence(derObjectId(id), derText(tags.utf8String, text)));
  return derSequence(
    ...(organization === undefined ? [] : [part("2.5.4.10", organization)]),
    ...commonNames.map((name) => part("2.5.4.3", name)),
  );
}

function writeAlgorithm(key: KeyObject): Uint8Array {
  const isRsa = key.asymmetricKeyType === "rsa";
  return derSequence(derObjectId(hashes[isRsa ? "rsa" : "ec"]), ...(isRsa ? [derElement(tags.nothing)] : []));
}

function signed(body: Uint8Array, algorithm: Uint8Array, key: KeyObject): Uint8Array {
  return derSequence(body, algorithm, derBits(sign("sha256", body, key)));
}

export function toPem(what: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${what}-----`, ...lines, `-----END ${what}-----`, ""].join("\n");
}
