// Private keys in PEM: PKCS#1, SEC1 and DSA's own form, in the clear or with OpenSSL's traditional encryption, and PKCS#8.
import { createHash } from "node:crypto";
import { type BlockCipher, blockCiphers, decryptPadded } from "./block-ciphers.ts";
import { readDsa, readPkcs1, readPkcs8, readSec1 } from "./der-key.ts";
import { damaged, KeyError, passphraseNeeded, passphraseWrong, quoted, unsupported } from "./key-error.ts";
import type { KeyFileContent } from "./key-file-content.ts";
import type { PrivateNumbers } from "./key-numbers.ts";
import { type ArmouredBlock, decodeBase64 } from "./key-text.ts";
import { decryptPkcs8 } from "./pkcs8-encryption.ts";

const traditionalCiphers: Readonly<Record<string, BlockCipher>> = {
  "DES-CBC": blockCiphers.desCbc,
  "DES-EDE3-CBC": blockCiphers.tripleDesCbc,
  "AES-128-CBC": blockCiphers.aes128Cbc,
  "AES-192-CBC": blockCiphers.aes192Cbc,
  "AES-256-CBC": blockCiphers.aes256Cbc,
};

const traditionalReaders: Readonly<Record<string, { variant: string; read: (der: Uint8Array) => PrivateNumbers }>> = {
  "RSA PRIVATE KEY": { variant: "PKCS#1", read: readPkcs1 },
  "DSA PRIVATE KEY": { variant: "DSA in OpenSSL's form", read: readDsa },
  "EC PRIVATE KEY": { variant: "SEC1", read: (der) => readSec1(der, undefined) },
};

export const pemPrivateLabels = [...Object.keys(traditionalReaders), "PRIVATE KEY", "ENCRYPTED PRIVATE KEY"];

/** Reads a block with one of `pemPrivateLabels`; throws KeyError. */
export function readPemKey(block: ArmouredBlock, passphrase: Buffer): KeyFileContent {
  const der = decodeBase64(block.body);
  const content = (numbers: PrivateNumbers, variant: string): KeyFileContent => {
    return { numbers, comment: "", format: "PEM", variant };
  };
  if (block.label === "PRIVATE KEY") return content(readPkcs8(der), "PKCS#8");
  if (block.label === "ENCRYPTED PRIVATE KEY") {
    const clear = decryptPkcs8(der, passphrase);
    return content(readDecrypted(clear, readPkcs8), "PKCS#8, encrypted");
  }
  const reader = traditionalReaders[block.label];
  if (reader === undefined) throw new KeyError("key.format-unknown", `${quoted(block.label)} is no private key.`);
  const encryption = block.headers.get("dek-info");
  if (encryption === undefined) return content(reader.read(der), reader.variant);
  const clear = decryptTraditional(der, encryption, passphrase);
  return content(readDecrypted(clear, reader.read), `${reader.variant}, encrypted`);
}

/** One wrong passphrase in 256 leaves padding that looks right; what comes out is then no DER. */
function readDecrypted(clear: Buffer, read: (der: Uint8Array) => PrivateNumbers): PrivateNumbers {
  try {
    return read(clear);
  } catch (error) {
    if (error instanceof KeyError && error.code === "key.damaged") throw passphraseWrong();
    throw error;
  }
}

/** `DEK-Info: CIPHER,IV`; the key is MD5 over passphrase and the IV's first 8 bytes, chained (EVP_BytesToKey with count 1). */
function decryptTraditional(encrypted: Buffer, encryption: string, passphrase: Buffer): Buffer {
  const [name = "", ivHex = ""] = encryption.split(",").map((part) => part.trim());
  const cipher = Object.hasOwn(traditionalCiphers, name.toUpperCase())
    ? traditionalCiphers[name.toUpperCase()]
    : undefined;
  if (cipher === undefined) {
    throw unsupported(
      `This key is encrypted with ${quoted(name)}, which cannot be opened here; \`ssh-keygen -p -f FILE\` encrypts it anew.`,
    );
  }
  const iv = Buffer.from(ivHex, "hex");
  if (iv.length !== cipher.ivBytes || ivHex.length !== 2 * cipher.ivBytes)
    throw damaged("its DEK-Info line is not whole");
  if (encrypted.length === 0 || encrypted.length % cipher.blockBytes !== 0) throw damaged("it ends too early");
  if (passphrase.length === 0) throw passphraseNeeded();
  const salt = iv.subarray(0, 8);
  let key = Buffer.alloc(0);
  let digest = Buffer.alloc(0);
  while (key.length < cipher.keyBytes) {
    digest = createHash("md5").update(digest).update(passphrase).update(salt).digest();
    key = Buffer.concat([key, digest]);
  }
  return decryptPadded(cipher, key.subarray(0, cipher.keyBytes), iv, encrypted);
}
