// Writes and signs X.509 certificates (RFC 5280) of the tenant's authority: its own, and those of devices.

import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import type { Random } from "#hardware/ports.ts";
import { derElement, derObjectId, derSequence } from "#protocol/x509/der-writer.ts";
import { objectIds } from "./certificate-facts.ts";
import { contextTag, derBits, derInteger, derText, derTime, tags } from "./der.ts";

/** What an authority signs with. */
export interface Signer {
  /** Its subject: a DER Name. */
  readonly name: Uint8Array;
  /** An RSA key: the same request gives the same signature, which ECDSA would not. */
  readonly privateKey: KeyObject;
}

interface Life {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** SHA-256 with RSA, PKCS#1 v1.5. */
const signatureAlgorithm = derSequence(derObjectId("1.2.840.113549.1.1.11"), derElement(tags.nothing));
const serialBytes = 16;
/** Bits of KeyUsage: digitalSignature is 0, keyCertSign 5, cRLSign 6. */
const keyUsages = { device: derBits(Buffer.from([0x80]), 7), authority: derBits(Buffer.from([0x06]), 1) };

/** The name that Cumulocity gives to the authority of a tenant (protocol.md 2.8). */
export function authorityName(tenantId: string): Uint8Array {
  const part = (id: string, text: string) =>
    derElement(tags.set, derSequence(derObjectId(id), derText(tags.printableString, text)));
  return derSequence(
    part(objectIds.country, "United States"),
    part(objectIds.organization, "Cumulocity"),
    part(objectIds.commonName, tenantId),
  );
}

/** PEM. */
export function issueAuthority(signer: Signer, life: Life, random: Random): string {
  const publicKeyInfo = createPublicKey(signer.privateKey).export({ format: "der", type: "spki" });
  return write(signer, { ...life, subject: signer.name, publicKeyInfo, random }, [
    extension(
      objectIds.basicConstraints,
      derSequence(derElement(tags.boolean, Buffer.from([0xff])), derInteger(Buffer.from([0]))),
      true,
    ),
    extension(objectIds.keyUsage, keyUsages.authority, true),
    extension(objectIds.subjectKeyIdentifier, derElement(tags.octetString, keyIdentifier(publicKeyInfo))),
  ]);
}

/** PEM. `subject`, `publicKeyInfo`: in DER, as the device asked. */
export function issueForDevice(
  signer: Signer,
  wanted: Life & { readonly subject: Uint8Array; readonly publicKeyInfo: Uint8Array },
  random: Random,
): string {
  const authorityKeyInfo = createPublicKey(signer.privateKey).export({ format: "der", type: "spki" });
  return write(signer, { ...wanted, random }, [
    extension(objectIds.basicConstraints, derSequence(), true),
    extension(objectIds.keyUsage, keyUsages.device, true),
    extension(objectIds.extendedKeyUsage, derSequence(derObjectId(objectIds.clientAuth))),
    extension(objectIds.subjectKeyIdentifier, derElement(tags.octetString, keyIdentifier(wanted.publicKeyInfo))),
    extension(objectIds.authorityKeyIdentifier, derSequence(derElement(0x80, keyIdentifier(authorityKeyInfo)))),
  ]);
}

export function readSigner(name: Uint8Array, privateKeyPem: string): Signer {
  return { name, privateKey: createPrivateKey(privateKeyPem) };
}

function write(
  signer: Signer,
  facts: Life & { readonly subject: Uint8Array; readonly publicKeyInfo: Uint8Array; readonly random: Random },
  extensions: readonly Uint8Array[],
): string {
  const serial = Buffer.from(facts.random.bytes(serialBytes));
  // Positive and of full length.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const body = derSequence(
    derElement(contextTag(0), derInteger(Buffer.from([2]))), // version 3
    derInteger(serial),
    signatureAlgorithm,
    signer.name,
    derSequence(derTime(facts.notBeforeMs), derTime(facts.notAfterMs)),
    facts.subject,
    facts.publicKeyInfo,
    derElement(contextTag(3), derSequence(...extensions)),
  );
  const signature = sign("sha256", body, signer.privateKey);
  return toPem(derSequence(body, signatureAlgorithm, derBits(signature)));
}

function extension(id: string, value: Uint8Array, isCritical = false): Uint8Array {
  const critical = isCritical ? [derElement(tags.boolean, Buffer.from([0xff]))] : [];
  return derSequence(derObjectId(id), ...critical, derElement(tags.octetString, value));
}

/** Names a key; any name that is unique will do (RFC 5280, 4.2.1.2). */
function keyIdentifier(publicKeyInfo: Uint8Array): Uint8Array {
  return createHash("sha1").update(publicKeyInfo).digest();
}

function toPem(bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}
