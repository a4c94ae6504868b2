// Tells public keys apart by their hash: a certificate may be renewed under a key that stays.
import { createHash, type KeyObject } from "node:crypto";

/** SHA-256, hex. `publicKeyInfo`: SubjectPublicKeyInfo in DER. */
export function keyInfoHash(publicKeyInfo: Uint8Array): string {
  return createHash("sha256").update(publicKeyInfo).digest("hex");
}

/** SHA-256 of the SubjectPublicKeyInfo, hex. */
export function keyHash(publicKey: KeyObject): string {
  return keyInfoHash(publicKey.export({ format: "der", type: "spki" }));
}
