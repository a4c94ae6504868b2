// Makes a fresh key pair for an endpoint.
import { generateKeyPair as generate } from "node:crypto";
import { promisify } from "node:util";
import { readPkcs1, readPkcs8, readSec1 } from "./der-key.ts";
import type { PrivateNumbers } from "./key-numbers.ts";
import { writeOpenSshKey } from "./openssh-key-v1.ts";
import { cleanComment, openSshLine } from "./public-blob.ts";

const generateAsync = promisify(generate);

export interface KeyPair {
  /** One line: "ssh-ed25519 AAAA... comment". */
  readonly publicKey: string;
  /** A secret: OpenSSH's private key file, without a passphrase. */
  readonly privateKey: string;
}

/** What every SSH server of the last ten years takes. RSA is for older ones. */
export const defaultAlgorithm = "ED25519";
/** As ssh-keygen makes them. */
export const rsaBits = 3072;

/** Makes a pair: ED25519 unless asked otherwise, RSA with 3072 bits (up to seconds, off the main thread), ECDSA on NIST P-256. */
export async function generateKeyPair(options: {
  readonly algorithm?: "RSA" | "ECDSA" | "ED25519";
  readonly comment: string;
}): Promise<KeyPair> {
  const numbers = await makeNumbers(options.algorithm ?? defaultAlgorithm);
  const comment = cleanComment(options.comment);
  return { publicKey: openSshLine(numbers, comment), privateKey: writeOpenSshKey(numbers, comment) };
}

async function makeNumbers(algorithm: "RSA" | "ECDSA" | "ED25519"): Promise<PrivateNumbers> {
  switch (algorithm) {
    case "RSA": {
      const { privateKey } = await generateAsync("rsa", { modulusLength: rsaBits });
      return readPkcs1(privateKey.export({ format: "der", type: "pkcs1" }));
    }
    case "ECDSA": {
      const { privateKey } = await generateAsync("ec", { namedCurve: "prime256v1" });
      return readSec1(privateKey.export({ format: "der", type: "sec1" }), undefined);
    }
    case "ED25519": {
      const { privateKey } = await generateAsync("ed25519");
      return readPkcs8(privateKey.export({ format: "der", type: "pkcs8" }));
    }
  }
}
