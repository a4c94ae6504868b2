// The database's one connection for the query builder: a statement is prepared once and kept for the next time.
import type SqliteDatabase from "better-sqlite3";
import type { CompiledQuery, DatabaseConnection, QueryResult } from "kysely";

/** Statements kept; the cloud has fewer than two hundred, unless a list of values makes many lengths of one. */
export const statementsMax = 256;

type Prepared = SqliteDatabase.Statement<[readonly unknown[]]>;

export class StatementCache implements DatabaseConnection {
  readonly #database: SqliteDatabase.Database;
  /** By their SQL; the one that was not used for the longest time is first. */
  readonly #statements = new Map<string, Prepared>();

  constructor(database: SqliteDatabase.Database) {
    this.#database = database;
  }

  /** Statements that are kept now. */
  get size(): number {
    return this.#statements.size;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const statement = this.#statementOf(sql);
    if (statement.reader) return { rows: statement.all(parameters) as R[] };
    const { changes, lastInsertRowid } = statement.run(parameters);
    return { rows: [], insertId: BigInt(lastInsertRowid), numAffectedRows: BigInt(changes) };
  }

  /** A statement that is read row by row is busy until its last one, and therefore nobody else's. */
  async *streamQuery<R>({ sql, parameters }: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    for (const row of this.#database.prepare<[readonly unknown[]]>(sql).iterate(parameters)) yield { rows: [row as R] };
  }

  #statementOf(sql: string): Prepared {
    const known = this.#statements.get(sql);
    if (known !== undefined) this.#statements.delete(sql);
    const statement = known ?? this.#database.prepare<[readonly unknown[]]>(sql);
    this.#statements.set(sql, statement);
    if (this.#statements.size > statementsMax) this.#forgetOldest();
    return statement;
  }

  #forgetOldest(): void {
    const [oldest] = this.#statements.keys();
    if (oldest !== undefined) this.#statements.delete(oldest);
  }
}
