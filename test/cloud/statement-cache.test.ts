// Statements of the store are prepared once, and the ones kept are bounded.
import SqliteDatabase from "better-sqlite3";
import { CompiledQuery } from "kysely";
import { expect, test } from "vitest";
import { StatementCache, statementsMax } from "#cloud-stub/store/statement-cache.ts";
import { openStore } from "#cloud-stub/store/store.ts";

function cacheOfNumbers() {
  const database = new SqliteDatabase(":memory:");
  database.exec("create table numbers (value integer not null)");
  let prepared = 0;
  const prepare = database.prepare.bind(database);
  database.prepare = ((sql: string) => {
    prepared += 1;
    return prepare(sql);
  }) as typeof database.prepare;
  return { cache: new StatementCache(database), prepared: () => prepared };
}

test("a statement is prepared once, whatever its values", async () => {
  const { cache, prepared } = cacheOfNumbers();
  for (let value = 1; value <= 5; value += 1) {
    const { numAffectedRows, insertId } = await cache.executeQuery(
      CompiledQuery.raw("insert into numbers (value) values (?)", [value]),
    );
    expect([numAffectedRows, insertId]).toEqual([1n, BigInt(value)]);
  }
  const { rows } = await cache.executeQuery(CompiledQuery.raw("select value from numbers where value > ?", [3]));
  expect(rows).toEqual([{ value: 4 }, { value: 5 }]);
  expect(prepared()).toBe(2);
});

test("no more than so many are kept, and the one used last stays", async () => {
  const { cache, prepared } = cacheOfNumbers();
  const often = CompiledQuery.raw("select count(*) as count from numbers");
  for (let at = 0; at < 3 * statementsMax; at += 1) {
    await cache.executeQuery(CompiledQuery.raw(`select ${at} as value`));
    await cache.executeQuery(often);
  }
  expect(cache.size).toBe(statementsMax);
  expect(prepared()).toBe(3 * statementsMax + 1);
});

test("rows that are read one by one leave the kept statement free for others", async () => {
  const { cache } = cacheOfNumbers();
  const query = CompiledQuery.raw("select value from (select 1 as value union select 2) order by value");
  const seen: unknown[] = [];
  const compiled = { ...query, query: { kind: "SelectQueryNode" } } as unknown as CompiledQuery;
  for await (const { rows } of cache.streamQuery(compiled)) {
    seen.push(...rows);
    expect((await cache.executeQuery(query)).rows).toHaveLength(2);
  }
  expect(seen).toEqual([{ value: 1 }, { value: 2 }]);
});

test("a statement that failed works the next time", async () => {
  const { db, close } = openStore(":memory:");
  const add = (name: string) => db.insertInto("subscriptions").values({ application: name }).execute();
  await add("one");
  await expect(add("one")).rejects.toThrow(/UNIQUE/);
  await add("two");
  await expect(
    db.transaction().execute(async (transaction) => {
      await transaction.deleteFrom("subscriptions").where("application", "=", "two").execute();
      throw new Error("changed my mind");
    }),
  ).rejects.toThrow("changed my mind");
  const rows = await db.selectFrom("subscriptions").select("application").orderBy("application").execute();
  expect(rows.map(({ application }) => application)).toEqual(expect.arrayContaining(["one", "two"]));
  close();
});
