// Pages of a collection as Cumulocity gives them (protocol.md 7.1).
import type { FastifyRequest } from "fastify";
import { ApiError } from "./api-error.ts";

export const pageSizeDefault = 5;
export const pageSizeMax = 2_000;

export interface Page {
  readonly currentPage: number;
  readonly pageSize: number;
  readonly skip: number;
  readonly take: number;
  readonly withTotalPages: boolean;
  readonly withTotalElements: boolean;
}

export type Query = Readonly<Record<string, string | undefined>>;

/** Of a parameter that is given twice the last one counts. */
export function readQuery(request: FastifyRequest): Query {
  const query = request.query as Record<string, string | string[] | undefined>;
  return Object.fromEntries(
    Object.entries(query).map(([name, value]) => [name, Array.isArray(value) ? value.at(-1) : value]),
  );
}

export function readPage(query: Query): Page {
  const currentPage = wholeNumber(query, "currentPage", 1, 1, 1_000_000);
  const pageSize = wholeNumber(query, "pageSize", pageSizeDefault, 1, pageSizeMax);
  return {
    currentPage,
    pageSize,
    skip: (currentPage - 1) * pageSize,
    take: pageSize,
    withTotalPages: query["withTotalPages"] === "true",
    withTotalElements: query["withTotalElements"] === "true",
  };
}

/** Reads a time of the query in ISO 8601. */
export function readTime(query: Query, name: string): number | undefined {
  const text = query[name];
  if (text === undefined || text === "") return undefined;
  const atMs = Date.parse(text);
  if (Number.isNaN(atMs)) throw new ApiError(400, "general/badRequest", `${name}: not a date in ISO 8601`);
  return atMs;
}

/** The collection document; `next` is there only if there is more, `prev` only after the first page. */
export function collection(
  request: FastifyRequest,
  name: string,
  members: readonly unknown[],
  page: Page,
  total: number,
): Record<string, unknown> {
  const pageLink = (currentPage: number) => {
    const url = new URL(request.url, baseUrl(request));
    url.searchParams.set("currentPage", String(currentPage));
    url.searchParams.set("pageSize", String(page.pageSize));
    return url.href;
  };
  return {
    [name]: members,
    statistics: {
      currentPage: page.currentPage,
      pageSize: page.pageSize,
      ...(page.withTotalPages ? { totalPages: Math.ceil(total / page.pageSize) } : {}),
      ...(page.withTotalElements ? { totalElements: total } : {}),
    },
    self: pageLink(page.currentPage),
    ...(page.skip + page.take < total ? { next: pageLink(page.currentPage + 1) } : {}),
    ...(page.currentPage > 1 ? { prev: pageLink(page.currentPage - 1) } : {}),
  };
}

/** Scheme and host as the caller sees them; the Host header was checked before. */
export function baseUrl(request: FastifyRequest): string {
  return `${request.peer.isEncrypted ? "https" : "http"}://${request.headers.host}`;
}

function wholeNumber(query: Query, name: string, byDefault: number, least: number, most: number): number {
  const text = query[name];
  if (text === undefined || text === "") return byDefault;
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least)) {
    throw new ApiError(400, "general/badRequest", `${name}: must be a whole number of at least ${least}`);
  }
  return Math.min(value, most);
}
