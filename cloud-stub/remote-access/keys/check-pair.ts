// Whether a private key belongs to a public key or a certificate that was given with it.
import { KeyError } from "./key-error.ts";
import type { Certificate } from "./read-certificate.ts";
import type { PrivateKey } from "./read-private-key.ts";
import type { PublicKey } from "./read-public-key.ts";

/** Throws KeyError `key.mismatch` with both fingerprints unless the two belong together. */
export function checkPair(privateKey: PrivateKey, other: PublicKey | Certificate): void {
  const isCertificate = "keyFingerprint" in other;
  const fingerprint = isCertificate ? other.keyFingerprint : other.fingerprint;
  if (fingerprint === privateKey.fingerprint) return;
  throw new KeyError(
    "key.mismatch",
    `The private key (${privateKey.fingerprint}) does not belong to the ${isCertificate ? "certificate" : "public key"}, ` +
      `which is about ${fingerprint}.`,
  );
}
