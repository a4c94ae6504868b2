// Opens the SQLite database: private to its owner, durable, at the present version.
import { chmodSync, closeSync, openSync } from "node:fs";
import SqliteDatabase from "better-sqlite3";
import { CompiledQuery, type DatabaseConnection, type Driver, Kysely, SqliteDialect } from "kysely";
import { auditHash, type HashedRecord } from "../audit/audit-hash.ts";
import { type Migration, migrations } from "./migrations.ts";
import type { Database } from "./schema.ts";
import { StatementCache } from "./statement-cache.ts";

export type StoreErrorCode = "store.cannot-open" | "store.too-new" | "store.migration-failed";

/** The database cannot be used; the message says which file and what to do. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StoreError";
    this.code = code;
  }
}

export interface Store {
  readonly db: Kysely<Database>;
  /** Closes the file at once; a query afterwards rejects. Fine to call twice. */
  close(): void;
}

/** How long a query waits for another process (`postern cloud user password`) that writes. */
const busyTimeoutMs = 5_000;

/** Opens or makes the database file (`:memory:` for one without a file) and migrates it. Throws StoreError. */
export function openStore(file: string, steps: readonly Migration[] = migrations): Store {
  const database = openDatabase(file, steps);
  return {
    db: new Kysely<Database>({ dialect: new StoreDialect(database) }),
    close: () => database.close(),
  };
}

/** As `openStore`, for what needs the database itself. */
export function openDatabase(file: string, steps: readonly Migration[] = migrations): SqliteDatabase.Database {
  const database = openFile(file);
  try {
    migrate(database, file, steps);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Statements are prepared once. Transactions hold the right to write from their beginning: one that took it only with its
 * first write would fail at once, without waiting, whenever another process had written since its first read.
 */
class StoreDialect extends SqliteDialect {
  readonly #database: SqliteDatabase.Database;

  constructor(database: SqliteDatabase.Database) {
    super({ database });
    this.#database = database;
  }

  override createDriver(): Driver {
    const driver = super.createDriver();
    const connection: DatabaseConnection = new StatementCache(this.#database);
    const acquire = driver.acquireConnection.bind(driver);
    driver.acquireConnection = async (options) => {
      await acquire(options); // the library's own turn comes first: one connection, one user at a time
      return connection;
    };
    driver.beginTransaction = async () => {
      await connection.executeQuery(CompiledQuery.raw("begin immediate"));
    };
    return driver;
  }
}

function openFile(file: string): SqliteDatabase.Database {
  try {
    if (file !== ":memory:") {
      // SQLite gives -wal and -shm the mode of the database file.
      closeSync(openSync(file, "a", 0o600));
      chmodSync(file, 0o600);
    }
    const database = new SqliteDatabase(file, { timeout: busyTimeoutMs });
    database.pragma("journal_mode = WAL");
    database.pragma("synchronous = FULL");
    database.pragma("foreign_keys = ON");
    // What is deleted is overwritten: a dropped key must not linger in free pages.
    database.pragma("secure_delete = ON");
    addAuditHash(database);
    return database;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StoreError("store.cannot-open", `Cannot open the database ${file}: ${why}`, { cause: error });
  }
}

/** For the one statement that adds a record: nobody else can add one between the look at the last hash and the insert. */
function addAuditHash(database: SqliteDatabase.Database): void {
  const names = ["number", "type", "activity", "text", "device_id", "user_name", "fields", "time_ms", "previous_hash"];
  database.function("audit_hash", { deterministic: true, varargs: true }, (...values: unknown[]) => {
    const record = Object.fromEntries(names.map((name, index) => [name, values[index]]));
    return auditHash(record as unknown as HashedRecord);
  });
}

function migrate(database: SqliteDatabase.Database, file: string, steps: readonly Migration[]): void {
  const latest = steps.at(-1)?.version ?? 0;
  const run = database.transaction(() => {
    const present = Number(database.pragma("user_version", { simple: true }));
    if (present > latest) {
      throw new StoreError(
        "store.too-new",
        `The database ${file} has version ${present}, made by a newer Postern; this one knows versions up to ${latest}. Start the newer Postern, or another data folder.`,
      );
    }
    for (const step of steps) {
      if (step.version <= present) continue;
      try {
        database.exec(step.sql);
        step.run?.(database);
      } catch (error) {
        throw new StoreError(
          "store.migration-failed",
          `The database ${file} could not be brought to version ${step.version} (${step.what}) and was left as it was`,
          { cause: error },
        );
      }
      database.pragma(`user_version = ${step.version}`);
    }
  });
  run.immediate();
}
