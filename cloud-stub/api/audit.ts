// /audit/auditRecords: who did what. Read-only: records are made by what happens.
import type { FastifyInstance } from "fastify";
import type { Audit } from "../audit/audit.ts";
import { baseUrl, collection, readPage, readQuery, readTime } from "./paging.ts";

export function registerAuditRoutes(app: FastifyInstance, deps: { readonly audit: Audit }): void {
  const read = { config: { access: { role: "ROLE_AUDIT_READ" } as const } };

  app.get("/audit/auditRecords", read, async (request) => {
    const query = readQuery(request);
    const page = readPage(query);
    const { source, type, user } = query;
    const fromMs = readTime(query, "dateFrom");
    const toMs = readTime(query, "dateTo");
    const { records, total } = await deps.audit.list({
      ...(source === undefined ? {} : { deviceId: source }),
      ...(type === undefined ? {} : { type }),
      ...(user === undefined ? {} : { userName: user }),
      ...(fromMs === undefined ? {} : { fromMs }),
      ...(toMs === undefined ? {} : { toMs }),
      isNewestFirst: query["revert"] === "true",
      skip: page.skip,
      take: page.take,
    });
    const base = baseUrl(request);
    const members = records.map((record) => ({
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
    }));
    return collection(request, "auditRecords", members, page, total);
  });
}
