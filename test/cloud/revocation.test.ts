// Taking a right away ends the sessions that depended on it, at once, and only those.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import SqliteDatabase from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { remoteAccessApplication } from "#cloud-stub/tenant/subscriptions.ts";
import { ConnectRights } from "#cloud-stub/users/connect-rights.ts";
import { devicePath } from "#protocol/remote-access.ts";
import { openWebSocket, withEndpoint } from "./client-websocket.ts";
import { startBench } from "./cloud-bench.ts";
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

test("an upgrade that is being judged when the right goes opens no session, whatever comes first", async () => {
  await using bench = await startHttpBench();
  const { path } = await withEndpoint(bench);
  const login = await person(bench, "eve", 2);
  const passes = async (turns: number) => {
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  for (let turns = -30; turns < 30; turns++) {
    // The refused logins of the rounds before are forgotten.
    bench.clock.advance(60_000);
    await bench.admin("PUT", "/user/t1000/users/eve", { enabled: true });
    // So that the login is remembered, and the judgement takes as few turns as it can.
    expect((await bench.ask({ path: "/user/currentUser", headers: login })).status).toBe(200);
    const disables = async () => bench.admin("PUT", "/user/t1000/users/eve", { enabled: false });
    const early = turns < 0 ? disables() : undefined;
    await passes(-turns);
    const eve = openWebSocket(bench, path, login);
    await passes(turns);
    await (early ?? disables());
    if ((await eve.status) === 101) expect(await eve.closed, `${turns} turns`).toEqual(revoked);
    await expect.poll(() => bench.cloud.status().sessions, { interval: 1 }).toBe(0);
  }
});

test("each change lets upgrades that are being judged be judged anew, before anything else", async () => {
  await using bench = await startBench();
  const calls: string[] = [];
  const remoteAccess = {
    userNames: () => {
      calls.push("looked");
      return ["admin"];
    },
    loginIds: () => [],
    endSessions: ({ userName }: { readonly userName?: string }, reason: string) => {
      calls.push(`${userName} ${reason}`);
      return 1;
    },
    judgeAnew: () => void calls.push("judged anew"),
  };
  const rights = new ConnectRights({ ...bench, remoteAccess });
  await bench.people.create({ name: "eve", password: "long enough" }, "admin");
  expect(calls.splice(0)).toEqual(["judged anew", "looked"]);
  await bench.subscriptions.remove(remoteAccessApplication);
  await expect.poll(() => calls).toEqual(["judged anew", "looked", "admin permission.revoked"]);
  rights.stop();
  calls.length = 0;
  await bench.people.remove("eve", "admin");
  expect(calls).toEqual([]);
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

const protocols: readonly Readonly<Record<string, unknown>>[] = [
  { protocol: "PASSTHROUGH", credentialsType: "NONE" },
  { protocol: "VNC", credentialsType: "PASS_ONLY", password: "panel" },
  { protocol: "TELNET", credentialsType: "NONE" },
  { protocol: "SSH", credentialsType: "USER_PASS", username: "plc", password: "panel" },
];

interface Trigger {
  readonly what: string;
  readonly method: string;
  readonly path: (ids: {
    readonly deviceId: string;
    readonly endpointId: string;
    readonly sessionId: string;
  }) => string;
  readonly body?: unknown;
  readonly end: { readonly code: number; readonly reason: string };
}

const everyTrigger: readonly Trigger[] = [
  ...triggers.map(([what, method, path, body]) => ({ what, method, path: () => path, body, end: revoked })),
  { what: "unsubscribing", method: "DELETE", path: () => "/tenant/tenants/t1000/applications/1", end: revoked },
  {
    what: "removing the endpoint",
    method: "DELETE",
    path: ({ deviceId, endpointId }) => `/service/remoteaccess/devices/${deviceId}/configurations/${endpointId}`,
    end: { code: 4043, reason: "endpoint.removed" },
  },
  {
    what: "removing the device",
    method: "DELETE",
    path: ({ deviceId }) => `/inventory/managedObjects/${deviceId}`,
    end: { code: 4045, reason: "device.removed" },
  },
  {
    what: "killing the session",
    method: "DELETE",
    path: ({ sessionId }) => `/service/remoteaccess/sessions/${sessionId}`,
    end: { code: 4042, reason: "session.ended-by-admin" },
  },
];

const matrix = protocols.flatMap((endpoint) =>
  everyTrigger.map((trigger) => [trigger.what, String(endpoint["protocol"]), trigger, endpoint] as const),
);
/** From the trigger to the close frame at both ends, in ms. */
const times: number[] = [];

test.each(matrix)("%s ends a %s session at both ends within a second", async (_what, _protocol, trigger, endpoint) => {
  await using bench = await startHttpBench();
  const { id: deviceId, mqtt, password } = await bench.registers("gw-1");
  await mqtt.publishAsync("s/us", "114,c8y_RemoteAccessConnect", { qos: 1 });
  await mqtt.subscribeAsync("s/ds", { qos: 1 });
  const request = new Promise<string>((resolve) => mqtt.once("message", (_topic, payload) => resolve(String(payload))));
  const fields = { name: "Panel", hostname: "192.0.2.10", port: 4_000, ...endpoint };
  const made = await bench.admin("POST", `/service/remoteaccess/devices/${deviceId}/configurations`, fields);
  expect(made.status, made.text).toBe(201);
  const endpointId: string = made.json.id;
  const login = await person(bench, "eve", 2);
  const client = openWebSocket(bench, `/service/remoteaccess/client/${deviceId}/configurations/${endpointId}`, login);
  // As a VNC client does: the cloud tells it in its own protocol why it ends.
  client.websocket.on("message", (data) => {
    if (String(data).startsWith("RFB ")) client.websocket.send(Buffer.from(String(data)));
  });
  expect(await client.status).toBe(101);
  const key = (await request).split(",").at(-1) ?? "";
  const gateway = openWebSocket(bench, devicePath(key), basic("t1000/device_gw-1", password));
  expect(await gateway.status).toBe(101);
  const { sessions } = (await bench.admin("GET", "/service/remoteaccess/sessions")).json;
  const path = trigger.path({ deviceId, endpointId, sessionId: String(sessions[0].id) });
  const startedMs = performance.now();
  const answer = await bench.admin(trigger.method, path, trigger.body);
  expect(answer.status, answer.text).toBeLessThan(300);
  expect(await client.closed).toEqual(trigger.end);
  expect(await gateway.closed).toEqual(trigger.end);
  times.push(performance.now() - startedMs);
  expect(times.at(-1)).toBeLessThan(closeMs);
});

test("the time from each trigger to both ends closed is reported", () => {
  expect(times).toHaveLength(matrix.length);
  const sorted = times.toSorted((one, other) => one - other);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  console.log(
    `revocation: ${times.length} times, median ${median.toFixed(1)} ms, longest ${sorted.at(-1)?.toFixed(1)} ms`,
  );
});
