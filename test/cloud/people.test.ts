// The accounts of people, their groups and roles, over REST in Cumulocity's shapes.
import { expect, test } from "vitest";
import { basic, type HttpBench, startHttpBench } from "./http-bench.ts";

const base = "http://localhost:8080";

async function makes(bench: HttpBench, userName: string, group?: string): Promise<Record<string, string>> {
  const password = `password of ${userName}`;
  expect((await bench.admin("POST", "/user/t1000/users", { userName, password })).status).toBe(201);
  if (group !== undefined) {
    const { json } = await bench.admin("GET", `/user/t1000/groupByName/${group}`);
    const body = { user: { self: `${base}/user/t1000/users/${userName}` } };
    expect((await bench.admin("POST", `/user/t1000/groups/${json.id}/users`, body)).status).toBe(201);
  }
  return basic(`t1000/${userName}`, password);
}

async function rolesOf(bench: HttpBench, headers: Record<string, string>): Promise<string[]> {
  const { json } = await bench.ask({ path: "/user/currentUser", headers });
  return json.effectiveRoles.map(({ id }: { id: string }) => id);
}

test("a new tenant has three groups, and its administrator is in the first", async () => {
  await using bench = await startHttpBench();
  const { json } = await bench.admin("GET", "/user/t1000/groups?pageSize=10&withTotalElements=true");
  expect(json.groups.map(({ name }: { name: string }) => name)).toEqual(["admins", "readers", "technicians"]);
  expect(json.statistics).toEqual({ currentPage: 1, pageSize: 10, totalElements: 3 });
  expect(json.groups[1]).toMatchObject({ id: 2, self: `${base}/user/t1000/groups/2` });
  const members = (await bench.admin("GET", "/user/t1000/groups/1/users")).json.references;
  expect(members.map((one: { user: { id: string } }) => one.user.id)).toEqual(["admin"]);
});

test("an account is made, shown, changed and removed", async () => {
  await using bench = await startHttpBench();
  const wanted = { userName: "eve", password: "long enough", firstName: "Eve", lastName: "E", email: "eve@plant.test" };
  const made = await bench.admin("POST", "/user/t1000/users", wanted);
  expect(made).toMatchObject({ status: 201, headers: { location: `${base}/user/t1000/users/eve` } });
  expect(made.json).toMatchObject({
    id: "eve",
    userName: "eve",
    self: `${base}/user/t1000/users/eve`,
    firstName: "Eve",
    email: "eve@plant.test",
    enabled: true,
    roles: { references: [] },
    groups: { references: [] },
    effectiveRoles: [],
  });
  expect(made.text).not.toContain("long enough");
  const changed = await bench.admin("PUT", "/user/t1000/users/eve", { lastName: "Ericsson" });
  expect(changed.json).toMatchObject({ firstName: "Eve", lastName: "Ericsson" });
  expect((await bench.admin("GET", "/user/t1000/users?username=ev")).json.users).toHaveLength(1);
  expect((await bench.admin("GET", "/user/t1000/users?username=v")).json.users).toHaveLength(0);
  expect((await bench.admin("DELETE", "/user/t1000/users/eve")).status).toBe(204);
  expect((await bench.admin("GET", "/user/t1000/users/eve")).status).toBe(404);
  const login = basic("t1000/eve", "long enough");
  expect((await bench.ask({ path: "/user/currentUser", headers: login })).status).toBe(401);
});

test("roles come from groups and from the account itself, and an ADMIN counts as its READ", async () => {
  await using bench = await startHttpBench();
  const eve = await makes(bench, "eve", "technicians");
  expect(await rolesOf(bench, eve)).toContain("ROLE_REMOTE_ACCESS_ADMIN");
  const given = await bench.admin("POST", "/user/t1000/users/eve/roles", {
    role: { self: `${base}/user/roles/ROLE_OPTION_MANAGEMENT_ADMIN` },
  });
  expect(given.json.role).toEqual({
    id: "ROLE_OPTION_MANAGEMENT_ADMIN",
    name: "ROLE_OPTION_MANAGEMENT_ADMIN",
    self: `${base}/user/roles/ROLE_OPTION_MANAGEMENT_ADMIN`,
  });
  expect(await rolesOf(bench, eve)).toEqual(
    expect.arrayContaining(["ROLE_OPTION_MANAGEMENT_ADMIN", "ROLE_OPTION_MANAGEMENT_READ"]),
  );
  expect((await bench.admin("DELETE", "/user/t1000/groups/3/users/eve")).status).toBe(204);
  expect(await rolesOf(bench, eve)).toEqual(["ROLE_OPTION_MANAGEMENT_ADMIN", "ROLE_OPTION_MANAGEMENT_READ"]);
  const path = "/user/t1000/users/eve/roles/ROLE_OPTION_MANAGEMENT_ADMIN";
  expect((await bench.admin("DELETE", path)).status).toBe(204);
  expect((await bench.admin("DELETE", path)).status).toBe(404);
  expect(await rolesOf(bench, eve)).toEqual([]);
});

test("a group's roles reach its members with their next request, and go with the group", async () => {
  await using bench = await startHttpBench();
  const made = await bench.admin("POST", "/user/t1000/groups", { name: "night shift", description: "22 to 6" });
  expect(made).toMatchObject({ status: 201, json: { id: 4, name: "night shift", description: "22 to 6" } });
  const eve = await makes(bench, "eve", "night%20shift");
  const options = { path: "/tenant/options", headers: eve };
  expect((await bench.ask(options)).status).toBe(403);
  const role = { role: { id: "ROLE_OPTION_MANAGEMENT_READ" } };
  expect((await bench.admin("POST", "/user/t1000/groups/4/roles", role)).status).toBe(201);
  expect((await bench.ask(options)).status).toBe(200);
  const listed = (await bench.admin("GET", "/user/t1000/groups/4/roles")).json.references;
  expect(listed.map((one: { role: { id: string } }) => one.role.id)).toEqual(["ROLE_OPTION_MANAGEMENT_READ"]);
  expect((await bench.admin("GET", "/user/t1000/users/eve/groups")).json.references[0].group.name).toBe("night shift");
  expect((await bench.admin("DELETE", "/user/t1000/groups/4")).status).toBe(204);
  expect((await bench.ask(options)).status).toBe(403);
  // A number is never used again: what was noted about the old group must not fit a new one.
  expect((await bench.admin("POST", "/user/t1000/groups", { name: "early shift" })).json.id).toBe(5);
});

test("a disabled account cannot log in, its tokens are void, and enabling it does not bring them back", async () => {
  await using bench = await startHttpBench();
  const eve = await makes(bench, "eve", "readers");
  const form = `grant_type=PASSWORD&username=eve&password=${encodeURIComponent("password of eve")}`;
  const login = await bench.ask({
    method: "POST",
    path: "/tenant/oauth/token",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: form,
  });
  const token = { authorization: `Bearer ${login.json.access_token}` };
  expect((await bench.ask({ path: "/user/currentUser", headers: token })).status).toBe(200);
  expect((await bench.admin("PUT", "/user/t1000/users/eve", { enabled: false })).json.enabled).toBe(false);
  expect((await bench.ask({ path: "/user/currentUser", headers: token })).status).toBe(401);
  expect((await bench.ask({ path: "/user/currentUser", headers: eve })).status).toBe(401);
  await bench.admin("PUT", "/user/t1000/users/eve", { enabled: true });
  expect((await bench.ask({ path: "/user/currentUser", headers: token })).status).toBe(401);
  expect((await bench.ask({ path: "/user/currentUser", headers: eve })).status).toBe(200);
});

test("people change their own password if they know the present one", async () => {
  await using bench = await startHttpBench();
  const eve = await makes(bench, "eve");
  const change = (currentUserPassword: string, newPassword: string) =>
    bench.ask({
      method: "PUT",
      path: "/user/currentUser/password",
      headers: eve,
      body: { currentUserPassword, newPassword },
    });
  expect(await change("wrong password", "brand new one")).toMatchObject({
    status: 422,
    json: { message: "currentUserPassword: is not the present password" },
  });
  expect((await change("password of eve", "short")).json.message).toBe("password: must have 8 to 1024 characters");
  expect((await change("password of eve", "brand new one")).status).toBe(204);
  expect((await bench.ask({ path: "/user/currentUser", headers: eve })).status).toBe(401);
  const login = basic("t1000/eve", "brand new one");
  expect((await bench.ask({ path: "/user/currentUser", headers: login })).status).toBe(200);
});

test.each([
  [{ userName: "device_gw-1" }, 422, /^userName: must be 1 to 100 letters/],
  [{ userName: "DEVICE_x" }, 422, /^userName: must be 1 to 100 letters/],
  [{ userName: "a/b" }, 422, /^userName: must be 1 to 100 letters/],
  [{ userName: "a:b" }, 422, /^userName: must be 1 to 100 letters/],
  [{ userName: "" }, 422, /^userName: must be a text that is not empty/],
  [{ userName: 7 }, 422, /^userName: must be a text/],
  [{ userName: "admin" }, 409, /^userName: there is a user admin already/],
  [{ userName: "ADMIN" }, 409, /^userName: there is a user admin already/],
  [{ password: "short" }, 422, /^password: must have 8 to 1024 characters/],
  [{ password: "x".repeat(1025) }, 422, /^password: must have 8 to 1024 characters/],
  [{ password: undefined }, 422, /^password: must be a text that is not empty/],
  [{ email: "x".repeat(300) }, 422, /^email: must be a text of at most 254 characters/],
  [{ enabled: "yes" }, 422, /^enabled: must be true or false/],
])("an account with %j is refused by the field's name", async (fields, status, message) => {
  await using bench = await startHttpBench();
  const answer = await bench.admin("POST", "/user/t1000/users", {
    userName: "eve",
    password: "long enough",
    ...fields,
  });
  expect(answer.status).toBe(status);
  expect(answer.json.message).toMatch(message);
  expect((await bench.admin("GET", "/user/t1000/users?pageSize=10")).json.users).toHaveLength(1);
});

test.each([
  ["GET", "/user/t2000/users", undefined, 404],
  ["GET", "/user/t1000/users/nobody", undefined, 404],
  ["GET", "/user/t1000/users/device_gw-1", undefined, 404],
  ["PUT", "/user/t1000/users/nobody", {}, 404],
  ["DELETE", "/user/t1000/users/nobody", undefined, 404],
  ["DELETE", "/user/t1000/users/admin", undefined, 409],
  ["PUT", "/user/t1000/users/device_gw-1/password", { newPassword: "long enough" }, 404],
  ["GET", "/user/t1000/groups/99", undefined, 404],
  ["GET", "/user/t1000/groups/1e0", undefined, 404],
  ["POST", "/user/t1000/groups", { name: "readers" }, 409],
  ["POST", "/user/t1000/groups", { name: " " }, 422],
  ["POST", "/user/t1000/groups", { name: "a/b" }, 422],
  ["POST", "/user/t1000/groups", [], 400],
  ["PUT", "/user/t1000/groups/2", { name: "admins" }, 409],
  ["POST", "/user/t1000/groups/2/users", { user: { id: "nobody" } }, 404],
  ["POST", "/user/t1000/groups/2/users", { user: { id: "device_gw-1" } }, 404],
  ["POST", "/user/t1000/groups/2/users", { user: "eve" }, 422],
  ["POST", "/user/t1000/groups/2/users", { user: { self: "http://x/%E0%A4%A" } }, 404],
  ["DELETE", "/user/t1000/groups/2/users/admin", undefined, 404],
  ["POST", "/user/t1000/groups/2/roles", { role: { id: "ROLE_OF_NOTHING" } }, 422],
  ["DELETE", "/user/t1000/groups/2/roles/ROLE_TENANT_ADMIN", undefined, 404],
  ["GET", "/user/roles/ROLE_OF_NOTHING", undefined, 404],
  ["POST", "/user/t1000/users/admin/roles", { role: {} }, 422],
])("%s %s with %j is refused with %i and changes nothing", async (method, path, body, status) => {
  await using bench = await startHttpBench();
  await bench.registers("gw-1");
  const before = (await bench.admin("GET", "/user/t1000/groups?pageSize=10")).text;
  const answer = await bench.admin(method, path, body);
  expect(answer.status, answer.text).toBe(status);
  expect(Object.keys(answer.json).sort()).toEqual(["error", "info", "message"]);
  expect((await bench.admin("GET", "/user/t1000/groups?pageSize=10")).text).toBe(before);
});

test("the last account that may manage accounts keeps that right, however it is attacked", async () => {
  await using bench = await startHttpBench();
  // The administrator keeps the right by the group alone.
  const own = "/user/t1000/users/admin/roles/ROLE_USER_MANAGEMENT_ADMIN";
  expect((await bench.admin("DELETE", own)).status).toBe(204);
  for (const [method, path, body] of [
    ["PUT", "/user/t1000/users/admin", { enabled: false }],
    ["DELETE", "/user/t1000/groups/1", undefined],
    ["DELETE", "/user/t1000/groups/1/users/admin", undefined],
    ["DELETE", "/user/t1000/groups/1/roles/ROLE_USER_MANAGEMENT_ADMIN", undefined],
  ] as const) {
    const answer = await bench.admin(method, path, body);
    expect(answer, `${method} ${path}`).toMatchObject({ status: 409, json: { error: "user/lastAdministrator" } });
  }
  expect((await bench.admin("GET", "/user/t1000/users")).status).toBe(200);
  await makes(bench, "eve", "admins");
  expect((await bench.admin("PUT", "/user/t1000/users/admin", { enabled: false })).status).toBe(200);
});

test("each change of accounts and groups is in the audit trail under who did it, without a password", async () => {
  await using bench = await startHttpBench();
  await makes(bench, "eve", "readers");
  await bench.admin("PUT", "/user/t1000/users/eve", { enabled: false });
  await bench.admin("PUT", "/user/t1000/users/eve/password", { newPassword: "another secret" });
  await bench.admin("DELETE", "/user/t1000/users/eve");
  const { json, text } = await bench.admin("GET", "/audit/auditRecords?pageSize=100&user=admin");
  expect(json.auditRecords.map((record: Record<string, string>) => [record["type"], record["text"]]).slice(-5)).toEqual(
    [
      ["User", "User 'eve' created."],
      ["Group", "User 'eve' added to group 'readers'."],
      ["User", "User 'eve' disabled."],
      ["User", "Password of user 'eve' changed."],
      ["User", "User 'eve' deleted."],
    ],
  );
  expect(text).not.toMatch(/password of eve|another secret/);
});

test("a database from before the groups gets them once: a group that was removed stays removed", async () => {
  await using bench = await startHttpBench();
  expect((await bench.admin("DELETE", "/user/t1000/groups/2")).status).toBe(204);
  const names = (await bench.admin("GET", "/user/t1000/groups")).json.groups.map((one: { name: string }) => one.name);
  expect(names).toEqual(["admins", "technicians"]);
});
