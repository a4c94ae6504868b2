// Who may use a route: each route names it in its `config`, and this is the one place that decides.
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { CloudLog } from "../log.ts";
import type { Peer } from "../peer.ts";
import type { Authentication, LoginRefusal } from "../users/authentication.ts";
import type { Principal, Role } from "../users/principal.ts";
import { errorBody, errorMediaType } from "./api-error.ts";

/**
 * `public`: anybody. `login`: any account. `bootstrap`: the account of unregistered devices only.
 * `self`: the route finds out itself. A role: people and programs that have it, or the one in its place; with `orDevice`
 * also a device, for what is its own, which the route checks.
 */
export type Access =
  | "public"
  | "login"
  | "bootstrap"
  | "self"
  | { readonly role: Role; readonly orRole?: Role; readonly orDevice?: true }
  | { readonly deviceOnly: true };

declare module "fastify" {
  interface FastifyContextConfig {
    access?: Access;
  }
  interface FastifyRequest {
    /** Who asks; undefined on public routes. */
    principal: Principal | undefined;
    /** The token with which the login was made, if it was one. */
    tokenId: string | undefined;
    peer: Peer;
  }
}

/** Refuses to add a route that does not say who may use it, and decides before the body is read. */
export function registerAccess(
  app: FastifyInstance,
  deps: {
    readonly authentication: Authentication;
    readonly log: CloudLog;
    readonly peerOf: (request: FastifyRequest) => Peer;
  },
): void {
  app.decorateRequest("principal", undefined);
  app.decorateRequest("tokenId", undefined);
  app.decorateRequest("peer", {
    getter(this: FastifyRequest) {
      return deps.peerOf(this);
    },
  });
  app.addHook("onRoute", (route) => {
    if (route.config?.access === undefined) {
      throw new Error(`The route ${String(route.method)} ${route.url} does not say who may use it`);
    }
  });
  app.addHook("onRequest", async (request, reply) => {
    const access = request.routeOptions.config.access;
    if (access === undefined || access === "public" || access === "self") return;
    const { method, raw, headers, peer } = request;
    const outcome = await deps.authentication.check({ method, url: raw.url, headers, peer });
    if (!outcome.ok) return refuseLogin(request, reply, outcome.why);
    if (!isAllowed(access, outcome.principal)) {
      return refuse(reply, 403, "security/Forbidden", missing(access));
    }
    request.principal = outcome.principal;
    request.tokenId = outcome.tokenId;
  });
}

/** The login of a route that is not public. */
export function principalOf(request: FastifyRequest): Principal {
  if (request.principal === undefined) throw new Error("a route that is not public must have a login");
  return request.principal;
}

/** Exported for the test that walks every route with every role. */
export function isAllowed(access: Exclude<Access, "public" | "self">, principal: Principal): boolean {
  if (access === "login") return true;
  if (access === "bootstrap") return principal.kind === "bootstrap";
  if ("deviceOnly" in access) return principal.kind === "device";
  if (principal.kind === "device") return access.orDevice === true;
  if (principal.kind !== "user") return false;
  return principal.hasRole(access.role) || (access.orRole !== undefined && principal.hasRole(access.orRole));
}

function missing(access: Access): string {
  if (access === "bootstrap") return "Only the bootstrap account of devices may use this path.";
  if (typeof access === "object" && "role" in access) {
    return `This needs the role ${[access.role, access.orRole ?? []].flat().join(" or ")}.`;
  }
  return "This login may not use this path.";
}

const loginRefusals: Readonly<Record<LoginRefusal, { status: number; error: string; message: string }>> = {
  none: { status: 401, error: "security/Unauthorized", message: "This needs a login." },
  wrong: {
    status: 401,
    error: "security/Unauthorized",
    message: "The login is not valid: wrong user, password or token.",
  },
  xsrf: {
    status: 403,
    error: "security/Forbidden",
    message: "A login by cookie must send its XSRF token in the header X-XSRF-TOKEN.",
  },
  "too-many": {
    status: 429,
    error: "security/tooManyRequests",
    message: "Too many failed logins; try again in a minute.",
  },
  busy: { status: 503, error: "general/unavailable", message: "Too many logins are being checked; try again." },
};

/** Answers a request whose login failed. */
export function refuseLogin(request: FastifyRequest, reply: FastifyReply, why: LoginRefusal): FastifyReply {
  const { status, error, message } = loginRefusals[why];
  if (status === 401) {
    // A browser would open its own login box for `Basic`, and keep what is typed there for other pages' requests.
    const isBrowser = request.headers.usexbasic !== undefined || request.headers["sec-fetch-mode"] !== undefined;
    reply.header("www-authenticate", `${isBrowser ? "XBasic" : "Basic"} realm="Postern"`);
  }
  if (status === 429) reply.header("retry-after", "60");
  return refuse(reply, status, error, message);
}

function refuse(reply: FastifyReply, status: number, error: string, message: string): FastifyReply {
  return reply.code(status).header("content-type", errorMediaType).serializer(String).send(errorBody(error, message));
}
