// Bad input on every route, as somebody who may use it: refused with Cumulocity's error body, never a 500 and never a stack trace.
import { afterAll, beforeAll, expect, test } from "vitest";
import { adminLogin, type HttpBench, startHttpBench } from "./http-bench.ts";
import { routeTable } from "./route-table.ts";

let bench: HttpBench;
let deviceId = "";
beforeAll(async () => {
  bench = await startHttpBench();
  deviceId = (await bench.registers("gw-1")).id;
  await bench.admin("POST", "/user/t1000/users", { userName: "eve", password: "long enough" });
  const endpoint = { name: "PLC", hostname: "192.0.2.10", port: 102, protocol: "PASSTHROUGH", credentialsType: "NONE" };
  await bench.admin("POST", `/service/remoteaccess/devices/${deviceId}/configurations`, endpoint);
  await bench.admin("PUT", "/tenant/options/c/k", { value: "v" });
});
afterAll(() => bench[Symbol.asyncDispose]());

/** Every field that some route reads, for bodies in which all of them are wrong in the same way. */
const fields = [
  ...["id", "name", "description", "status", "failureReason", "deviceId", "type", "text", "time", "source", "fragment"],
  ...["userName", "password", "firstName", "lastName", "email", "enabled", "newPassword", "currentUserPassword"],
  ...["category", "key", "value", "application", "role", "user", "group", "groupId", "c8y_Restart"],
  ...["hostname", "port", "protocol", "credentialsType", "username", "privateKey", "publicKey", "certificate"],
  ...["hostKey", "passphrase", "attrs"],
];
const filled = (value: unknown) => JSON.stringify(Object.fromEntries(fields.map((field) => [field, value])));

const bodies: readonly (readonly [string, string])[] = [
  ["nothing", ""],
  ["half an object", '{"name":'],
  ["no JSON", "name=x"],
  ["null", "null"],
  ["a number", "7"],
  ["a text", '"text"'],
  ["a list", "[]"],
  ["a list of lists", `${"[".repeat(2_000)}${"]".repeat(2_000)}`],
  ["deep objects", `${'{"a":'.repeat(2_000)}1${"}".repeat(2_000)}`],
  ["a prototype", '{"__proto__":{"name":"x"},"constructor":{"prototype":{"x":1}}}'],
  ["an empty object", "{}"],
  ["nulls", filled(null)],
  ["numbers", filled(-1)],
  ["huge numbers", filled(1e308)],
  ["true", filled(true)],
  ["lists", filled([])],
  ["objects", filled({})],
  ["objects with odd ids", filled({ id: {}, self: 7 })],
  ["empty texts", filled("")],
  ["long texts", filled("x".repeat(3_000))],
  ["zero bytes", filled("a\u0000b")],
  ["lone surrogates", filled("\ud800")],
  ["script", filled("<script>alert(1)</script>")],
  ["SQL", filled("'; drop table users; --")],
];

const oddIds = [
  "0",
  "-1",
  "1e0",
  "99999999999999999999",
  "%00",
  "%2e%2e%2f",
  "%F0%9F%92%A9",
  "x".repeat(250),
  "'%20or%201",
];

const routes = routeTable.split("\n").map((line) => line.split(" | ")[0] ?? "");
const writing = routes.filter((route) => /^(POST|PUT) /.test(route) && route !== "POST /user/logout");
const named = routes.filter((route) => route.includes(":"));

function pathOf(route: string, id?: string): string {
  const present: Readonly<Record<string, string>> = {
    ":tenant": "t1000",
    ":deviceId": deviceId,
    ":id": id ?? "1",
    ":name": id ?? "eve",
    ":role": id ?? "ROLE_AUDIT_READ",
    ":type": "c8y_Serial",
    ":externalId": id ?? "gw-1",
    ":category": id ?? "c",
    ":key": id ?? "k",
  };
  const pattern = route.split(" ")[1] ?? "";
  return pattern.replaceAll(/:[A-Za-z]+/g, (name) => present[name] ?? name);
}

async function asks(route: string, path: string, body?: string): Promise<void> {
  const method = route.split(" ")[0] ?? "";
  const answer = await bench.ask({ method, path, headers: adminLogin, ...(body === undefined ? {} : { body }) });
  expect(answer.status, answer.text).toBeLessThan(500);
  if (answer.status < 400) return;
  expect(Object.keys(answer.json).sort(), answer.text).toEqual(["error", "info", "message"]);
  expect(answer.text).not.toMatch(/\bat .*\.(ts|js):\d|node_modules|SQLITE/);
}

test.each(writing)("%s refuses bad bodies", async (route) => {
  for (const [what, body] of bodies) {
    await asks(route, pathOf(route), body).catch((error: Error) => {
      throw new Error(`with ${what}: ${error.message}`);
    });
  }
  const large = await bench.ask({
    method: route.split(" ")[0] ?? "",
    path: pathOf(route),
    headers: adminLogin,
    body: JSON.stringify({ name: "x".repeat(300_000) }),
  });
  expect([403, 404, 413, 415]).toContain(large.status);
});

test.each(named)("%s refuses ids that cannot be", async (route) => {
  const method = route.split(" ")[0];
  for (const id of oddIds) {
    await asks(route, pathOf(route, id), method === "POST" || method === "PUT" ? "{}" : undefined).catch(
      (error: Error) => {
        throw new Error(`with ${id}: ${error.message}`);
      },
    );
  }
});

test.each(["pageSize", "currentPage", "dateFrom", "source", "user", "username", "groups", "status", "reason", "type"])(
  "odd values of the query's %s are refused or find nothing",
  async (name) => {
    for (const route of routes.filter((one) => one.startsWith("GET ") && !one.includes(":"))) {
      for (const value of ["", "-1", "1e9", "0x10", "%00", "'", "999999999999", "a".repeat(2_000)]) {
        await asks(route, `${pathOf(route)}?${name}=${value}`);
        await asks(route, `${pathOf(route)}?${name}=1&${name}=${value}`);
      }
    }
  },
);

test("after all of that the cloud still works, and its log has no error of its own", async () => {
  expect((await bench.admin("GET", "/user/currentUser")).status).toBe(200);
  const errors = bench.logLines.filter((line) => line["level"] === "error");
  expect(errors).toEqual([]);
});
