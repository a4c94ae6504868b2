// Whom TLS trusts, and what a refused certificate or a failed dial means in words.
import { getCACertificates } from "node:tls";
import { ConnectError } from "./connect-error.ts";
import { exitCodes } from "./exit-codes.ts";

/**
 * Options of node's TLS: the system's own list of authorities, and those given. Verification is asked for by name: node's
 * default for it is a variable of the environment, which may be left from something else.
 */
export function verified(authorities: readonly string[]): {
  readonly rejectUnauthorized: true;
  readonly ca?: string[];
} {
  if (authorities.length === 0) return { rejectUnauthorized: true };
  return { rejectUnauthorized: true, ca: [...getCACertificates("default"), ...authorities] };
}

const certificateWords: Readonly<Record<string, string>> = {
  ERR_TLS_CERT_ALTNAME_INVALID: "it is for another name",
  CERT_HAS_EXPIRED: "it has expired",
  CERT_NOT_YET_VALID: "it is not valid yet; is this machine's clock right?",
  CERT_REVOKED: "it has been revoked",
};
const unknownAuthority = new Set([
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "CERT_UNTRUSTED",
]);

const dialWords: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ENOTFOUND: "its name is not known",
  EAI_AGAIN: "its name could not be looked up",
  EHOSTUNREACH: "there is no way to it",
  ENETUNREACH: "there is no way to it",
  ETIMEDOUT: "it does not answer",
  ECONNRESET: "it broke off the connection",
  EPROTO: "what answers there does not speak TLS",
};

/** What kept us from talking to the cloud at `origin`. */
export function dialError(origin: string, error: unknown): ConnectError {
  const code = codeOf(error);
  if (unknownAuthority.has(code)) {
    const remedy = "If that is right, name the authority's certificate with --ca.";
    return untrusted(origin, `it comes from an authority that is not known here (${code}). ${remedy}`);
  }
  const word = certificateWords[code];
  if (word !== undefined) return untrusted(origin, `${word} (${code}).`);
  if (/CERT/.test(code)) return untrusted(origin, `it cannot be verified (${code}).`);
  // ERR_SSL_... are OpenSSL's own: no TLS, or none that both know.
  const why = dialWords[code] ?? (code.startsWith("ERR_SSL_") ? dialWords["EPROTO"] : undefined) ?? "it failed";
  return new ConnectError(
    exitCodes.cloudUnreachable,
    `The cloud at ${origin} cannot be reached: ${why} (${code === "" ? messageOf(error) : code}).`,
  );
}

function untrusted(origin: string, why: string): ConnectError {
  return new ConnectError(exitCodes.certificate, `The certificate of ${origin} is not trusted: ${why}`);
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  // A host with several addresses: each attempt has its error.
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  return first instanceof Error && "code" in first && typeof first.code === "string" ? first.code : "";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
