// One process at a time serves a data folder or changes it as a whole. The lock goes with its process, however that ends.
import { chmodSync, closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import SqliteDatabase from "better-sqlite3";
import { CloudError } from "../cloud-error.ts";

export interface DataLock {
  /** Fine to call twice. */
  release(): void;
}

/** Throws CloudError `cloud.in-use` with those words if another process, or another part of this one, holds it. */
export function lockDataFolder(dataDir: string, inUse = `A cloud is running on ${dataDir}; stop it first.`): DataLock {
  const pidFile = join(dataDir, "postern.pid");
  const database = takeLock(dataDir);
  if (database === undefined) {
    throw new CloudError("cloud.in-use", `${inUse}${holderIn(pidFile)}`);
  }
  // For people; a number that a killed process left says nothing.
  writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 });
  let isHeld = true;
  return {
    release() {
      if (!isHeld) return;
      isHeld = false;
      rmSync(pidFile, { force: true });
      database.close();
    },
  };
}

/** Undefined if somebody holds it. */
function takeLock(dataDir: string): SqliteDatabase.Database | undefined {
  const file = join(dataDir, "postern.lock");
  // Only if it is not there: to close any handle of a file lets go of every lock that this process has on it.
  if (!existsSync(file)) closeSync(openSync(file, "a", 0o600));
  chmodSync(file, 0o600);
  // SQLite's lock is one of the operating system's, which a kill -9 releases; Node itself offers none.
  const database = new SqliteDatabase(file, { timeout: 0 });
  try {
    database.exec("begin exclusive");
    return database;
  } catch (error) {
    database.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
}

function holderIn(pidFile: string): string {
  const pid = existsSync(pidFile) ? readFileSync(pidFile, "utf8").trim() : "";
  return /^[0-9]+$/.test(pid) ? ` It is process ${pid}.` : "";
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
