// Audit records as lines of a table (RFC 4180). What people and devices typed must not run as a formula in a spreadsheet.
import type { AuditRecord } from "./audit.ts";

const sessionColumns = [
  "session",
  "operation",
  "endpoint",
  "endpointName",
  "protocol",
  "clientAddress",
  "reason",
  "bytesUp",
  "bytesDown",
  "durationMs",
] as const;

// Wide forms of the signs count as well: some programs fold them.
const formulaSigns = "=+\\-@\\uff1d\\uff0b\\uff0d\\uff20";
const beginsAsFormula = new RegExp(`^[\\s\\p{Cc}]*[${formulaSigns}]|^[\\t\\r\\n]`, "u");
/** Where a program that is set to another separator than the comma would begin a new cell. */
const beginsAsFormulaInside = new RegExp(`([;|\\t\\r\\n])(?=[\\s\\p{Cc}"']*[${formulaSigns}])`, "gu");

const columns = ["id", "time", "type", "activity", "text", "user", "source", ...sessionColumns, "hash"] as const;

/** The first line, with its line end. */
export const auditCsvHeader: string = line(columns);

/** The line of one record, with its line end. */
export function auditCsvLine(record: AuditRecord): string {
  const session = (record.fields["postern_Session"] ?? {}) as Readonly<Record<string, unknown>>;
  return line([
    record.id,
    new Date(record.timeMs).toISOString(),
    record.type,
    record.activity,
    record.text,
    record.userName,
    record.deviceId,
    ...sessionColumns.map((column) => session[column]),
    record.hash,
  ]);
}

function line(cells: readonly unknown[]): string {
  return `${cells.map(csvCell).join(",")}\r\n`;
}

/**
 * One cell. A text that a spreadsheet would take for a formula gets an apostrophe in front, which shows as text; so does
 * one that begins with a tab or line end, which some programs skip before they look. In much of Europe spreadsheets
 * part cells at semicolons, whatever the quotes: what stands behind one counts as a beginning too.
 */
export function csvCell(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "number") return String(value);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const inside = text.replace(beginsAsFormulaInside, "$1'");
  const safe = beginsAsFormula.test(text) ? `'${inside}` : inside;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
