// The certificate by which a panel is known: by its SHA-256 fingerprint, given in any usual way or as the certificate itself.
import { createHash, X509Certificate } from "node:crypto";

/** Longest text that is read, in UTF-16 units. */
const pinLengthMax = 64 * 1024;

/** `SHA256:` and base64 without padding; undefined if it is neither a fingerprint nor a PEM certificate. */
export function readCertificatePin(text: string): string | undefined {
  if (text.length > pinLengthMax) return undefined;
  const trimmed = text.trim();
  if (/^SHA256:[A-Za-z0-9+/]{43}=?$/.test(trimmed)) return trimmed.replace(/=$/, "");
  const hex = trimmed.replace(/^sha-?256[:=]/i, "").replace(/[:\s]/g, "");
  if (/^[0-9A-Fa-f]{64}$/.test(hex)) return write(Buffer.from(hex, "hex"));
  if (!trimmed.includes("-----BEGIN CERTIFICATE-----")) return undefined;
  try {
    return write(createHash("sha256").update(new X509Certificate(trimmed).raw).digest());
  } catch {
    // Node's message says no more than that it is none.
    return undefined;
  }
}

function write(digest: Buffer): string {
  return `SHA256:${digest.toString("base64").replace(/=+$/, "")}`;
}
