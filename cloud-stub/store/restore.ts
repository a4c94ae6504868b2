// `postern cloud restore`: puts a back-up in the place of a stopped cloud's database, after it has proven sound.
import { chmodSync, copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import SqliteDatabase from "better-sqlite3";
import type { Clock, Random } from "#hardware/ports.ts";
import { Audit } from "../audit/audit.ts";
import { type AuditVerdict, verifyAudit } from "../audit/verify-audit.ts";
import { CloudError } from "../cloud-error.ts";
import { checkMasterKey } from "../master-key.ts";
import { createVault } from "../remote-access/vault.ts";
import { checkIntegrity, flushFile } from "./backup.ts";
import { lockDataFolder } from "./data-lock.ts";
import { flushFolder } from "./flush-folder.ts";
import { openDatabase, openStore } from "./store.ts";

export interface RestoreOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly from: string;
  /** Made if missing. */
  readonly dataDir: string;
  readonly masterKey: Uint8Array;
  /** Overwrites a database that is there. */
  readonly isForced: boolean;
}

/**
 * Every login of the back-up ends: some had been logged out since. Gives back what the audit chain in it is worth.
 * Throws CloudError or StoreError; then the folder's database is as it was.
 */
export async function restoreStore(options: RestoreOptions): Promise<AuditVerdict> {
  const { dataDir, isForced } = options;
  const from = resolve(options.from);
  const file = join(dataDir, "postern.db");
  const incoming = `${file}.incoming`;
  if (!existsSync(from)) throw new CloudError("cloud.bad-option", `There is no back-up ${from}`);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const lock = lockDataFolder(dataDir);
  try {
    if (existsSync(file) && !isForced) {
      throw new CloudError("cloud.bad-option", `There is a cloud in ${dataDir} already; --force overwrites it.`);
    }
    removeWithLogs(incoming);
    const verdict = await prepare(options, from, incoming);
    settleOldLog(file);
    renameSync(incoming, file);
    flushFolder(dataDir);
    return verdict;
  } finally {
    removeWithLogs(incoming);
    lock.release();
  }
}

async function prepare(options: RestoreOptions, from: string, incoming: string): Promise<AuditVerdict> {
  if (existsSync(`${from}-wal`)) {
    throw new CloudError(
      "cloud.bad-backup",
      `${from} is the database of a cloud that was not stopped, not a back-up: its last changes are in another file. Use \`postern cloud backup\`.`,
    );
  }
  copyFileSync(from, incoming);
  chmodSync(incoming, 0o600);
  checkIntegrity(incoming);
  checkIsCloud(incoming, from);
  const store = openStore(incoming);
  try {
    await checkMasterKey(store, createVault(options.masterKey, options.random), from);
    await store.db.deleteFrom("logins").execute();
    await new Audit({ clock: options.clock, store }).record({
      type: "SYSTEM",
      activity: "Database restored",
      text: "The database was restored from a back-up; what happened after the back-up is not in it.",
      userName: "command-line",
    });
  } finally {
    store.close();
  }
  const database = openDatabase(incoming);
  try {
    // One file without a log beside it, so that one rename is all of it.
    database.pragma("journal_mode = delete");
    return verifyAudit(database);
  } finally {
    database.close();
    flushFile(incoming);
  }
}

/** The check of the master key makes one where there is none: an empty database must not pass for a back-up. */
function checkIsCloud(incoming: string, from: string): void {
  const database = new SqliteDatabase(incoming, { readonly: true });
  try {
    const version = Number(database.pragma("user_version", { simple: true }));
    const settings = database.prepare("select count(*) from sqlite_schema where name = 'settings'").pluck().get();
    if (version > 0 && settings === 1) return;
  } finally {
    database.close();
  }
  throw new CloudError("cloud.bad-backup", `${from} is a database, but not one of a cloud.`);
}

/** A log that the old database left behind would be applied to the new one. */
function settleOldLog(file: string): void {
  if (!existsSync(file)) return;
  try {
    const old = new SqliteDatabase(file);
    try {
      old.pragma("journal_mode = delete");
    } finally {
      old.close();
    }
  } catch {
    // It is damaged, which may be why it is replaced; its log goes with it.
    rmSync(`${file}-wal`, { force: true });
    rmSync(`${file}-shm`, { force: true });
  }
}

function removeWithLogs(file: string): void {
  for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(`${file}${suffix}`, { force: true });
}
