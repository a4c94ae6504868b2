// One process at a time serves a data folder or changes it as a whole. The lock goes with its process, however that ends.
import { chmodSync, closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import SqliteDatabase from "better-sqlite3";
import { CloudError } from "../cloud-error.ts";

export interface DataLock {
  /** Fine to call twice. */
  release(): void;
}

/** Throws CloudError `cloud.in-use` if another process, or another part of this one, holds it. */
export function lockDataFolder(dataDir: string): DataLock {
  const file = join(dataDir, "postern.lock");
  closeSync(openSync(file, "a", 0o600));
  chmodSync(file, 0o600);
  // SQLite's lock is one of the operating system's, which a kill -9 releases; Node itself offers none.
  const database = new SqliteDatabase(file, { timeout: 0 });
  try {
    database.exec("begin exclusive");
  } catch (error) {
    database.close();
    if (!isBusy(error)) throw error;
    throw new CloudError("cloud.in-use", `A cloud is running on ${dataDir}; stop it first.`, { cause: error });
  }
  return { release: () => database.close() };
}

/** The database of the cloud in that folder. Throws CloudError `cloud.bad-option` if there is none. */
export function databaseFileIn(dataDir: string): string {
  const file = join(dataDir, "postern.db");
  if (existsSync(file)) return file;
  throw new CloudError("cloud.bad-option", `There is no cloud in ${dataDir}: ${file} does not exist`);
}

function isBusy(error: unknown): boolean {
  return error instanceof SqliteDatabase.SqliteError && error.code.startsWith("SQLITE_BUSY");
}
