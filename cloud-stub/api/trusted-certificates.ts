// /tenant/tenants/{id}/trusted-certificates: whose devices may come in by certificate, and the proof of possession (protocol.md 2.7).
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { TenantAuthority } from "../certificates/tenant-authority.ts";
import type { NewTrustedCertificate, TrustChange, TrustedCertificate } from "../certificates/trusted-certificate.ts";
import { type TrustedCertificates, trustedMax } from "../certificates/trusted-certificates.ts";
import { principalOf } from "./access.ts";
import { ApiError, notFound, unprocessable } from "./api-error.ts";
import { type Body, optionalTextField, readBody, textField } from "./body.ts";
import { certified, changeTrust, readTrust } from "./certificate-refusals.ts";
import { baseUrl, collection, readPage, readQuery } from "./paging.ts";

const area = "tenant";
const nameLengthMax = 256;
/** Longest certificate, in characters of PEM. */
const pemLengthMax = 32_768;
/** Certificates of one bulk request. */
const bulkMax = 100;

export interface TrustedCertificateRouteDeps {
  readonly tenantId: string;
  readonly trustedCertificates: TrustedCertificates;
  readonly tenantAuthority: TenantAuthority;
}

export function registerTrustedCertificateRoutes(app: FastifyInstance, deps: TrustedCertificateRouteDeps): void {
  const { trustedCertificates } = deps;
  const base = "/tenant/tenants/:tenant/trusted-certificates";
  const document = (request: FastifyRequest, one: TrustedCertificate) =>
    trustedCertificateDocument(request, deps.tenantId, one);

  app.get(base, readTrust, async (request) => {
    checkTenant(request, deps);
    const page = readPage(readQuery(request));
    const all = await trustedCertificates.list();
    const members = all.slice(page.skip, page.skip + page.take).map((one) => document(request, one));
    return collection(request, "certificates", members, page, all.length);
  });

  app.post(base, changeTrust, async (request, reply) => {
    checkTenant(request, deps);
    const [made] = await add(request, deps, [readNew(readBody(request), "certInPemFormat")]);
    if (made === undefined) throw new Error("one certificate was added and none came back");
    const answer = document(request, made);
    return reply.code(201).header("location", String(answer["self"])).send(answer);
  });

  app.post(`${base}/bulk`, changeTrust, async (request, reply) => {
    checkTenant(request, deps);
    const made = await add(request, deps, readMany(readBody(request)));
    return reply.code(201).send({ certificates: made.map((one) => document(request, one)) });
  });

  app.get(`${base}/:fingerprint`, readTrust, async (request) => {
    checkTenant(request, deps);
    return document(request, (await trustedCertificates.get(fingerprintOf(request))) ?? missing());
  });

  app.put(`${base}/:fingerprint`, changeTrust, async (request) => {
    checkTenant(request, deps);
    const { userName } = principalOf(request);
    const change = readChange(readBody(request));
    return document(request, (await trustedCertificates.change(fingerprintOf(request), change, userName)) ?? missing());
  });

  app.delete(`${base}/:fingerprint`, changeTrust, async (request, reply) => {
    checkTenant(request, deps);
    const { userName } = principalOf(request);
    if (!(await deps.tenantAuthority.remove(fingerprintOf(request), userName))) missing();
    return reply.code(204).send();
  });

  registerPossessionRoutes(app, deps, document);
}

function registerPossessionRoutes(
  app: FastifyInstance,
  deps: TrustedCertificateRouteDeps,
  document: (request: FastifyRequest, one: TrustedCertificate) => Record<string, unknown>,
): void {
  const { trustedCertificates } = deps;
  const base = "/tenant/tenants/:tenant/trusted-certificates-pop/:fingerprint";

  app.post(`${base}/verification-code`, changeTrust, async (request) => {
    checkTenant(request, deps);
    return document(request, (await trustedCertificates.newVerificationCode(fingerprintOf(request))) ?? missing());
  });

  app.post(`${base}/pop`, changeTrust, async (request) => {
    checkTenant(request, deps);
    const field = "proofOfPossessionSignedVerificationCode";
    const signature = textField(readBody(request), area, field, 4_096);
    const { userName } = principalOf(request);
    const outcome = await trustedCertificates.prove(fingerprintOf(request), signature, userName);
    if (typeof outcome === "object") return document(request, outcome);
    if (outcome === "unknown") return missing();
    if (outcome === "expired") throw unprocessable(area, `${field}: the code has expired; ask for a new one`);
    throw new ApiError(400, `${area}/badRequest`, `${field}: this is not the code signed with the certificate's key`);
  });
}

async function add(
  request: FastifyRequest,
  deps: TrustedCertificateRouteDeps,
  wanted: readonly NewTrustedCertificate[],
): Promise<readonly TrustedCertificate[]> {
  const { userName } = principalOf(request);
  const made = await certified(area, "certInPemFormat", () => deps.trustedCertificates.add(wanted, userName));
  if (made === "full") throw unprocessable(area, `There are ${trustedMax} trusted certificates; no more are allowed.`);
  if ("exists" in made) {
    throw new ApiError(409, `${area}/duplicate`, `There is a certificate with the fingerprint ${made.exists} already.`);
  }
  return made;
}

function readMany(body: Body): readonly NewTrustedCertificate[] {
  const { certificates } = body;
  if (!Array.isArray(certificates) || certificates.length === 0 || certificates.length > bulkMax) {
    throw unprocessable(area, `certificates: must be a list of 1 to ${bulkMax} certificates`);
  }
  return certificates.map((one: unknown, index) => {
    if (typeof one !== "object" || one === null) throw unprocessable(area, `certificates[${index}]: must be an object`);
    return readNew(one as Body, `certificates[${index}].certInPemFormat`);
  });
}

function readNew(body: Body, field: string): NewTrustedCertificate {
  const pem = body["certInPemFormat"];
  if (typeof pem !== "string" || pem.trim() === "" || pem.length > pemLengthMax) {
    throw unprocessable(area, `${field}: must be a certificate in PEM of at most ${pemLengthMax} characters`);
  }
  const { name = "", isEnabled, isAutoRegistration = false } = readChange(body);
  if (isEnabled === undefined) throw unprocessable(area, "status: must be ENABLED or DISABLED");
  return { name, pem, isEnabled, isAutoRegistration };
}

function readChange(body: Body): TrustChange {
  const name = optionalTextField(body, area, "name", nameLengthMax);
  const { status, autoRegistrationEnabled } = body;
  if (status !== undefined && status !== "ENABLED" && status !== "DISABLED") {
    throw unprocessable(area, "status: must be ENABLED or DISABLED");
  }
  if (autoRegistrationEnabled !== undefined && typeof autoRegistrationEnabled !== "boolean") {
    throw unprocessable(area, "autoRegistrationEnabled: must be true or false");
  }
  return {
    ...(name === undefined ? {} : { name }),
    ...(status === undefined ? {} : { isEnabled: status === "ENABLED" }),
    ...(autoRegistrationEnabled === undefined ? {} : { isAutoRegistration: autoRegistrationEnabled }),
  };
}

/** As Cumulocity shows it (protocol.md 2.7, 2.8). */
export function trustedCertificateDocument(
  request: FastifyRequest,
  tenantId: string,
  one: TrustedCertificate,
): Record<string, unknown> {
  const { certificate, fingerprint } = one;
  return {
    fingerprint,
    name: one.name,
    status: one.isEnabled ? "ENABLED" : "DISABLED",
    autoRegistrationEnabled: one.isAutoRegistration,
    ...(one.isTenantAuthority ? { tenantCertificateAuthority: true } : {}),
    certInPemFormat: certificate.raw.toString("base64"),
    algorithmName: certificate.publicKey.asymmetricKeyType?.toUpperCase() ?? "",
    version: 3,
    serialNumber: decimal(certificate.serialNumber),
    subject: nameOf(certificate.subject),
    issuer: nameOf(certificate.issuer),
    notBefore: certificate.validFromDate.toISOString(),
    notAfter: certificate.validToDate.toISOString(),
    proofOfPossessionValid: one.isProven,
    proofOfPossessionUnsignedVerificationCode: one.verificationCode,
    proofOfPossessionVerificationCodeUsableUntil: new Date(one.codeUntilMs).toISOString(),
    self: `${baseUrl(request)}/tenant/tenants/${encodeURIComponent(tenantId)}/trusted-certificates/${fingerprint}`,
  };
}

/** Some authorities have negative ones, which Node writes with a minus. */
function decimal(hex: string): string {
  const digits = BigInt(`0x${hex.replace("-", "")}`).toString();
  return hex.startsWith("-") ? `-${digits}` : digits;
}

/** Node writes the parts in lines, in the order of the certificate; Cumulocity in one line, the last one first. */
function nameOf(lines: string | undefined): string {
  return (lines ?? "").split("\n").reverse().join(", ");
}

function fingerprintOf(request: FastifyRequest): string {
  return (request.params as { fingerprint: string }).fingerprint;
}

function checkTenant(request: FastifyRequest, deps: { readonly tenantId: string }): void {
  const { tenant } = request.params as { tenant: string };
  if (tenant !== deps.tenantId) throw notFound(area, "There is no such tenant.");
}

function missing(): never {
  throw notFound(area, "There is no trusted certificate with this fingerprint.");
}
