// What `postern cloud audit|backup|restore|rekey` say when they are done.
import SqliteDatabase from "better-sqlite3";
import { type AuditVerdict, verifyAudit } from "./audit/verify-audit.ts";
import { CloudError } from "./cloud-error.ts";
import { backupStore } from "./store/backup.ts";
import { databaseFileIn } from "./store/data-lock.ts";
import type { RekeyOutcome } from "./store/rekey.ts";

/** Version of the database from which on its audit records are chained. */
const chainedSince = 3;

/** Reads only, also while a cloud runs. Throws CloudError. */
export function verifyAuditIn(dataDir: string): { readonly isUnbroken: boolean; readonly words: string } {
  const file = databaseFileIn(dataDir);
  const database = new SqliteDatabase(file, { readonly: true });
  try {
    if (Number(database.pragma("user_version", { simple: true })) < chainedSince) {
      throw new CloudError("cloud.bad-option", `The records of ${file} are not chained yet: start the cloud once.`);
    }
    const verdict = verifyAudit(database);
    return { isUnbroken: verdict.isUnbroken, words: auditWords(verdict) };
  } finally {
    database.close();
  }
}

export function backupIn(options: { readonly dataDir: string; readonly to: string }): string {
  backupStore(options);
  return `Written: ${options.to}. Its secrets open only under the master key of now; keep that elsewhere.`;
}

export function auditWords(verdict: AuditVerdict): string {
  if (!verdict.isUnbroken) return `The audit trail is broken. ${verdict.what}`;
  return `The audit trail is unbroken: ${verdict.records} records, the last one has the hash ${verdict.lastHash}.`;
}

export function rekeyWords({ secrets, wasDone }: RekeyOutcome, newMasterKeyFile: string): string {
  const start = `Start the cloud with --master-key-file ${newMasterKeyFile} from now on.`;
  if (wasDone) return `The database is under that key already. ${start}`;
  return `${secrets} secrets are under the new key. ${start} Back-ups from before still need the old key.`;
}
