// One authority that a tenant trusts: what is known of it, what it must be, and how it rests in the store.
import { verify, X509Certificate } from "node:crypto";
import type { TrustedCertificateRow } from "../store/schema.ts";
import { whyNotValid } from "./certificate-chain.ts";
import { unacceptable } from "./certificate-error.ts";
import { readFacts } from "./certificate-facts.ts";

export interface TrustedCertificate {
  /** SHA-1 in lower-case hex. */
  readonly fingerprint: string;
  readonly name: string;
  readonly certificate: X509Certificate;
  readonly keyHash: string;
  readonly isEnabled: boolean;
  /** Whether a device that nobody registered comes in by it. */
  readonly isAutoRegistration: boolean;
  /** Whether it is the tenant's own authority. */
  readonly isTenantAuthority: boolean;
  readonly isProven: boolean;
  /** What has to be signed with the authority's key to prove that one has it. */
  readonly verificationCode: string;
  readonly codeUntilMs: number;
}

export interface NewTrustedCertificate {
  readonly name: string;
  /** PEM, or its base64 alone. */
  readonly pem: string;
  readonly isEnabled: boolean;
  readonly isAutoRegistration: boolean;
}

export interface TrustChange {
  readonly name?: string;
  readonly isEnabled?: boolean;
  readonly isAutoRegistration?: boolean;
}

/** SHA-1 in lower-case hex, as Cumulocity names certificates. */
export function fingerprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint.replaceAll(":", "").toLowerCase();
}

/** Throws CertificateError for one that cannot be an authority of devices (protocol.md 1.4). */
export function judgeAuthority(certificate: X509Certificate, nowMs: number): void {
  const { version, isAuthority } = readFacts(certificate);
  if (version !== 3) throw unacceptable(`it is X.509 version ${version}; version 3 is needed`);
  if (!isAuthority) throw unacceptable("it is not that of an authority (BasicConstraints CA:TRUE is missing)");
  if (!hasKnownKey(certificate)) throw unacceptable("its public key is of a kind that is not known here");
  const late = whyNotValid(certificate, nowMs);
  // One for later may be put in early.
  if (late?.startsWith("it expired") === true) throw unacceptable(late);
}

function hasKnownKey(certificate: X509Certificate): boolean {
  try {
    return certificate.publicKey.asymmetricKeyType !== undefined;
  } catch {
    // Node reads the key only when it is asked for it.
    return false;
  }
}

/** `signature`: base64, over the text with SHA-256, by the certificate's key. */
export function isSignedBy({ publicKey }: X509Certificate, text: string, signature: string): boolean {
  try {
    const hash = publicKey.asymmetricKeyType === "rsa" || publicKey.asymmetricKeyType === "ec" ? "sha256" : null;
    return verify(hash, Buffer.from(text, "utf8"), publicKey, Buffer.from(signature, "base64"));
  } catch {
    // A signature that has not even the form of one.
    return false;
  }
}

/** SQLite has no booleans. */
export function flag(value: boolean): 0 | 1 {
  return value ? 1 : 0;
}

/** As the service gives it. */
export function toTrusted(row: TrustedCertificateRow): TrustedCertificate {
  return {
    fingerprint: row.fingerprint,
    name: row.name,
    certificate: new X509Certificate(row.pem),
    keyHash: row.key_hash,
    isEnabled: row.is_enabled === 1,
    isAutoRegistration: row.is_auto_registration === 1,
    isTenantAuthority: row.is_tenant_authority === 1,
    isProven: row.is_proven === 1,
    verificationCode: row.verification_code,
    codeUntilMs: row.code_until_ms,
  };
}
