// A header that says "websocket" on an ordinary request changes nothing about how its login is judged.
import { expect, test } from "vitest";
import { adminPassword } from "./cloud-bench.ts";
import { startHttpBench } from "./http-bench.ts";

async function signedIn() {
  const bench = await startHttpBench();
  const login = await bench.ask({
    method: "POST",
    path: "/tenant/oauth?tenant_id=t1000",
    headers: { "content-type": "application/x-www-form-urlencoded", origin: "http://localhost:8080" },
    body: `grant_type=PASSWORD&username=admin&password=${encodeURIComponent(adminPassword)}`,
  });
  const cookies = (login.headers["set-cookie"] ?? []).map((one) => one.split(";")[0] ?? "");
  const xsrf = cookies.find((one) => one.startsWith("XSRF-TOKEN"))?.split("=")[1] ?? "";
  return { bench, cookie: cookies.join("; "), xsrf };
}

const person = { userName: "mallory", password: "long enough" };

test.each([
  ["an own Origin", "", { origin: "http://localhost:8080" }],
  ["the XSRF token in the query", "?XSRF-TOKEN=", {}],
])("a change by cookie needs its XSRF header, whatever else it brings: %s", async (_what, query, headers) => {
  const { bench, cookie, xsrf } = await signedIn();
  await using _ended = bench;
  const path = `/user/t1000/users${query === "" ? "" : `${query}${xsrf}`}`;
  const asking = { method: "POST", path, body: person };
  const refused = await bench.ask({ ...asking, headers: { cookie, upgrade: "websocket", ...headers } });
  expect([refused.status, refused.json.error]).toEqual([403, "security/Forbidden"]);
  const taken = await bench.ask({ ...asking, headers: { cookie, "x-xsrf-token": xsrf, ...headers } });
  expect(taken.status).toBe(201);
});

test("a token in the query is for websockets only", async () => {
  const { bench, cookie } = await signedIn();
  await using _ended = bench;
  const token = /authorization-8080=([^;]+)/.exec(cookie)?.[1];
  const asking = { path: `/user/currentUser?token=${token}`, headers: { upgrade: "websocket" } };
  expect((await bench.ask(asking)).status).toBe(401);
});
