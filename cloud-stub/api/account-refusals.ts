// What a refused change of accounts and groups means over HTTP, and what their routes have in common.
import type { FastifyRequest } from "fastify";
import { AccountError, type AccountErrorCode } from "../users/account-error.ts";
import { HasherBusyError } from "../users/password-hasher.ts";
import { ApiError, notFound } from "./api-error.ts";
import { baseUrl } from "./paging.ts";
import type { LinkBase } from "./user-documents.ts";

export const userArea = "user";

const answers: Readonly<Record<AccountErrorCode, { readonly status: number; readonly type: string }>> = {
  "account.unknown": { status: 404, type: "Not Found" },
  "account.exists": { status: 409, type: "duplicate" },
  "account.invalid": { status: 422, type: "unprocessableEntity" },
  "account.last-administrator": { status: 409, type: "lastAdministrator" },
  "account.too-many": { status: 422, type: "unprocessableEntity" },
};

/** Runs a change; what it refuses becomes an ApiError. */
export async function refusable<Result>(change: () => Promise<Result>): Promise<Result> {
  try {
    return await change();
  } catch (error) {
    if (error instanceof AccountError) {
      const { status, type } = answers[error.code];
      throw new ApiError(status, `${userArea}/${type}`, error.message);
    }
    if (error instanceof HasherBusyError) {
      throw new ApiError(503, "general/unavailable", "Too many passwords are being hashed; try again.");
    }
    throw error;
  }
}

/** The links' beginning; 404 if the path names another tenant. */
export function linksOf(request: FastifyRequest, tenantId: string): LinkBase {
  const { tenant } = request.params as { tenant?: string };
  if (tenant !== undefined && tenant !== tenantId) throw notFound(userArea, "There is no such tenant.");
  return { base: baseUrl(request), tenantId };
}
