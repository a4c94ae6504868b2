// The key pair that is made on the device and never leaves it, and the certification requests that it signs.
import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, sign } from "node:crypto";
import { writeCertificationRequest } from "#protocol/x509/certification-request.ts";
import type { KeyAlgorithm } from "../config/gateway-config.ts";

/** Resolves with PEM (PKCS #8), a secret. RSA takes seconds on a small board, so the thread pool does it. */
export function makePrivateKey(algorithm: KeyAlgorithm): Promise<string> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, _publicKey: KeyObject, privateKey: KeyObject): void => {
      if (error !== null) reject(error);
      else resolve(String(privateKey.export({ type: "pkcs8", format: "pem" })));
    };
    if (algorithm === "ec-p256") generateKeyPair("ec", { namedCurve: "P-256" }, done);
    else generateKeyPair("rsa", { modulusLength: algorithm === "rsa-2048" ? 2_048 : 3_072 }, done);
  });
}

export type KeyOutcome =
  | { readonly ok: true; readonly algorithm: KeyAlgorithm }
  /** Quotes nothing of the key. */
  | { readonly ok: false; readonly what: string };

/** Whether a private key can be read and is one that this gateway makes. */
export function examineKey(privateKey: string): KeyOutcome {
  try {
    const algorithm = algorithmOf(createPrivateKey(privateKey));
    return algorithm === undefined
      ? { ok: false, what: "it is of another kind than this gateway makes" }
      : { ok: true, algorithm };
  } catch {
    return { ok: false, what: "it cannot be read" };
  }
}

/** SHA-256 of the public key, hex: what a stored certificate refers to its key by. */
export function keyFingerprint(privateKey: string): string {
  return createHash("sha256")
    .update(publicKeyOf(createPrivateKey(privateKey)))
    .digest("hex");
}

/** A certification request for the device, DER. */
export function requestCertificate(deviceId: string, privateKey: string): Uint8Array {
  const key = createPrivateKey(privateKey);
  return writeCertificationRequest({
    commonName: deviceId,
    publicKey: publicKeyOf(key),
    signature: key.asymmetricKeyType === "ec" ? "ecdsa-with-sha256" : "rsa-with-sha256",
    sign: (bytes) => sign("sha256", bytes, key),
  });
}

function publicKeyOf(privateKey: KeyObject): Buffer {
  return createPublicKey(privateKey).export({ type: "spki", format: "der" });
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): KeyAlgorithm | undefined {
  if (asymmetricKeyType === "ec" && asymmetricKeyDetails?.namedCurve === "prime256v1") return "ec-p256";
  if (asymmetricKeyType !== "rsa") return undefined;
  if (asymmetricKeyDetails?.modulusLength === 2_048) return "rsa-2048";
  return asymmetricKeyDetails?.modulusLength === 3_072 ? "rsa-3072" : undefined;
}
