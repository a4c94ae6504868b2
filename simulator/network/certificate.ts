// Simulated certificates: who signed them, for which names, and for how long. No cipher runs; the judgement is the point.
import type { TlsFailure } from "#hardware/ports.ts";
import type { CertificateFlaw } from "../faults/fault.ts";

export interface SimulatedCertificate {
  /** Host names and IP literals, lower case; `*.` stands for one label. */
  readonly names: readonly string[];
  /** Name of the authority that signed it. */
  readonly authority: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

const header = "-----BEGIN CERTIFICATE-----";
const footer = "-----END CERTIFICATE-----";

/** The text that stands for an authority's certificate where a program wants PEM. */
export function authorityPem(authority: string): string {
  const body = Buffer.from(`simulated authority ${authority}`).toString("base64");
  return `${header}\n${body.replace(/(.{64})(?=.)/g, "$1\n")}\n${footer}\n`;
}

const dayMs = 86_400_000;

/** The same certificate but for this flaw. */
export function flawedCertificate(
  certificate: SimulatedCertificate,
  flaw: CertificateFlaw,
  nowMs: number,
): SimulatedCertificate {
  switch (flaw) {
    case "expired":
      return { ...certificate, notBeforeMs: nowMs - 366 * dayMs, notAfterMs: nowMs - dayMs };
    case "not-yet-valid":
      return { ...certificate, notBeforeMs: nowMs + dayMs, notAfterMs: nowMs + 366 * dayMs };
    case "wrong-name":
      return { ...certificate, names: ["portal.example"] };
    case "unknown-authority":
      return { ...certificate, authority: "Nobody's authority" };
    default:
      return flaw satisfies never;
  }
}

/** Why `certificate` would not be trusted for `serverName` at `nowMs`, or undefined if it would. */
export function judgeCertificate(
  certificate: SimulatedCertificate,
  wanted: { readonly serverName: string; readonly authorities: readonly string[]; readonly nowMs: number },
): { readonly reason: TlsFailure; readonly detail: string } | undefined {
  const pem = authorityPem(certificate.authority).trim();
  if (!wanted.authorities.some((authority) => authority.includes(pem))) {
    return { reason: "tls.unknown-authority", detail: `signed by "${certificate.authority}", which is not trusted` };
  }
  if (wanted.nowMs < certificate.notBeforeMs) {
    return { reason: "tls.not-yet-valid", detail: `valid from ${new Date(certificate.notBeforeMs).toISOString()}` };
  }
  if (wanted.nowMs > certificate.notAfterMs) {
    return { reason: "tls.expired", detail: `valid until ${new Date(certificate.notAfterMs).toISOString()}` };
  }
  if (!certificate.names.some((name) => matchesName(name, wanted.serverName.toLowerCase()))) {
    return { reason: "tls.wrong-name", detail: `is for ${certificate.names.join(", ")}, not ${wanted.serverName}` };
  }
  return undefined;
}

function matchesName(pattern: string, name: string): boolean {
  if (!pattern.startsWith("*.")) return pattern.toLowerCase() === name;
  const dot = name.indexOf(".");
  return dot > 0 && pattern.slice(1).toLowerCase() === name.slice(dot);
}
