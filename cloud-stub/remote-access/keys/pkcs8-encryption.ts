// Opens encrypted PKCS#8: PBES2 and PBES1 of PKCS#5 (RFC 8018), and triple DES as PKCS#12 derives its key (RFC 7292 appendix B).
import { createHash, hash as oneShot, pbkdf2Sync, scryptSync } from "node:crypto";
import { type BlockCipher, blockCiphers, decryptPadded } from "./block-ciphers.ts";
import { DerReader, derTags } from "./der.ts";
import { damaged, KeyError, passphraseNeeded, unsupported } from "./key-error.ts";
import { derivationLimits } from "./key-file-content.ts";
import { bigintOf } from "./key-numbers.ts";

interface Scheme {
  readonly cipher: BlockCipher;
  /** Key and initialisation vector; the slow part. */
  readonly derive: (passphrase: Buffer) => { readonly key: Uint8Array; readonly iv: Uint8Array };
}

/** Opens an EncryptedPrivateKeyInfo; the work that it asks for is limited before any is done. Throws KeyError. */
export function decryptPkcs8(der: Uint8Array, passphrase: Buffer): Buffer {
  const info = new DerReader(der).sequence();
  // Judged before the passphrase is asked for: a key that cannot be opened needs none.
  const { cipher, derive } = readScheme(info.sequence());
  const encrypted = info.octets();
  if (encrypted.length === 0 || encrypted.length % cipher.blockBytes !== 0) throw damaged("it ends too early");
  if (passphrase.length === 0) throw passphraseNeeded();
  const { key, iv } = derive(passphrase);
  return decryptPadded(cipher, key, iv, encrypted);
}

const pkcs5 = "1.2.840.113549.1.5";
const pkcs12 = "1.2.840.113549.1.12.1";

function readScheme(scheme: DerReader): Scheme {
  const objectId = scheme.objectId();
  const parameters = scheme.sequence();
  switch (objectId) {
    case `${pkcs5}.13`:
      return readPbes2(parameters);
    case `${pkcs5}.3`:
      return readPbes1(parameters, "md5");
    case `${pkcs5}.10`:
      return readPbes1(parameters, "sha1");
    case `${pkcs12}.3`:
      return readPkcs12(parameters, 24);
    case `${pkcs12}.4`:
      return readPkcs12(parameters, 16);
    default:
      throw cannotOpen(objectId);
  }
}

const knownNames: Readonly<Record<string, string>> = {
  [`${pkcs5}.1`]: "PBE-MD2-DES",
  [`${pkcs5}.4`]: "PBE-MD2-RC2",
  [`${pkcs5}.6`]: "PBE-MD5-RC2",
  [`${pkcs5}.11`]: "PBE-SHA1-RC2",
  [`${pkcs12}.1`]: "PBE-SHA1-RC4-128",
  [`${pkcs12}.2`]: "PBE-SHA1-RC4-40",
  [`${pkcs12}.5`]: "PBE-SHA1-RC2-128",
  [`${pkcs12}.6`]: "PBE-SHA1-RC2-40",
};

function cannotOpen(objectId: string): KeyError {
  return unsupported(
    `This key is encrypted with ${knownNames[objectId] ?? `the scheme ${objectId}`}, which cannot be opened here; ` +
      "`openssl pkcs8 -topk8 -v2 aes256 -in FILE` encrypts it anew.",
  );
}

const pbes2Ciphers: Readonly<Record<string, BlockCipher>> = {
  "1.3.14.3.2.7": blockCiphers.desCbc,
  "1.2.840.113549.3.7": blockCiphers.tripleDesCbc,
  "2.16.840.1.101.3.4.1.2": blockCiphers.aes128Cbc,
  "2.16.840.1.101.3.4.1.22": blockCiphers.aes192Cbc,
  "2.16.840.1.101.3.4.1.42": blockCiphers.aes256Cbc,
};

function readPbes2(parameters: DerReader): Scheme {
  const [derivation, encryption] = [parameters.sequence(), parameters.sequence()];
  const cipherId = encryption.objectId();
  const cipher = pbes2Ciphers[cipherId];
  if (cipher === undefined) throw cannotOpen(cipherId);
  const iv = encryption.octets();
  if (iv.length !== cipher.ivBytes) throw damaged("its structure is not that of a key");
  const derivationId = derivation.objectId();
  const derive = readDerivation(derivationId, derivation.sequence(), cipher.keyBytes);
  return { cipher, derive: (passphrase) => ({ key: derive(passphrase), iv }) };
}

type Derive = (passphrase: Buffer) => Uint8Array;

function readDerivation(objectId: string, parameters: DerReader, keyBytes: number): Derive {
  if (objectId === `${pkcs5}.12`) return readPbkdf2(parameters, keyBytes);
  if (objectId === "1.3.6.1.4.1.11591.4.11") return readScrypt(parameters, keyBytes);
  throw cannotOpen(objectId);
}

const pseudorandomFunctions: Readonly<Record<string, string>> = {
  "1.2.840.113549.2.7": "sha1",
  "1.2.840.113549.2.8": "sha224",
  "1.2.840.113549.2.9": "sha256",
  "1.2.840.113549.2.10": "sha384",
  "1.2.840.113549.2.11": "sha512",
};

function readPbkdf2(parameters: DerReader, keyBytes: number): Derive {
  const salt = parameters.octets();
  const iterations = readIterations(parameters, derivationLimits.pbkdf2Iterations);
  if (parameters.nextTag === derTags.integer && parameters.count() !== keyBytes) {
    throw damaged("its key length is not that of its cipher");
  }
  const functionId = parameters.nextTag === derTags.sequence ? parameters.sequence().objectId() : "1.2.840.113549.2.7";
  const hash = pseudorandomFunctions[functionId];
  if (hash === undefined) throw cannotOpen(functionId);
  return (passphrase) => pbkdf2Sync(passphrase, salt, iterations, keyBytes, hash);
}

function readIterations(parameters: DerReader, max: number): number {
  const iterations = parameters.count();
  if (iterations < 1) throw damaged("its key derivation makes no sense");
  if (iterations > max) throw tooMuchWork(`${max} iterations`);
  return iterations;
}

function tooMuchWork(limit: string): KeyError {
  return new KeyError("key.too-large", `Opening this key takes more work than is done for one: at most ${limit}.`);
}

/** RFC 7914 section 7. */
function readScrypt(parameters: DerReader, keyBytes: number): Derive {
  const salt = parameters.octets();
  const [cost, blockSize, parallelization] = [parameters.count(), parameters.count(), parameters.count()];
  const isPowerOfTwo = cost > 1 && Number.isInteger(Math.log2(cost));
  if (!isPowerOfTwo || blockSize < 1 || parallelization < 1) throw damaged("its key derivation makes no sense");
  const memory = 128 * cost * blockSize;
  const { scryptMemory, scryptWork } = derivationLimits;
  if (
    memory > scryptMemory ||
    128 * blockSize * parallelization > scryptMemory ||
    memory * parallelization > scryptWork
  ) {
    throw tooMuchWork(`${scryptMemory / 1024 ** 2} MiB of scrypt`);
  }
  // OpenSSL counts some more than the two large arrays.
  const maxmem = 2 * scryptMemory + 1024 ** 2;
  return (passphrase) => scryptSync(passphrase, salt, keyBytes, { cost, blockSize, parallelization, maxmem });
}

/** RFC 8018 section 6.1: key and IV of single DES from PBKDF1. */
function readPbes1(parameters: DerReader, hash: "md5" | "sha1"): Scheme {
  const [salt, iterations] = [parameters.octets(), readIterations(parameters, derivationLimits.olderIterations)];
  const derive = (passphrase: Buffer) => {
    let digest = createHash(hash).update(passphrase).update(salt).digest();
    for (let index = 1; index < iterations; index += 1) digest = oneShot(hash, digest, "buffer");
    return { key: digest.subarray(0, 8), iv: digest.subarray(8, 16) };
  };
  return { cipher: blockCiphers.desCbc, derive };
}

/** Triple DES with three keys, or with two of which the first is used again. */
function readPkcs12(parameters: DerReader, keyBytes: 16 | 24): Scheme {
  const [salt, iterations] = [parameters.octets(), readIterations(parameters, derivationLimits.olderIterations)];
  if (salt.length === 0) throw damaged("its key derivation makes no sense");
  const derive = (passphrase: Buffer) => {
    const key = pkcs12Bytes(1, passphrase, salt, iterations, keyBytes);
    const iv = pkcs12Bytes(2, passphrase, salt, iterations, 8);
    return { key: keyBytes === 24 ? key : Buffer.concat([key, key.subarray(0, 8)]), iv };
  };
  return { cipher: blockCiphers.tripleDesCbc, derive };
}

const sha1BlockBytes = 64;

/** RFC 7292 appendix B.2 with SHA-1; the purpose is 1 for a key, 2 for an IV. */
function pkcs12Bytes(purpose: 1 | 2, passphrase: Buffer, salt: Buffer, iterations: number, length: number): Buffer {
  const wide = Buffer.from(`${passphrase.toString("utf8")}\0`, "utf16le").swap16();
  const diversifier = Buffer.alloc(sha1BlockBytes, purpose);
  let input: Buffer = Buffer.concat([filled(salt), filled(wide)]);
  const out: Buffer[] = [];
  for (let made = 0; made < length; made += 20) {
    let digest = createHash("sha1").update(diversifier).update(input).digest();
    for (let index = 1; index < iterations; index += 1) digest = oneShot("sha1", digest, "buffer");
    out.push(digest);
    input = addToBlocks(input, filled(digest));
  }
  return Buffer.concat(out).subarray(0, length);
}

/** Repeated until whole blocks of the hash are full. */
function filled(bytes: Buffer): Buffer {
  return Buffer.alloc(Math.ceil(bytes.length / sha1BlockBytes) * sha1BlockBytes, bytes);
}

/** Each block plus the addend plus one, as a number modulo 2^512. `filled` cuts a digest's repetition at one block. */
function addToBlocks(blocks: Buffer, addend: Buffer): Buffer {
  const increment = bigintOf(addend.subarray(0, sha1BlockBytes)) + 1n;
  const out: Buffer[] = [];
  for (let at = 0; at < blocks.length; at += sha1BlockBytes) {
    const sum = (bigintOf(blocks.subarray(at, at + sha1BlockBytes)) + increment) & ((1n << 512n) - 1n);
    out.push(Buffer.from(sum.toString(16).padStart(2 * sha1BlockBytes, "0"), "hex"));
  }
  return Buffer.concat(out);
}
