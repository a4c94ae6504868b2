// Judges the chain that a device shows: from its own certificate to an authority that the tenant trusts, on the cloud's clock.
import type { X509Certificate } from "node:crypto";
import { CertificateError, unreadable } from "./certificate-error.ts";
import { type CertificateFacts, objectIds, parseCertificate, readFacts, readPemOrBase64 } from "./certificate-facts.ts";

/** Certificates of a chain that are looked at. */
export const chainLengthMax = 10;
/** Longest chain in PEM, in characters: TLS itself takes hardly more. */
export const chainCharactersMax = 128 * 1024;

export interface Anchor {
  readonly certificate: X509Certificate;
}

export type ChainVerdict<A extends Anchor> =
  | { readonly ok: true; readonly commonName: string; readonly publicKeyInfo: Buffer; readonly anchor: A }
  /** A clause for people, such as "it expired on 2026-01-31T10:00:00.000Z". */
  | { readonly ok: false; readonly why: string };

/** `anchors`: those that are in force. Never throws. */
export function judgeChain<A extends Anchor>(pem: string, anchors: readonly A[], nowMs: number): ChainVerdict<A> {
  try {
    const chain = readChain(pem);
    const [leaf] = chain;
    if (leaf === undefined) throw unreadable("there is no certificate in it");
    const device = judgeLeaf(leaf, nowMs);
    const outcome = findAnchor(chain, anchors, nowMs);
    return "why" in outcome ? { ok: false, why: outcome.why } : { ok: true, ...device, anchor: outcome.anchor };
  } catch (error) {
    if (error instanceof CertificateError) return { ok: false, why: error.message };
    throw error;
  }
}

/** Throws CertificateError. */
export function readChain(pem: string): readonly X509Certificate[] {
  if (pem.length > chainCharactersMax) throw unreadable("the chain is too long");
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length > chainLengthMax) throw unreadable(`the chain has more than ${chainLengthMax} certificates`);
  return blocks.map((block) => parseCertificate(readPemOrBase64(block)));
}

function judgeLeaf(
  leaf: X509Certificate,
  nowMs: number,
): { readonly commonName: string; readonly publicKeyInfo: Buffer } {
  const facts = readFacts(leaf);
  const [commonName, ...others] = facts.commonNames;
  if (commonName === undefined || others.length > 0)
    throw unreadable("its subject does not have exactly one common name");
  const late = whyNotValid(leaf, nowMs);
  if (late !== undefined) throw unreadable(late);
  if (!isForClients(facts)) throw unreadable("its extended key usage is not for TLS clients");
  if (facts.isBeyondUs) throw unreadable("it has a critical extension that is not known here");
  return { commonName, publicKeyInfo: facts.publicKeyInfo };
}

function isForClients({ extendedKeyUsage }: CertificateFacts): boolean {
  if (extendedKeyUsage === undefined) return true;
  return extendedKeyUsage.some((usage) => usage === objectIds.clientAuth || usage === objectIds.anyExtendedKeyUsage);
}

/** Undefined if it is valid now. */
export function whyNotValid(certificate: X509Certificate, nowMs: number): string | undefined {
  const fromMs = certificate.validFromDate.getTime();
  const untilMs = certificate.validToDate.getTime();
  if (nowMs < fromMs) return `it is not valid before ${new Date(fromMs).toISOString()}`;
  if (nowMs > untilMs) return `it expired on ${new Date(untilMs).toISOString()}`;
  return undefined;
}

/** Climbs from issuer to issuer; an authority that the tenant trusts is better than one that the device sent along. */
function findAnchor<A extends Anchor>(
  chain: readonly X509Certificate[],
  anchors: readonly A[],
  nowMs: number,
): { readonly anchor: A } | { readonly why: string } {
  let [current] = chain;
  const left = new Set(chain.slice(1));
  let late: string | undefined;
  for (let below = 0; current !== undefined; below += 1) {
    for (const anchor of anchors) {
      // thin-edge.io uploads its device's own, self-signed certificate.
      const isItself = anchor.certificate.fingerprint256 === current.fingerprint256;
      if (!isItself && !isIssuedBy(current, anchor.certificate, below)) continue;
      late = whyNotValid(anchor.certificate, nowMs);
      if (late === undefined) return { anchor };
      late = `its authority is not in force: ${late}`;
    }
    const issuers = [...left].filter(
      (candidate) => current !== undefined && isIssuedBy(current, candidate, below) && mayVouch(candidate),
    );
    // An authority that was renewed may have sent its old certificate along.
    const issuer = issuers.find((candidate) => whyNotValid(candidate, nowMs) === undefined) ?? issuers[0];
    if (issuer !== undefined) {
      left.delete(issuer);
      const why = whyNotValid(issuer, nowMs);
      if (why !== undefined) return { why: `an authority of its chain is not in force: ${why}` };
    }
    current = issuer;
  }
  return { why: late ?? "no authority that this tenant trusts has signed it" };
}

/** Whoever made an authority below their own may have limited it: to servers, or to some names (RFC 5280, 4.2). */
function mayVouch(issuer: X509Certificate): boolean {
  const facts = readFacts(issuer);
  return isForClients(facts) && !facts.isBeyondUs;
}

/** `below`: authorities between `issuer` and the device. */
function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate, below: number): boolean {
  if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) return false;
  const { isAuthority, pathLength } = readFacts(issuer);
  return isAuthority && below <= (pathLength ?? Number.POSITIVE_INFINITY);
}
