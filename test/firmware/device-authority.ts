// For the gateway's tests: an authority that issues device certificates for whatever key, life and name a test wants.
import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { type BerElement, readElements, readWithin } from "#protocol/x509/ber-reader.ts";
import {
  derBits,
  derElement,
  derObjectId,
  derSequence,
  derSmallInteger,
  derTags,
  derUtf8,
} from "#protocol/x509/der-writer.ts";
import { certificatePem } from "#protocol/x509/issued-certificates.ts";

export interface Wish {
  readonly commonName: string;
  readonly publicKey: KeyObject;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export interface ReadRequest {
  readonly commonName: string;
  readonly publicKey: KeyObject;
  readonly isSignatureGood: boolean;
}

const utcTime = 0x17;
const context0 = 0xa0;
const ecdsaWithSha256 = () => derSequence(derObjectId("1.2.840.10045.4.3.2"));

export class DeviceAuthority {
  readonly #keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  #serial = 0;
  /** DER of its own certificate. */
  readonly certificate: Uint8Array = this.issue({
    commonName: "t1000",
    publicKey: this.#keys.publicKey,
    notBeforeMs: 0,
    notAfterMs: Date.UTC(2049, 0),
  });

  /** DER. */
  issue({ commonName, publicKey, notBeforeMs, notAfterMs }: Wish): Uint8Array {
    this.#serial += 1;
    const content = derSequence(
      derElement(context0, derSmallInteger(2)),
      derSmallInteger(this.#serial),
      ecdsaWithSha256(),
      nameOf("t1000"),
      derSequence(timeOf(notBeforeMs), timeOf(notAfterMs)),
      nameOf(commonName),
      publicKey.export({ type: "spki", format: "der" }),
    );
    return derSequence(content, ecdsaWithSha256(), derBits(sign("sha256", content, this.#keys.privateKey)));
  }
}

/** A PKCS #7 message that signs nothing, DER or with indefinite lengths as Java's libraries write it. */
export function certsOnly(certificates: readonly Uint8Array[], form: "der" | "indefinite" = "der"): Uint8Array {
  const element = form === "der" ? derElement : indefinite;
  const signedData = element(
    derTags.sequence,
    derSmallInteger(1),
    derElement(derTags.set),
    element(derTags.sequence, derObjectId("1.2.840.113549.1.7.1")),
    element(derTags.context0, ...certificates),
    derElement(derTags.set),
  );
  return element(derTags.sequence, derObjectId("1.2.840.113549.1.7.2"), element(derTags.context0, signedData));
}

export function base64Lines(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString("base64")
    .replace(/(.{64})/g, "$1\n");
}

export function pkcs7Pem(bytes: Uint8Array): string {
  return `-----BEGIN PKCS7-----\n${base64Lines(bytes)}\n-----END PKCS7-----\n`;
}

/** A device certificate and its key, as files would hold them. */
export function deviceFiles(
  authority: DeviceAuthority,
  wish: Omit<Wish, "publicKey">,
): { readonly chain: string; readonly privateKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    chain: certificatePem(authority.issue({ ...wish, publicKey })),
    privateKey: String(privateKey.export({ type: "pkcs8", format: "pem" })),
  };
}

/** What an authority finds in a certification request in base64. */
export function readRequest(body: string): ReadRequest {
  const [outer] = readElements(Buffer.from(body, "base64"));
  const [info, , signature] = readWithin(outer, derTags.sequence, "request");
  const [, subject, publicKeyInfo] = readWithin(info, derTags.sequence, "info");
  const [set] = readWithin(subject, derTags.sequence, "subject");
  const [attribute] = readWithin(set, derTags.set, "name");
  const [, value] = readWithin(attribute, derTags.sequence, "attribute");
  const publicKey = createPublicKey({ key: encoded(publicKeyInfo), format: "der", type: "spki" });
  return {
    commonName: Buffer.from(value?.content ?? []).toString("utf8"),
    publicKey,
    isSignatureGood: verify("sha256", encoded(info), publicKey, (signature?.content ?? Buffer.of()).subarray(1)),
  };
}

function encoded(element: BerElement | undefined): Buffer {
  return Buffer.from(element?.encoded ?? []);
}

function indefinite(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([Uint8Array.of(tag, 0x80), ...contents, Uint8Array.of(0, 0)]);
}

function nameOf(commonName: string): Uint8Array {
  return derSequence(derElement(derTags.set, derSequence(derObjectId("2.5.4.3"), derUtf8(commonName))));
}

/** Two digits for the year: 1950 to 2049 (RFC 5280 section 4.1.2.5.1). */
function timeOf(epochMs: number): Uint8Array {
  const text = new Date(epochMs).toISOString().replace(/^\d\d|[-:T]|\.\d+/g, "");
  return derElement(utcTime, Buffer.from(text, "ascii"));
}
