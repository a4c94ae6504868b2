// The authorities whose devices may come in by certificate, as the cloud keeps them.
import { getJson, postJson, putJson, remove } from "../cloud/api-client.ts";

export interface TrustedCertificate {
  readonly fingerprint: string;
  readonly name: string;
  readonly subject: string;
  readonly status: "ENABLED" | "DISABLED";
  readonly autoRegistrationEnabled: boolean;
  readonly tenantCertificateAuthority?: boolean;
  readonly notBefore: string;
  readonly notAfter: string;
}

export interface NewTrustedCertificate {
  readonly name: string;
  readonly certInPemFormat: string;
  readonly autoRegistrationEnabled: boolean;
}

/** The tenant's name stands in the path of everything about its certificates. */
async function basePath(signal?: AbortSignal): Promise<string> {
  const { name } = await getJson<{ readonly name: string }>("/tenant/currentTenant", signal);
  return `/tenant/tenants/${encodeURIComponent(name)}/trusted-certificates`;
}

export async function fetchCertificates(signal: AbortSignal): Promise<readonly TrustedCertificate[]> {
  const path = `${await basePath(signal)}?pageSize=1000`;
  return (await getJson<{ readonly certificates: readonly TrustedCertificate[] }>(path, signal)).certificates;
}

export async function addCertificate(wanted: NewTrustedCertificate): Promise<void> {
  await postJson(await basePath(), { ...wanted, status: "ENABLED" });
}

export async function changeCertificate(
  fingerprint: string,
  change: Partial<Pick<TrustedCertificate, "status" | "autoRegistrationEnabled">>,
): Promise<void> {
  await putJson(`${await basePath()}/${fingerprint}`, change);
}

export async function removeCertificate(fingerprint: string): Promise<void> {
  await remove(`${await basePath()}/${fingerprint}`);
}

export async function makeAuthority(): Promise<void> {
  await postJson("/certificate-authority", {});
}

export async function renewAuthority(): Promise<void> {
  await postJson("/certificate-authority/renew", {});
}

export type Standing = "in-force" | "disabled" | "not-yet" | "expired";

/** What a certificate is worth at this moment. */
export function standingOf({ status, notBefore, notAfter }: TrustedCertificate, nowMs: number): Standing {
  if (nowMs > Date.parse(notAfter)) return "expired";
  if (status === "DISABLED") return "disabled";
  return nowMs < Date.parse(notBefore) ? "not-yet" : "in-force";
}
