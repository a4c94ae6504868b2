// Judges PEM files with certificates and keys: what is wrong with them, in words.
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { ClientCertificate } from "#hardware/ports.ts";
import { isoTime } from "../log.ts";

/** A problem and a warning complete a sentence that begins with the file's name. */
export interface Judgement<T> {
  readonly value?: T;
  readonly problem?: string;
  readonly warnings?: readonly string[];
  /** Whether the problem is the key's and not the certificate's. */
  readonly isAboutKey?: true;
}

/** Certificates of authorities, in PEM. */
export function readAuthorities(text: string, nowMs: number): Judgement<readonly string[]> {
  const certificates = parseCertificates(text);
  if (certificates === undefined || certificates.length === 0) return { problem: "must hold certificates in PEM form" };
  const warnings = certificates.flatMap((each) => datesProblem(each, nowMs) ?? []);
  return { value: certificates.map(pemOf), warnings };
}

/** A device's own certificate and key. Out of date is a warning: the gateway stays up, and says why the cloud refuses it. */
export function readClientCertificate(
  { chain, privateKey }: { readonly chain: string; readonly privateKey: string },
  nowMs: number,
): Judgement<ClientCertificate> {
  const certificates = parseCertificates(chain);
  if (certificates === undefined) return { problem: "holds a certificate that is damaged: get it anew" };
  const [own, ...others] = certificates;
  if (own === undefined) return { problem: "must hold certificates in PEM form, the gateway's own first" };
  const key = parseKey(privateKey);
  if ("problem" in key) return { problem: key.problem, isAboutKey: true };
  if (!own.checkPrivateKey(key.key)) {
    return others.some((each) => each.checkPrivateKey(key.key))
      ? { problem: "must have the gateway's own certificate first: the key belongs to a later one" }
      : { problem: "does not belong to the certificate: it is the key of another one", isAboutKey: true };
  }
  const warnings = certificates.flatMap((each) => datesProblem(each, nowMs) ?? []);
  const pkcs8 = key.key.export({ type: "pkcs8", format: "pem" }).toString();
  return { value: { chain: certificates.map(pemOf).join(""), privateKey: pkcs8 }, warnings };
}

/** When a device's own certificate expires, in ms since the epoch. Throws for a text that `readClientCertificate` refuses. */
export function notAfterMsOf({ chain }: Pick<ClientCertificate, "chain">): number {
  return new X509Certificate(chain).validToDate.getTime();
}

/** Undefined where one of them is damaged. */
function parseCertificates(text: string): readonly X509Certificate[] | undefined {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs) ?? [];
  const begins = text.match(/-----BEGIN CERTIFICATE-----/g) ?? [];
  if (blocks.length !== begins.length) return undefined;
  try {
    return blocks.map((each) => new X509Certificate(each));
  } catch {
    // OpenSSL's own words for a damaged certificate help nobody.
    return undefined;
  }
}

function parseKey(text: string): { readonly key: KeyObject } | { readonly problem: string } {
  if (/ENCRYPTED/.test(text)) {
    return { problem: "is encrypted: the gateway cannot ask for its passphrase, so give the key without one" };
  }
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) return { problem: "must hold a private key in PEM form" };
  try {
    return { key: createPrivateKey(text) };
  } catch {
    return { problem: "holds a private key that is damaged" };
  }
}

function datesProblem(certificate: X509Certificate, nowMs: number): string | undefined {
  const name = subjectOf(certificate);
  const [from, to] = [certificate.validFromDate.getTime(), certificate.validToDate.getTime()];
  if (nowMs > to) return `holds a certificate (${name}) that expired at ${isoTime(to)}: get a new one`;
  if (nowMs >= from) return undefined;
  return `holds a certificate (${name}) that is valid from ${isoTime(from)} on only: is this machine's clock right?`;
}

function subjectOf({ subject }: X509Certificate): string {
  return subject?.split("\n").at(-1) ?? "without a name";
}

function pemOf(certificate: X509Certificate): string {
  return certificate.toString();
}
