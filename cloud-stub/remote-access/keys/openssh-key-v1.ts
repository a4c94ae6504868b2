// OpenSSH's own private key file (PROTOCOL.key of OpenSSH): read in every cipher that ssh-keygen writes, written in the clear.
import { createHash } from "node:crypto";
import { bcryptPbkdf } from "./bcrypt-pbkdf.ts";
import { type BlockCipher, blockCiphers, decryptBlocks } from "./block-ciphers.ts";
import { damaged, KeyError, passphraseNeeded, passphraseWrong, quoted, unsupported } from "./key-error.ts";
import { derivationLimits, type KeyFileContent } from "./key-file-content.ts";
import {
  dsaPrivate,
  ecdsaPrivate,
  ed25519Private,
  isCurveName,
  type PrivateNumbers,
  rsaPrivate,
} from "./key-numbers.ts";
import { readPublicBlob, typeName, writePublicBlob } from "./public-blob.ts";
import { SshReader, writeMpint, writeString, writeUint32 } from "./ssh-bytes.ts";

const magic = "openssh-key-v1\0";

const ciphers: Readonly<Record<string, BlockCipher>> = {
  "3des-cbc": blockCiphers.tripleDesCbc,
  "aes128-cbc": blockCiphers.aes128Cbc,
  "aes192-cbc": blockCiphers.aes192Cbc,
  "aes256-cbc": blockCiphers.aes256Cbc,
  "rijndael-cbc@lysator.liu.se": blockCiphers.aes256Cbc,
  "aes128-ctr": blockCiphers.aes128Ctr,
  "aes192-ctr": blockCiphers.aes192Ctr,
  "aes256-ctr": blockCiphers.aes256Ctr,
  "aes128-gcm@openssh.com": blockCiphers.aes128Gcm,
  "aes256-gcm@openssh.com": blockCiphers.aes256Gcm,
  "chacha20-poly1305@openssh.com": blockCiphers.chacha20Poly1305,
};

/** Reads the bytes inside the armour; throws KeyError. */
export function readOpenSshKey(bytes: Uint8Array, passphrase: Buffer): KeyFileContent {
  const reader = new SshReader(bytes);
  if (reader.left < magic.length || reader.take(magic.length).toString("latin1") !== magic) {
    throw damaged("it does not begin as an OpenSSH private key");
  }
  const [cipherName, derivation, options, count] = [reader.text(), reader.text(), reader.string(), reader.uint32()];
  if (count !== 1) throw unsupported(`This file holds ${count} keys; one is needed.`);
  // Judged before the passphrase is asked for: a key that cannot be used needs none.
  const publicBlob = reader.string();
  readPublicBlob(publicBlob);
  const clear = cipherName === "none" ? reader.string() : decrypt(cipherName, derivation, options, passphrase, reader);
  reader.end();
  const read = readClear(clear, cipherName !== "none");
  if (!writePublicBlob(read.numbers).equals(publicBlob)) throw damaged("its public half is that of another key");
  return { ...read, format: "OpenSSHv1", variant: "openssh-key-v1" };
}

function decrypt(name: string, derivation: string, options: Buffer, passphrase: Buffer, reader: SshReader): Buffer {
  const cipher = Object.hasOwn(ciphers, name) ? ciphers[name] : undefined;
  if (cipher === undefined || derivation !== "bcrypt") {
    throw unsupported(
      `This key is encrypted with ${quoted(cipher === undefined ? name : derivation)}, which cannot be opened here; ` +
        "`ssh-keygen -p -Z aes256-ctr -f FILE` encrypts it anew.",
    );
  }
  const encrypted = reader.string();
  const tag = reader.take(cipher.tagBytes);
  if (encrypted.length === 0 || encrypted.length % cipher.blockBytes !== 0) throw damaged("it ends too early");
  const derivationReader = new SshReader(options);
  const [salt, rounds] = [derivationReader.string(), derivationReader.uint32()];
  derivationReader.end();
  if (salt.length === 0 || rounds === 0) throw damaged("its key derivation makes no sense");
  if (rounds > derivationLimits.bcryptRounds) {
    throw new KeyError(
      "key.too-large",
      `This key wants ${rounds} rounds of bcrypt; at most ${derivationLimits.bcryptRounds} are done.`,
    );
  }
  if (passphrase.length === 0) throw passphraseNeeded();
  const derived = bcryptPbkdf(passphrase, salt, rounds, cipher.keyBytes + cipher.ivBytes);
  const [key, iv] = [derived.subarray(0, cipher.keyBytes), derived.subarray(cipher.keyBytes)];
  return decryptBlocks(cipher, key, iv, encrypted, tag);
}

function readClear(clear: Buffer, wasEncrypted: boolean): { numbers: PrivateNumbers; comment: string } {
  const reader = new SshReader(clear);
  const [one, other] = [reader.uint32(), reader.uint32()];
  if (one !== other) throw wasEncrypted ? passphraseWrong() : damaged("its check numbers differ");
  const numbers = readNumbers(reader.text(), reader);
  const comment = reader.text();
  for (let expected = 1; reader.left > 0; expected += 1) {
    if (reader.byte() !== (expected & 0xff)) throw damaged("its padding is wrong");
  }
  return { numbers, comment };
}

function readNumbers(type: string, reader: SshReader): PrivateNumbers {
  if (type === "ssh-rsa") {
    const [n, e, d] = [reader.mpint(), reader.mpint(), reader.mpint()];
    reader.mpint();
    return rsaPrivate({ n, e, d, p: reader.mpint(), q: reader.mpint() });
  }
  if (type === "ssh-dss") {
    const [p, q, g, y, x] = [reader.mpint(), reader.mpint(), reader.mpint(), reader.mpint(), reader.mpint()];
    return dsaPrivate({ p, q, g, y, x });
  }
  if (type === "ssh-ed25519") {
    const [point, both] = [reader.string(), reader.string()];
    if (both.length !== 64 || !both.subarray(32).equals(point)) throw damaged("an Ed25519 private key has 32 bytes");
    return ed25519Private(both.subarray(0, 32), point);
  }
  const curve = reader.text();
  if (type !== `ecdsa-sha2-${curve}` || !isCurveName(curve)) throw damaged("its two halves are of different types");
  const point = reader.string();
  return ecdsaPrivate(curve, reader.mpint(), point);
}

/** The file in the clear: a secret. It is what every other format is turned into. */
export function writeOpenSshKey(numbers: PrivateNumbers, comment: string): string {
  const publicBlob = writePublicBlob(numbers);
  // ssh-keygen draws the check numbers; here they depend on the key, so that the same key gives the same text.
  const check = createHash("sha256").update(publicBlob).digest().subarray(0, 4);
  const fields = [check, check, writeString(typeName(numbers)), ...privateFields(numbers), writeString(comment)];
  const clear = Buffer.concat(fields);
  const padding = Buffer.from(Array.from({ length: (8 - (clear.length % 8)) % 8 }, (_, index) => index + 1));
  const file = Buffer.concat([
    Buffer.from(magic, "latin1"),
    writeString("none"),
    writeString("none"),
    writeString(""),
    writeUint32(1),
    writeString(publicBlob),
    writeString(Buffer.concat([clear, padding])),
  ]);
  const lines = file.toString("base64").match(/.{1,70}/g) ?? [];
  return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join("\n");
}

function privateFields(numbers: PrivateNumbers): readonly Buffer[] {
  switch (numbers.algorithm) {
    case "RSA":
      return [numbers.n, numbers.e, numbers.d, numbers.inverseOfQ, numbers.p, numbers.q].map(writeMpint);
    case "DSA":
      return [numbers.p, numbers.q, numbers.g, numbers.y, numbers.x].map(writeMpint);
    case "ECDSA":
      return [
        writeString(numbers.curve),
        writeString(numbers.point),
        writeMpint(BigInt(`0x${numbers.scalar.toString("hex")}`)),
      ];
    case "ED25519":
      return [writeString(numbers.point), writeString(Buffer.concat([numbers.seed, numbers.point]))];
  }
}
