// A store that takes everything but audit records, for tests of what then becomes of the change.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import SqliteDatabase from "better-sqlite3";
import { sql } from "kysely";
import type { Store } from "#cloud-stub/store/store.ts";

const refusal = `create trigger no_record before insert on audit_records
  begin select raise(abort, 'no record can be written'); end`;

export async function refuseRecords(store: Store): Promise<void> {
  await sql.raw(refusal).execute(store.db);
}

export async function takeRecordsAgain(store: Store): Promise<void> {
  await sql.raw("drop trigger no_record").execute(store.db);
}

export interface DatabaseFile extends Disposable {
  readonly folder: string;
  readonly file: string;
  /** From another process's view: the cloud that has it open is not asked. */
  refuseRecords(): void;
}

/** A file that goes away with the test. */
export function withDatabaseFile(): DatabaseFile {
  const folder = mkdtempSync(join(tmpdir(), "postern-records-"));
  const file = join(folder, "postern.db");
  return {
    folder,
    file,
    refuseRecords() {
      new SqliteDatabase(file).exec(refusal).close();
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}
