// Whatever is asked wrongly is refused in Cumulocity's error shape, with the right status.
import { expect, test } from "vitest";
import { type Answer, adminLogin, basic, httpPeer, startHttpBench } from "./http-bench.ts";

const jsonPost = { method: "POST", path: "/devicecontrol/newDeviceRequests", headers: adminLogin };

test.each([
  { what: "an unknown path", asking: { path: "/nothing/here", headers: adminLogin }, status: 404 },
  { what: "an unknown device", asking: { path: "/inventory/managedObjects/99", headers: adminLogin }, status: 404 },
  { what: "malformed JSON", asking: { ...jsonPost, body: "{" }, status: 400 },
  { what: "JSON that is no object", asking: { ...jsonPost, body: "[]" }, status: 400 },
  { what: "a body that is absent", asking: { ...jsonPost }, status: 400 },
  {
    what: "a body that would change a prototype",
    asking: { ...jsonPost, body: '{"id":"a","__proto__":{"x":1}}' },
    status: 400,
  },
  {
    what: "a content type that is not JSON",
    asking: { ...jsonPost, headers: { ...adminLogin, "content-type": "text/plain" }, body: "x" },
    status: 415,
  },
  {
    what: "a form where JSON is wanted",
    asking: {
      ...jsonPost,
      headers: { ...adminLogin, "content-type": "application/x-www-form-urlencoded" },
      body: "id=a",
    },
    status: 415,
  },
  { what: "a body above the limit", asking: { ...jsonPost, body: { id: "x".repeat(300_000) } }, status: 413 },
  { what: "a device id that cannot be one", asking: { ...jsonPost, body: { id: "a:b" } }, status: 422 },
  {
    what: "a page size that is no number",
    asking: { path: "/event/events?pageSize=x", headers: adminLogin },
    status: 400,
  },
  { what: "a date that is none", asking: { path: "/event/events?dateFrom=soon", headers: adminLogin }, status: 400 },
  { what: "a malformed path", asking: { path: "/inventory/managedObjects/%ZZ", headers: adminLogin }, status: 400 },
  { what: "no login", asking: { path: "/inventory/managedObjects" }, status: 401 },
  { what: "a foreign Host", asking: { path: "/tenant/loginOptions", headers: { host: "evil.example" } }, status: 421 },
  {
    what: "a Host of a rebound name",
    asking: { path: "/", headers: { host: "localhost.evil.example:8080" } },
    status: 421,
  },
  {
    what: "a foreign Origin",
    asking: { path: "/tenant/loginOptions", headers: { origin: "https://evil.example" } },
    status: 403,
  },
  {
    what: "the Origin of another port of this host",
    asking: { path: "/tenant/loginOptions", headers: { origin: "http://localhost:3000" } },
    status: 403,
  },
  { what: "an opaque Origin", asking: { path: "/tenant/loginOptions", headers: { origin: "null" } }, status: 403 },
  {
    what: "a foreign Origin even with a right login",
    asking: { ...jsonPost, headers: { ...adminLogin, origin: "http://evil.example" }, body: { id: "gw-1" } },
    status: 403,
  },
])("answers $what with $status", async ({ asking, status }) => {
  await using bench = await startHttpBench();
  const answer = await bench.ask(asking);
  expect(answer.status).toBe(status);
  expectErrorBody(answer);
});

test.each(["localhost:8080", "LOCALHOST:8080", "127.0.0.1", "[::1]:8443", "localhost"])(
  "serves the Host %s",
  async (host) => {
    await using bench = await startHttpBench();
    expect((await bench.ask({ path: "/tenant/loginOptions", headers: { host } })).status).toBe(200);
  },
);

test("the page's own Origin is served, over HTTP and over TLS", async () => {
  await using bench = await startHttpBench();
  const origin = "http://localhost:8080";
  expect((await bench.ask({ path: "/tenant/loginOptions", headers: { origin } })).status).toBe(200);
  const encrypted = { ...httpPeer, isEncrypted: true };
  const secure = { host: "localhost", origin: "https://localhost:443" };
  expect((await bench.ask({ path: "/tenant/loginOptions", headers: secure, peer: encrypted })).status).toBe(200);
  expect((await bench.ask({ path: "/tenant/loginOptions", headers: { origin }, peer: encrypted })).status).toBe(403);
});

test("bytes that are not HTTP get an error in words and the end", async () => {
  await using bench = await startHttpBench();
  expect(await bench.raw("RFB 003.008\n\r\n\r\n")).toMatch(/^HTTP\/1.1 400 Bad Request[\s\S]*"This is not HTTP."/);
});

test.each([
  { what: "an unknown path", path: "/no/websocket", headers: "", status: "404" },
  {
    what: "a foreign Host",
    path: "/service/remoteaccess/client/1/configurations/1",
    headers: "",
    status: "421",
    host: "evil",
  },
  {
    what: "a foreign Origin",
    path: "/service/remoteaccess/client/1/configurations/1",
    headers: "Origin: http://evil.example\r\n",
    status: "403",
  },
  { what: "no login", path: "/service/remoteaccess/client/1/configurations/1", headers: "", status: "401" },
  { what: "no login for a key", path: "/service/remoteaccess/device/secret-key", headers: "", status: "401" },
])("refuses a websocket with $what with $status", async ({ path, headers, status, host = "localhost:8080" }) => {
  await using bench = await startHttpBench();
  const answer = await bench.raw(
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${headers}\r\n`,
  );
  expect(answer.slice(9, 12)).toBe(status);
  const body = JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4));
  expect(body).toEqual({ error: expect.any(String), message: expect.any(String), info: expect.any(String) });
  expect(JSON.stringify(bench.logLines)).not.toContain("secret-key");
});

test("every answer bears the headers that keep foreign pages out", async () => {
  await using bench = await startHttpBench();
  const { headers } = await bench.ask({ path: "/tenant/loginOptions" });
  expect(headers).toMatchObject({
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
  });
  expect(headers["content-security-policy"]).toContain("script-src 'self';");
  expect(headers["content-security-policy"]).toContain("ws://localhost:8080");
});

test("a token in a query stays out of the log", async () => {
  await using bench = await startHttpBench();
  await bench.ask({ path: "/nothing?token=secret-token&XSRF-TOKEN=secret-xsrf" });
  expect(bench.logLines).toContainEqual(
    expect.objectContaining({ event: "http.refused", status: 404, path: "/nothing?token=***&XSRF-TOKEN=***" }),
  );
});

test("without a built console a page says how to build it", async () => {
  await using bench = await startHttpBench();
  const page = await bench.ask({ path: "/devices/1/info", headers: { accept: "text/html" } });
  expect(page.status).toBe(200);
  expect(page.headers["content-type"]).toBe("text/html; charset=utf-8");
  expect(page.text).toContain("npm run build");
  expect((await bench.ask({ path: "/missing.js", headers: { accept: "text/html" } })).status).toBe(404);
});

function expectErrorBody(answer: Answer): void {
  expect(answer.headers["content-type"]).toMatch(/^application\/vnd\.com\.nsn\.cumulocity\.error\+json/);
  expect(answer.json).toEqual({
    error: expect.stringMatching(/^[a-z]+\/[A-Za-z ]+$/),
    message: expect.stringMatching(/\S/),
    info: expect.any(String),
  });
}

test("a connection that does not come to its first request in half a minute is ended", async () => {
  await using bench = await startHttpBench();
  const dribbling = bench.raw("GET / HTTP/1.1\r\nHost: local");
  await new Promise((resolve) => setImmediate(resolve));
  bench.clock.advance(30_000);
  expect(await dribbling).toBe("");
  expect((await bench.ask({ path: "/tenant/loginOptions" })).status).toBe(200);
  expect(bench.clock.pending).toBe(0);
});

test.each(['a"b', "a\\b", "a.b[0]", "", "a'b", "\u0000", '"', "$"])(
  "a fragment type of %j is looked for like any other",
  async (fragmentType) => {
    await using bench = await startHttpBench();
    await bench.registers("gw-1");
    for (const path of ["/inventory/managedObjects", "/devicecontrol/operations"]) {
      const query = new URLSearchParams({ fragmentType, query: "" });
      query.delete("query");
      const { status, json } = await bench.admin("GET", `${path}?${query.toString()}`);
      expect([path, status, json.managedObjects ?? json.operations]).toEqual([path, 200, []]);
    }
  },
);

test("a password in the address of a login stands in no log", async () => {
  await using bench = await startHttpBench();
  const path = "/tenant/oauth?tenant_id=t1000&grant_type=PASSWORD&username=admin&password=my%20secret&tfa_code=123456";
  const answer = await bench.ask({
    method: "POST",
    path,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: "x=1",
  });
  expect(answer.status).toBe(400);
  expect(JSON.stringify(bench.logLines)).toContain("/tenant/oauth?tenant_id=t1000");
  expect(JSON.stringify(bench.logLines)).not.toMatch(/secret|123456/);
});

test("a device cannot make its managed object grow without end", async () => {
  await using bench = await startHttpBench();
  const { id, password } = await bench.registers("gw-1");
  const headers = basic("t1000/device_gw-1", password);
  const statuses: number[] = [];
  for (let number = 0; number < 12; number++) {
    const body = { [`x_${number}`]: "x".repeat(60_000) };
    statuses.push((await bench.ask({ method: "PUT", path: `/inventory/managedObjects/${id}`, headers, body })).status);
  }
  expect([...new Set(statuses)]).toEqual([200, 422]);
  const { status } = await bench.ask({
    method: "PUT",
    path: `/inventory/managedObjects/${id}`,
    headers,
    body: { x_0: null, x_1: "short" },
  });
  expect(status).toBe(200);
});
