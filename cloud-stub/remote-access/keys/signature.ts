// Checks a signature in SSH's form (RFC 4253 section 6.6, RFC 5656 section 3.1.2, RFC 8332, RFC 8709).
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { damaged, quoted, unsupported } from "./key-error.ts";
import { curves, type PublicNumbers } from "./key-numbers.ts";
import { SshReader } from "./ssh-bytes.ts";

const hashes: Readonly<Record<string, string>> = {
  "ssh-rsa": "sha1",
  "rsa-sha2-256": "sha256",
  "rsa-sha2-512": "sha512",
  "ecdsa-sha2-nistp256": "sha256",
  "ecdsa-sha2-nistp384": "sha384",
  "ecdsa-sha2-nistp521": "sha512",
};

/** Whether a signature blob is the key's over the bytes; throws KeyError for a blob that is none, and for DSA. */
export function verifyBlob(numbers: PublicNumbers, bytes: Uint8Array, blob: Uint8Array): boolean {
  const reader = new SshReader(blob);
  const [algorithm, signature] = [reader.text(), reader.string()];
  reader.end();
  if (!signatureTypes(numbers).includes(algorithm)) return false;
  if (numbers.algorithm === "ED25519") return verify(null, bytes, keyObject(numbers), signature);
  const key = keyObject(numbers);
  const hash = hashes[algorithm] ?? "";
  if (numbers.algorithm !== "ECDSA") return verify(hash, bytes, key, signature);
  const fixed = fixedSignature(signature, curves[numbers.curve].bytes);
  return fixed !== undefined && verify(hash, bytes, { key, dsaEncoding: "ieee-p1363" }, fixed);
}

function signatureTypes(numbers: PublicNumbers): readonly string[] {
  switch (numbers.algorithm) {
    case "RSA":
      return ["ssh-rsa", "rsa-sha2-256", "rsa-sha2-512"];
    case "DSA":
      throw unsupported("Signatures with DSA are not accepted any more; the authority needs another key.");
    case "ECDSA":
      return [`ecdsa-sha2-${numbers.curve}`];
    case "ED25519":
      return ["ssh-ed25519"];
  }
}

/** The two numbers of an ECDSA signature side by side, each as long as the curve says. */
function fixedSignature(signature: Uint8Array, bytes: number): Buffer | undefined {
  const reader = new SshReader(signature);
  const halves = [reader.mpint(), reader.mpint()].map((number) => number.toString(16).padStart(2 * bytes, "0"));
  reader.end();
  return halves.some((half) => half.length !== 2 * bytes) ? undefined : Buffer.from(halves.join(""), "hex");
}

function keyObject(numbers: PublicNumbers): KeyObject {
  const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");
  const ofNumber = (number: bigint) => {
    const hex = number.toString(16);
    return base64url(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex"));
  };
  try {
    switch (numbers.algorithm) {
      case "RSA":
        return createPublicKey({ format: "jwk", key: { kty: "RSA", n: ofNumber(numbers.n), e: ofNumber(numbers.e) } });
      case "ECDSA": {
        const { bytes, bits } = curves[numbers.curve];
        const [x, y] = [numbers.point.subarray(1, 1 + bytes), numbers.point.subarray(1 + bytes)];
        return createPublicKey({
          format: "jwk",
          key: { kty: "EC", crv: `P-${bits}`, x: base64url(x), y: base64url(y) },
        });
      }
      case "ED25519":
        return createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x: base64url(numbers.point) } });
      case "DSA":
        throw unsupported(`Keys of the type ${quoted("ssh-dss")} sign no certificates.`);
    }
  } catch (error) {
    if (error instanceof Error && error.name !== "KeyError") throw damaged("the key of its authority is none");
    throw error;
  }
}
