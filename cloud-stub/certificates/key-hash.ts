// Tells public keys apart by their hash: a certificate may be renewed under a key that stays.
import { createHash, type KeyObject } from "node:crypto";

/** SHA-256 of the SubjectPublicKeyInfo, hex. */
export function keyHash(publicKey: KeyObject): string {
  return createHash("sha256")
    .update(publicKey.export({ format: "der", type: "spki" }))
    .digest("hex");
}
