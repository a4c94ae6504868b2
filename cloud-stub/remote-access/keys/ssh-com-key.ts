// The private key file of ssh.com's SSH (Tectia): RSA and DSA, in the clear or under triple DES.
import { createHash } from "node:crypto";
import { blockCiphers, decryptBlocks } from "./block-ciphers.ts";
import { damaged, KeyError, passphraseNeeded, passphraseWrong, quoted, unsupported } from "./key-error.ts";
import type { KeyFileContent } from "./key-file-content.ts";
import { dsaPrivate, type PrivateNumbers, rsaPrivate } from "./key-numbers.ts";
import { type ArmouredBlock, decodeBase64 } from "./key-text.ts";
import { SshReader } from "./ssh-bytes.ts";

export const sshComPrivateLabel = "SSH2 ENCRYPTED PRIVATE KEY";
const magic = 0x3f6ff9eb;

/** Reads a block with the label above; throws KeyError. The label says "encrypted" even where it is not. */
export function readSshComKey(block: ArmouredBlock, passphrase: Buffer): KeyFileContent {
  const bytes = decodeBase64(block.body);
  const reader = new SshReader(bytes);
  if (reader.uint32() !== magic || reader.uint32() > bytes.length) throw damaged("it does not begin as an ssh.com key");
  const type = reader.text();
  const read = readerOf(type);
  const cipher = reader.text();
  const inner = reader.string();
  if (cipher !== "none" && cipher !== "3des-cbc") {
    throw unsupported(`This key is encrypted with ${quoted(cipher)}; ssh.com keys can be opened with 3des-cbc only.`);
  }
  const comment = (block.headers.get("comment") ?? "").replace(/^"(.*)"$/, "$1");
  const content = (numbers: PrivateNumbers): KeyFileContent => {
    return { numbers, comment, format: "SSH2", variant: "ssh.com private key" };
  };
  if (cipher === "none") return content(read(new SshReader(new SshReader(inner).string())));
  if (passphrase.length === 0) throw passphraseNeeded();
  return content(readDecrypted(decrypt(inner, passphrase), read));
}

function readerOf(type: string): (reader: SshReader) => PrivateNumbers {
  if (type.startsWith("if-modn{")) return readRsa;
  if (type.startsWith("dl-modp{")) return readDsa;
  throw unsupported(`ssh.com keys of the type ${quoted(type)} cannot be used; its RSA and DSA keys can.`);
}

function decrypt(encrypted: Buffer, passphrase: Buffer): Buffer {
  if (encrypted.length === 0 || encrypted.length % 8 !== 0) throw damaged("it ends too early");
  const first = createHash("md5").update(passphrase).digest();
  const second = createHash("md5").update(passphrase).update(first).digest();
  const key = Buffer.concat([first, second]).subarray(0, 24);
  return decryptBlocks(blockCiphers.tripleDesCbc, key, Buffer.alloc(8), encrypted);
}

/** The format has no check of its own: a wrong passphrase shows in numbers that make no sense. */
function readDecrypted(clear: Buffer, read: (reader: SshReader) => PrivateNumbers): PrivateNumbers {
  try {
    return read(new SshReader(new SshReader(clear).string()));
  } catch (error) {
    if (error instanceof KeyError) throw passphraseWrong();
    throw error;
  }
}

function readNumber(reader: SshReader): bigint {
  return reader.numberOfBits(reader.uint32());
}

function readRsa(reader: SshReader): PrivateNumbers {
  const [e, d, n] = [readNumber(reader), readNumber(reader), readNumber(reader)];
  readNumber(reader);
  return rsaPrivate({ n, e, d, p: readNumber(reader), q: readNumber(reader) });
}

function readDsa(reader: SshReader): PrivateNumbers {
  if (reader.uint32() !== 0)
    throw unsupported("This ssh.com DSA key uses predefined parameters, which are not known here.");
  const [p, g, q] = [readNumber(reader), readNumber(reader), readNumber(reader)];
  const [y, x] = [readNumber(reader), readNumber(reader)];
  return dsaPrivate({ p, q, g, y, x });
}
