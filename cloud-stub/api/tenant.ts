// /tenant/currentTenant and the system options that real tools ask for at login (protocol.md 7.3, 7.5).
import type { FastifyInstance } from "fastify";
import { policyOption, type SecurityTokens } from "../devices/security-token.ts";
import { ApiError } from "./api-error.ts";

/** Version that tools are told; they only show it. */
const platformVersion = "1023.0.0-postern";

export function registerTenantRoutes(
  app: FastifyInstance,
  deps: { readonly tenantId: string; readonly securityTokens: SecurityTokens },
): void {
  const login = { config: { access: "login" } as const };

  app.get("/tenant/currentTenant", login, async (request) => ({
    name: deps.tenantId,
    domainName: request.hostname,
    allowCreateTenants: false,
    customProperties: {},
  }));

  app.get("/tenant/system/options/:category/:key", login, async (request) => {
    const { category, key } = request.params as { category: string; key: string };
    if (category === policyOption.category && key === policyOption.key) {
      return { category, key, value: await deps.securityTokens.policy() };
    }
    if (category !== "system" || key !== "version") {
      throw new ApiError(404, "tenant/Not Found", "There is no such system option.");
    }
    return { category, key, value: platformVersion };
  });
}
