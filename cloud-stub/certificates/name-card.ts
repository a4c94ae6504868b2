// Certificates that have nothing of an authority but its name: for the list of names that TLS shows to clients.
import { X509Certificate } from "node:crypto";
import { readSubject } from "./certificate-facts.ts";
import { issueAuthority, readSigner } from "./issue-certificate.ts";

const serialOf = (certificate: X509Certificate) => Buffer.from(certificate.fingerprint256.replaceAll(":", ""), "hex");

/**
 * Node takes the list from the certificates that it trusts, and of a chain that it trusts it gives back the first
 * certificate only. With another key under the same name it trusts none, and the whole chain can be judged.
 * `privateKey`: any RSA key in PEM. Gives PEM.
 */
export function nameCard(authority: string, privateKey: string): string {
  const certificate = new X509Certificate(authority);
  const life = {
    notBeforeMs: certificate.validFromDate.getTime(),
    notAfterMs: certificate.validToDate.getTime(),
  };
  return issueAuthority(readSigner(readSubject(certificate), privateKey), life, {
    bytes: (length) => serialOf(certificate).subarray(0, length),
    fraction: () => 0,
  });
}
