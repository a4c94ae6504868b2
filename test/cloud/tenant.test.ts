// Options and subscriptions of the tenant.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createVault } from "#cloud-stub/remote-access/vault.ts";
import { openStore } from "#cloud-stub/store/store.ts";
import { TenantOptions } from "#cloud-stub/tenant/tenant-options.ts";
import { openWebSocket, withEndpoint } from "./client-websocket.ts";
import { secureRandom } from "./cloud-bench.ts";
import { adminLogin, startHttpBench } from "./http-bench.ts";

const option = "/tenant/options/remoteaccess/hostkey-autosave";

test("an option is set, shown, listed and removed", async () => {
  await using bench = await startHttpBench();
  const body = { category: "remoteaccess", key: "hostkey-autosave", value: "true" };
  const document = { ...body, self: `http://localhost:8080${option}` };
  expect(await bench.admin("POST", "/tenant/options", body)).toMatchObject({ status: 200, json: document });
  expect((await bench.admin("PUT", option, { value: "false" })).json.value).toBe("false");
  expect((await bench.admin("GET", option)).json).toEqual({ ...document, value: "false" });
  expect((await bench.admin("GET", "/tenant/options")).json.options).toEqual([{ ...document, value: "false" }]);
  expect((await bench.admin("GET", "/tenant/options/remoteaccess")).json).toEqual({ "hostkey-autosave": "false" });
  expect((await bench.admin("DELETE", option)).status).toBe(204);
  expect((await bench.admin("GET", option)).status).toBe(404);
  expect((await bench.admin("DELETE", option)).status).toBe(404);
});

test("a credentials option is sealed in the file, masked in every answer, and kept when the mask comes back", async () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-options-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const databaseFile = join(folder, "a.db");
  const canary = "canary-7f3a91";
  const path = "/tenant/options/remoteaccess/credentials.encryption.password";
  const bench = await startHttpBench({ databaseFile });
  const answers = [
    await bench.admin("PUT", path, { value: canary }),
    await bench.admin("GET", path),
    await bench.admin("GET", "/tenant/options"),
    await bench.admin("GET", "/tenant/options/remoteaccess"),
    await bench.admin("PUT", path, { value: "<<Encrypted>>" }),
    await bench.admin("GET", "/audit/auditRecords?pageSize=100"),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
  expect(answers.map(({ text }) => text).join("\n")).not.toContain(canary);
  expect(answers[1]?.json.value).toBe("<<Encrypted>>");
  for (const name of ["a.db", "a.db-wal"]) expect(readFileSync(join(folder, name), "latin1")).not.toContain(canary);
  await bench[Symbol.asyncDispose]();
  const store = openStore(databaseFile);
  const options = new TenantOptions({ store, vault: createVault(new Uint8Array(32).fill(7), secureRandom) });
  expect(await options.get("remoteaccess", "credentials.encryption.password")).toBe(canary);
  store.close();
});

test.each([
  ["remoteaccess.operation.timeout", "1"],
  ["remoteaccess.operation.timeout", "2147483"],
  ["remoteaccess.ws.idle.timeout", "3600000"],
  ["postern.session.total.timeout", "2147483647"],
])("the limit %s may be %s", async (key, value) => {
  await using bench = await startHttpBench();
  expect((await bench.admin("PUT", `/tenant/options/remoteaccess/${key}`, { value })).json.value).toBe(value);
});

test("who watches options is told of each change", async () => {
  const store = openStore(":memory:");
  const options = new TenantOptions({ store, vault: createVault(new Uint8Array(32), secureRandom) });
  const told: unknown[] = [];
  const unwatch = options.watch((changed) => told.push(changed));
  await options.set("a", "b", "1");
  await options.remove("a", "b");
  await options.remove("a", "b");
  unwatch();
  await options.set("a", "b", "2");
  expect(told).toEqual([
    { category: "a", key: "b" },
    { category: "a", key: "b" },
  ]);
  store.close();
});

test.each([
  ["POST", "/tenant/options", { category: "a/b", key: "k", value: "v" }, 422],
  ["POST", "/tenant/options", { category: "a", value: "v" }, 422],
  ["POST", "/tenant/options", { category: "a", key: "k", value: 1 }, 422],
  ["POST", "/tenant/options", { category: "a", key: "k", value: "v".repeat(20_001) }, 422],
  ["PUT", option, {}, 422],
  ["PUT", option, { value: "yes" }, 422],
  ["PUT", "/tenant/options/remoteaccess/remoteaccess.ws.idle.timeout", { value: "one hour" }, 422],
  ["PUT", "/tenant/options/remoteaccess/remoteaccess.ws.idle.timeout", { value: "999" }, 422],
  ["PUT", "/tenant/options/remoteaccess/remoteaccess.operation.timeout", { value: "0" }, 422],
  ["PUT", "/tenant/options/remoteaccess/remoteaccess.operation.timeout", { value: "2147484" }, 422],
  ["PUT", option, "no json", 400],
  ["PUT", "/tenant/options/a%20b/k", { value: "v" }, 422],
  ["POST", "/tenant/tenants/t2000/applications", { application: { id: "1" } }, 404],
  ["POST", "/tenant/tenants/t1000/applications", { application: { id: "2" } }, 404],
  ["POST", "/tenant/tenants/t1000/applications", {}, 422],
  ["POST", "/tenant/tenants/t1000/applications", { application: { id: "1" } }, 409],
  ["DELETE", "/tenant/tenants/t1000/applications/7", undefined, 404],
])("%s %s with %j is refused with %i", async (method, path, body, status) => {
  await using bench = await startHttpBench();
  const answer = await bench.admin(method, path, body);
  expect(answer.status, answer.text).toBe(status);
  expect((await bench.admin("GET", "/tenant/options")).json.options).toEqual([]);
});

test("without its subscription remote access is as if it were not there, and live sessions end", async () => {
  await using bench = await startHttpBench();
  const { deviceId, path } = await withEndpoint(bench);
  const live = openWebSocket(bench, path, adminLogin);
  expect(await live.status).toBe(101);
  const subscribed = await bench.admin("GET", "/tenant/tenants/t1000/applications");
  expect(subscribed.json.references[0].application).toMatchObject({ id: "1", name: "remote-access" });
  expect((await bench.admin("DELETE", "/tenant/tenants/t1000/applications/1")).status).toBe(204);
  expect(await live.closed).toEqual({ code: 4044, reason: "permission.revoked" });
  const health = { method: "HEAD", path: "/service/remoteaccess/health" };
  expect((await bench.ask(health)).status).toBe(404);
  const list = await bench.admin("GET", `/service/remoteaccess/devices/${deviceId}/configurations`);
  expect(list).toMatchObject({ status: 404, json: { error: "microservice/Not Found" } });
  const refused = openWebSocket(bench, path, adminLogin);
  expect([await refused.status, await refused.error]).toEqual([404, "microservice/Not Found"]);
  expect((await bench.admin("GET", "/tenant/tenants/t1000/applications")).json.references).toEqual([]);
  const again = await bench.admin("POST", "/tenant/tenants/t1000/applications", { application: { id: "1" } });
  expect(again.status).toBe(201);
  expect((await bench.ask(health)).status).toBe(200);
  expect((await bench.admin("GET", `/service/remoteaccess/devices/${deviceId}/configurations`)).json).toHaveLength(1);
});
