// Asks the platform's certificate authority for a certificate over EST (protocol.md 2.8), and reads whatever it answers.
import type { ClientCertificate } from "#hardware/ports.ts";
import { printable } from "#protocol/printable.ts";
import { ProtocolError } from "#protocol/protocol-error.ts";
import { certificationRequestBody } from "#protocol/x509/certification-request.ts";
import { certificatePem, readIssuedCertificates } from "#protocol/x509/issued-certificates.ts";
import { type CloudHttpDeps, type HttpFailure, type HttpOutcome, requestCloud } from "../cloud-http.ts";
import { isoTime } from "../log.ts";
import { indexOfOwn, judgeCertificate } from "./device-certificate.ts";
import { requestCertificate } from "./device-key.ts";

export interface IssuedCertificate {
  /** PEM, the device's own first. */
  readonly chain: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export type EnrolOutcome =
  | ({ readonly kind: "issued" } & IssuedCertificate)
  /** 401: nobody has registered this device yet, or its one-time password was used up. */
  | { readonly kind: "not-registered" }
  /** 202: the authority takes its time. */
  | { readonly kind: "pending" }
  /** 401: the one-time password or token is wrong. */
  | { readonly kind: "unauthorized" }
  /** 404: the tenant has no certificate authority. */
  | { readonly kind: "no-authority" }
  | { readonly kind: "refused"; readonly status: number; readonly what: string }
  /** The answer holds no certificate of use. `what` is for people. */
  | { readonly kind: "unusable"; readonly what: string }
  | { readonly kind: "unreachable"; readonly reason: HttpFailure; readonly detail: string };

export interface EnrolRequest {
  readonly path: "/.well-known/est/simpleenroll" | "/.well-known/est/simplereenroll";
  readonly deviceId: string;
  /** PEM; it signs the request and does not leave the device. */
  readonly privateKey: string;
  /** The header's value, a secret. */
  readonly authorization: string;
  readonly signal?: AbortSignal;
}

/** For one question and its answer. */
export const enrolLimitMs = 30_000;
/** A chain of certificates is far smaller. */
export const answerBytesMax = 64 * 1024;
/** How the platform's message about an unknown device begins. */
const notRegisteredWords = "No newDeviceRequest found for this ID";
/** Of a refusal that is quoted in the log. */
const quotedCharactersMax = 160;

/** Never rejects for a reason of the network or the answer. */
export async function enrol(deps: CloudHttpDeps, request: EnrolRequest): Promise<EnrolOutcome> {
  const { path, deviceId, privateKey, authorization, signal } = request;
  const outcome = await requestCloud(deps, {
    method: "POST",
    path,
    headers: {
      Accept: "application/pkcs7-mime",
      Authorization: authorization,
      "Content-Type": "application/pkcs10",
      "Content-Transfer-Encoding": "base64",
    },
    body: certificationRequestBody(requestCertificate(deviceId, privateKey)),
    timeoutMs: enrolLimitMs,
    answerBytesMax,
    ...(signal === undefined ? {} : { signal }),
  });
  if (!outcome.ok) {
    const { reason, detail } = outcome;
    return reason === "http.too-large" ? { kind: "unusable", what: detail } : { kind: "unreachable", reason, detail };
  }
  switch (outcome.status) {
    case 200:
    case 201:
      return readAnswer(outcome, { deviceId, privateKey, nowMs: deps.clock.nowMs() });
    case 202:
      return { kind: "pending" };
    case 401:
      return messageIn(outcome.body).startsWith(notRegisteredWords)
        ? { kind: "not-registered" }
        : { kind: "unauthorized" };
    case 404:
      return { kind: "no-authority" };
    default:
      return { kind: "refused", status: outcome.status, what: quotable(messageIn(outcome.body), authorization) };
  }
}

type Answer = Extract<HttpOutcome, { readonly ok: true }>;

interface Wanted {
  readonly deviceId: string;
  readonly privateKey: string;
  readonly nowMs: number;
}

function readAnswer({ headers, body }: Answer, { deviceId, privateKey, nowMs }: Wanted): EnrolOutcome {
  const contentType = headers["content-type"] ?? "";
  // The form is found out from the bytes; these are pages and error documents, whatever their status says.
  if (/^\s*(text\/html|application\/(json|xml))/i.test(contentType)) {
    return unusable(`its content type is ${printable(contentType, quotedCharactersMax)}`);
  }
  try {
    const certificates = readIssuedCertificates(body);
    const at = indexOfOwn(certificates, privateKey);
    const own = certificates[at];
    if (own === undefined) return unusable("no certificate in it is for this gateway's key");
    const chain = [own, ...certificates.toSpliced(at, 1)].map(certificatePem).join("");
    return judgeIssued({ chain, privateKey }, deviceId, nowMs);
  } catch (error) {
    return unusable(error instanceof ProtocolError ? error.message : "a certificate in it cannot be read");
  }
}

function judgeIssued(certificate: ClientCertificate, deviceId: string, nowMs: number): EnrolOutcome {
  const verdict = judgeCertificate(certificate, deviceId);
  if (!verdict.ok) return unusable(verdict.what);
  const { notBeforeMs, notAfterMs } = verdict;
  // The clock was good enough for the cloud's own certificate a moment ago.
  if (notAfterMs <= nowMs) return unusable(`the certificate ended on ${isoTime(notAfterMs)} already`);
  return { kind: "issued", chain: certificate.chain, notBeforeMs, notAfterMs };
}

function unusable(what: string): EnrolOutcome {
  return { kind: "unusable", what: `the authority's answer cannot be used: ${what}` };
}

/** The words of an error document of the platform, or nothing. */
function messageIn(body: Uint8Array): string {
  try {
    const document: unknown = JSON.parse(Buffer.from(body).toString("utf8"));
    const message: unknown = typeof document === "object" && document !== null ? Reflect.get(document, "message") : "";
    return typeof message === "string" ? message : "";
  } catch {
    return "";
  }
}

/** What a server says may quote the secret that it was shown. */
function quotable(message: string, authorization: string): string {
  const [, encoded = ""] = authorization.split(" ");
  const [, ...password] = Buffer.from(encoded, "base64").toString("utf8").split(":");
  const secrets = [authorization, encoded, password.join(":")].filter((each) => each.length >= 4);
  const masked = secrets.reduce((text, secret) => text.replaceAll(secret, "***"), message);
  return printable(masked, quotedCharactersMax);
}
