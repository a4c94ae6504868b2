// Reads the key fields of an endpoint: private and public key, certificate, host keys; each in any format, with the reader's words.
import { readCertificatePin } from "./certificate-pin.ts";
import {
  type Complain,
  type CredentialsType,
  type Fields,
  isAbsent,
  isKept,
  type StoredCredentials,
} from "./credentials-input.ts";
import { KeyError } from "./keys/key-error.ts";
import { readCertificate } from "./keys/read-certificate.ts";
import { readPrivateKey } from "./keys/read-private-key.ts";
import { readHostKeys, readPublicKey } from "./keys/read-public-key.ts";

/** Of a secret, undefined means: keep what is stored. */
export interface KeyFields {
  /** As ssh2 takes it, without passphrase. */
  readonly privateKey: string | null | undefined;
  /** One line in OpenSSH's form. */
  readonly certificate: string | null | undefined;
  /** Of the private key, one line in OpenSSH's form. */
  readonly publicKey: string | null;
}

interface Context {
  readonly type: CredentialsType;
  readonly stored: StoredCredentials;
  readonly complain: Complain;
}

/** The public key may be left out: the private key has it. A passphrase serves to open the key and is not kept. */
export function readKeyFields(fields: Fields, context: Context): KeyFields {
  const privateKey = readPrivate(fields, context);
  const publicKey = readPublic(fields["publicKey"], privateKey?.publicKey, context);
  const certificate =
    context.type === "CERTIFICATE" ? readCertificateField(fields["certificate"], publicKey, context) : null;
  return { privateKey: privateKey?.forSsh, publicKey, certificate };
}

/** One key a line; whole known_hosts lines, .pub files and other formats are taken. Left out: what is stored. */
export function readHostKeyField(value: unknown, stored: StoredCredentials, complain: Complain): string | null {
  if (value === undefined) return stored.hostKey;
  if (value === null || value === "") return null;
  return (
    attempt("hostKey", value, complain, (text) =>
      readHostKeys(text)
        .map(({ openssh }) => openssh.split(" ").slice(0, 2).join(" "))
        .join("\n"),
    ) ?? null
  );
}

/** The certificate of a VNC panel, or its fingerprint. Left out: what is stored. */
export function readCertificatePinField(value: unknown, stored: StoredCredentials, complain: Complain): string | null {
  if (value === undefined) return stored.hostKey;
  if (value === null || value === "") return null;
  const pin = typeof value === "string" ? readCertificatePin(value) : undefined;
  return pin ?? complain("hostKey", "must be a PEM certificate or its SHA-256 fingerprint") ?? null;
}

function readPrivate(fields: Fields, { type, stored, complain }: Context) {
  const value = fields["privateKey"];
  if (isKept(value)) {
    if (!stored.hasPrivateKey) complain("privateKey", `must be provided in ${type} credentials`);
    return undefined;
  }
  const passphrase = fields["passphrase"];
  if (!isKept(passphrase) && typeof passphrase !== "string") return complain("passphrase", "must be a text");
  const opening = typeof passphrase === "string" && !isKept(passphrase) ? passphrase : undefined;
  return attempt("privateKey", value, complain, (text) => readPrivateKey(text, opening));
}

function readPublic(value: unknown, ofPrivateKey: string | undefined, context: Context): string | null {
  const own = ofPrivateKey ?? context.stored.publicKey;
  if (isKept(value) || own === null) return own;
  const given = attempt("publicKey", value, context.complain, readPublicKey);
  if (given !== undefined && given.fingerprint !== readPublicKey(own).fingerprint) {
    context.complain("publicKey", `does not belong to the private key: it is ${given.fingerprint}`);
  }
  return own;
}

function readCertificateField(value: unknown, publicKey: string | null, context: Context): string | undefined {
  const { stored, complain, type } = context;
  if (isKept(value)) {
    if (!stored.hasCertificate) complain("certificate", `must be provided in ${type} credentials`);
    // A new key makes the stored certificate worthless.
    else if (publicKey !== stored.publicKey) complain("certificate", "must be provided with a new private key");
    return undefined;
  }
  const certificate = attempt("certificate", value, complain, readCertificate);
  if (certificate === undefined) return undefined;
  if (certificate.kind !== "user") return complain("certificate", "is a host's; a user's is needed here");
  if (publicKey !== null && certificate.keyFingerprint !== readPublicKey(publicKey).fingerprint) {
    return complain("certificate", `does not belong to the private key: it is about ${certificate.keyFingerprint}`);
  }
  return certificate.openssh;
}

/** Reads a text; what is wrong with it is said in the reader's own words, at the field that can mend it. */
function attempt<T>(field: string, value: unknown, complain: Complain, read: (text: string) => T): T | undefined {
  if (typeof value !== "string") return complain(field, "must be a text");
  if (isAbsent(value)) return undefined;
  try {
    return read(value);
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    const words = error.message.replace(/\.$/, "");
    const isPassphrase = error.code === "key.passphrase-needed" || error.code === "key.passphrase-wrong";
    if (isPassphrase) return complain("passphrase", `is needed or wrong: ${words}`);
    return complain(field, `cannot be used: ${words}`);
  }
}
