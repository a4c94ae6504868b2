// A certificate authority for tests: real certificates, so that verification is never switched off.
import { isIP } from "node:net";
import forge from "node-forge";

export interface IssuedCertificate {
  readonly certPem: string;
  readonly keyPem: string;
}

export interface CertificateFacts {
  /** Host names and IP literals. */
  readonly names: readonly string[];
  /** Default: a day ago. */
  readonly notBefore?: Date;
  /** Default: a day from now. */
  readonly notAfter?: Date;
}

const dayMs = 86_400_000;
/** One key for all certificates of a run: making one takes a quarter of a second, and no test is about keys. */
let sharedKeys: forge.pki.rsa.KeyPair | undefined;
let serial = 0;

export class TestAuthority {
  readonly caPem: string;
  readonly #certificate: forge.pki.Certificate;
  readonly #keys: forge.pki.rsa.KeyPair;

  constructor(commonName = "Postern test authority") {
    this.#keys = forge.pki.rsa.generateKeyPair(2048);
    const certificate = blankCertificate({ names: [] });
    certificate.publicKey = this.#keys.publicKey;
    const subject = [{ name: "commonName", value: `${commonName} ${certificate.serialNumber}` }];
    certificate.setSubject(subject);
    certificate.setIssuer(subject);
    certificate.setExtensions([
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
      { name: "subjectKeyIdentifier" },
    ]);
    certificate.sign(this.#keys.privateKey, forge.md.sha256.create());
    this.#certificate = certificate;
    this.caPem = forge.pki.certificateToPem(certificate);
  }

  issue(facts: CertificateFacts): IssuedCertificate {
    sharedKeys ??= forge.pki.rsa.generateKeyPair(2048);
    const certificate = blankCertificate(facts);
    certificate.publicKey = sharedKeys.publicKey;
    certificate.setSubject([{ name: "commonName", value: facts.names[0] ?? "nameless" }]);
    certificate.setIssuer(this.#certificate.subject.attributes);
    certificate.setExtensions([
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, keyEncipherment: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      // RFC 5280 section 4.2.1.6: 2 is a DNS name, 7 an IP address.
      {
        name: "subjectAltName",
        altNames: facts.names.map((name) => (isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name })),
      },
    ]);
    certificate.sign(this.#keys.privateKey, forge.md.sha256.create());
    return {
      certPem: forge.pki.certificateToPem(certificate),
      keyPem: forge.pki.privateKeyToPem(sharedKeys.privateKey),
    };
  }
}

function blankCertificate(facts: CertificateFacts): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate();
  serial += 1;
  // The leading 01 keeps the number positive.
  certificate.serialNumber = `01${serial.toString(16).padStart(8, "0")}`;
  certificate.validity.notBefore = facts.notBefore ?? new Date(Date.now() - dayMs);
  certificate.validity.notAfter = facts.notAfter ?? new Date(Date.now() + dayMs);
  return certificate;
}
