// What a person looks for among the audit records, and how the cloud is asked for it.

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
