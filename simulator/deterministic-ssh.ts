// While a site runs, SSH is encrypted by node:crypto alone: ssh2's own native ciphers, which not every machine has, cut packets otherwise.
import { createRequire } from "node:module";

interface CipherConfig {
  readonly [side: string]: object | undefined;
}

type MakeCipher = (config: CipherConfig) => unknown;

/** ssh2's module of ciphers; other modules of ssh2 take these functions out of it once, when they are loaded. */
interface Ciphers {
  createCipher: MakeCipher;
  createDecipher: MakeCipher;
}

/**
 * With its native part ssh2 writes a packet in one piece, without it in up to four, which become frames and deliveries of
 * their own: one seed would have two records. Call this before ssh2 is loaded, and after what gives it its randomness.
 */
export function evenOutCiphers(isSiteRunning: () => boolean): void {
  const ciphers = createRequire(import.meta.url)("ssh2/lib/protocol/crypto.js") as Ciphers;
  const { createCipher, createDecipher } = ciphers;
  if (typeof createCipher !== "function" || typeof createDecipher !== "function") {
    throw new Error("ssh2 makes its ciphers in another way");
  }
  // "Native" is ssh2's word for what comes with Node.
  const evened =
    (make: MakeCipher, side: string): MakeCipher =>
    (config) =>
      make(isSiteRunning() ? { ...config, [side]: { ...config[side], forceNative: true } } : config);
  ciphers.createCipher = evened(createCipher, "outbound");
  ciphers.createDecipher = evened(createDecipher, "inbound");
}
