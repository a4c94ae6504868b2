// Logins: Basic, bearer, cookie with XSRF token; what is remembered and what drops it.
import { expect, test } from "vitest";
import { adminPassword } from "./cloud-bench.ts";
import { type Answer, adminLogin, basic, type HttpBench, startHttpBench } from "./http-bench.ts";

test.each([
  { what: "tenant and user", login: adminLogin, status: 200 },
  { what: "the user alone", login: basic("admin", adminPassword), status: 200 },
  { what: "a wrong password", login: basic("t1000/admin", "wrong"), status: 401 },
  { what: "an unknown user", login: basic("t1000/nobody", adminPassword), status: 401 },
  { what: "another tenant", login: basic("t2/admin", adminPassword), status: 401 },
  { what: "an empty password", login: basic("t1000/admin", ""), status: 401 },
  { what: "no Basic at all", login: { authorization: "Basic" }, status: 401 },
  { what: "a scheme that is not known", login: { authorization: "Digest abc" }, status: 401 },
  { what: "a bearer token that is none", login: { authorization: "Bearer a.b.c" }, status: 401 },
])("a Basic login with $what gets $status", async ({ login, status }) => {
  await using bench = await startHttpBench();
  expect((await bench.ask({ path: "/user/currentUser", headers: login })).status).toBe(status);
});

test("a browser is not asked to open its own login box, a program is told Basic", async () => {
  await using bench = await startHttpBench();
  const program = await bench.ask({ path: "/user/currentUser" });
  expect(program.headers["www-authenticate"]).toBe('Basic realm="Postern"');
  const browser = await bench.ask({ path: "/user/currentUser", headers: { "sec-fetch-mode": "cors" } });
  expect(browser.headers["www-authenticate"]).toBe('XBasic realm="Postern"');
});

test("the current user has every role that the console asks for", async () => {
  await using bench = await startHttpBench();
  const { json } = await bench.admin("GET", "/user/currentUser");
  expect(json.userName).toBe("admin");
  expect(json.effectiveRoles.map((role: { id: string }) => role.id)).toContain("ROLE_REMOTE_ACCESS_ADMIN");
});

test("a verified login is remembered for five minutes, so that the memory-hard hash runs once", async () => {
  await using bench = await startHttpBench();
  const ask = () => bench.admin("GET", "/user/currentUser");
  await Promise.all([ask(), ask(), ask()]);
  const once = bench.hasher.count;
  bench.clock.advance(299_999);
  await ask();
  expect(bench.hasher.count).toBe(once);
  bench.clock.advance(1);
  await ask();
  expect(bench.hasher.count).toBe(once + 1);
});

test("many requests with one login at the same time cost one hash", async () => {
  await using bench = await startHttpBench();
  const before = bench.hasher.count;
  await Promise.all(Array.from({ length: 20 }, () => bench.admin("GET", "/user/currentUser")));
  expect(bench.hasher.count - before).toBe(1);
});

test("ten failures of a name put its next tries off for a minute with 429, other names go on", async () => {
  await using bench = await startHttpBench();
  const wrong = { path: "/user/currentUser", headers: basic("t1000/admin", "wrong") };
  for (let count = 0; count < 10; count++) expect((await bench.ask(wrong)).status).toBe(401);
  const right = { path: "/user/currentUser", headers: adminLogin };
  const refused = await bench.ask(right);
  expect(refused.status).toBe(429);
  expect(refused.headers["retry-after"]).toBe("60");
  expect((await logsIn(bench)).status).toBe(429);
  expect((await bench.ask({ path: "/user/currentUser", headers: basic("t1000/other", "x") })).status).toBe(401);
  bench.clock.advance(60_000);
  expect((await bench.ask(right)).status).toBe(200);
});

test("failed logins are in the log without what was typed", async () => {
  await using bench = await startHttpBench();
  await bench.ask({ path: "/user/currentUser", headers: basic("t1000/admin", "my-secret-guess") });
  await bench.ask({ path: "/user/currentUser", headers: basic("password-typed-as-name", "x") });
  const text = JSON.stringify(bench.logLines);
  expect(bench.logLines).toContainEqual(expect.objectContaining({ event: "login.failed", user: "t1000/admin" }));
  expect(text).not.toContain("my-secret-guess");
  expect(text).not.toContain("password-typed-as-name");
});

test("the console's login sets an HttpOnly cookie and an XSRF cookie that bear the port", async () => {
  await using bench = await startHttpBench();
  const answer = await logsIn(bench, { origin: "http://localhost:8080" });
  expect(answer.status).toBe(200);
  expect(answer.headers["set-cookie"]).toEqual([
    expect.stringMatching(/^authorization-8080=[^;]+; HttpOnly; Path=\/; SameSite=Strict; Max-Age=1209600$/),
    expect.stringMatching(/^XSRF-TOKEN-8080=[^;]+; Path=\/; SameSite=Strict; Max-Age=1209600$/),
  ]);
});

test("over TLS the cookies are Secure", async () => {
  await using bench = await startHttpBench();
  const answer = await bench.ask({
    ...loginForm("http://x"),
    headers: { ...loginForm("").headers, host: "localhost:8443", origin: "https://localhost:8443" },
    peer: { address: "127.0.0.1", port: 1, localPort: 8443, isEncrypted: true },
  });
  expect(answer.headers["set-cookie"]).toEqual([
    expect.stringMatching(/^authorization-8443=.*; Secure$/),
    expect.stringMatching(/^XSRF-TOKEN-8443=.*; Secure$/),
  ]);
});

test("a program that logs in by form also gets Cumulocity's plain cookie names", async () => {
  await using bench = await startHttpBench();
  const names = (await logsIn(bench)).headers["set-cookie"]?.map((cookie) => cookie.split("=")[0]);
  expect(names).toEqual(["authorization-8080", "XSRF-TOKEN-8080", "authorization", "XSRF-TOKEN"]);
});

const post = { method: "POST", path: "/devicecontrol/newDeviceRequests", body: { id: "gw-1" } };

test("a cookie login may read, and change only with its XSRF token", async () => {
  await using bench = await startHttpBench();
  const { cookie, xsrf } = cookiesOf(await logsIn(bench));
  expect((await bench.ask({ path: "/user/currentUser", headers: { cookie } })).status).toBe(200);
  const without = await bench.ask({ ...post, headers: { cookie } });
  expect(without.status).toBe(403);
  expect(without.json.error).toBe("security/Forbidden");
  expect((await bench.ask({ ...post, headers: { cookie, "x-xsrf-token": "wrong" } })).status).toBe(403);
  const other = cookiesOf(await logsIn(bench));
  expect((await bench.ask({ ...post, headers: { cookie, "x-xsrf-token": other.xsrf } })).status).toBe(403);
  expect((await bench.ask({ ...post, headers: { cookie, "x-xsrf-token": xsrf } })).status).toBe(201);
});

test("a cookie of another port is no login here", async () => {
  await using bench = await startHttpBench();
  const { cookie } = cookiesOf(await logsIn(bench));
  const moved = cookie.replaceAll("-8080=", "-9090=");
  expect((await bench.ask({ path: "/user/currentUser", headers: { cookie: moved } })).status).toBe(401);
});

test("a logout ends the token, as cookie and as bearer", async () => {
  await using bench = await startHttpBench();
  const { cookie, xsrf, token } = cookiesOf(await logsIn(bench));
  const bearer = { authorization: `Bearer ${token}` };
  expect((await bench.ask({ path: "/user/currentUser", headers: bearer })).status).toBe(200);
  const logout = { method: "POST", path: "/user/logout", body: {} };
  expect((await bench.ask({ ...logout, headers: { cookie } })).status).toBe(403);
  const answer = await bench.ask({ ...logout, headers: { cookie, "x-xsrf-token": xsrf } });
  expect(answer.status).toBe(200);
  expect(answer.headers["set-cookie"]?.[0]).toMatch(/^authorization-8080=; .*Max-Age=0/);
  expect((await bench.ask({ path: "/user/currentUser", headers: { cookie } })).status).toBe(401);
  expect((await bench.ask({ path: "/user/currentUser", headers: bearer })).status).toBe(401);
});

test("a token ends after two weeks", async () => {
  await using bench = await startHttpBench();
  const { cookie } = cookiesOf(await logsIn(bench));
  bench.clock.advance(14 * 24 * 3_600_000 - 1);
  expect((await bench.ask({ path: "/user/currentUser", headers: { cookie } })).status).toBe(200);
  bench.clock.advance(1);
  expect((await bench.ask({ path: "/user/currentUser", headers: { cookie } })).status).toBe(401);
});

test("a changed token is no token", async () => {
  await using bench = await startHttpBench();
  const { token } = cookiesOf(await logsIn(bench));
  const [header, body, signature] = token.split(".");
  const claims = JSON.parse(Buffer.from(body!, "base64url").toString());
  const forged = Buffer.from(JSON.stringify({ ...claims, sub: "root" })).toString("base64url");
  const none = Buffer.from('{"alg":"none"}').toString("base64url");
  for (const value of [
    `${header}.${forged}.${signature}`,
    `${none}.${body}.`,
    `${header}.${body}.`,
    `${header}.${body}`,
  ]) {
    const headers = { authorization: `Bearer ${value}` };
    expect((await bench.ask({ path: "/user/currentUser", headers })).status).toBe(401);
  }
});

test.each([
  { what: "a wrong password", form: "grant_type=PASSWORD&username=admin&password=x", query: "", status: 401 },
  {
    what: "another tenant",
    form: `grant_type=PASSWORD&username=admin&password=${adminPassword}`,
    query: "t2",
    status: 401,
  },
  {
    what: "the bootstrap account",
    form: "grant_type=PASSWORD&username=management/devicebootstrap&password=bootstrap battery",
    query: "",
    status: 401,
  },
  { what: "no password", form: "grant_type=PASSWORD&username=admin", query: "", status: 400 },
  { what: "another grant", form: "grant_type=CODE&username=admin&password=x", query: "", status: 400 },
])("a login form with $what gets $status and no cookie", async ({ form, query, status }) => {
  await using bench = await startHttpBench();
  const answer = await bench.ask({
    method: "POST",
    path: `/tenant/oauth?tenant_id=${query || "t1000"}`,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: form,
  });
  expect(answer.status).toBe(status);
  expect(answer.headers["set-cookie"]).toBeUndefined();
});

test("a program can get a bearer token by form", async () => {
  await using bench = await startHttpBench();
  const answer = await bench.ask({ ...loginForm(""), path: "/tenant/oauth/token?tenant_id=t1000" });
  const headers = { authorization: `Bearer ${answer.json.access_token}` };
  // A bearer token is no cookie: no page can send it for somebody, so it needs no XSRF token.
  expect((await bench.ask({ ...post, headers })).status).toBe(201);
});

test("the login options name the tenant in initRequest, as c8ylp expects", async () => {
  await using bench = await startHttpBench();
  const { json } = await bench.ask({ path: "/tenant/loginOptions" });
  const options = json.loginOptions as { type: string; initRequest: string }[];
  expect(options.map((option) => option.type)).toEqual(["OAUTH2_INTERNAL", "BASIC"]);
  expect(new URL(options[0]!.initRequest).searchParams.get("tenant_id")).toBe("t1000");
});

test("the bootstrap account may ask for device credentials and nothing else; no other account may", async () => {
  await using bench = await startHttpBench();
  const bootstrap = basic("management/devicebootstrap", "bootstrap battery");
  const credentials = { method: "POST", path: "/devicecontrol/deviceCredentials", body: { id: "gw-1" } };
  expect((await bench.ask({ ...credentials, headers: bootstrap })).status).toBe(404);
  expect((await bench.ask({ ...credentials, headers: adminLogin })).status).toBe(403);
  expect((await bench.ask({ path: "/inventory/managedObjects", headers: bootstrap })).status).toBe(403);
});

function loginForm(origin: string) {
  return {
    method: "POST",
    path: "/tenant/oauth?tenant_id=t1000",
    headers: { "content-type": "application/x-www-form-urlencoded", ...(origin === "" ? {} : { origin }) },
    body: new URLSearchParams({ grant_type: "PASSWORD", username: "admin", password: adminPassword }).toString(),
  };
}

function logsIn(bench: HttpBench, options: { origin?: string } = {}) {
  return bench.ask(loginForm(options.origin ?? ""));
}

/** The cookies of the port, as a browser would send them back. */
function cookiesOf(answer: Answer) {
  const pairs = (answer.headers["set-cookie"] ?? []).map((cookie) => cookie.split(";")[0] ?? "");
  const value = (name: string) => pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
  return {
    cookie: `authorization-8080=${value("authorization-8080")}; XSRF-TOKEN-8080=${value("XSRF-TOKEN-8080")}`,
    xsrf: value("XSRF-TOKEN-8080"),
    token: value("authorization-8080"),
  };
}
