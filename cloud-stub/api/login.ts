// Logging in and out: /tenant/loginOptions, /tenant/oauth, /tenant/oauth/token, /user/logout (protocol.md 7.2).
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Authentication } from "../users/authentication.ts";
import { type Tokens, tokenLifetimeMs } from "../users/tokens.ts";
import { principalOf, refuseLogin } from "./access.ts";
import { ApiError } from "./api-error.ts";
import { portOfHost } from "./host-policy.ts";
import { baseUrl, readQuery } from "./paging.ts";

/** Largest login form, in bytes. */
const formBytesMax = 8_192;

export interface LoginRoutesDeps {
  readonly tenantId: string;
  readonly authentication: Authentication;
  readonly tokens: Tokens;
}

/** Has its own parser of forms, so that no other route takes one. */
export function registerLoginRoutes(app: FastifyInstance, deps: LoginRoutesDeps): void {
  app.get("/tenant/loginOptions", { config: { access: "public" } }, async (request) => loginOptions(request, deps));

  app.register(async (forms) => {
    forms.removeAllContentTypeParsers();
    forms.addContentTypeParser(
      "application/x-www-form-urlencoded",
      { parseAs: "string", bodyLimit: formBytesMax },
      (_request, body, done) => done(null, new URLSearchParams(String(body))),
    );
    const publicRoute = { config: { access: "public" } as const };
    forms.post("/tenant/oauth", publicRoute, async (request, reply) => {
      const issued = await logIn(request, reply, deps);
      if (issued === undefined) return reply;
      setCookies(request, reply, issued, tokenLifetimeMs / 1000);
      return reply.code(200).send({});
    });
    forms.post("/tenant/oauth/token", publicRoute, async (request, reply) => {
      const issued = await logIn(request, reply, deps);
      if (issued === undefined) return reply;
      return reply.code(200).send({ access_token: issued.token });
    });
  });

  app.post("/user/logout", { config: { access: "login" } }, async (request, reply) => {
    principalOf(request);
    if (request.tokenId !== undefined) await deps.tokens.end(request.tokenId);
    setCookies(request, reply, { token: "", xsrfToken: "" }, 0);
    return reply.code(200).send({});
  });
}

/** Undefined if it has answered with a refusal. */
async function logIn(
  request: FastifyRequest,
  reply: FastifyReply,
  deps: LoginRoutesDeps,
): Promise<{ token: string; xsrfToken: string } | undefined> {
  const form = request.body;
  if (!(form instanceof URLSearchParams)) throw new ApiError(415, "general/unsupportedMediaType", "Send a form.");
  const grant = form.get("grant_type") ?? "PASSWORD";
  const user = form.get("username") ?? "";
  const password = form.get("password") ?? "";
  if (grant.toUpperCase() !== "PASSWORD" || user === "" || password === "") {
    throw new ApiError(400, "general/badRequest", "The form needs grant_type=PASSWORD, username and password.");
  }
  const tenantId = readQuery(request)["tenant_id"] ?? deps.tenantId;
  if (tenantId !== deps.tenantId) {
    await refuseLogin(request, reply, "wrong");
    return undefined;
  }
  const login = await deps.authentication.checkPassword(user, password, request.peer.address);
  // Devices log in with each request; only people get a session.
  if (!login.ok || login.account.kind !== "user") {
    await refuseLogin(request, reply, login.ok ? "wrong" : login.why);
    return undefined;
  }
  return deps.tokens.issue(login.account);
}

/** The names bear the port, so that two clouds on one host do not log each other out. */
function setCookies(
  request: FastifyRequest,
  reply: FastifyReply,
  issued: { readonly token: string; readonly xsrfToken: string },
  lifetimeSeconds: number,
): void {
  const { isEncrypted } = request.peer;
  const rest = `Path=/; SameSite=Strict; Max-Age=${lifetimeSeconds}${isEncrypted ? "; Secure" : ""}`;
  const port = portOfHost(request.headers.host, isEncrypted);
  // Programs know Cumulocity's plain names (protocol.md 7.2); a browser names an Origin with each POST.
  const suffixes = request.headers.origin === undefined ? [`-${port}`, ""] : [`-${port}`];
  const cookies = suffixes.flatMap((suffix) => [
    `authorization${suffix}=${issued.token}; HttpOnly; ${rest}`,
    `XSRF-TOKEN${suffix}=${issued.xsrfToken}; ${rest}`,
  ]);
  reply.header("set-cookie", cookies);
}

function loginOptions(request: FastifyRequest, deps: LoginRoutesDeps): Record<string, unknown> {
  const self = `${baseUrl(request)}/tenant/loginOptions`;
  const initRequest = `${baseUrl(request)}/tenant/oauth?tenant_id=${encodeURIComponent(deps.tenantId)}`;
  const common = { userManagementSource: "INTERNAL", tfaStrategy: null, initRequest };
  return {
    self,
    loginOptions: [
      {
        id: "1",
        self: `${self}/1`,
        type: "OAUTH2_INTERNAL",
        grantType: "PASSWORD",
        visibleOnLoginPage: true,
        ...common,
      },
      { id: "2", self: `${self}/2`, type: "BASIC", visibleOnLoginPage: false, ...common },
    ],
  };
}
