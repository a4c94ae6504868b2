// Reads public keys and host keys in any format a person has them in.

import { readPkcs1Public, readPublicKeyInfo } from "./der-key.ts";
import { damaged, KeyError, quoted } from "./key-error.ts";
import type { KeyFormat } from "./key-file-content.ts";
import { bitsOf, checkPublic, type KeyAlgorithm, type PublicNumbers } from "./key-numbers.ts";
import { type ArmouredBlock, armouredBlocks, decodeBase64, openKeyFile } from "./key-text.ts";
import {
  certificateSuffix,
  cleanComment,
  fingerprintOf,
  openSshLine,
  readPublicBlob,
  typeName,
} from "./public-blob.ts";
import { puttyOpening } from "./putty-key.ts";
import { readCertificateBlob } from "./read-certificate.ts";
import { isPrivateLabel } from "./read-private-key.ts";

export interface PublicKey {
  readonly algorithm: KeyAlgorithm;
  readonly bits: number;
  readonly format: KeyFormat;
  /** One line: "ssh-rsa AAAA... comment". */
  readonly openssh: string;
  /** "SHA256:..." */
  readonly fingerprint: string;
}

/** How many host keys one text may hold. A machine has one for each algorithm. */
export const hostKeysMax = 64;

/** Reads exactly one public key of at most 64 KiB: OpenSSH's line, RFC 4716, PEM, or SSH-1's line. Throws KeyError. */
export function readPublicKey(text: string | Uint8Array): PublicKey {
  const lines = openPublicLines(text);
  const blocks = armouredBlocks(lines);
  const entries = blocks.length > 0 ? blocks.length : lines.filter(isEntry).length;
  if (entries > 1) throw new KeyError("key.format-unknown", `There are ${entries} keys in this text; one is needed.`);
  const [block] = blocks;
  if (block !== undefined) return readBlock(block);
  const line = lines.find(isEntry);
  const key = line === undefined ? undefined : (readLine(line) ?? readSsh1Line(line));
  if (key === undefined) throw unknownFormat();
  if (key === "certificate") {
    throw new KeyError("key.not-public", "This is a certificate; the public key itself is needed here.");
  }
  return key;
}

/**
 * Reads the keys by which a host may show itself: plain lines, known_hosts, .pub files, host certificates (the key inside),
 * RFC 4716 and PEM, at most `hostKeysMax`, each once. Lines marked @revoked or @cert-authority name no key of the host.
 * Keys that cannot be used are left out if another can. Throws KeyError.
 */
export function readHostKeys(text: string | Uint8Array): readonly PublicKey[] {
  const lines = openPublicLines(text);
  const blocks = armouredBlocks(lines);
  const entries = lines.filter((line) => isEntry(line) && !line.startsWith("@"));
  const readers = blocks.length > 0 ? blocks.map((block) => () => readBlock(block)) : entries.map(hostKeyReader);
  if (readers.length === 0) {
    throw new KeyError(
      "key.format-unknown",
      "There is no host key in this text: every line is marked as something else.",
    );
  }
  if (readers.length > hostKeysMax) {
    throw new KeyError(
      "key.too-large",
      `There are ${readers.length} keys in this text; a host has at most ${hostKeysMax}.`,
    );
  }
  const keys = new Map<string, PublicKey>();
  let firstProblem: KeyError | undefined;
  for (const read of readers) {
    try {
      const key = read();
      if (!keys.has(key.fingerprint)) keys.set(key.fingerprint, key);
    } catch (error) {
      if (!(error instanceof KeyError) || error.code !== "key.algorithm-unsupported") throw error;
      firstProblem ??= error;
    }
  }
  if (keys.size === 0 && firstProblem !== undefined) throw firstProblem;
  return [...keys.values()];
}

function hostKeyReader(line: string, index: number): () => PublicKey {
  return () => {
    const key = readLine(line);
    if (key === undefined) {
      throw new KeyError("key.format-unknown", `Entry ${index + 1} of this text is no host key in a known format.`);
    }
    return key === "certificate" ? certifiedKey(line) : key;
  };
}

function isEntry(line: string): boolean {
  return line.trim() !== "" && !line.startsWith("#");
}

function openPublicLines(text: string | Uint8Array): readonly string[] {
  const file = openKeyFile(text);
  if (file.kind === "ssh1" || file.lines.some((line) => line.startsWith(puttyOpening))) throw isPrivateHere();
  if (armouredBlocks(file.lines).some(({ label }) => isPrivateLabel(label))) throw isPrivateHere();
  return file.lines;
}

function isPrivateHere(): KeyError {
  return new KeyError("key.not-public", "This is a private key; the public key that belongs to it is needed here.");
}

function unknownFormat(): KeyError {
  return new KeyError(
    "key.format-unknown",
    'This is no public key in a known format: a line such as "ssh-ed25519 AAAA...", RFC 4716 (SSH2) or PEM.',
  );
}

function publicKey(numbers: PublicNumbers, format: KeyFormat, comment: string): PublicKey {
  return {
    algorithm: numbers.algorithm,
    bits: bitsOf(numbers),
    format,
    openssh: openSshLine(numbers, cleanComment(comment)),
    fingerprint: fingerprintOf(numbers),
  };
}

function readBlock(block: ArmouredBlock): PublicKey {
  const bytes = () => decodeBase64(block.body);
  switch (block.label) {
    case "SSH2 PUBLIC KEY":
      return publicKey(readPublicBlob(bytes()), "SSH2", (block.headers.get("comment") ?? "").replace(/^"(.*)"$/, "$1"));
    case "PUBLIC KEY":
      return publicKey(readPublicKeyInfo(bytes()), "PEM", "");
    case "RSA PUBLIC KEY":
      return publicKey(readPkcs1Public(bytes()), "PEM", "");
    case "CERTIFICATE":
      throw new KeyError(
        "key.not-public",
        "This is an X.509 certificate, which SSH does not use; a public key is needed here.",
      );
    default:
      throw new KeyError("key.format-unknown", `A file with ${quoted(`BEGIN ${block.label}`)} is no public key.`);
  }
}

const entryPattern = /(?:^|[\s,"])((?:ssh-|ecdsa-sha2-|sk-)[A-Za-z0-9@.-]{1,60})\s+(AAAA[A-Za-z0-9+/=]*)(?:\s+(.*))?$/s;

/** A line of a .pub, authorized_keys or known_hosts file: the key may follow host names or options. */
function readLine(line: string): PublicKey | "certificate" | undefined {
  const match = entryPattern.exec(line.trimEnd());
  const [, type, base64, comment] = match ?? [];
  if (type === undefined || base64 === undefined) return undefined;
  if (type.endsWith(certificateSuffix)) return "certificate";
  const numbers = readPublicBlob(decodeBase64(base64));
  if (typeName(numbers) !== type) throw damaged("its line names another type than the key itself");
  return publicKey(numbers, "OpenSSHv2", comment ?? "");
}

/** The key that a host certificate is about; who signed it is not asked. */
function certifiedKey(line: string): PublicKey {
  const [, , base64 = "", comment = ""] = entryPattern.exec(line.trimEnd()) ?? [];
  return publicKey(readCertificateBlob(decodeBase64(base64)).numbers, "OpenSSHv2", comment);
}

/** SSH-1's line: bits, exponent and modulus in decimal, comment. */
function readSsh1Line(line: string): PublicKey | undefined {
  const match = /^[0-9]{3,5}\s+([0-9]{1,20})\s+([0-9]{100,5000})(?:\s+(.*))?$/s.exec(line.trimEnd());
  const [, e, n, comment] = match ?? [];
  if (e === undefined || n === undefined) return undefined;
  return publicKey(checkPublic({ algorithm: "RSA", e: BigInt(e), n: BigInt(n) }), "OpenSSHv1", comment ?? "");
}
