// `postern cloud rekey`: puts every data key of the vault under a new master key, all of them or none.
import type { Database } from "better-sqlite3";
import type { Random } from "#hardware/ports.ts";
import { CloudError } from "../cloud-error.ts";
import { createRewrapper, createVault, sealedMark, sealedTexts, VaultError } from "../remote-access/vault.ts";
import { databaseFileIn, lockDataFolder } from "./data-lock.ts";
import { masterKeyCheckName, settingContext } from "./settings.ts";
import { openDatabase } from "./store.ts";

export interface RekeyOutcome {
  /** Secrets that were put under the new key. */
  readonly secrets: number;
  /** The database was under the new key already: nothing was done. */
  readonly wasDone: boolean;
}

/** For the folder of a stopped cloud. Throws CloudError; then the database is as it was, under the old key. */
export function rekeyStore(options: {
  readonly dataDir: string;
  readonly oldKey: Uint8Array;
  readonly newKey: Uint8Array;
  readonly random: Random;
}): RekeyOutcome {
  const { dataDir, oldKey, newKey, random } = options;
  const file = databaseFileIn(dataDir);
  const lock = lockDataFolder(dataDir);
  try {
    const database = openDatabase(file);
    try {
      if (fits(database, newKey, random)) return { secrets: 0, wasDone: true };
      if (!fits(database, oldKey, random)) {
        throw new CloudError(
          "cloud.wrong-master-key",
          `The present master key does not fit the database ${file}; name the one that was used with --master-key-file.`,
        );
      }
      const secrets = database.transaction(() => rewrapAll(database, { oldKey, newKey, random })).immediate();
      // The log still holds the pages with the keys as they were wrapped before.
      database.pragma("wal_checkpoint(TRUNCATE)");
      return { secrets, wasDone: false };
    } finally {
      database.close();
    }
  } finally {
    lock.release();
  }
}

function rewrapAll(
  database: Database,
  keys: { readonly oldKey: Uint8Array; readonly newKey: Uint8Array; readonly random: Random },
): number {
  const rewrap = createRewrapper(keys);
  let secrets = 0;
  for (const { table, column } of textColumns(database)) {
    if (!isSealedColumn(table, column)) continue;
    const write = database.prepare(`update ${table} set ${column} = ? where rowid = ?`);
    const rows = database.prepare(`select rowid as id, ${column} as text from ${table} where ${column} is not null`);
    for (const row of rows.all() as { id: number; text: string }[]) {
      const text = row.text.replace(sealedTexts, (sealed) => {
        secrets += 1;
        return rewrap(sealed, `${table}.${column}`);
      });
      if (text !== row.text) write.run(text, row.id);
    }
  }
  checkNothingIsLeft(database, sealedMark(keys.oldKey));
  return secrets;
}

/** A secret in a column that this command does not know would be lost: rather nothing is changed at all. */
function checkNothingIsLeft(database: Database, mark: string): void {
  for (const { table, column } of textColumns(database)) {
    const left = database.prepare(`select count(*) from ${table} where instr(${column}, ?) > 0`).pluck().get(mark);
    if (left === 0) continue;
    throw new Error(`rekey: ${table}.${column} holds sealed texts that are not expected there`);
  }
}

/** Columns of sealed texts are named so; single values rest in `settings`. */
function isSealedColumn(table: string, column: string): boolean {
  return column.startsWith("sealed_") || (table === "settings" && column === "value");
}

function textColumns(database: Database): readonly { readonly table: string; readonly column: string }[] {
  const rows = database.prepare(`
    select tables.name as "table", columns.name as "column"
    from sqlite_schema as tables join pragma_table_info(tables.name) as columns
    where tables.type = 'table' and tables.name not like 'sqlite_%' and columns.type = 'TEXT'
    order by 1, 2`);
  return rows.all() as { table: string; column: string }[];
}

function fits(database: Database, key: Uint8Array, random: Random): boolean {
  const sealed = database.prepare("select value from settings where name = ?").pluck().get(masterKeyCheckName);
  if (typeof sealed !== "string") return false;
  try {
    createVault(key, random).open(sealed, settingContext(masterKeyCheckName));
    return true;
  } catch (error) {
    if (error instanceof VaultError && error.code === "vault.wrong-key") return false;
    throw error;
  }
}
