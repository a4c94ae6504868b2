// The hash that chains audit records: each covers the whole record and the hash of the one before it.
import { createHash } from "node:crypto";

/** What a record's hash covers, in this order. */
export interface HashedRecord {
  readonly number: number;
  readonly type: string;
  readonly activity: string;
  readonly text: string;
  readonly device_id: string | null;
  readonly user_name: string;
  /** The JSON text as it is stored. */
  readonly fields: string;
  readonly time_ms: number;
  readonly previous_hash: string;
}

/** Stands for the predecessor of the first record. */
export const firstPreviousHash = "0".repeat(64);

/** SHA-256 in hex over the canonical form: the values as one JSON array without blanks, in UTF-8. */
export function auditHash(record: HashedRecord): string {
  const { number, type, activity, text, device_id, user_name, fields, time_ms, previous_hash } = record;
  const canonical = [number, type, activity, text, device_id, user_name, fields, time_ms, previous_hash];
  return createHash("sha256").update(JSON.stringify(canonical), "utf8").digest("hex");
}
