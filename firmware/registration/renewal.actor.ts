// The disk, the clock and the question to the authority, as actors of the renewal machine.
import { fromPromise } from "xstate";
import type { Hardware } from "#hardware/ports.ts";
import type { CloudHttpDeps } from "../cloud-http.ts";
import type { CloudAuthorization } from "../cloud-identity.ts";
import { storageProblem } from "./credentials.ts";
import {
  type CertificateIdentity,
  certificateFile,
  loadRenewal,
  renewalFile,
  writeCertificate,
} from "./enrolment-state.ts";
import { type EnrolOutcome, enrol } from "./est-client.ts";
import type { StoreOutcome } from "./registration.actor.ts";

export interface LookInput {
  readonly deviceId: string;
  readonly identity: CertificateIdentity;
}

export interface Look {
  readonly nowMs: number;
  /** A random number in [0, 1). */
  readonly draw: number;
  /** A certificate that waits to prove itself; never the one in use. */
  readonly renewed?: CertificateIdentity;
}

/** Rejects if the storage cannot be read. */
export function renewalLook({ clock, random, storage }: Hardware) {
  return fromPromise<Look, LookInput>(async ({ input: { deviceId, identity } }) => {
    const now = { nowMs: clock.nowMs(), draw: random.fraction() };
    if (identity.source === "files") return now;
    const { privateKey, chain } = identity.certificate;
    const renewed = await loadRenewal(storage, { deviceId, privateKey });
    if (renewed === undefined || renewed.notAfterMs <= now.nowMs) return now;
    if (renewed.certificate.chain !== chain) return { ...now, renewed };
    // The power failed between taking it into use and removing it here, or the earlier one was of no use and it is the
    // only one: it must stand there before it goes from here.
    await writeCertificate(storage, certificateFile, { deviceId, certificate: renewed.certificate });
    await storage.remove(renewalFile);
    return now;
  });
}

export type Renewed =
  | { readonly kind: "stored"; readonly identity: CertificateIdentity }
  /** There is no token to ask with. */
  | { readonly kind: "no-token"; readonly why: string }
  | { readonly kind: "not-stored"; readonly why: string }
  | Exclude<EnrolOutcome, { readonly kind: "issued" }>;

/** For a token, which may take several questions. */
const tokenLimitMs = 60_000;

/** Asks for a certificate for the key in use, and stores it beside the one in use. A refused token is replaced once. */
export function certificateRenewer(
  https: CloudHttpDeps,
  authorization: CloudAuthorization,
  { random, storage }: Hardware,
) {
  return fromPromise<Renewed & { readonly draw: number }, LookInput>(async ({ input, signal }) => {
    const outcome = await renew(https, authorization, input, signal);
    const stored = outcome.kind === "issued" ? await store(storage, input, outcome) : outcome;
    return { ...stored, draw: random.fraction() };
  });
}

type Renewing = EnrolOutcome | Extract<Renewed, { readonly kind: "no-token" }>;

async function renew(
  https: CloudHttpDeps,
  authorization: CloudAuthorization,
  { deviceId, identity }: LookInput,
  signal: AbortSignal,
): Promise<Renewing> {
  const { privateKey } = identity.certificate;
  const path = "/.well-known/est/simplereenroll";
  for (let isSecond = false; ; isSecond = true) {
    const header = await authorization.header({ timeoutMs: tokenLimitMs, signal });
    if (!header.ok) return { kind: "no-token", why: header.why };
    const outcome = await enrol(https, { path, deviceId, privateKey, authorization: header.value, signal });
    if (outcome.kind !== "unauthorized" || isSecond || !authorization.refused(header.value)) return outcome;
  }
}

async function store(
  storage: Hardware["storage"],
  { deviceId, identity }: LookInput,
  { chain, notBeforeMs, notAfterMs }: Extract<EnrolOutcome, { readonly kind: "issued" }>,
): Promise<Renewed> {
  const certificate = { chain, privateKey: identity.certificate.privateKey };
  try {
    await writeCertificate(storage, renewalFile, { deviceId, certificate });
    return { kind: "stored", identity: { ...identity, certificate, notBeforeMs, notAfterMs } };
  } catch (error) {
    return { kind: "not-stored", why: storageProblem(error) };
  }
}

/** The cloud does not take it: it is not tried again. */
export function renewalDiscarder({ storage }: Hardware) {
  return fromPromise<StoreOutcome>(async () => {
    try {
      await storage.remove(renewalFile);
      return { ok: true };
    } catch (error) {
      return { ok: false, why: storageProblem(error) };
    }
  });
}
