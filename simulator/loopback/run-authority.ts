// The certificates of a run on real sockets: an authority that its parties trust, and server certificates with and without flaws.
import { generateKeyPairSync } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import forge from "node-forge";
import type { CertificateFlaw } from "../faults/fault.ts";

const dayMs = 86_400_000;
const keyBits = 2048;
const subjects = {
  authority: [{ name: "commonName", value: "Authority of a simulated site" }],
  nobody: [{ name: "commonName", value: "Nobody's authority" }],
  server: [{ name: "commonName", value: "Simulated server" }],
};

interface Life {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Makes its keys when it is made, which takes some tenths of a second. */
export class RunAuthority {
  /** PEM of what the parties trust. */
  readonly pem: string;
  readonly #names: readonly string[];
  readonly #nowMs: () => number;
  readonly #authorityKeys = makeKeys();
  /** One pair for all servers, and for the authority that nobody knows: what is judged is what they say. */
  readonly #serverKeys = makeKeys();
  readonly #contexts = new Map<CertificateFlaw | "none", SecureContext>();
  #serial = 1;

  /** `names`: host names of the servers. */
  constructor(names: readonly string[], nowMs: () => number) {
    this.#names = names;
    this.#nowMs = nowMs;
    const certificate = this.#blank(this.#life());
    certificate.publicKey = this.#authorityKeys.publicKey;
    certificate.setSubject(subjects.authority);
    certificate.setIssuer(subjects.authority);
    certificate.setExtensions([
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ]);
    certificate.sign(this.#authorityKeys.privateKey, forge.md.sha256.create());
    this.pem = forge.pki.certificateToPem(certificate);
  }

  /** A server's side of TLS with a certificate that has this flaw and no other. */
  context(flaw?: CertificateFlaw): SecureContext {
    const key = flaw ?? "none";
    let context = this.#contexts.get(key);
    if (context === undefined) {
      context = createSecureContext({
        cert: this.#serverCertificate(flaw),
        key: forge.pki.privateKeyToPem(this.#serverKeys.privateKey),
        minVersion: "TLSv1.2",
      });
      this.#contexts.set(key, context);
    }
    return context;
  }

  #serverCertificate(flaw: CertificateFlaw | undefined): string {
    const certificate = this.#blank(this.#life(flaw));
    const isUnknown = flaw === "unknown-authority";
    const names = flaw === "wrong-name" ? ["portal.example"] : this.#names;
    certificate.publicKey = this.#serverKeys.publicKey;
    certificate.setSubject(subjects.server);
    certificate.setIssuer(isUnknown ? subjects.nobody : subjects.authority);
    certificate.setExtensions([
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, keyEncipherment: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      { name: "subjectAltName", altNames: names.map((value) => ({ type: 2, value })) },
    ]);
    certificate.sign((isUnknown ? this.#serverKeys : this.#authorityKeys).privateKey, forge.md.sha256.create());
    return forge.pki.certificateToPem(certificate);
  }

  #life(flaw?: CertificateFlaw): Life {
    const nowMs = this.#nowMs();
    if (flaw === "expired") return { notBeforeMs: nowMs - 366 * dayMs, notAfterMs: nowMs - dayMs };
    if (flaw === "not-yet-valid") return { notBeforeMs: nowMs + dayMs, notAfterMs: nowMs + 366 * dayMs };
    return { notBeforeMs: nowMs - 366 * dayMs, notAfterMs: nowMs + 366 * dayMs };
  }

  #blank({ notBeforeMs, notAfterMs }: Life): forge.pki.Certificate {
    const certificate = forge.pki.createCertificate();
    this.#serial += 1;
    certificate.serialNumber = this.#serial.toString(16).padStart(4, "0");
    certificate.validity.notBefore = new Date(notBeforeMs);
    certificate.validity.notAfter = new Date(notAfterMs);
    return certificate;
  }
}

function makeKeys() {
  const pair = generateKeyPairSync("rsa", {
    modulusLength: keyBits,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  return {
    publicKey: forge.pki.publicKeyFromPem(pair.publicKey),
    privateKey: forge.pki.privateKeyFromPem(pair.privateKey),
  };
}
