// Who may open a websocket, by every form of login (protocol.md 5.5): 404 says that the login was good and the target unknown.
import { expect, test } from "vitest";
import { adminPassword, bootstrapPassword } from "./cloud-bench.ts";
import { basic, type HttpBench, startHttpBench } from "./http-bench.ts";

const client = "/service/remoteaccess/client/9999/configurations/1";
const device = "/service/remoteaccess/device/7f0c8a2e-1111-4222-8333-abcdefabcdef";
const own = "http://localhost:8080";

interface Login {
  readonly cookie: string;
  readonly xsrf: string;
  readonly token: string;
}

type Asked = { readonly path?: string; readonly headers?: Record<string, string> };

const base64 = (text: string) => Buffer.from(text).toString("base64");
const plain = (password: string) => encodeURIComponent(base64(`t1000/admin:${password}`));

test.each<{ what: string; asked: (login: Login) => Asked; status: number }>([
  { what: "no login", asked: () => ({}), status: 401 },
  { what: "a cookie without an Origin", asked: ({ cookie }) => ({ headers: { cookie } }), status: 403 },
  { what: "a cookie from our page", asked: ({ cookie }) => ({ headers: { cookie, origin: own } }), status: 404 },
  {
    what: "a cookie from a page of another port",
    asked: ({ cookie }) => ({ headers: { cookie, origin: "http://localhost:9090" } }),
    status: 403,
  },
  {
    what: "a cookie from a page of the other scheme",
    asked: ({ cookie }) => ({ headers: { cookie, origin: "https://localhost:8080" } }),
    status: 403,
  },
  {
    what: "a cookie from a page without an origin of its own",
    asked: ({ cookie }) => ({ headers: { cookie, origin: "null" } }),
    status: 403,
  },
  {
    what: "a cookie and its XSRF token from a foreign page",
    asked: ({ cookie, xsrf }) => ({ headers: { cookie, "x-xsrf-token": xsrf, origin: "https://evil.example" } }),
    status: 403,
  },
  {
    what: "a cookie of a program with its XSRF token",
    asked: ({ cookie, xsrf }) => ({ headers: { cookie, "x-xsrf-token": xsrf } }),
    status: 404,
  },
  {
    what: "a cookie of a program with its XSRF token in the query",
    asked: ({ cookie, xsrf }) => ({ headers: { cookie }, path: `${client}?XSRF-TOKEN=${xsrf}` }),
    status: 404,
  },
  {
    what: "a cookie with a wrong XSRF token",
    asked: ({ cookie }) => ({ headers: { cookie, "x-xsrf-token": "wrong" } }),
    status: 403,
  },
  { what: "a bearer token", asked: ({ token }) => ({ headers: { authorization: `Bearer ${token}` } }), status: 404 },
  { what: "a token in the query", asked: ({ token }) => ({ path: `${client}?token=${token}` }), status: 404 },
  {
    what: "Basic credentials in the query",
    asked: () => ({ path: `${client}?token=${plain(adminPassword)}` }),
    status: 404,
  },
  { what: "wrong ones in the query", asked: () => ({ path: `${client}?token=${plain("secret guess")}` }), status: 401 },
  { what: "Basic", asked: () => ({ headers: basic("t1000/admin", adminPassword) }), status: 404 },
  {
    what: "the bootstrap account",
    asked: () => ({ headers: basic("management/devicebootstrap", bootstrapPassword) }),
    status: 403,
  },
  {
    what: "a user on a device's path",
    asked: () => ({ path: device, headers: basic("t1000/admin", adminPassword) }),
    status: 403,
  },
  {
    what: "a foreign Host",
    asked: () => ({ headers: { ...basic("t1000/admin", adminPassword), host: "rebound.example:8080" } }),
    status: 421,
  },
])("$what is answered with $status", async ({ asked, status }) => {
  await using bench = await startHttpBench();
  const login = await logsIn(bench);
  const { path = client, headers = {} } = asked(login);
  expect(await upgrade(bench, path, headers)).toBe(status);
  const log = JSON.stringify(bench.logLines);
  for (const secret of [login.token, login.xsrf, plain(adminPassword), plain("secret guess"), "7f0c8a2e"]) {
    expect(log).not.toContain(secret);
  }
});

test("a device may open its own path only", async () => {
  await using bench = await startHttpBench();
  const { id, password } = await bench.registers("gw-1");
  const headers = basic("t1000/device_gw-1", password);
  expect(await upgrade(bench, device, headers)).toBe(404);
  expect(await upgrade(bench, `/service/remoteaccess/client/${id}/configurations/1`, headers)).toBe(403);
  await bench.admin("DELETE", `/inventory/managedObjects/${id}`);
  expect(await upgrade(bench, device, headers)).toBe(401);
});

async function upgrade(bench: HttpBench, path: string, headers: Record<string, string>): Promise<number> {
  const fields = {
    host: "localhost:8080",
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": base64("0123456789abcdef"),
    ...headers,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  const answer = await bench.raw([`GET ${path} HTTP/1.1`, ...lines, "", ""].join("\r\n"));
  return Number(/^HTTP\/1\.1 ([0-9]{3})/.exec(answer)?.[1]);
}

async function logsIn(bench: HttpBench): Promise<Login> {
  const answer = await bench.ask({
    method: "POST",
    path: "/tenant/oauth?tenant_id=t1000",
    headers: { "content-type": "application/x-www-form-urlencoded", origin: own },
    body: new URLSearchParams({ grant_type: "PASSWORD", username: "admin", password: adminPassword }).toString(),
  });
  const pairs = (answer.headers["set-cookie"] ?? []).map((cookie) => cookie.split(";")[0] ?? "");
  const value = (name: string) => pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
  return { cookie: pairs.join("; "), xsrf: value("XSRF-TOKEN-8080"), token: value("authorization-8080") };
}
