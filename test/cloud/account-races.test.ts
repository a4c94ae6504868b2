// Changes of accounts that meet each other, and accounts that were taken away for good.
import { expect, test } from "vitest";
import { ensureFirstAccounts } from "#cloud-stub/first-accounts.ts";
import { startBench } from "./cloud-bench.ts";
import { adminLogin, basic, startHttpBench } from "./http-bench.ts";
import { withDatabaseFile } from "./refused-records.ts";

async function withEve() {
  const bench = await startBench();
  await bench.people.create({ name: "eve", password: "long enough" }, "admin");
  return bench;
}

test("roles that are given at the same time are all there", async () => {
  await using bench = await withEve();
  const roles = ["ROLE_AUDIT_READ", "ROLE_EVENT_READ", "ROLE_INVENTORY_READ"];
  await Promise.all(roles.map((role) => bench.people.giveRole("eve", role, "admin")));
  expect((await bench.people.get("eve"))?.ownRoles).toEqual(roles);
});

test("a role that is taken stays away although another one is given at the same time", async () => {
  await using bench = await withEve();
  await bench.people.giveRole("eve", "ROLE_USER_MANAGEMENT_ADMIN", "admin");
  const [isTaken] = await Promise.all([
    bench.people.takeRole("eve", "ROLE_USER_MANAGEMENT_ADMIN", "admin"),
    bench.people.giveRole("eve", "ROLE_AUDIT_READ", "admin"),
  ]);
  expect(isTaken).toBe(true);
  expect((await bench.people.get("eve"))?.ownRoles).toEqual(["ROLE_AUDIT_READ"]);
});

test("of two that take a role one hears that it was there, and one record is left", async () => {
  await using bench = await withEve();
  await bench.people.giveRole("eve", "ROLE_AUDIT_READ", "admin");
  const take = () => bench.people.takeRole("eve", "ROLE_AUDIT_READ", "admin");
  expect(await Promise.all([take(), take()])).toEqual([true, false]);
  const { records } = await bench.audit.list({ type: "User", skip: 0, take: 10 });
  expect(records.filter(({ text }) => text.includes("taken"))).toHaveLength(1);
});

test("disabling voids the logins of an account that was enabled a moment ago, and the record says both", async () => {
  await using bench = await withEve();
  await bench.people.change("eve", { isEnabled: false }, "admin");
  const before = (await bench.accounts.get("t1000", "eve"))?.stamp;
  await Promise.all([
    bench.people.change("eve", { isEnabled: true }, "admin"),
    bench.people.change("eve", { isEnabled: false }, "admin"),
  ]);
  expect((await bench.accounts.get("t1000", "eve"))?.stamp).not.toBe(before);
  const { records } = await bench.audit.list({ type: "User", skip: 0, take: 10 });
  expect(records.map(({ activity }) => activity)).toEqual([
    "User created",
    "User disabled",
    "User enabled",
    "User disabled",
  ]);
});

test("of two administrators who disable each other at the same time one stays", async () => {
  await using bench = await withEve();
  await bench.people.giveRole("eve", "ROLE_USER_MANAGEMENT_ADMIN", "admin");
  const outcomes = await Promise.allSettled([
    bench.people.change("admin", { isEnabled: false }, "eve"),
    bench.people.change("eve", { isEnabled: false }, "admin"),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
});

test("an administrator who was deleted does not come back with the next start", async () => {
  using database = withDatabaseFile();
  const first = await startHttpBench({ databaseFile: database.file });
  await first.admin("POST", "/user/t1000/users", { userName: "boss", password: "long enough" });
  const { groups } = (await first.admin("GET", "/user/t1000/groups?pageSize=100")).json;
  const admins = groups.find(({ name }: { name: string }) => name === "admins").id;
  await first.admin("POST", `/user/t1000/groups/${admins}/users`, { user: { id: "boss" } });
  const boss = basic("t1000/boss", "long enough");
  const gone = await first.ask({ method: "DELETE", path: "/user/t1000/users/admin", headers: boss });
  expect(gone.status).toBe(204);
  await first[Symbol.asyncDispose]();
  await using again = await startHttpBench({ databaseFile: database.file });
  expect(again.cloud.created).toEqual({});
  expect((await again.ask({ path: "/user/currentUser", headers: adminLogin })).status).toBe(401);
  expect((await again.ask({ path: "/user/t1000/users/admin", headers: boss })).status).toBe(404);
});

test("the first administrator is made where nobody could manage accounts, whoever else is there", async () => {
  await using bench = await withEve();
  await bench.store.db.deleteFrom("users").where("name", "=", "admin").execute();
  const created = await ensureFirstAccounts(bench.accounts, "t1000", {});
  expect(created.adminPassword).toBeDefined();
  expect((await bench.people.get("admin"))?.isEnabled).toBe(true);
});
