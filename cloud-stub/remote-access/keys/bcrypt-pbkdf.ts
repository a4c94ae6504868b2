// OpenSSH's key derivation for private key files: PBKDF2's frame around a bcrypt with SHA-512.
import { createHash } from "node:crypto";
import { Blowfish } from "./blowfish.ts";

const hashWords = 8;
const hashBytes = hashWords * 4;
const costRounds = 64;
const magic = Buffer.from("OxychromaticBlowfishSwatDynamite", "latin1");

/** `length` bytes (1 to 1024) from a passphrase and a salt; time grows with rounds and length, about 5 ms for each round of 64 bytes. */
export function bcryptPbkdf(passphrase: Uint8Array, salt: Uint8Array, rounds: number, length: number): Buffer {
  const key = Buffer.alloc(length);
  const hashedPassphrase = wordsOf(sha512(passphrase));
  const strides = Math.ceil(length / hashBytes);
  for (let block = 0; block < strides; block += 1) {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(block + 1);
    let round = bcryptHash(hashedPassphrase, wordsOf(sha512(Buffer.concat([salt, counter]))));
    const sum = Buffer.from(round);
    for (let index = 1; index < rounds; index += 1) {
      round = bcryptHash(hashedPassphrase, wordsOf(sha512(round)));
      for (let at = 0; at < hashBytes; at += 1) sum[at] = (sum[at] ?? 0) ^ (round[at] ?? 0);
    }
    // The blocks' bytes are dealt out in turn, so that no part of the key comes from one block alone.
    for (let at = 0; at < hashBytes; at += 1) {
      if (at * strides + block < length) key[at * strides + block] = sum[at] ?? 0;
    }
  }
  return key;
}

function bcryptHash(passphrase: Int32Array, salt: Int32Array): Buffer {
  const cipher = new Blowfish();
  cipher.expand(passphrase, salt);
  for (let index = 0; index < costRounds; index += 1) {
    cipher.expand(salt);
    cipher.expand(passphrase);
  }
  const words = wordsOf(magic);
  for (let at = 0; at < hashWords; at += 2) {
    for (let index = 0; index < costRounds; index += 1) cipher.encrypt(words, at);
  }
  const out = Buffer.alloc(hashBytes);
  words.forEach((word, index) => {
    out.writeInt32LE(word, index * 4);
  });
  return out;
}

function sha512(bytes: Uint8Array): Buffer {
  return createHash("sha512").update(bytes).digest();
}

function wordsOf(bytes: Buffer): Int32Array {
  return Int32Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readInt32BE(index * 4));
}
