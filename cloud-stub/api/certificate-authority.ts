// /certificate-authority and its feature switch: the tenant's own authority for its devices (protocol.md 2.8).
import type { FastifyInstance } from "fastify";
import type { Audit } from "../audit/audit.ts";
import type { TenantAuthority } from "../certificates/tenant-authority.ts";
import { principalOf } from "./access.ts";
import { ApiError, notFound, unprocessable } from "./api-error.ts";
import { readBody } from "./body.ts";
import { changeTrust } from "./certificate-refusals.ts";
import { trustedCertificateDocument } from "./trusted-certificates.ts";

const area = "certificate-authority";
const featureKey = "certificate-authority";

export function registerCertificateAuthorityRoutes(
  app: FastifyInstance,
  deps: { readonly tenantId: string; readonly tenantAuthority: TenantAuthority; readonly audit: Audit },
): void {
  const { tenantId, tenantAuthority } = deps;
  const feature = async () => ({
    key: featureKey,
    phase: "GENERALLY_AVAILABLE",
    strategy: "TENANT",
    active: await tenantAuthority.isActive(),
  });

  app.get(`/features/${featureKey}`, { config: { access: "login" } }, feature);

  app.put(`/features/${featureKey}/by-tenant`, changeTrust, async (request) => {
    const { active } = readBody(request);
    if (typeof active !== "boolean") throw unprocessable(area, "active: must be true or false");
    await tenantAuthority.setActive(active, principalOf(request).userName);
    return feature();
  });

  app.post(`/${area}`, changeTrust, async (request, reply) => {
    if (!(await tenantAuthority.isActive())) throw notFound(area, switchedOff);
    const made = await tenantAuthority.create(principalOf(request).userName);
    if (made === "exists") {
      throw new ApiError(409, `${area}/duplicate`, "This tenant has a certificate authority; there is one per tenant.");
    }
    const answer = trustedCertificateDocument(request, tenantId, made);
    return reply.code(201).header("location", String(answer["self"])).send(answer);
  });

  app.post(`/${area}/renew`, changeTrust, async (request) => {
    if (!(await tenantAuthority.isActive())) throw notFound(area, switchedOff);
    const renewed = await tenantAuthority.renew(principalOf(request).userName);
    if (renewed === "none") throw notFound(area, "This tenant has no certificate authority; make one first.");
    return trustedCertificateDocument(request, tenantId, renewed);
  });
}

const switchedOff = "The certificate authority is switched off for this tenant.";
