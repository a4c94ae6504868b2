// Opens the encrypted part of a key file. DES and 3DES come from OpenSSL's triple DES, since OpenSSL 3 left out the single one.
import { createCipheriv, createDecipheriv, timingSafeEqual } from "node:crypto";
import { passphraseWrong } from "./key-error.ts";
import { poly1305 } from "./poly1305.ts";

export interface BlockCipher {
  /** The name in node:crypto. */
  readonly name: string;
  readonly keyBytes: number;
  readonly ivBytes: number;
  readonly blockBytes: number;
  /** Length of the tag that an authenticating cipher leaves behind the text. */
  readonly tagBytes: number;
}

function cipher(name: string, keyBytes: number, ivBytes: number, blockBytes: number, tagBytes = 0): BlockCipher {
  return { name, keyBytes, ivBytes, blockBytes, tagBytes };
}

export const blockCiphers = {
  desCbc: cipher("des-cbc", 8, 8, 8),
  tripleDesCbc: cipher("des-ede3-cbc", 24, 8, 8),
  aes128Cbc: cipher("aes-128-cbc", 16, 16, 16),
  aes192Cbc: cipher("aes-192-cbc", 24, 16, 16),
  aes256Cbc: cipher("aes-256-cbc", 32, 16, 16),
  aes128Ctr: cipher("aes-128-ctr", 16, 16, 16),
  aes192Ctr: cipher("aes-192-ctr", 24, 16, 16),
  aes256Ctr: cipher("aes-256-ctr", 32, 16, 16),
  aes128Gcm: cipher("aes-128-gcm", 16, 12, 16, 16),
  aes256Gcm: cipher("aes-256-gcm", 32, 12, 16, 16),
  /** OpenSSH's own: two keys of 32 bytes, of which a key file uses the first. */
  chacha20Poly1305: cipher("chacha20-poly1305@openssh.com", 64, 0, 8, 16),
} as const;

/** Decrypts whole blocks and leaves the padding where it is. Throws `key.passphrase-wrong` where a tag does not fit. */
export function decryptBlocks(
  cipher: BlockCipher,
  key: Uint8Array,
  iv: Uint8Array,
  encrypted: Uint8Array,
  tag?: Uint8Array,
): Buffer {
  if (cipher.name === "chacha20-poly1305@openssh.com") return openChacha20(key, encrypted, tag ?? new Uint8Array());
  const [name, fitted] = cipher.name === "des-cbc" ? ["des-ede3-cbc", threeTimes(key)] : [cipher.name, key];
  if (cipher.tagBytes === 0) {
    const decipher = createDecipheriv(name, fitted, iv).setAutoPadding(false);
    return Buffer.concat([decipher.update(encrypted), decipher.final()]);
  }
  const decipher = createDecipheriv(name as "aes-256-gcm", fitted, iv, { authTagLength: cipher.tagBytes });
  decipher.setAuthTag(tag ?? new Uint8Array(cipher.tagBytes));
  try {
    return Buffer.concat([decipher.update(encrypted), decipher.final()]);
  } catch {
    // Only the tag can be wrong here: lengths were judged before.
    throw passphraseWrong();
  }
}

/** Decrypts and takes the padding of PKCS #7 off; throws `key.passphrase-wrong` where that does not work out. */
export function decryptPadded(cipher: BlockCipher, key: Uint8Array, iv: Uint8Array, encrypted: Uint8Array): Buffer {
  const padded = decryptBlocks(cipher, key, iv, encrypted);
  const count = padded.at(-1) ?? 0;
  if (count === 0 || count > cipher.blockBytes || count > padded.length) throw passphraseWrong();
  if (padded.subarray(-count).some((byte) => byte !== count)) throw passphraseWrong();
  return padded.subarray(0, -count);
}

/** SSH-1's triple DES: three passes of DES-CBC, each with its own chain, over the whole text. The key has 16 bytes. */
export function decryptSsh1TripleDes(key: Uint8Array, encrypted: Uint8Array): Buffer {
  const [outer, middle] = [threeTimes(key.subarray(0, 8)), threeTimes(key.subarray(8, 16))];
  const iv = Buffer.alloc(8);
  const last = createDecipheriv("des-ede3-cbc", outer, iv).setAutoPadding(false).update(encrypted);
  const second = createCipheriv("des-ede3-cbc", middle, iv).setAutoPadding(false).update(last);
  return createDecipheriv("des-ede3-cbc", outer, iv).setAutoPadding(false).update(second);
}

/** Encrypt, decrypt, encrypt with one key is to encrypt once. */
function threeTimes(key: Uint8Array): Buffer {
  return Buffer.concat([key, key, key]);
}

/** PROTOCOL.chacha20poly1305 of OpenSSH, with packet number 0 and no length field: how a key file uses it. */
function openChacha20(key: Uint8Array, encrypted: Uint8Array, tag: Uint8Array): Buffer {
  const main = key.subarray(0, 32);
  const stream = (counter: number, bytes: Uint8Array) => {
    const iv = Buffer.alloc(16);
    iv.writeUInt32LE(counter, 0);
    return createCipheriv("chacha20", main, iv).update(bytes);
  };
  const expected = poly1305(stream(0, Buffer.alloc(32)), encrypted);
  if (tag.length !== expected.length || !timingSafeEqual(tag, expected)) throw passphraseWrong();
  return stream(1, encrypted);
}
