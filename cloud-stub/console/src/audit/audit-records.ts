// The audit records of the cloud, by what a person looks for.
import { getBlob, getJson } from "../cloud/api-client.ts";
import type { SessionRecord } from "../control/operation-words.ts";
import { type AuditFilter, auditQuery } from "./audit-filter.ts";

export interface AuditRecord {
  readonly id: string;
  readonly type: string;
  readonly activity: string;
  readonly text: string;
  readonly time?: string;
  readonly creationTime?: string;
  readonly user?: string;
  readonly source?: { readonly id: string };
  readonly postern_Session?: SessionRecord;
}

export interface AuditPage {
  readonly records: readonly AuditRecord[];
  readonly totalPages: number;
}

const path = "/audit/auditRecords";
export const pageSize = 50;

export async function fetchAudit(
  filter: AuditFilter,
  wanted: { readonly deviceId: string | undefined; readonly page: number },
  signal: AbortSignal,
): Promise<AuditPage> {
  const query = auditQuery(filter, wanted.deviceId);
  query.set("pageSize", String(pageSize));
  query.set("currentPage", String(wanted.page));
  query.set("withTotalPages", "true");
  const answer = await getJson<{
    readonly auditRecords: readonly AuditRecord[];
    readonly statistics?: { readonly totalPages?: number };
  }>(`${path}?${query}`, signal);
  return { records: answer.auditRecords, totalPages: Math.max(1, answer.statistics?.totalPages ?? 1) };
}

/** All records that fit, as one table. */
export function fetchAuditCsv(filter: AuditFilter, deviceId: string | undefined): Promise<Blob> {
  return getBlob(`${path}?${auditQuery(filter, deviceId)}`, "text/csv");
}
