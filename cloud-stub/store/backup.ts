// `postern cloud backup`: a copy of the database as it is at one moment, also of a running cloud. It never holds a master key.
import { chmodSync, closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname, resolve } from "node:path";
import SqliteDatabase from "better-sqlite3";
import { CloudError } from "../cloud-error.ts";
import { databaseFileIn } from "./data-lock.ts";
import { flushFolder } from "./flush-folder.ts";

/** Throws CloudError; then there is no file at `to`. A file that is there already is never overwritten. */
export function backupStore(options: { readonly dataDir: string; readonly to: string }): void {
  const from = databaseFileIn(options.dataDir);
  const to = resolve(options.to);
  const unfinished = `${to}.unfinished`;
  if (existsSync(to)) throw new CloudError("cloud.bad-option", `${to} exists already; name a new file.`);
  if (existsSync(unfinished)) {
    const words = `${unfinished} is in the way: another back-up is being written, or one was broken off; then remove it.`;
    throw new CloudError("cloud.bad-option", words);
  }
  try {
    // SQLite would give it the mode of any new file.
    closeSync(openSync(unfinished, "wx", 0o600));
    chmodSync(unfinished, 0o600);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CloudError("cloud.bad-option", `The back-up cannot be written: ${why}`, { cause: error });
  }
  try {
    copyDatabase(from, unfinished);
    checkIntegrity(unfinished);
    flushFile(unfinished);
    renameSync(unfinished, to);
    flushFolder(dirname(to));
  } finally {
    rmSync(unfinished, { force: true });
  }
}

/** One read transaction of SQLite, so writers go on meanwhile; the copy has no free pages with what was deleted. */
function copyDatabase(from: string, to: string): void {
  const database = new SqliteDatabase(from, { readonly: true });
  try {
    database.prepare("vacuum into ?").run(to);
  } finally {
    database.close();
  }
}

/** Throws CloudError `cloud.bad-backup` if the file is no sound database. */
export function checkIntegrity(file: string): void {
  try {
    const database = new SqliteDatabase(file, { readonly: true });
    try {
      const problems = database.prepare("pragma integrity_check").pluck().all();
      if (problems.length !== 1 || problems[0] !== "ok") throw new Error(String(problems[0]));
      const orphans = database.prepare("pragma foreign_key_check").all();
      if (orphans.length > 0) throw new Error("a row refers to one that is not there");
    } finally {
      database.close();
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CloudError("cloud.bad-backup", `${file} is no sound back-up of a cloud: ${why}`, { cause: error });
  }
}

export function flushFile(file: string): void {
  const descriptor = openSync(file, "r+");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
