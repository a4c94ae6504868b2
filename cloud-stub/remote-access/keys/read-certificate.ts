// Reads OpenSSH certificates (PROTOCOL.certkeys of OpenSSH): for whom, how long, and about which key.
import { damaged, KeyError, unsupported } from "./key-error.ts";
import type { KeyAlgorithm, PublicNumbers } from "./key-numbers.ts";
import { decodeBase64, openKeyFile } from "./key-text.ts";
import {
  certificateSuffix,
  cleanComment,
  fingerprintOf,
  fingerprintOfBlob,
  readPublicBlob,
  readPublicFields,
} from "./public-blob.ts";
import { verifyBlob } from "./signature.ts";
import { SshReader } from "./ssh-bytes.ts";

export interface Certificate {
  readonly algorithm: KeyAlgorithm;
  /** Who shows it: a user to a host, or a host to a user. */
  readonly kind: "user" | "host";
  /** Of the key that it is about. */
  readonly keyFingerprint: string;
  /** Of the key that signed it. */
  readonly authorityFingerprint: string;
  /** What the authority called it; printable. */
  readonly keyId: string;
  /** In decimal; it may have 64 bits. */
  readonly serial: string;
  /** User or host names; none means any, which servers commonly refuse. */
  readonly principals: readonly string[];
  /** Milliseconds since 1970; undefined where it was always valid. */
  readonly validAfter: number | undefined;
  /** Milliseconds since 1970, from which on it is not valid; undefined where it has no end. */
  readonly validBefore: number | undefined;
  /** One line: "ssh-rsa-cert-v01@openssh.com AAAA... comment". */
  readonly openssh: string;
}

interface CertificateBlob {
  readonly numbers: PublicNumbers;
  readonly kind: "user" | "host";
  readonly serial: bigint;
  readonly keyId: string;
  readonly principals: readonly string[];
  readonly validAfter: bigint;
  readonly validBefore: bigint;
  readonly authority: Buffer;
}

/** Reads one certificate line (a -cert.pub file) of at most 64 KiB and checks its authority's signature. Throws KeyError. */
export function readCertificate(text: string | Uint8Array): Certificate {
  const file = openKeyFile(text);
  const entries = file.kind === "text" ? file.lines.filter((line) => line.trim() !== "" && !line.startsWith("#")) : [];
  const match = /^([a-z0-9@.-]{1,60})\s+(AAAA[A-Za-z0-9+/=]*)(?:\s+(.*))?$/s.exec(entries[0]?.trimEnd() ?? "");
  const [, type = "", base64 = "", comment = ""] = match ?? [];
  if (!type.endsWith(certificateSuffix)) throw noCertificate(type, file.kind === "text" ? file.lines : []);
  if (entries.length > 1) {
    throw new KeyError(
      "key.format-unknown",
      `There are ${entries.length} lines in this text; one certificate is needed.`,
    );
  }
  const bytes = decodeBase64(base64);
  if (new SshReader(bytes).text() !== type) throw damaged("its line names another type than the certificate itself");
  const { numbers, kind, serial, keyId, principals, validAfter, validBefore, authority } = readCertificateBlob(bytes);
  return {
    algorithm: numbers.algorithm,
    kind,
    keyFingerprint: fingerprintOf(numbers),
    authorityFingerprint: fingerprintOfBlob(authority),
    keyId,
    serial: serial.toString(),
    principals,
    validAfter: validAfter === 0n ? undefined : millisecondsOf(validAfter),
    validBefore: millisecondsOf(validBefore),
    openssh: `${type} ${bytes.toString("base64")} ${cleanComment(comment)}`.trimEnd(),
  };
}

function noCertificate(type: string, lines: readonly string[]): KeyError {
  if (type !== "") {
    return new KeyError(
      "key.format-unknown",
      "This is a public key, not a certificate; it was not signed by an authority.",
    );
  }
  if (lines.some((line) => line.includes("BEGIN CERTIFICATE"))) {
    return new KeyError(
      "key.format-unknown",
      "This is an X.509 certificate; an OpenSSH certificate (-cert.pub) is needed.",
    );
  }
  return new KeyError(
    "key.format-unknown",
    'This is no OpenSSH certificate; it is one line such as "ssh-ed25519-cert-v01@openssh.com AAAA...".',
  );
}

/** Far beyond what a date can hold; OpenSSH writes all ones for "forever". */
const lastSecond = 8_640_000_000_000n;

function millisecondsOf(seconds: bigint): number | undefined {
  return seconds > lastSecond ? undefined : Number(seconds) * 1000;
}

const principalsMax = 256;

/** Reads the blob of a certificate; throws KeyError, `key.damaged` also for a signature that does not fit. */
export function readCertificateBlob(bytes: Uint8Array): CertificateBlob {
  const reader = new SshReader(bytes);
  const type = reader.text();
  if (!type.endsWith(certificateSuffix)) throw damaged("it is no certificate");
  reader.string();
  const numbers = readPublicFields(type.slice(0, -certificateSuffix.length), reader);
  const serial = reader.uint64();
  const kind = reader.uint32();
  if (kind !== 1 && kind !== 2) throw damaged("it is a certificate neither for a user nor for a host");
  const keyId = cleanComment(reader.text());
  const principals = readPrincipals(reader.string());
  const [validAfter, validBefore] = [reader.uint64(), reader.uint64()];
  // Critical options, extensions and a reserved field, which the server judges.
  for (let skipped = 0; skipped < 3; skipped += 1) reader.string();
  const authority = reader.string();
  const signed = bytes.subarray(0, bytes.length - reader.left);
  const signature = reader.string();
  reader.end();
  if (!verifyBlob(readPublicBlob(authority), signed, signature))
    throw damaged("its authority's signature does not fit");
  return {
    numbers,
    kind: kind === 1 ? "user" : "host",
    serial,
    keyId,
    principals,
    validAfter,
    validBefore,
    authority,
  };
}

function readPrincipals(bytes: Buffer): readonly string[] {
  const reader = new SshReader(bytes);
  const principals: string[] = [];
  while (reader.left > 0) {
    principals.push(cleanComment(reader.text()));
    if (principals.length > principalsMax)
      throw unsupported(`A certificate for more than ${principalsMax} names cannot be used.`);
  }
  return principals;
}
