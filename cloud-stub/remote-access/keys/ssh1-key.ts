// SSH-1's RSA private key file ("SSH PRIVATE KEY FILE FORMAT 1.1"): its key serves SSH-2 as well.
import { createHash } from "node:crypto";
import { decryptSsh1TripleDes } from "./block-ciphers.ts";
import { damaged, passphraseNeeded, passphraseWrong, unsupported } from "./key-error.ts";
import type { KeyFileContent } from "./key-file-content.ts";
import { rsaPrivate } from "./key-numbers.ts";
import { ssh1Opening } from "./key-text.ts";
import { SshReader } from "./ssh-bytes.ts";

const cipherNames = ["none", "IDEA", "DES", "triple DES", "TSS", "RC4", "Blowfish"];
const cipherNone = 0;
const cipherTripleDes = 3;

/** Reads the whole file; throws KeyError. */
export function readSsh1Key(bytes: Uint8Array, passphrase: Buffer): KeyFileContent {
  const reader = new SshReader(bytes);
  if (reader.take(ssh1Opening.length).toString("latin1") !== ssh1Opening)
    throw damaged("it does not begin as an SSH-1 key");
  const cipher = reader.byte();
  reader.uint32();
  reader.uint32();
  const [n, e] = [readNumber(reader), readNumber(reader)];
  const comment = reader.text();
  const clear = new SshReader(openRest(cipher, reader.take(reader.left), passphrase));
  const [one, other] = [clear.uint16(), clear.uint16()];
  if (one !== other) throw cipher === cipherNone ? damaged("its check numbers differ") : passphraseWrong();
  const d = readNumber(clear);
  readNumber(clear);
  const [q, p] = [readNumber(clear), readNumber(clear)];
  return {
    numbers: rsaPrivate({ n, e, d, p, q }),
    comment,
    format: "OpenSSHv1",
    variant: "SSH-1 RSA private key file",
  };
}

function openRest(cipher: number, rest: Buffer, passphrase: Buffer): Buffer {
  if (cipher === cipherNone) return rest;
  if (cipher !== cipherTripleDes) {
    const name = cipherNames[cipher] ?? `cipher ${cipher}`;
    throw unsupported(`This SSH-1 key is encrypted with ${name}; SSH-1 keys can be opened with triple DES only.`);
  }
  // A trailing line end that an editor or a form left does not belong to the blocks.
  const whole = rest.subarray(0, rest.length - (rest.length % 8));
  if (whole.length === 0) throw damaged("it ends too early");
  if (passphrase.length === 0) throw passphraseNeeded();
  return decryptSsh1TripleDes(createHash("md5").update(passphrase).digest(), whole);
}

/** A count of bits in two bytes, then the number. */
function readNumber(reader: SshReader): bigint {
  return reader.numberOfBits(reader.uint16());
}
