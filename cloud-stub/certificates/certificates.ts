// The certificates of this cloud: kept in the store, private keys only under the vault, made anew when they no longer fit.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { Clock, Random } from "#hardware/ports.ts";
import type { Vault } from "../remote-access/vault.ts";
import { readSealedSetting, readSetting, writeSealedSetting, writeSetting } from "../store/settings.ts";
import type { Store } from "../store/store.ts";
import { type CertifiedKey, makeAuthority, makeServerCertificate } from "./authority.ts";

export interface Certificates {
  /** PEM; public: what gateways trust. */
  readonly authority: string;
  readonly server: CertifiedKey;
  /** `replaced`: everybody who trusted the older one needs the new one. */
  readonly authorityIs: "kept" | "first" | "replaced";
}

/** A certificate is renewed when it has less than this left, in ms. */
export const renewBeforeMs = 30 * 86_400_000;

/** Names of the authority, so that a change of host names that it does not permit is noticed. */
const authorityNames = "authority-names";

/** `names`: host names and IP literals that the server bears, at least one. */
export async function ensureCertificates(deps: {
  readonly store: Store;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly random: Random;
  readonly names: readonly string[];
}): Promise<Certificates> {
  const issue = { names: deps.names, nowMs: deps.clock.nowMs(), random: deps.random };
  const existing = await readPair(deps, "authority");
  const permitted = new Set(((await readSetting(deps.store, authorityNames)) ?? "").split(","));
  const fits =
    existing !== undefined && isFresh(existing, issue.nowMs) && deps.names.every((name) => permitted.has(name));
  const authority = fits ? existing : makeAuthority(issue);
  if (!fits) {
    await writePair(deps, "authority", authority);
    await writeSetting(deps.store, authorityNames, deps.names.join(","));
  }
  const authorityIs = fits ? "kept" : existing === undefined ? "first" : "replaced";
  const current = fits ? await readPair(deps, "server") : undefined;
  const isOfAuthority = current !== undefined && isIssuedBy(current, authority);
  if (isOfAuthority && isFresh(current, issue.nowMs) && bears(current, deps.names)) {
    return { authority: authority.certificate, server: current, authorityIs };
  }
  const server = makeServerCertificate(authority, issue);
  await writePair(deps, "server", server);
  return { authority: authority.certificate, server, authorityIs };
}

type PairDeps = { readonly store: Store; readonly vault: Vault };

async function readPair(deps: PairDeps, name: "authority" | "server"): Promise<CertifiedKey | undefined> {
  const certificate = await readSetting(deps.store, `${name}-certificate`);
  if (certificate === undefined) return undefined;
  const key = await readSealedSetting(deps.store, deps.vault, `${name}-key`, () => new Uint8Array(0));
  if (key.length === 0) return undefined;
  const privateKey = Buffer.from(key).toString("utf8");
  // The two are written one after the other: an end of the process between them leaves halves of two pairs.
  if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey))) return undefined;
  return { certificate, privateKey };
}

async function writePair(deps: PairDeps, name: "authority" | "server", pair: CertifiedKey): Promise<void> {
  await writeSealedSetting(deps.store, deps.vault, `${name}-key`, pair.privateKey);
  await writeSetting(deps.store, `${name}-certificate`, pair.certificate);
}

function isIssuedBy(pair: CertifiedKey, authority: CertifiedKey): boolean {
  return new X509Certificate(pair.certificate).verify(new X509Certificate(authority.certificate).publicKey);
}

function isFresh(pair: CertifiedKey, nowMs: number): boolean {
  const { validFromDate, validToDate } = new X509Certificate(pair.certificate);
  return validFromDate.getTime() <= nowMs && validToDate.getTime() - nowMs >= renewBeforeMs;
}

function bears(pair: CertifiedKey, names: readonly string[]): boolean {
  const certificate = new X509Certificate(pair.certificate);
  const options = { wildcards: false, subject: "never" } as const;
  return names.every((name) =>
    isIP(name) === 0 ? certificate.checkHost(name, options) !== undefined : certificate.checkIP(name) !== undefined,
  );
}
