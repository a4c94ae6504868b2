// /audit/auditRecords: who did what, as JSON in pages or as one table (CSV). Read-only: records are made by what happens.
import { Readable } from "node:stream";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Audit, AuditFilter, AuditRecord } from "../audit/audit.ts";
import { auditCsvHeader, auditCsvLine } from "../audit/audit-csv.ts";
import { notFound } from "./api-error.ts";
import { baseUrl, collection, type Query, readPage, readQuery, readTime } from "./paging.ts";

/** Records that are read from the store at a time for a table. */
const csvBatch = 500;

export function registerAuditRoutes(app: FastifyInstance, deps: { readonly audit: Audit }): void {
  const read = { config: { access: { role: "ROLE_AUDIT_READ" } as const } };

  app.get("/audit/auditRecords", read, async (request, reply) => {
    const query = readQuery(request);
    const filter = readFilter(query);
    if (wantsCsv(request)) {
      reply
        .header("content-type", "text/csv;charset=UTF-8;header=present")
        .header("content-disposition", 'attachment; filename="audit.csv"');
      return reply.send(Readable.from(csvLines(deps.audit, filter)));
    }
    const page = readPage(query);
    const { records, total } = await deps.audit.list({ ...filter, skip: page.skip, take: page.take });
    const members = records.map((record) => document(request, record));
    return collection(request, "auditRecords", members, page, total);
  });

  app.get("/audit/auditRecords/:id", read, async (request) => {
    const record = await deps.audit.get((request.params as { id: string }).id);
    if (record === undefined) throw notFound("audit", "There is no such record.");
    return document(request, record);
  });
}

function readFilter(query: Query): AuditFilter {
  const { source, type, user, reason } = query;
  const fromMs = readTime(query, "dateFrom");
  const toMs = readTime(query, "dateTo");
  return {
    ...(source === undefined ? {} : { deviceId: source }),
    ...(type === undefined ? {} : { type }),
    ...(user === undefined ? {} : { userName: user }),
    ...(reason === undefined ? {} : { reason }),
    ...(fromMs === undefined ? {} : { fromMs }),
    ...(toMs === undefined ? {} : { toMs }),
    isNewestFirst: query["revert"] === "true",
  };
}

/** A browser's `Accept` names many types and any: only the one who names CSV first gets it. */
function wantsCsv(request: FastifyRequest): boolean {
  return request.headers.accept?.trim().toLowerCase().startsWith("text/csv") === true;
}

/** Records that are added meanwhile are left out: a table is of one moment. */
async function* csvLines(audit: Audit, filter: AuditFilter): AsyncGenerator<string> {
  yield auditCsvHeader;
  for await (const records of audit.all(filter, csvBatch)) {
    yield records.map(auditCsvLine).join("");
    // The store answers within the turn: without a break a long table would hold up everybody.
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

function document(request: FastifyRequest, record: AuditRecord): Record<string, unknown> {
  const base = baseUrl(request);
  return {
    ...record.fields,
    id: record.id,
    self: `${base}/audit/auditRecords/${record.id}`,
    type: record.type,
    activity: record.activity,
    text: record.text,
    time: new Date(record.timeMs).toISOString(),
    creationTime: new Date(record.timeMs).toISOString(),
    user: record.userName,
    severity: "INFORMATION",
    ...(record.deviceId === undefined
      ? {}
      : { source: { id: record.deviceId, self: `${base}/inventory/managedObjects/${record.deviceId}` } }),
    postern_Chain: { previous: record.previousHash, hash: record.hash },
  };
}
