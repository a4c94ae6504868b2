// /tenant/options: settings of the tenant (protocol.md 5.7). The value of a `credentials.` key is never shown.
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Transaction } from "kysely";
import type { Audit } from "../audit/audit.ts";
import { whyLifeRefused } from "../certificates/tenant-authority.ts";
import { whyLifespanRefused } from "../devices/device-tokens.ts";
import { whyTimeoutRefused } from "../devices/operation-deadlines.ts";
import { whyPolicyRefused } from "../devices/security-token.ts";
import { whyOptionRefused } from "../remote-access/tenant-limits.ts";
import type { Database } from "../store/schema.ts";
import {
  isSecretOption,
  optionNamePattern,
  optionsMax,
  optionValueLengthMax,
  type TenantOption,
  type TenantOptions,
} from "../tenant/tenant-options.ts";
import { principalOf } from "./access.ts";
import { notFound, unprocessable } from "./api-error.ts";
import { type Body, readBody } from "./body.ts";
import { baseUrl, collection, readPage, readQuery } from "./paging.ts";

const area = "options";
/** What Cumulocity shows in the place of an encrypted value. */
const maskedValue = "<<Encrypted>>";

export interface TenantOptionRouteDeps {
  readonly options: TenantOptions;
  readonly audit: Audit;
}

export function registerTenantOptionRoutes(app: FastifyInstance, deps: TenantOptionRouteDeps): void {
  const read = { config: { access: { role: "ROLE_OPTION_MANAGEMENT_READ" } as const } };
  const change = { config: { access: { role: "ROLE_OPTION_MANAGEMENT_ADMIN" } as const } };

  app.get("/tenant/options", read, async (request) => {
    const page = readPage(readQuery(request));
    const all = await deps.options.list();
    const members = all.slice(page.skip, page.skip + page.take).map((option) => document(request, option));
    return collection(request, "options", members, page, all.length);
  });

  app.post("/tenant/options", change, async (request) => {
    const body = readBody(request);
    const { category, key } = body;
    return save(request, deps, { category, key, value: readValue(body) });
  });

  app.get("/tenant/options/:category", read, async (request) => {
    const { category } = request.params as { category: string };
    const options = await deps.options.list(category);
    return Object.fromEntries(options.map((option) => [option.key, option.value ?? maskedValue]));
  });

  app.get("/tenant/options/:category/:key", read, async (request) => {
    const { category, key } = request.params as { category: string; key: string };
    const option = await deps.options.find(category, key);
    if (option === undefined) throw noOption();
    return document(request, option);
  });

  app.put("/tenant/options/:category/:key", change, async (request) => {
    const { category, key } = request.params as { category: string; key: string };
    return save(request, deps, { category, key, value: readValue(readBody(request)) });
  });

  app.delete("/tenant/options/:category/:key", change, async (request, reply) => {
    const { category, key } = request.params as { category: string; key: string };
    const along = recorder(request, deps, { category, key, did: "removed" });
    if (!(await deps.options.remove(category, key, along))) throw noOption();
    return reply.code(204).send();
  });
}

async function save(
  request: FastifyRequest,
  deps: TenantOptionRouteDeps,
  wanted: { readonly category: unknown; readonly key: unknown; readonly value: string },
): Promise<Record<string, unknown>> {
  const { value } = wanted;
  const category = readName(wanted.category, "category");
  const key = readName(wanted.key, "key");
  // What a client was shown and sends back means: as it is.
  const isUnchanged = isSecretOption(key) && value === maskedValue;
  const judges = [whyOptionRefused, whyTimeoutRefused, whyLifeRefused, whyLifespanRefused, whyPolicyRefused];
  const why = judges.map((judge) => judge(category, key, value)).find((found) => found !== undefined);
  if (why !== undefined) throw unprocessable(area, `value: ${why}`);
  if (!isUnchanged) {
    const along = recorder(request, deps, { category, key, did: "set" });
    if ((await deps.options.set(category, key, value, along)) === "full") {
      throw unprocessable(area, `There are ${optionsMax} options; no more are allowed.`);
    }
  }
  const option = await deps.options.find(category, key);
  if (option === undefined) throw noOption();
  return document(request, option);
}

function readName(name: unknown, field: string): string {
  if (typeof name === "string" && optionNamePattern.test(name)) return name;
  throw unprocessable(area, `${field}: must be 1 to 100 letters, digits and _ . -`);
}

function readValue(body: Body): string {
  const { value } = body;
  if (typeof value === "string" && value.length <= optionValueLengthMax) return value;
  throw unprocessable(area, `value: must be a text of at most ${optionValueLengthMax} characters`);
}

function document(request: FastifyRequest, option: TenantOption): Record<string, unknown> {
  const { category, key, value = maskedValue } = option;
  return { category, key, value, self: `${baseUrl(request)}/tenant/options/${category}/${key}` };
}

/** Writes the audit record of a change along with it; without the value, which may be a secret by another name. */
function recorder(
  request: FastifyRequest,
  deps: TenantOptionRouteDeps,
  change: { readonly category: string; readonly key: string; readonly did: "set" | "removed" },
) {
  const { category, key, did } = change;
  const record = {
    type: "Option",
    activity: `Option ${did}`,
    text: `Tenant option '${category}/${key}' ${did}.`,
    userName: principalOf(request).userName,
  } as const;
  return (transaction: Transaction<Database>) => deps.audit.record(record, transaction);
}

function noOption() {
  return notFound(area, "There is no such option.");
}
