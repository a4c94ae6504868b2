// Writes and signs X.509 certificates (RFC 5280) of the tenant's authority: its own, and those of devices.
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import type { Random } from "#hardware/ports.ts";
import { objectIds } from "./certificate-facts.ts";
import { contextTag, der, derBits, derInteger, derObjectId, derSequence, derText, derTime, tags } from "./der.ts";

/** What an authority signs with. */
export interface Signer {
  /** Its subject: a DER Name. */
  readonly name: Buffer;
  /** An RSA key: the same request gives the same signature, which ECDSA would not. */
  readonly privateKey: KeyObject;
}

interface Life {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** SHA-256 with RSA, PKCS#1 v1.5. */
const signatureAlgorithm = derSequence(derObjectId("1.2.840.113549.1.1.11"), der(tags.nothing));
const serialBytes = 16;
/** Bits of KeyUsage: digitalSignature is 0, keyCertSign 5, cRLSign 6. */
const keyUsages = { device: derBits(Buffer.from([0x80]), 7), authority: derBits(Buffer.from([0x06]), 1) };

/** The name that Cumulocity gives to the authority of a tenant (protocol.md 2.8). */
export function authorityName(tenantId: string): Buffer {
  const part = (id: string, text: string) =>
    der(tags.set, derSequence(derObjectId(id), derText(tags.printableString, text)));
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
      derSequence(der(tags.boolean, Buffer.from([0xff])), derInteger(Buffer.from([0]))),
      true,
    ),
    extension(objectIds.keyUsage, keyUsages.authority, true),
    extension(objectIds.subjectKeyIdentifier, der(tags.octetString, keyIdentifier(publicKeyInfo))),
  ]);
}

/** PEM. `subject`, `publicKeyInfo`: in DER, as the device asked. */
export function issueForDevice(
  signer: Signer,
  wanted: Life & { readonly subject: Buffer; readonly publicKeyInfo: Buffer },
  random: Random,
): string {
  const authorityKeyInfo = createPublicKey(signer.privateKey).export({ format: "der", type: "spki" });
  return write(signer, { ...wanted, random }, [
    extension(objectIds.basicConstraints, derSequence(), true),
    extension(objectIds.keyUsage, keyUsages.device, true),
    extension(objectIds.extendedKeyUsage, derSequence(derObjectId(objectIds.clientAuth))),
    extension(objectIds.subjectKeyIdentifier, der(tags.octetString, keyIdentifier(wanted.publicKeyInfo))),
    extension(objectIds.authorityKeyIdentifier, derSequence(der(0x80, keyIdentifier(authorityKeyInfo)))),
  ]);
}

export function readSigner(name: Buffer, privateKeyPem: string): Signer {
  return { name, privateKey: createPrivateKey(privateKeyPem) };
}

function write(
  signer: Signer,
  facts: Life & { readonly subject: Buffer; readonly publicKeyInfo: Buffer; readonly random: Random },
  extensions: readonly Buffer[],
): string {
  const serial = Buffer.from(facts.random.bytes(serialBytes));
  // Positive and of full length.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const body = derSequence(
    der(contextTag(0), derInteger(Buffer.from([2]))), // version 3
    derInteger(serial),
    signatureAlgorithm,
    signer.name,
    derSequence(derTime(facts.notBeforeMs), derTime(facts.notAfterMs)),
    facts.subject,
    facts.publicKeyInfo,
    der(contextTag(3), derSequence(...extensions)),
  );
  const signature = sign("sha256", body, signer.privateKey);
  return toPem(derSequence(body, signatureAlgorithm, derBits(signature)));
}

function extension(id: string, value: Buffer, isCritical = false): Buffer {
  const critical = isCritical ? [der(tags.boolean, Buffer.from([0xff]))] : [];
  return derSequence(derObjectId(id), ...critical, der(tags.octetString, value));
}

/** Names a key (RFC 5280, 4.2.1.2, method 1): SHA-1 of the bits of the key alone, which stand last in the info. */
function keyIdentifier(publicKeyInfo: Uint8Array): Buffer {
  const key = createPublicKey({ key: Buffer.from(publicKeyInfo), format: "der", type: "spki" });
  return createHash("sha1")
    .update(key.export({ format: "der", type: "spki" }))
    .digest();
}

function toPem(bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}
