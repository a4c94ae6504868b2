// A session lives no longer than the login by which it was opened.
import { expect, test } from "vitest";
import { tokenLifetimeMs } from "#cloud-stub/users/tokens.ts";
import { openWebSocket, withEndpoint } from "./client-websocket.ts";
import { adminLogin, basic, type HttpBench, startHttpBench } from "./http-bench.ts";

const revoked = { code: 4044, reason: "permission.revoked" };
/** How long a closing may take, in real ms. */
const closeMs = 1_000;
const form = { "content-type": "application/x-www-form-urlencoded" };
const body = "grant_type=PASSWORD&username=admin&password=correct%20horse";

type Headers = Readonly<Record<string, string>>;

/** A page's login: what its websocket and what its requests send. */
async function byCookie(bench: HttpBench): Promise<{ websocket: Headers; request: Headers }> {
  const headers = { ...form, origin: "http://localhost:8080" };
  const answer = await bench.ask({ method: "POST", path: "/tenant/oauth?tenant_id=t1000", headers, body });
  const pairs = (answer.headers["set-cookie"] ?? []).map((cookie) => cookie.split(";")[0]!);
  const xsrf = pairs.find((pair) => pair.startsWith("XSRF-TOKEN"))!.split("=")[1]!;
  const common = { cookie: pairs.join("; "), origin: "http://localhost:8080" };
  return { websocket: common, request: { ...common, "x-xsrf-token": xsrf } };
}

async function byBearer(bench: HttpBench): Promise<{ websocket: Headers; request: Headers }> {
  const { json } = await bench.ask({ method: "POST", path: "/tenant/oauth/token", headers: form, body });
  const headers = { authorization: `Bearer ${json.access_token}` };
  return { websocket: headers, request: headers };
}

const signsOut = (bench: HttpBench, headers: Headers) =>
  bench.ask({ method: "POST", path: "/user/logout", headers, body: {} });

test.each([
  ["cookie", byCookie],
  ["bearer token", byBearer],
] as const)("signing out a %s ends the sessions that were opened with it, and no others", async (_what, logIn) => {
  await using bench = await startHttpBench();
  const { path } = await withEndpoint(bench);
  const [login, other] = [await logIn(bench), await logIn(bench)];
  const ending = [openWebSocket(bench, path, login.websocket), openWebSocket(bench, path, login.websocket)];
  const staying = [openWebSocket(bench, path, other.websocket), openWebSocket(bench, path, adminLogin)];
  for (const { status } of [...ending, ...staying]) expect(await status).toBe(101);
  const startedMs = performance.now();
  expect((await signsOut(bench, login.request)).status).toBe(200);
  for (const { closed } of ending) expect(await closed).toEqual(revoked);
  expect(performance.now() - startedMs).toBeLessThan(closeMs);
  for (const { websocket } of staying) expect(websocket.readyState).toBe(websocket.OPEN);
  expect(await openWebSocket(bench, path, login.websocket).status).toBe(401);
  expect(bench.cloud.status().sessions).toBe(2);
  const { json } = await bench.admin("GET", "/audit/auditRecords?reason=permission.revoked&pageSize=10");
  expect(json.auditRecords.map(({ text }: { text: string }) => text)).toEqual(
    Array(2).fill(expect.stringContaining("The login that opened the session was signed out.")),
  );
});

test("a token in the query of a foreign client's websocket is a login too", async () => {
  await using bench = await startHttpBench();
  const { path } = await withEndpoint(bench);
  const { request } = await byBearer(bench);
  const client = openWebSocket(bench, `${path}?token=${request["authorization"]!.slice("Bearer ".length)}`, {});
  expect(await client.status).toBe(101);
  await signsOut(bench, request);
  expect(await client.closed).toEqual(revoked);
});

test("signing out with a login that came with the request ends nothing", async () => {
  await using bench = await startHttpBench();
  const { path } = await withEndpoint(bench);
  const client = openWebSocket(bench, path, adminLogin);
  expect(await client.status).toBe(101);
  expect((await signsOut(bench, adminLogin)).status).toBe(200);
  expect(client.websocket.readyState).toBe(client.websocket.OPEN);
});

test("a token that expires ends the sessions that were opened with it within a second", async () => {
  await using bench = await startHttpBench({ limits: { idleMs: 2 ** 31 - 1, gatewayWaitMs: 2 ** 31 - 1 } });
  const { path } = await withEndpoint(bench);
  const login = await byBearer(bench);
  bench.clock.advance(tokenLifetimeMs - 1_500);
  const client = openWebSocket(bench, path, login.websocket);
  const other = openWebSocket(bench, path, adminLogin);
  expect([await client.status, await other.status]).toEqual([101, 101]);
  const timers = bench.clock.pending;
  bench.clock.advance(1_000);
  await expect.poll(() => bench.clock.pending, { interval: 1 }).toBe(timers);
  expect(bench.cloud.status().sessions).toBe(2);
  // The looks follow one another; each waits for the store.
  await expect
    .poll(
      () => {
        bench.clock.advance(100);
        return bench.cloud.status().sessions;
      },
      { interval: 1 },
    )
    .toBe(1);
  expect(await client.closed).toEqual(revoked);
  expect(other.websocket.readyState).toBe(other.websocket.OPEN);
});

test("a new password leaves the sessions of a signed-in page alone", async () => {
  await using bench = await startHttpBench();
  const { path } = await withEndpoint(bench);
  const user = { userName: "eve", password: "long enough" };
  await bench.admin("POST", "/user/t1000/users", user);
  await bench.admin("POST", "/user/t1000/groups/2/users", { user: { id: "eve" } });
  const login = { method: "POST", path: "/tenant/oauth/token", headers: form };
  const { json } = await bench.ask({ ...login, body: "grant_type=PASSWORD&username=eve&password=long%20enough" });
  const client = openWebSocket(bench, path, { authorization: `Bearer ${json.access_token}` });
  expect(await client.status).toBe(101);
  await bench.admin("PUT", "/user/t1000/users/eve/password", { newPassword: "another one" });
  expect((await bench.ask({ path: "/user/currentUser", headers: basic("eve", "long enough") })).status).toBe(401);
  const timers = bench.clock.pending;
  bench.clock.advance(1_000);
  // The look at the rights is over when the next one is waiting.
  expect(bench.clock.pending).toBeLessThan(timers);
  await expect.poll(() => bench.clock.pending, { interval: 1 }).toBe(timers);
  expect(client.websocket.readyState).toBe(client.websocket.OPEN);
});
