// Reads a private key in any format a person has it in, and turns it into the one that the SSH client takes.
import { damaged, KeyError, quoted } from "./key-error.ts";
import { type KeyFileContent, type KeyFormat, passphraseBytesMax } from "./key-file-content.ts";
import { bitsOf, type KeyAlgorithm } from "./key-numbers.ts";
import { type ArmouredBlock, armouredBlocks, decodeBase64, openKeyFile } from "./key-text.ts";
import { readOpenSshKey, writeOpenSshKey } from "./openssh-key-v1.ts";
import { pemPrivateLabels, readPemKey } from "./pem-key.ts";
import { cleanComment, fingerprintOf, openSshLine } from "./public-blob.ts";
import { puttyOpening, readPuttyKey } from "./putty-key.ts";
import { readSshComKey, sshComPrivateLabel } from "./ssh-com-key.ts";
import { readSsh1Key } from "./ssh1-key.ts";

export interface PrivateKey {
  readonly algorithm: KeyAlgorithm;
  /** Of the modulus (RSA), the prime (DSA) or the curve. */
  readonly bits: number;
  readonly format: KeyFormat;
  /** The format's exact name, such as "SSH-1 RSA private key file", "openssh-key-v1" or "PKCS#8, encrypted". */
  readonly variant: string;
  /** One line: "ssh-rsa AAAA... comment". */
  readonly publicKey: string;
  /** "SHA256:..." */
  readonly fingerprint: string;
  /** A secret: the key as OpenSSH's file without a passphrase, which ssh2 takes. */
  readonly forSsh: string;
}

const opensshLabel = "OPENSSH PRIVATE KEY";

/**
 * Reads a private key of at most 64 KiB; an empty passphrase is none, and one that the key does not need is left unused.
 * Throws KeyError, always. Takes as long as the key's own derivation asks for, within `derivationLimits`; it blocks meanwhile.
 */
export function readPrivateKey(text: string | Uint8Array, passphrase?: string): PrivateKey {
  const secret = Buffer.from(passphrase ?? "", "utf8");
  if (secret.length > passphraseBytesMax) {
    throw new KeyError("key.too-large", `A passphrase has at most ${passphraseBytesMax} bytes.`);
  }
  const { numbers, comment, format, variant } = readContent(text, secret);
  const cleaned = cleanComment(comment);
  return {
    algorithm: numbers.algorithm,
    bits: bitsOf(numbers),
    format,
    variant,
    publicKey: openSshLine(numbers, cleaned),
    fingerprint: fingerprintOf(numbers),
    forSsh: writeOpenSshKey(numbers, cleaned),
  };
}

function readContent(text: string | Uint8Array, passphrase: Buffer): KeyFileContent {
  const file = openKeyFile(text);
  if (file.kind === "ssh1") return readSsh1Key(file.bytes, passphrase);
  const puttyAt = file.lines.findIndex((line) => line.startsWith(puttyOpening));
  if (puttyAt >= 0) return readPuttyKey(file.lines.slice(puttyAt), passphrase);
  const blocks = armouredBlocks(file.lines);
  const block = blocks.find(({ label }) => isPrivateLabel(label));
  if (block === undefined) throw notPrivate(file.lines, blocks);
  if (block.label === opensshLabel) return readOpenSshKey(decodeBase64(block.body), passphrase);
  if (block.label === sshComPrivateLabel) return readSshComKey(block, passphrase);
  return readPemKey(block, passphrase);
}

/** Whether an armour's label is that of a private key which can be read. */
export function isPrivateLabel(label: string): boolean {
  return label === opensshLabel || label === sshComPrivateLabel || pemPrivateLabels.includes(label);
}

function notPrivate(lines: readonly string[], blocks: readonly ArmouredBlock[]): KeyError {
  const label = blocks[0]?.label;
  if (label?.includes("CERTIFICATE")) {
    return new KeyError("key.not-private", "This is an X.509 certificate; the private key is needed here.");
  }
  if (label?.includes("PUBLIC KEY")) return isPublicHere();
  if (label !== undefined) {
    return new KeyError(
      "key.format-unknown",
      `A file with ${quoted(`BEGIN ${label}`)} is no private key that can be read.`,
    );
  }
  const first = lines.find((line) => line.trim() !== "") ?? "";
  if (/^(?:ssh-|ecdsa-sha2-|sk-)[a-z0-9@.-]+\s+AAAA/.test(first)) return isPublicHere();
  if (lines.some((line) => /^-----? ?END /.test(line))) return damaged("its BEGIN line is missing or not whole");
  return new KeyError(
    "key.format-unknown",
    "This is no private key in a known format: OpenSSH, PEM, ssh.com (SSH2) or PuTTY. Paste the whole file, its BEGIN and END lines too.",
  );
}

function isPublicHere(): KeyError {
  return new KeyError("key.not-private", "This is a public key; the private key that belongs to it is needed here.");
}
