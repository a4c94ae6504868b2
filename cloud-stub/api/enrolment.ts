// /.well-known/est: a device gets its certificate, first by its one-time password and later by its own login (protocol.md 2.8).
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { CertificateError } from "../certificates/certificate-error.ts";
import { writeCertsOnly } from "../certificates/certs-only.ts";
import { readSigningRequest, requestBytesMax, type SigningRequest } from "../certificates/signing-request.ts";
import type { NoAuthority, TenantAuthority } from "../certificates/tenant-authority.ts";
import type { CertificateIssue } from "../devices/certificate-issue.ts";
import type { Enrolments, EnrolmentVerdict } from "../devices/enrolment.ts";
import type { LoginRateLimit } from "../users/login-rate-limit.ts";
import { principalOf } from "./access.ts";
import { ApiError, forbidden, notFound, unprocessable } from "./api-error.ts";

const area = "est";
/** Largest body: the request in base64, with its line breaks. */
const bodyMax = Math.ceil(requestBytesMax * 1.5);
const mediaType = "application/pkcs7-mime;smime-type=certs-only";

export interface EnrolmentRouteDeps {
  readonly tenantAuthority: TenantAuthority;
  readonly enrolments: Enrolments;
  readonly certificateIssue: CertificateIssue;
  readonly enrolmentRateLimit: LoginRateLimit;
}

/** Has its own parser of requests, so that no other route takes one. */
export function registerEnrolmentRoutes(app: FastifyInstance, deps: EnrolmentRouteDeps): void {
  app.register(async (est) => {
    est.removeAllContentTypeParsers();
    est.addContentTypeParser(
      /^application\/pkcs10(?:\s*;.*)?$/i,
      { parseAs: "string", bodyLimit: bodyMax },
      (_request, body, done) => done(null, String(body)),
    );

    est.post("/.well-known/est/simpleenroll", { config: { access: "self" } }, async (request, reply) => {
      checkAuthority(await deps.tenantAuthority.available());
      const { id, password } = readBasic(request) ?? needsLogin(reply);
      await checkPassword(request, reply, deps, { id, password });
      const wanted = readRequest(request, id);
      const issued = await deps.certificateIssue.byOneTimePassword(id, wanted);
      if (issued === "other-key") refusePassword(reply, issued);
      return answer(reply, issued);
    });

    est.post(
      "/.well-known/est/simplereenroll",
      { config: { access: { deviceOnly: true } } },
      async (request, reply) => {
        checkAuthority(await deps.tenantAuthority.available());
        const { externalId = "", userName } = principalOf(request);
        return answer(
          reply,
          await deps.certificateIssue.byLogin(externalId, userName, readRequest(request, externalId)),
        );
      },
    );
  });
}

async function checkPassword(
  request: FastifyRequest,
  reply: FastifyReply,
  deps: EnrolmentRouteDeps,
  login: { readonly id: string; readonly password: string },
): Promise<void> {
  // A device that polls until somebody registers it has guessed nothing.
  if (!(await deps.enrolments.isOffered(login.id))) return refusePassword(reply, "unknown");
  const attempt = deps.enrolmentRateLimit.begins(request.peer.address, login.id);
  if (attempt === undefined) {
    reply.header("retry-after", "60");
    throw new ApiError(429, "security/tooManyRequests", "Too many wrong one-time passwords; try again in a minute.");
  }
  const verdict = await deps.enrolments.check(login.id, login.password);
  if (verdict === "ok") return attempt.succeeded();
  refusePassword(reply, verdict);
}

const passwordRefusals: Readonly<Record<Exclude<EnrolmentVerdict, "ok">, string>> = {
  unknown: "No newDeviceRequest found for this ID. Register the device for the certificate authority first.",
  wrong: "The one-time password is wrong.",
  blocked: "Too many wrong one-time passwords: the device is blocked; register it again with a new one.",
  "other-key": "With this one-time password a certificate for another key was issued; register the device again.",
};

function refusePassword(reply: FastifyReply, verdict: Exclude<EnrolmentVerdict, "ok">): never {
  return needsLogin(reply, passwordRefusals[verdict]);
}

function needsLogin(
  reply: FastifyReply,
  message = "Send the device's id and its one-time password as Basic login.",
): never {
  reply.header("www-authenticate", 'Basic realm="Postern"');
  throw new ApiError(401, "security/Unauthorized", message);
}

function readBasic(request: FastifyRequest): { readonly id: string; readonly password: string } | undefined {
  const match = /^basic\s+(\S+)$/i.exec(request.headers.authorization ?? "");
  const text = Buffer.from(match?.[1] ?? "", "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 1 ? undefined : { id: text.slice(0, colon), password: text.slice(colon + 1) };
}

function readRequest(request: FastifyRequest, externalId: string): SigningRequest {
  if (typeof request.body !== "string") {
    throw new ApiError(415, "general/unsupportedMediaType", "Send a PKCS#10 request as application/pkcs10.");
  }
  const wanted = parse(request.body);
  if (wanted.commonName === externalId) return wanted;
  throw forbidden(
    `The certificate request is for '${wanted.commonName.slice(0, 100)}', and the login is that of '${externalId}'.`,
  );
}

function parse(text: string): SigningRequest {
  try {
    return readSigningRequest(text);
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    const message = `The certificate request cannot be used: ${error.message}.`;
    throw error.code === "certificate.unreadable"
      ? new ApiError(400, "general/badRequest", message)
      : unprocessable(area, message);
  }
}

function checkAuthority(authority: object | NoAuthority): void {
  if (typeof authority === "object") return;
  throw notFound(area, authorityRefusals[authority]);
}

const authorityRefusals: Readonly<Record<NoAuthority, string>> = {
  off: "The certificate authority is switched off for this tenant.",
  none: "This tenant has no certificate authority.",
  ended: "The certificate authority of this tenant has expired or is disabled.",
};

function answer(
  reply: FastifyReply,
  issued: { readonly pem: string } | NoAuthority | "too-often" | "other-key",
): FastifyReply {
  if (issued === "too-often") {
    reply.header("retry-after", "3600");
    throw new ApiError(429, "general/tooManyRequests", "This device has got too many certificates within an hour.");
  }
  if (issued === "off" || issued === "none" || issued === "ended") throw notFound(area, authorityRefusals[issued]);
  if (issued === "other-key") throw new Error("a one-time password for another key must be refused before");
  return reply
    .code(200)
    .header("content-type", mediaType)
    .header("content-transfer-encoding", "base64")
    .serializer(String)
    .send(writeCertsOnly(issued.pem));
}
