// What each reader of a private key file gives: the numbers, and which kind of file they came from.
import type { PrivateNumbers } from "./key-numbers.ts";

/** The names by which the user's guide calls the formats. */
export type KeyFormat = "OpenSSHv1" | "OpenSSHv2" | "PEM" | "SSH2" | "PuTTY";

export interface KeyFileContent {
  readonly numbers: PrivateNumbers;
  readonly comment: string;
  readonly format: KeyFormat;
  /** The format's exact name, for people. */
  readonly variant: string;
}

/** Work that a file may ask for before its passphrase can be tried; above it `key.too-large`. Times measured on one core of 2020. */
export const derivationLimits = {
  /** bcrypt in openssh-key-v1. */
  bcryptRounds: 512,
  /** PBKDF2 in PKCS#8. */
  pbkdf2Iterations: 2_000_000,
  /** scrypt in PKCS#8, in bytes. */
  scryptMemory: 128 * 1024 * 1024,
  scryptWork: 512 * 1024 * 1024,
  /** Argon2 in PuTTY's version 3: KiB, and KiB times passes. */
  argon2Memory: 256 * 1024,
  argon2Work: 2 * 1024 * 1024,
  argon2Lanes: 16,
} as const;
/** The longest passphrase, in bytes of UTF-8. */
export const passphraseBytesMax = 1024;
