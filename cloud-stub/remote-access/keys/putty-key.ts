// PuTTY's private key file, versions 2 and 3 (PuTTY's manual, appendix C).
import { argon2Sync, createHash, createHmac, timingSafeEqual } from "node:crypto";
import { blockCiphers, decryptBlocks } from "./block-ciphers.ts";
import { damaged, KeyError, passphraseNeeded, passphraseWrong, quoted, unsupported } from "./key-error.ts";
import { derivationLimits, type KeyFileContent } from "./key-file-content.ts";
import {
  dsaPrivate,
  ecdsaPrivate,
  ed25519Private,
  type PrivateNumbers,
  type PublicNumbers,
  rsaPrivate,
} from "./key-numbers.ts";
import { decodeBase64 } from "./key-text.ts";
import { readPublicBlob } from "./public-blob.ts";
import { SshReader, writeString } from "./ssh-bytes.ts";

export const puttyOpening = "PuTTY-User-Key-File-";

interface PuttyFile {
  readonly version: 2 | 3;
  readonly type: string;
  readonly encryption: string;
  readonly comment: string;
  readonly publicBlob: Buffer;
  readonly privateBlob: Buffer;
  readonly derivation: ReadonlyMap<string, string>;
  readonly mac: Buffer;
}

/** Reads lines of which the first begins with `puttyOpening`; throws KeyError. */
export function readPuttyKey(lines: readonly string[], passphrase: Buffer): KeyFileContent {
  const file = readFields(lines);
  const numbers = readPublicBlob(file.publicBlob);
  const isEncrypted = file.encryption !== "none";
  if (isEncrypted && file.encryption !== "aes256-cbc") {
    throw unsupported(`This PuTTY key is encrypted with ${quoted(file.encryption)}; PuTTY itself uses aes256-cbc.`);
  }
  const keys = isEncrypted ? derive(file, passphrase) : { ...noKeys, mac: plainMacKey(file) };
  const clear = isEncrypted
    ? decryptBlocks(blockCiphers.aes256Cbc, keys.key, keys.iv, file.privateBlob)
    : file.privateBlob;
  const mac = createHmac(file.version === 2 ? "sha1" : "sha256", keys.mac)
    .update(
      Buffer.concat(
        [file.type, file.encryption, file.comment, file.publicBlob, clear].map((part) => writeString(part)),
      ),
    )
    .digest();
  if (mac.length !== file.mac.length || !timingSafeEqual(mac, file.mac)) {
    throw isEncrypted ? passphraseWrong() : damaged("its check sum does not fit");
  }
  return {
    numbers: readPrivateBlob(numbers, new SshReader(clear)),
    comment: file.comment,
    format: "PuTTY",
    variant: `PPK version ${file.version}`,
  };
}

const noKeys = { key: Buffer.alloc(0), iv: Buffer.alloc(0) };

function plainMacKey({ version }: PuttyFile): Buffer {
  return version === 2 ? version2MacKey(Buffer.alloc(0)) : Buffer.alloc(0);
}

function version2MacKey(passphrase: Buffer): Buffer {
  return createHash("sha1").update("putty-private-key-file-mac-key").update(passphrase).digest();
}

function derive(file: PuttyFile, passphrase: Buffer): { key: Buffer; iv: Buffer; mac: Buffer } {
  if (file.privateBlob.length % blockCiphers.aes256Cbc.blockBytes !== 0) throw damaged("it ends too early");
  if (file.version === 3) return deriveByArgon2(file.derivation, passphrase);
  if (passphrase.length === 0) throw passphraseNeeded();
  const half = (counter: number) =>
    createHash("sha1")
      .update(Buffer.from([0, 0, 0, counter]))
      .update(passphrase)
      .digest();
  const key = Buffer.concat([half(0), half(1)]).subarray(0, 32);
  return { key, iv: Buffer.alloc(16), mac: version2MacKey(passphrase) };
}

const argon2Names = { Argon2i: "argon2i", Argon2d: "argon2d", Argon2id: "argon2id" } as const;

function deriveByArgon2(
  fields: ReadonlyMap<string, string>,
  passphrase: Buffer,
): { key: Buffer; iv: Buffer; mac: Buffer } {
  const name = fields.get("Key-Derivation") ?? "";
  if (name !== "Argon2i" && name !== "Argon2d" && name !== "Argon2id") {
    throw unsupported(`This PuTTY key derives its key with ${quoted(name)}, which is not known here.`);
  }
  const number = (field: string) => {
    const text = fields.get(field) ?? "";
    if (!/^[0-9]{1,9}$/.test(text) || Number(text) < 1) throw damaged(`its line ${field} is wrong`);
    return Number(text);
  };
  const [memory, passes, parallelism] = [
    number("Argon2-Memory"),
    number("Argon2-Passes"),
    number("Argon2-Parallelism"),
  ];
  const { argon2Memory, argon2Work, argon2Lanes } = derivationLimits;
  if (memory > argon2Memory || memory * passes > argon2Work || parallelism > argon2Lanes) {
    throw new KeyError(
      "key.too-large",
      `Opening this key takes more work than is done for one: at most ${argon2Memory / 1024} MiB of Argon2, ` +
        `${argon2Work / 1024} MiB over all passes.`,
    );
  }
  const nonce = hexOf(fields.get("Argon2-Salt"), "Argon2-Salt");
  // Smaller ones are outside Argon2 itself (RFC 9106 section 3.1).
  if (nonce.length < 8 || memory < 8 * parallelism) throw damaged("its key derivation makes no sense");
  if (passphrase.length === 0) throw passphraseNeeded();
  const derived = argon2Sync(argon2Names[name], {
    message: passphrase,
    nonce,
    parallelism,
    tagLength: 80,
    memory,
    passes,
  });
  return { key: derived.subarray(0, 32), iv: derived.subarray(32, 48), mac: derived.subarray(48) };
}

function hexOf(text: string | undefined, field: string): Buffer {
  if (text === undefined || !/^(?:[0-9a-fA-F]{2}){1,128}$/.test(text)) throw damaged(`its line ${field} is wrong`);
  return Buffer.from(text, "hex");
}

/** `Name: value` lines; after Public-Lines and Private-Lines follow that many lines of base64. */
function readFields(lines: readonly string[]): PuttyFile {
  const fields = new Map<string, string>();
  const blobs = new Map<string, string>();
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    const colon = line.indexOf(":");
    if (colon < 0) {
      if (line.trim() !== "") throw damaged("a line of it has no name");
      continue;
    }
    const name = line.slice(0, colon);
    // A comment is a part of what the check sum covers, blanks at its end too.
    fields.set(name, name === "Comment" ? line.slice(colon + 2) : line.slice(colon + 1).trim());
    if (name !== "Public-Lines" && name !== "Private-Lines") continue;
    const count = Number(fields.get(name));
    if (!Number.isInteger(count) || count < 1 || count > lines.length) throw damaged(`its line ${name} is wrong`);
    blobs.set(name, lines.slice(at + 1, at + 1 + count).join(""));
    at += count;
  }
  return asFile(fields, blobs);
}

function asFile(fields: ReadonlyMap<string, string>, blobs: ReadonlyMap<string, string>): PuttyFile {
  const version = fields.has(`${puttyOpening}3`) ? 3 : fields.has(`${puttyOpening}2`) ? 2 : undefined;
  if (version === undefined) {
    throw new KeyError(
      "key.format-unknown",
      "This PuTTY key file has neither version 2 nor 3; load it in a current PuTTYgen and save it again.",
    );
  }
  return {
    version,
    type: fields.get(`${puttyOpening}${version}`) ?? "",
    encryption: fields.get("Encryption") ?? "",
    comment: fields.get("Comment") ?? "",
    publicBlob: decodeBase64(blobs.get("Public-Lines") ?? ""),
    privateBlob: decodeBase64(blobs.get("Private-Lines") ?? ""),
    derivation: fields,
    mac: hexOf(fields.get("Private-MAC"), "Private-MAC"),
  };
}

/** What the public half leaves out. Padding to the cipher's block follows. */
function readPrivateBlob(numbers: PublicNumbers, reader: SshReader): PrivateNumbers {
  switch (numbers.algorithm) {
    case "RSA": {
      const { n, e } = numbers;
      return rsaPrivate({ n, e, d: reader.mpint(), p: reader.mpint(), q: reader.mpint() });
    }
    case "DSA": {
      const { p, q, g, y } = numbers;
      return dsaPrivate({ p, q, g, y, x: reader.mpint() });
    }
    case "ECDSA":
      return ecdsaPrivate(numbers.curve, reader.mpint(), numbers.point);
    case "ED25519":
      return ed25519Private(reader.string(), numbers.point);
  }
}
