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

/**
 * Work that a file may ask for before its passphrase can be tried; above it `key.too-large`. Each limit is many times what the
 * tools ask for by default, and keeps the work under two seconds of one core: measured on a machine of two shared cores, 2026.
 */
export const derivationLimits = {
  /** bcrypt in openssh-key-v1 (ssh-keygen asks for 16 or 24): 1.7 s; 6.6 ms for each round. */
  bcryptRounds: 256,
  /** PBKDF2 in PKCS#8 (openssl and ssh-keygen ask for 2048): 0.3 s with SHA-256, 0.7 s with SHA-512. */
  pbkdf2Iterations: 2_000_000,
  /** The older derivations of PKCS#8 (openssl asks for 2048), which run in JavaScript. */
  olderIterations: 200_000,
  /** scrypt in PKCS#8 (openssl asks for 16 MiB), in bytes, and in bytes times lanes: 1.7 s. */
  scryptMemory: 128 * 1024 * 1024,
  scryptWork: 512 * 1024 * 1024,
  /** Argon2 in PuTTY's version 3 (PuTTYgen asks for 8 MiB and about 13 passes), in KiB, and in KiB times passes: 1.9 s. */
  argon2Memory: 256 * 1024,
  argon2Work: 2 * 1024 * 1024,
  argon2Lanes: 16,
} as const;
/** The longest passphrase, in bytes of UTF-8. */
export const passphraseBytesMax = 1024;
