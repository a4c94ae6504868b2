// /tenant/tenants/{tenant}/applications: what the tenant has subscribed to, and what there is to subscribe to.
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Transaction } from "kysely";
import type { Audit } from "../audit/audit.ts";
import type { Database } from "../store/schema.ts";
import {
  type Application,
  applications,
  remoteAccessApplication,
  type Subscriptions,
} from "../tenant/subscriptions.ts";
import { principalOf } from "./access.ts";
import { ApiError, notFound } from "./api-error.ts";
import { readBody } from "./body.ts";
import { baseUrl, collection, readPage, readQuery } from "./paging.ts";
import { readReference } from "./user-documents.ts";

const area = "tenant";
const remoteAccessPaths = "/service/remoteaccess/";

export interface SubscriptionRouteDeps {
  readonly tenantId: string;
  readonly subscriptions: Subscriptions;
  readonly audit: Audit;
}

/** Also hides the paths of remote access while it is not subscribed. */
export function registerSubscriptionRoutes(app: FastifyInstance, deps: SubscriptionRouteDeps): void {
  const login = { config: { access: "login" } as const };
  const change = { config: { access: { role: "ROLE_TENANT_ADMIN" } as const } };
  const path = "/tenant/tenants/:tenant/applications";

  // After the login: who may not come in does not learn what there is.
  app.addHook("preHandler", async (request) => {
    if (request.routeOptions.url?.startsWith(remoteAccessPaths) !== true) return;
    if (!(await deps.subscriptions.has(remoteAccessApplication))) throw notSubscribed();
  });

  app.get(path, login, async (request) => {
    const self = selfOf(request, deps);
    const subscribed = await deps.subscriptions.list();
    const page = readPage(readQuery(request));
    const members = subscribed
      .slice(page.skip, page.skip + page.take)
      .map((application) => reference(request, application, self));
    return collection(request, "references", members, page, subscribed.length);
  });

  app.post(path, change, async (request, reply) => {
    const self = selfOf(request, deps);
    const application = byId(readReference(readBody(request), area, "application"));
    const along = recorder(request, deps, `Application '${application.name}' subscribed.`);
    if (!(await deps.subscriptions.add(application, along))) {
      throw new ApiError(409, `${area}/duplicate`, `The tenant has subscribed to ${application.name} already.`);
    }
    return reply.code(201).send(reference(request, application, self));
  });

  app.delete(`${path}/:id`, change, async (request, reply) => {
    selfOf(request, deps);
    const application = byId((request.params as { id: string }).id);
    const along = recorder(request, deps, `Application '${application.name}' unsubscribed.`);
    if (!(await deps.subscriptions.remove(application, along))) {
      throw notFound(area, `The tenant has not subscribed to ${application.name}.`);
    }
    return reply.code(204).send();
  });

  app.get("/application/applications", login, async (request) => {
    const { name } = readQuery(request);
    const found = applications.filter((application) => name === undefined || application.name === name);
    const page = readPage(readQuery(request));
    const members = found
      .slice(page.skip, page.skip + page.take)
      .map((application) => applicationDocument(request, application));
    return collection(request, "applications", members, page, found.length);
  });
}

/** As Cumulocity answers for a microservice that the tenant does not have. */
function notSubscribed(): ApiError {
  return notFound("microservice", "Remote access is not in this tenant's subscription.");
}

function byId(id: string): Application {
  const application = applications.find((one) => one.id === id);
  if (application === undefined) throw notFound(area, "There is no such application.");
  return application;
}

/** 404 if the path names another tenant. */
function selfOf(request: FastifyRequest, deps: SubscriptionRouteDeps): string {
  const { tenant } = request.params as { tenant: string };
  if (tenant !== deps.tenantId) throw notFound(area, "There is no such tenant.");
  return `${baseUrl(request)}/tenant/tenants/${deps.tenantId}/applications`;
}

function reference(request: FastifyRequest, application: Application, self: string): Record<string, unknown> {
  return { self: `${self}/${application.id}`, application: applicationDocument(request, application) };
}

function applicationDocument(request: FastifyRequest, application: Application): Record<string, unknown> {
  const { id, name, contextPath } = application;
  const self = `${baseUrl(request)}/application/applications/${id}`;
  return { id, self, name, key: `${name}-key`, type: "MICROSERVICE", contextPath, availability: "MARKET" };
}

/** Writes the audit record of a change along with it. */
function recorder(request: FastifyRequest, deps: SubscriptionRouteDeps, text: string) {
  const record = {
    type: "Tenant",
    activity: "Subscription changed",
    text,
    userName: principalOf(request).userName,
  } as const;
  return (transaction: Transaction<Database>) => deps.audit.record(record, transaction);
}
