// SSH's public key blob (RFC 4253 section 6.6, RFC 5656 section 3.1, RFC 8709 section 4): read, written, and its fingerprint.
import { createHash } from "node:crypto";
import { damaged, quoted, unsupported } from "./key-error.ts";
import { checkPublic, isCurveName, type PublicNumbers, uncompressed } from "./key-numbers.ts";
import { SshReader, writeMpint, writeString } from "./ssh-bytes.ts";

export const certificateSuffix = "-cert-v01@openssh.com";

/** SSH's name of the key's type, such as "ecdsa-sha2-nistp256". */
export function typeName(numbers: PublicNumbers): string {
  switch (numbers.algorithm) {
    case "RSA":
      return "ssh-rsa";
    case "DSA":
      return "ssh-dss";
    case "ECDSA":
      return `ecdsa-sha2-${numbers.curve}`;
    case "ED25519":
      return "ssh-ed25519";
  }
}

/** Reads a whole blob; throws KeyError. */
export function readPublicBlob(blob: Uint8Array): PublicNumbers {
  const reader = new SshReader(blob);
  const numbers = readPublicFields(reader.text(), reader);
  reader.end();
  return numbers;
}

/** Reads the fields that follow the type's name, in a blob or in a certificate. */
export function readPublicFields(type: string, reader: SshReader): PublicNumbers {
  if (type === "ssh-rsa") return checkPublic({ algorithm: "RSA", e: reader.mpint(), n: reader.mpint() });
  if (type === "ssh-dss") {
    const [p, q, g, y] = [reader.mpint(), reader.mpint(), reader.mpint(), reader.mpint()];
    return checkPublic({ algorithm: "DSA", p, q, g, y });
  }
  if (type === "ssh-ed25519") return checkPublic({ algorithm: "ED25519", point: Buffer.from(reader.string()) });
  const curve = type.startsWith("ecdsa-sha2-") ? type.slice("ecdsa-sha2-".length) : "";
  if (!isCurveName(curve)) throw unsupported(whyUnsupported(type));
  if (reader.text() !== curve) throw damaged("it names two different curves");
  return { algorithm: "ECDSA", curve, point: uncompressed(curve, reader.string()) };
}

function whyUnsupported(type: string): string {
  if (type.endsWith(certificateSuffix)) return "This is a certificate where a plain key is needed.";
  if (type.startsWith("sk-")) {
    return "This key lives in a security key (FIDO) and signs only where that is plugged in; it cannot be used from here.";
  }
  return `Keys of the type ${quoted(type)} cannot be used; RSA, DSA, ECDSA (NIST curves) and ED25519 can.`;
}

export function writePublicBlob(numbers: PublicNumbers): Buffer {
  const type = writeString(typeName(numbers));
  switch (numbers.algorithm) {
    case "RSA":
      return Buffer.concat([type, writeMpint(numbers.e), writeMpint(numbers.n)]);
    case "DSA":
      return Buffer.concat([type, ...[numbers.p, numbers.q, numbers.g, numbers.y].map(writeMpint)]);
    case "ECDSA":
      return Buffer.concat([type, writeString(numbers.curve), writeString(numbers.point)]);
    case "ED25519":
      return Buffer.concat([type, writeString(numbers.point)]);
  }
}

/** "SHA256:" and base64 without padding: what `ssh-keygen -l` shows. */
export function fingerprintOf(numbers: PublicNumbers): string {
  return fingerprintOfBlob(writePublicBlob(numbers));
}

export function fingerprintOfBlob(blob: Uint8Array): string {
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

/** One line as in a .pub file, without a line end. */
export function openSshLine(numbers: PublicNumbers, comment: string): string {
  return `${typeName(numbers)} ${writePublicBlob(numbers).toString("base64")} ${comment}`.trimEnd();
}

const commentLengthMax = 200;

/** A comment that cannot break a line or a terminal: printable, at most 200 characters. */
export function cleanComment(comment: string): string {
  return comment
    .replace(/[\p{C}\p{Zl}\p{Zp}\ufffd]+/gu, " ")
    .trim()
    .slice(0, commentLengthMax);
}
