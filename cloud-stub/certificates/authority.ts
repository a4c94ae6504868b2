// Makes the two certificates of a cloud: its own authority, limited to its names, and the server certificate under it.
import { generateKeyPairSync } from "node:crypto";
import { isIP } from "node:net";
import forge from "node-forge";
import type { Random } from "#hardware/ports.ts";
import { nameConstraints } from "./name-constraints.ts";

export interface CertifiedKey {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS #8. A secret. */
  readonly privateKey: string;
}

export const authorityDays = 3_650;
export const serverDays = 365;
const dayMs = 86_400_000;
const keyBits = 2_048;

interface Issue {
  readonly names: readonly string[];
  readonly nowMs: number;
  readonly random: Random;
}

export function makeAuthority(issue: Issue): CertifiedKey {
  const { privateKey, publicKey } = makeKeyPair();
  const certificate = blankCertificate(issue, authorityDays);
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey);
  // Each authority has a name of its own, so that a newer one is never taken for an older one.
  const subject = [{ name: "commonName", value: `Postern authority ${certificate.serialNumber.slice(0, 8)}` }];
  certificate.setSubject(subject);
  certificate.setIssuer(subject);
  certificate.setExtensions([
    { name: "basicConstraints", cA: true, pathLenConstraint: 0, critical: true },
    { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    { name: "subjectKeyIdentifier" },
    nameConstraints(issue.names),
  ]);
  certificate.sign(forge.pki.privateKeyFromPem(privateKey), forge.md.sha256.create());
  return { certificate: toPem(certificate), privateKey };
}

export function makeServerCertificate(authority: CertifiedKey, issue: Issue): CertifiedKey {
  const { privateKey, publicKey } = makeKeyPair();
  const issuer = forge.pki.certificateFromPem(authority.certificate);
  const certificate = blankCertificate(issue, serverDays);
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey);
  // Not a host name: without a DNS name in the certificate OpenSSL would hold it against the name constraints.
  certificate.setSubject([{ name: "commonName", value: "Postern cloud" }]);
  certificate.setIssuer(issuer.subject.attributes);
  certificate.setExtensions([
    { name: "basicConstraints", cA: false, critical: true },
    { name: "keyUsage", digitalSignature: true, keyEncipherment: true, critical: true },
    { name: "extKeyUsage", serverAuth: true },
    {
      name: "subjectAltName",
      altNames: issue.names.map((name) => (isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name })),
    },
    { name: "subjectKeyIdentifier" },
    { name: "authorityKeyIdentifier", keyIdentifier: issuer.generateSubjectKeyIdentifier().getBytes() },
  ]);
  certificate.sign(forge.pki.privateKeyFromPem(authority.privateKey), forge.md.sha256.create());
  return { certificate: toPem(certificate), privateKey };
}

/** Node makes the keys: in JavaScript alone it would take seconds. */
function makeKeyPair(): { readonly privateKey: string; readonly publicKey: string } {
  return generateKeyPairSync("rsa", {
    modulusLength: keyBits,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
}

function blankCertificate(issue: Issue, days: number): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate();
  const serial = Buffer.from(issue.random.bytes(16));
  // Positive and of full length.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  certificate.serialNumber = serial.toString("hex");
  // A day back: the clock of a gateway may be a little behind.
  certificate.validity.notBefore = new Date(issue.nowMs - dayMs);
  certificate.validity.notAfter = new Date(issue.nowMs + days * dayMs);
  return certificate;
}

function toPem(certificate: forge.pki.Certificate): string {
  return forge.pki.certificateToPem(certificate).replaceAll("\r\n", "\n");
}
