// Which algorithms the relay offers an SSH panel: modern ones, and old ones only where the endpoint allows them.
import type { Algorithms, CipherAlgorithm, KexAlgorithm, MacAlgorithm, ServerHostKeyAlgorithm } from "ssh2";

const kex: KexAlgorithm[] = [
  "curve25519-sha256",
  "curve25519-sha256@libssh.org",
  "ecdh-sha2-nistp256",
  "ecdh-sha2-nistp384",
  "ecdh-sha2-nistp521",
  "diffie-hellman-group14-sha256",
  "diffie-hellman-group16-sha512",
  "diffie-hellman-group18-sha512",
];
const hostKeys: ServerHostKeyAlgorithm[] = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
];
const ciphers: CipherAlgorithm[] = [
  "aes128-gcm@openssh.com",
  "aes256-gcm@openssh.com",
  "chacha20-poly1305@openssh.com",
  "aes128-ctr",
  "aes192-ctr",
  "aes256-ctr",
];
const macs: MacAlgorithm[] = [
  "hmac-sha2-256-etm@openssh.com",
  "hmac-sha2-512-etm@openssh.com",
  "hmac-sha2-256",
  "hmac-sha2-512",
];

/** Broken or weak by today's measure; old panels have nothing else. */
const legacy = {
  kex: [
    // The panel chooses the group, and ssh2 neither limits nor judges it: up to a second of the whole cloud for one exchange.
    // Panels that have nothing better come from before 2011.
    "diffie-hellman-group-exchange-sha256",
    "diffie-hellman-group-exchange-sha1",
    "diffie-hellman-group14-sha1",
    "diffie-hellman-group1-sha1",
  ] satisfies KexAlgorithm[],
  hostKeys: ["ssh-rsa", "ssh-dss"] satisfies ServerHostKeyAlgorithm[],
  ciphers: ["aes128-cbc", "aes192-cbc", "aes256-cbc", "3des-cbc"] satisfies CipherAlgorithm[],
  macs: ["hmac-sha1-etm@openssh.com", "hmac-sha1"] satisfies MacAlgorithm[],
};

/** `knownKeyTypes`: of the keys by which the panel is known; it is asked for one of these first. */
export function sshAlgorithms(options: {
  readonly allowsLegacy: boolean;
  readonly knownKeyTypes: readonly string[];
}): Algorithms {
  const { allowsLegacy, knownKeyTypes } = options;
  const all = allowsLegacy ? [...hostKeys, ...legacy.hostKeys] : hostKeys;
  const isKnown = (algorithm: string) => knownKeyTypes.includes(keyTypeOf(algorithm));
  return {
    kex: allowsLegacy ? [...kex, ...legacy.kex] : kex,
    serverHostKey: [
      ...all.filter((algorithm) => isKnown(algorithm)),
      ...all.filter((algorithm) => !isKnown(algorithm)),
    ],
    cipher: allowsLegacy ? [...ciphers, ...legacy.ciphers] : ciphers,
    hmac: allowsLegacy ? [...macs, ...legacy.macs] : macs,
    compress: ["none"],
  };
}

/** RSA keys sign with several hashes; the key's own type stays the same (RFC 8332 section 3). */
function keyTypeOf(algorithm: string): string {
  return algorithm.startsWith("rsa-sha2-") ? "ssh-rsa" : algorithm;
}
