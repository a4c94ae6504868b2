// Why a key cannot serve, in plain words and without a piece of the key.

export type KeyErrorCode =
  | "key.format-unknown"
  | "key.algorithm-unsupported"
  | "key.passphrase-needed"
  | "key.passphrase-wrong"
  | "key.damaged"
  | "key.too-large"
  | "key.not-private"
  | "key.not-public"
  | "key.mismatch";

/** Thrown by everything that reads or compares keys. The message is one or two sentences for a person; it never quotes the key. */
export class KeyError extends Error {
  readonly code: KeyErrorCode;

  constructor(code: KeyErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "KeyError";
    this.code = code;
  }
}

/** The error for a file that does not hold what its format promises; `what` ends the sentence "The key is damaged: ...". */
export function damaged(what: string): KeyError {
  return new KeyError("key.damaged", `The key is damaged: ${what}.`);
}

/** The error for a key that is whole but of no use here; `what` is a sentence. */
export function unsupported(what: string): KeyError {
  return new KeyError("key.algorithm-unsupported", what);
}

/** The error for an encrypted key that came without its passphrase. */
export function passphraseNeeded(): KeyError {
  return new KeyError("key.passphrase-needed", "The key is encrypted: give its passphrase.");
}

/** The error for a passphrase that does not open the key; damage to an encrypted part cannot be told from it. */
export function passphraseWrong(): KeyError {
  return new KeyError("key.passphrase-wrong", "The passphrase does not open this key.");
}

/** Something from a file, fit to stand in a message: printable ASCII of at most 60 characters. */
export function quoted(name: string): string {
  const printable = name.replace(/[^\x20-\x7e]/g, "?");
  return `"${printable.length > 60 ? `${printable.slice(0, 57)}...` : printable}"`;
}
