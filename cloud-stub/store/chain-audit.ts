// The migration that gives the audit records of an older database their place in the hash chain.
import type { Database } from "better-sqlite3";
import { auditHash, firstPreviousHash, type HashedRecord } from "../audit/audit-hash.ts";

/** For audit_records without its triggers; to be run inside a transaction. */
export function chainAuditRecords(database: Database): void {
  // A statement that is being read blocks writes on the same connection, so the numbers come first.
  const numbers = database.prepare("select number from audit_records order by number").pluck().all() as number[];
  const read = database.prepare("select * from audit_records where number = ?");
  const write = database.prepare("update audit_records set previous_hash = ?, hash = ? where number = ?");
  let previous = firstPreviousHash;
  for (const number of numbers) {
    const record = read.get(number) as HashedRecord;
    const hash = auditHash({ ...record, previous_hash: previous });
    write.run(previous, hash, number);
    previous = hash;
  }
}
