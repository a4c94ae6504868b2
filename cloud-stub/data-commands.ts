// What `postern cloud audit|backup|restore|rekey` say when they are done.
import SqliteDatabase from "better-sqlite3";
import { type AuditVerdict, verifyAudit } from "./audit/verify-audit.ts";
import { CloudError } from "./cloud-error.ts";
import { backupStore } from "./store/backup.ts";
import { databaseFileIn } from "./store/data-lock.ts";
import type { RekeyOutcome } from "./store/rekey.ts";

/** Version of the database from which on its audit records are chained. */
const chainedSince = 3;

/** Reads only, also while a cloud runs; with an expected hash the trail is unbroken only if that is in it. Throws CloudError. */
export function verifyAuditIn(
  dataDir: string,
  expectedHash?: string,
): { readonly isUnbroken: boolean; readonly words: string } {
  const file = databaseFileIn(dataDir);
  const database = new SqliteDatabase(file, { readonly: true });
  try {
    if (Number(database.pragma("user_version", { simple: true })) < chainedSince) {
      throw new CloudError("cloud.bad-option", `The records of ${file} are not chained yet: start the cloud once.`);
    }
    const verdict = verifyAudit(database, expectedHash?.toLowerCase());
    const isThere = verdict.isUnbroken && verdict.expected?.isThere !== false;
    return { isUnbroken: isThere, words: auditWords(verdict) };
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
  const { records, lastHash, expected } = verdict;
  const what = `${records} records, the last one has the hash ${lastHash}.`;
  if (expected === undefined) return `The audit trail is unbroken: ${what}`;
  if (expected.isThere) {
    return `The audit trail is unbroken: ${what} ${expectedWords(expected.record, records - expected.record)}`;
  }
  return `The audit trail fits together, but the expected hash is not in it: ${what} ${whyNotThere}`;
}

const whyNotThere =
  "Since that hash was noted the trail was cut off or written anew, or a back-up from before was put in place; or it is the hash of another cloud.";

function expectedWords(record: number, added: number): string {
  const which =
    record === 0 ? "The expected hash stands for an empty trail" : `The expected hash is that of record ${record}`;
  if (added === 0) return `${which}; nothing was added since.`;
  return `${which}; ${added === 1 ? "1 record was" : `${added} records were`} added since.`;
}

export function rekeyWords({ secrets, wasDone }: RekeyOutcome, newMasterKeyFile: string): string {
  const start = `Start the cloud with --master-key-file ${newMasterKeyFile} from now on.`;
  if (wasDone) return `The database is under that key already. ${start}`;
  return `${secrets} secrets are under the new key. ${start} Back-ups from before still need the old key.`;
}
