// What a TLS session trusts, shows and prefers, as OpenSSL wants it; made once for each set of them.
import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import * as tls from "node:tls";
import type { CipherPreference, ClientCertificate, TlsSession } from "../ports.ts";

/** Contexts kept: one holds some 150 parsed certificates, and a gateway knows few sets: with its certificate and without. */
const contextsMax = 6;
const contexts = new Map<string, tls.SecureContext>();

/**
 * What comes first, of TLS 1.3 and 1.2. The server chooses: one that follows the client's order, or that puts ChaCha20
 * first for a client that does (OpenSSL's PrioritizeChaCha), is all that a client can hope for.
 */
const firstCiphers: Readonly<Record<CipherPreference, readonly string[]>> = {
  chacha20: ["TLS_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"],
  aes: ["TLS_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"],
};

/** Throws what is wrong with a client certificate or key that cannot be used, without a word of their contents. */
export function secureContext(session: Omit<TlsSession, "serverName">): tls.SecureContext {
  const { extraAuthorities = [], clientCertificate, cipherPreference } = session;
  // A hash, so that no private key is kept longer than its context.
  const key = createHash("sha256")
    .update(JSON.stringify([extraAuthorities, clientCertificate, cipherPreference]))
    .digest("hex");
  const known = contexts.get(key);
  if (known !== undefined) return known;
  if (clientCertificate !== undefined) checkFit(clientCertificate);
  const system = new Set([...tls.getCACertificates("default"), ...tls.getCACertificates("system")]);
  const context = tls.createSecureContext({
    ca: [...system, ...extraAuthorities],
    minVersion: "TLSv1.2",
    ...(clientCertificate === undefined ? {} : { cert: clientCertificate.chain, key: clientCertificate.privateKey }),
    ...(cipherPreference === undefined ? {} : { ciphers: cipherOrder(cipherPreference) }),
  });
  const [oldest] = contexts.keys();
  if (contexts.size >= contextsMax && oldest !== undefined) contexts.delete(oldest);
  contexts.set(key, context);
  return context;
}

/** OpenSSL takes a key of another kind than the certificate's without a word, and then shows none [tried with 3.5]. */
function checkFit({ chain, privateKey }: ClientCertificate): void {
  if (!new X509Certificate(chain).checkPrivateKey(createPrivateKey(privateKey))) {
    throw new Error("the key is not the certificate's");
  }
}

/** The system's ciphers, none more and none less, with the preferred ones first. */
function cipherOrder(preference: CipherPreference): string {
  const first = firstCiphers[preference];
  return [...first, ...tls.DEFAULT_CIPHERS.split(":").filter((name) => !first.includes(name))].join(":");
}
