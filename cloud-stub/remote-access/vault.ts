// Seals secrets (passwords, keys) so that the database alone gives none of them away: AES-256-GCM, a data key for each secret.
import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";
import type { Random } from "#hardware/ports.ts";

export type VaultErrorCode = "vault.wrong-key" | "vault.damaged";

/** The message says what is wrong and names the context, never the secret. */
export class VaultError extends Error {
  readonly code: VaultErrorCode;

  constructor(code: VaultErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "VaultError";
    this.code = code;
  }
}

export interface Vault {
  /** Seals up to 1 MiB. `context` says where the secret belongs; a sealed text copied to another place does not open there. */
  seal(clear: Uint8Array | string, context: string): string;
  /** Throws VaultError: `vault.wrong-key` under another master key, `vault.damaged` for changed text or another context. */
  open(sealed: string, context: string): Uint8Array;
}

/** Length of the master key and of each data key, in bytes. */
export const vaultKeyBytes = 32;

const cipherName = "aes-256-gcm";
const nonceBytes = 12;
const tagBytes = 16;
const keyIdBytes = 8;
const wrappedKeyBytes = nonceBytes + vaultKeyBytes + tagBytes;
const clearBytesMax = 1024 * 1024;
const prefix = "v1.";
/** Bound to each wrapped data key, so that it can be nothing else of ours. */
const wrapContext = "postern.vault.data-key.v1";

/**
 * Makes a vault over a master key of 32 bytes; throws RangeError for another length.
 * The text form is `v1.` and base64url of: key id (8) | wrapped data key: nonce (12), key (32), tag (16) | nonce (12), secret, tag (16).
 */
export function createVault(masterKey: Uint8Array, random: Random): Vault {
  if (masterKey.length !== vaultKeyBytes) {
    throw new RangeError(`The master key must have ${vaultKeyBytes} bytes, it has ${masterKey.length}`);
  }
  // Two keys from one: the id is stored in the open and must say nothing about the key that wraps.
  const wrappingKey = derive(masterKey, "postern.vault.wrap", vaultKeyBytes);
  const keyId = derive(masterKey, "postern.vault.key-id", keyIdBytes);

  return {
    seal(clear, context) {
      const bytes = typeof clear === "string" ? Buffer.from(clear, "utf8") : clear;
      if (bytes.length > clearBytesMax) throw new RangeError(`A secret may have at most ${clearBytesMax} bytes`);
      const dataKey = random.bytes(vaultKeyBytes);
      const wrapped = encrypt(wrappingKey, random.bytes(nonceBytes), dataKey, wrapContext);
      const body = encrypt(dataKey, random.bytes(nonceBytes), bytes, context);
      dataKey.fill(0);
      return prefix + Buffer.concat([keyId, wrapped, body]).toString("base64url");
    },

    open(sealed, context) {
      const packed = unpack(sealed, context);
      const isOurKey = keyId.equals(packed.subarray(0, keyIdBytes));
      const wrapped = packed.subarray(keyIdBytes, keyIdBytes + wrappedKeyBytes);
      const dataKey = decrypt(wrappingKey, wrapped, wrapContext);
      if (dataKey === undefined) {
        if (isOurKey) throw damaged(context);
        throw new VaultError("vault.wrong-key", `The secret of ${context} was sealed under another master key`);
      }
      const clear = decrypt(dataKey, packed.subarray(keyIdBytes + wrappedKeyBytes), context);
      dataKey.fill(0);
      // A foreign key id over a data key that opens is damage too: the text is not what was written.
      if (clear === undefined || !isOurKey) throw damaged(context);
      return clear;
    },
  };
}

/** Finds sealed texts inside a longer one. */
export const sealedTexts = /\bv1\.[A-Za-z0-9_-]{128,}/g;

/** The beginning of every text that is sealed under this master key. */
export function sealedMark(masterKey: Uint8Array): string {
  // Ten characters of base64url are whole bits of the key id; the eleventh mixes with what follows.
  return prefix + derive(masterKey, "postern.vault.key-id", keyIdBytes).toString("base64url").slice(0, 10);
}

/**
 * Gives sealed texts to a new master key: each data key is wrapped anew, the secret itself is not opened. The function
 * throws VaultError as `open` does; what is under the new key already stays as it is. `where` is for the error's message.
 */
export function createRewrapper(keys: {
  readonly oldKey: Uint8Array;
  readonly newKey: Uint8Array;
  readonly random: Random;
}): (sealed: string, where: string) => string {
  const { oldKey, newKey, random } = keys;
  const oldWrappingKey = derive(oldKey, "postern.vault.wrap", vaultKeyBytes);
  const newWrappingKey = derive(newKey, "postern.vault.wrap", vaultKeyBytes);
  const newKeyId = derive(newKey, "postern.vault.key-id", keyIdBytes);
  return (sealed, where) => {
    if (sealed.startsWith(sealedMark(newKey))) return sealed;
    const packed = unpack(sealed, where);
    const dataKey = decrypt(oldWrappingKey, packed.subarray(keyIdBytes, keyIdBytes + wrappedKeyBytes), wrapContext);
    if (dataKey === undefined) {
      if (sealed.startsWith(sealedMark(oldKey))) throw damaged(where);
      throw new VaultError("vault.wrong-key", `The secret of ${where} was sealed under another master key`);
    }
    const wrapped = encrypt(newWrappingKey, random.bytes(nonceBytes), dataKey, wrapContext);
    dataKey.fill(0);
    return (
      prefix + Buffer.concat([newKeyId, wrapped, packed.subarray(keyIdBytes + wrappedKeyBytes)]).toString("base64url")
    );
  };
}

function unpack(sealed: string, context: string): Buffer {
  const text = sealed.startsWith(prefix) ? sealed.slice(prefix.length) : undefined;
  // Node's decoder skips what is not base64url: a changed text must not pass for the original.
  if (text === undefined || !/^[A-Za-z0-9_-]+$/.test(text)) throw damaged(context);
  const packed = Buffer.from(text, "base64url");
  const isCanonical = packed.toString("base64url") === text;
  if (!isCanonical || packed.length < keyIdBytes + wrappedKeyBytes + nonceBytes + tagBytes) throw damaged(context);
  return packed;
}

function derive(masterKey: Uint8Array, purpose: string, length: number): Buffer {
  return Buffer.from(hkdfSync("sha256", masterKey, new Uint8Array(0), purpose, length));
}

function encrypt(key: Uint8Array, nonce: Uint8Array, clear: Uint8Array, context: string): Buffer {
  const cipher = createCipheriv(cipherName, key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(Buffer.from(context, "utf8"));
  return Buffer.concat([nonce, cipher.update(clear), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: Uint8Array, packed: Uint8Array, context: string): Buffer | undefined {
  const decipher = createDecipheriv(cipherName, key, packed.subarray(0, nonceBytes), { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(context, "utf8"));
  decipher.setAuthTag(packed.subarray(packed.length - tagBytes));
  const clear = decipher.update(packed.subarray(nonceBytes, packed.length - tagBytes));
  try {
    decipher.final();
  } catch {
    // The only failure of `final` here is a tag that does not fit; the callers say what that means.
    return undefined;
  }
  return clear;
}

function damaged(context: string): VaultError {
  return new VaultError("vault.damaged", `The sealed secret of ${context} is damaged or belongs to another place`);
}
