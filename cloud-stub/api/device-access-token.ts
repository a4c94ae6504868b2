// /devicecontrol/deviceAccessToken: the token of a device that shows its certificate to the HTTPS port (protocol.md 3.2).
import type { FastifyInstance } from "fastify";
import { chainCharactersMax } from "../certificates/certificate-chain.ts";
import type { CertificateLogins } from "../devices/certificate-login.ts";
import type { DeviceTokens } from "../devices/device-tokens.ts";
import type { CloudLog } from "../log.ts";
import { ApiError } from "./api-error.ts";

export function registerDeviceAccessTokenRoute(
  app: FastifyInstance,
  deps: { readonly certificateLogins: CertificateLogins; readonly deviceTokens: DeviceTokens; readonly log: CloudLog },
): void {
  app.post("/devicecontrol/deviceAccessToken", { config: { access: "self" } }, async (request, reply) => {
    const shown = request.peer.clientCertificateChain;
    if (shown === undefined) {
      throw new ApiError(401, "security/Unauthorized", "This needs a client certificate in TLS, and none was shown.");
    }
    const login = await deps.certificateLogins.check(shown + readChainHeader(request.headers["x-ssl-cert-chain"]));
    if (!login.ok) {
      deps.log.warn("login.failed", { user: "(certificate)", address: request.peer.address, why: login.why });
      throw new ApiError(401, "security/Unauthorized", "The client certificate is not accepted.");
    }
    const accessToken = await deps.deviceTokens.give(login.account.name, login.anchorKeyHash);
    if (accessToken === undefined)
      throw new ApiError(401, "security/Unauthorized", "This device has no login any more.");
    return reply.code(200).send({ accessToken });
  });
}

/** Certificates between the device's and the authority's; a header has no line breaks, so they are blanks or %-escapes. */
function readChainHeader(value: string | string[] | undefined): string {
  const text = typeof value === "string" && value.length <= chainCharactersMax ? value : "";
  try {
    return text.includes("%") ? decodeURIComponent(text) : text;
  } catch {
    return ""; // escapes that are none: what TLS showed must do
  }
}
