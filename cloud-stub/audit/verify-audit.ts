// Checks the hash chain of the audit records: the first one that is not what was written is named.
import type { Database } from "better-sqlite3";
import { auditHash, firstPreviousHash, type HashedRecord } from "./audit-hash.ts";

export type AuditVerdict =
  | {
      readonly isUnbroken: true;
      readonly records: number;
      readonly lastHash: string;
      /** Only if a hash was expected: number of the record that has it, 0 for the trail without records. */
      readonly expected?: { readonly isThere: true; readonly record: number } | { readonly isThere: false };
    }
  | {
      readonly isUnbroken: false;
      /** Number of the first record that is wrong or missing. */
      readonly record: number;
      /** One sentence for people. */
      readonly what: string;
    };

type ChainedRecord = HashedRecord & { readonly hash: string | null };

/**
 * Reads every record once, whatever their number, with little memory. For a database of version 3 or later. `expectedHash`
 * is one that somebody noted: each hash covers all records before it, so where it is found nothing before it is missing.
 */
export function verifyAudit(database: Database, expectedHash?: string): AuditVerdict {
  const records = database.prepare("select * from audit_records order by number").iterate();
  let previous: { number: number; hash: string } = { number: 0, hash: firstPreviousHash };
  let expectedAt = expectedHash === firstPreviousHash ? 0 : undefined;
  for (const row of records) {
    const record = row as ChainedRecord;
    const what = whatIsWrong(record, previous);
    if (what !== undefined) {
      const isMissing = record.number !== previous.number + 1;
      return { isUnbroken: false, record: isMissing ? previous.number + 1 : record.number, what };
    }
    previous = { number: record.number, hash: record.hash ?? "" };
    if (previous.hash === expectedHash) expectedAt = previous.number;
  }
  // The table's own counter still knows of records that were cut off at the end.
  const given = database.prepare("select seq from sqlite_sequence where name = 'audit_records'").pluck().get();
  const last = Number(given ?? 0);
  if (last > previous.number) {
    const what = `Record ${previous.number + 1} is missing: ${last} records were written, ${previous.number} are left.`;
    return { isUnbroken: false, record: previous.number + 1, what };
  }
  const found = { isUnbroken: true, records: previous.number, lastHash: previous.hash } as const;
  if (expectedHash === undefined) return found;
  return {
    ...found,
    expected: expectedAt === undefined ? { isThere: false } : { isThere: true, record: expectedAt },
  };
}

function whatIsWrong(
  record: ChainedRecord,
  previous: { readonly number: number; readonly hash: string },
): string | undefined {
  const { number } = record;
  if (number !== previous.number + 1) return `Record ${previous.number + 1} is missing: the next one is ${number}.`;
  if (record.hash !== auditHash(record)) return `Record ${number} was changed: it does not fit its own hash.`;
  if (record.previous_hash !== previous.hash) {
    return `Record ${number} does not continue the chain: it was written after another record ${number - 1} than the one before it.`;
  }
  return undefined;
}
