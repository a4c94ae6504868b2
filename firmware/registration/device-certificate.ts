// Judges a device certificate: whether it can be read, fits its key and is for this gateway, and how long it is good.
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { ClientCertificate } from "#hardware/ports.ts";

export type CertificateVerdict =
  | { readonly ok: true; readonly notBeforeMs: number; readonly notAfterMs: number }
  /** What is wrong with it, for people; nothing of the key is quoted. */
  | { readonly ok: false; readonly what: string };

/** Its dates are told, not judged: the clock of a board may be wrong. The first of the chain must be the device's own. */
export function judgeCertificate({ chain, privateKey }: ClientCertificate, deviceId: string): CertificateVerdict {
  const [own, ...others] = chain.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  const certificate = own === undefined ? undefined : read(own);
  if (certificate === undefined) return { ok: false, what: "the certificate cannot be read: it must be PEM" };
  if (others.some((each) => read(each) === undefined)) {
    return { ok: false, what: "a further certificate of the chain cannot be read" };
  }
  const key = readKey(privateKey);
  if (key === undefined)
    return { ok: false, what: "the private key cannot be read: it must be PEM without a passphrase" };
  if (!certificate.checkPrivateKey(key))
    return { ok: false, what: "the certificate does not belong to the private key" };
  const name = commonNameOf(certificate);
  if (name !== deviceId) {
    const found = name === undefined ? "has no common name" : `is for the device ${JSON.stringify(name)}`;
    return { ok: false, what: `the certificate ${found}, but this gateway's id is ${JSON.stringify(deviceId)}` };
  }
  return {
    ok: true,
    notBeforeMs: certificate.validFromDate.getTime(),
    notAfterMs: certificate.validToDate.getTime(),
  };
}

/** Which of some certificates is the one to a key, by its place; -1 if none is. Throws for what is not a certificate. */
export function indexOfOwn(certificates: readonly Uint8Array[], privateKey: string): number {
  const key = createPrivateKey(privateKey);
  return certificates.findIndex((each) => new X509Certificate(each).checkPrivateKey(key));
}

function read(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    // OpenSSL's own words help nobody.
    return undefined;
  }
}

function readKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

/** Undefined if there is none, or more than one. */
function commonNameOf(certificate: X509Certificate): string | undefined {
  const { CN } = certificate.toLegacyObject().subject ?? {};
  return typeof CN === "string" ? CN : undefined;
}
