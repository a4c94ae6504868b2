// What an enrolment leaves in the gateway's state: the key, the certificate in use, and one that has not proven itself yet.
import type { ClientCertificate, Storage } from "#hardware/ports.ts";
import type { CloudIdentity } from "../cloud-identity.ts";
import type { KeyAlgorithm } from "../config/gateway-config.ts";
import { isoTime } from "../log.ts";
import { judgeCertificate } from "./device-certificate.ts";
import { examineKey, keyFingerprint } from "./device-key.ts";

export const keyFile = "enrolment-key.pem";
/** The certificate in use. */
export const certificateFile = "enrolment.json";
/** A renewed certificate that has not connected yet; once it has, it becomes the one in use. */
export const renewalFile = "renewal.json";

export type EnrolmentState =
  | {
      readonly kind: "enrolled";
      readonly identity: CertificateIdentity;
      /** Of other files, which are passed over. */
      readonly problems: readonly string[];
    }
  | {
      readonly kind: "not-enrolled";
      /** PEM; a secret. Absent: a new one must be made. */
      readonly privateKey?: string;
      /** Why what is there cannot be used, quoting nothing of it. */
      readonly problems: readonly string[];
    };

export type CertificateIdentity = Extract<CloudIdentity, { readonly kind: "certificate" }>;

export interface EnrolmentWanted {
  readonly deviceId: string;
  readonly keyAlgorithm: KeyAlgorithm;
}

/** Rejects if the storage cannot be read. `nowMs` is the wall clock's time. */
export async function loadEnrolment(
  storage: Storage,
  { deviceId, keyAlgorithm }: EnrolmentWanted,
  nowMs: number,
): Promise<EnrolmentState> {
  const [keyText, current, renewed] = [
    await readText(storage, keyFile),
    await readText(storage, certificateFile),
    await readText(storage, renewalFile),
  ];
  const key = keyText === undefined ? undefined : examineKey(keyText);
  if (keyText === undefined || key === undefined) {
    return { kind: "not-enrolled", problems: current === undefined ? [] : [`${keyFile} is missing`] };
  }
  if (!key.ok) return { kind: "not-enrolled", problems: [`${keyFile}: ${key.what}`] };
  const problems: string[] = [];
  let isKeyInUse = key.algorithm === keyAlgorithm;
  for (const [name, text] of [
    [certificateFile, current],
    [renewalFile, renewed],
  ] as const) {
    if (text === undefined) continue;
    const outcome = readCertificate(text, { deviceId, privateKey: keyText });
    const isOver = outcome.ok && outcome.identity.notAfterMs <= nowMs;
    if (outcome.ok && !isOver) return { kind: "enrolled", identity: outcome.identity, problems };
    isKeyInUse ||= isOver;
    const what = outcome.ok ? `the certificate ended on ${isoTime(outcome.identity.notAfterMs)}` : outcome.what;
    problems.push(`${name}: ${what}`);
  }
  // If another algorithm is wanted and no certificate needs the old key, should the clock have been wrong, it goes.
  return { kind: "not-enrolled", problems, ...(isKeyInUse ? { privateKey: keyText } : {}) };
}

/** Undefined if there is none, or none that can be used; whoever asks keeps the one in use then. */
export async function loadRenewal(
  storage: Storage,
  { deviceId, privateKey }: CertificateOwner,
): Promise<CertificateIdentity | undefined> {
  const text = await readText(storage, renewalFile);
  const outcome = text === undefined ? undefined : readCertificate(text, { deviceId, privateKey });
  return outcome?.ok === true ? outcome.identity : undefined;
}

export interface CertificateOwner {
  readonly deviceId: string;
  /** PEM; a secret. */
  readonly privateKey: string;
}

/** The storage port replaces a file as a whole: a power cut leaves the certificate and its reference to the key, or none. */
export function writeCertificate(
  storage: Storage,
  file: typeof certificateFile | typeof renewalFile,
  { deviceId, certificate }: { readonly deviceId: string; readonly certificate: ClientCertificate },
): Promise<void> {
  const record = { deviceId, key: keyFingerprint(certificate.privateKey), certificate: certificate.chain };
  return storage.write(file, Buffer.from(`${JSON.stringify(record)}\n`, "utf8"));
}

type Reading =
  | { readonly ok: true; readonly identity: CertificateIdentity }
  | { readonly ok: false; readonly what: string };

function readCertificate(text: string, { deviceId, privateKey }: CertificateOwner): Reading {
  const record = parse(text);
  if (record === undefined) return { ok: false, what: "it is not JSON" };
  const { key, certificate: chain } = record;
  if (typeof key !== "string" || typeof chain !== "string") return { ok: false, what: "key or certificate is missing" };
  if (key !== keyFingerprint(privateKey))
    return { ok: false, what: `it belongs to another key than that in ${keyFile}` };
  const certificate = { chain, privateKey };
  const verdict = judgeCertificate(certificate, deviceId);
  if (!verdict.ok) return verdict;
  const { notBeforeMs, notAfterMs } = verdict;
  return { ok: true, identity: { kind: "certificate", certificate, notBeforeMs, notAfterMs, source: "enrolment" } };
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

async function readText(storage: Storage, name: string): Promise<string | undefined> {
  const contents = await storage.read(name);
  return contents === undefined ? undefined : Buffer.from(contents).toString("utf8");
}
