// Taking a right away ends the sessions that depended on it, at once, and only those.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import SqliteDatabase from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { openWebSocket, withEndpoint } from "./client-websocket.ts";
import { adminLogin, basic, type HttpBench, startHttpBench } from "./http-bench.ts";

const revoked = { code: 4044, reason: "permission.revoked" };
/** How long a closing may take, in real ms. */
const closeMs = 1_000;

async function person(bench: HttpBench, name: string, groupId: number): Promise<Record<string, string>> {
  await bench.admin("POST", "/user/t1000/users", { userName: name, password: "long enough" });
  await bench.admin("POST", `/user/t1000/groups/${groupId}/users`, { user: { id: name } });
  return basic(`t1000/${name}`, "long enough");
}

/** Eve, who may connect by her group alone, and the administrator, each in a session. */
async function twoSessions(options: { readonly databaseFile?: string } = {}) {
  const bench = await startHttpBench(options);
  const { path } = await withEndpoint(bench);
  const login = await person(bench, "eve", 2);
  const eve = openWebSocket(bench, path, login);
  const admin = openWebSocket(bench, path, adminLogin);
  expect([await eve.status, await admin.status]).toEqual([101, 101]);
  return { bench, path, login, eve, admin };
}

const triggers: readonly [string, string, string, unknown?][] = [
  ["disabling", "PUT", "/user/t1000/users/eve", { enabled: false }],
  ["deleting", "DELETE", "/user/t1000/users/eve"],
  ["leaving the group", "DELETE", "/user/t1000/groups/2/users/eve"],
  ["taking the role from the group", "DELETE", "/user/t1000/groups/2/roles/ROLE_REMOTE_ACCESS_READ"],
  ["deleting the group", "DELETE", "/user/t1000/groups/2"],
];

test.each(triggers)("%s ends the person's session and nobody else's", async (_what, method, path, body) => {
  const { bench, path: endpoint, login, eve, admin } = await twoSessions();
  await using _bench = bench;
  const startedMs = performance.now();
  expect((await bench.admin(method, path, body)).status).toBeLessThan(300);
  expect(await eve.closed).toEqual(revoked);
  expect(performance.now() - startedMs).toBeLessThan(closeMs);
  expect(admin.websocket.readyState).toBe(admin.websocket.OPEN);
  expect([401, 403]).toContain(await openWebSocket(bench, endpoint, login).status);
  const { json } = await bench.admin("GET", "/audit/auditRecords?reason=permission.revoked&pageSize=10");
  expect(json.auditRecords).toMatchObject([{ user: "eve", activity: "Remote access session ended" }]);
});

test("taking one of two ways to the right leaves the session alone", async () => {
  const { bench, eve } = await twoSessions();
  await using _bench = bench;
  await bench.admin("POST", "/user/t1000/users/eve/roles", { role: { id: "ROLE_REMOTE_ACCESS_ADMIN" } });
  expect((await bench.admin("DELETE", "/user/t1000/groups/2/users/eve")).status).toBe(204);
  expect((await bench.admin("PUT", "/user/t1000/users/eve", { firstName: "Eve" })).status).toBe(200);
  expect(eve.websocket.readyState).toBe(eve.websocket.OPEN);
  expect((await bench.admin("DELETE", "/user/t1000/users/eve/roles/ROLE_REMOTE_ACCESS_ADMIN")).status).toBe(204);
  expect(await eve.closed).toEqual(revoked);
});

test("a new password ends logins but not the session", async () => {
  const { bench, eve, login } = await twoSessions();
  await using _bench = bench;
  const path = "/user/t1000/users/eve/password";
  expect((await bench.admin("PUT", path, { newPassword: "another one" })).status).toBe(204);
  expect((await bench.ask({ path: "/user/currentUser", headers: login })).status).toBe(401);
  expect(eve.websocket.readyState).toBe(eve.websocket.OPEN);
});

test("a right that another process takes away ends the session within a second", async () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-revocation-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const databaseFile = join(folder, "a.db");
  const { bench, eve, admin } = await twoSessions({ databaseFile });
  await using _bench = bench;
  const other = new SqliteDatabase(databaseFile, { timeout: 0 });
  const disable = other.prepare("update users set is_enabled = 0 where name = 'eve'");
  // Two connections of one process cannot wait for each other, so this one tries again.
  await expect.poll(() => disable.run().changes, { interval: 1 }).toBe(1);
  other.close();
  bench.clock.advance(1_000);
  expect(await eve.closed).toEqual(revoked);
  expect(admin.websocket.readyState).toBe(admin.websocket.OPEN);
});

test("no look at rights is left waiting once the sessions are over", async () => {
  const { bench, eve, admin } = await twoSessions();
  await using _bench = bench;
  for (const { websocket, closed } of [eve, admin]) {
    websocket.close();
    await closed;
  }
  await expect.poll(() => bench.cloud.status().sessions).toBe(0);
  const before = bench.clock.pending;
  bench.clock.advance(1_000);
  await expect.poll(() => bench.clock.pending).toBeLessThan(before);
});
