// The audit records of the cloud, by what a person looks for.
import { getBlob, getJson } from "../cloud/api-client.ts";
import type { SessionRecord } from "../control/operation-words.ts";

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

/** Empty: not looked for. */
export interface AuditFilter {
  readonly type: string;
  readonly user: string;
  readonly reason: string;
  /** Days as a date field gives them (2026-11-24), in the person's own time zone; both included. */
  readonly from: string;
  readonly to: string;
}

export const noFilter: AuditFilter = { type: "", user: "", reason: "", from: "", to: "" };

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

/** Newest first. A day ends where the next one begins. */
export function auditQuery(filter: AuditFilter, deviceId: string | undefined): URLSearchParams {
  const query = new URLSearchParams({ revert: "true" });
  if (deviceId !== undefined) query.set("source", deviceId);
  if (filter.type !== "") query.set("type", filter.type);
  if (filter.user.trim() !== "") query.set("user", filter.user.trim());
  if (filter.reason !== "") query.set("reason", filter.reason);
  const from = dayStart(filter.from, 0);
  if (from !== undefined) query.set("dateFrom", from);
  const to = dayStart(filter.to, 1);
  if (to !== undefined) query.set("dateTo", to);
  return query;
}

function dayStart(day: string, daysLater: number): string | undefined {
  const [year, month, date] = day.split("-").map(Number);
  if (year === undefined || month === undefined || date === undefined) return undefined;
  const start = new Date(year, month - 1, date + daysLater);
  return Number.isNaN(start.getTime()) ? undefined : start.toISOString();
}
