// Asks every route and websocket for real, once with every role, every group, a device, the bootstrap account and nobody.
import { afterAll, beforeAll, expect, test } from "vitest";
import { roles } from "#cloud-stub/users/principal.ts";
import { clientPath, devicePath } from "#protocol/remote-access.ts";
import { openWebSocket } from "./client-websocket.ts";
import { bootstrapPassword } from "./cloud-bench.ts";
import { basic, type HttpBench, startHttpBench } from "./http-bench.ts";
import { routeTable } from "./route-table.ts";

interface Actor {
  readonly name: string;
  readonly kind: "nobody" | "user" | "device" | "bootstrap";
  readonly roles: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
}

/** Ids that exist nowhere: whoever is let in finds nothing, and nothing is changed for the next one. */
const parameters: Readonly<Record<string, string>> = {
  ":tenant": "t1000",
  ":deviceId": "99999",
  ":id": "99999",
  ":name": "nobody-of-that-name",
  ":role": "ROLE_AUDIT_READ",
  ":type": "c8y_Serial",
  ":externalId": "missing",
  ":category": "missing",
  ":key": "missing",
  ":fingerprint": "0".repeat(40),
};

let bench: HttpBench;
let deviceId = "";
const actors: Actor[] = [{ name: "nobody", kind: "nobody", roles: [], headers: {} }];

beforeAll(async () => {
  bench = await startHttpBench();
  const { json } = await bench.admin("GET", "/user/t1000/groups?pageSize=10");
  for (const role of [...roles, undefined]) {
    const name = role ?? "no-role";
    await makesUser(name);
    if (role !== undefined) await bench.admin("POST", `/user/t1000/users/${name}/roles`, { role: { id: role } });
    actors.push(user(name, role === undefined ? [] : [role]));
  }
  for (const group of json.groups) {
    await makesUser(group.name);
    await bench.admin("POST", `/user/t1000/groups/${group.id}/users`, { user: { id: group.name } });
    const held = group.roles.references.map((one: { role: { id: string } }) => one.role.id);
    actors.push(user(group.name, held));
  }
  const { id, password } = await bench.registers("gw-1");
  deviceId = id;
  const device = basic("t1000/device_gw-1", password);
  const bootstrap = basic("management/devicebootstrap", bootstrapPassword);
  actors.push({ name: "a device", kind: "device", roles: [], headers: device });
  actors.push({ name: "bootstrap", kind: "bootstrap", roles: [], headers: bootstrap });
});
afterAll(() => bench[Symbol.asyncDispose]());

async function makesUser(userName: string): Promise<void> {
  const made = await bench.admin("POST", "/user/t1000/users", { userName, password: "long enough" });
  expect(made.status, made.text).toBe(201);
}

function user(name: string, held: readonly string[]): Actor {
  return { name, kind: "user", roles: held, headers: basic(`t1000/${name}`, "long enough") };
}

function holds(actor: Actor, role: string): boolean {
  return actor.roles.includes(role) || actor.roles.includes(role.replace(/_(READ|CREATE)$/, "_ADMIN"));
}

/** "yes", or the status of the refusal. */
function expected(actor: Actor, route: string, access: string): "yes" | 401 | 403 {
  if (access === "public") return "yes";
  // Nobody here shows a certificate.
  if (access === "self") return route.endsWith("/deviceAccessToken") ? 401 : "yes";
  if (actor.kind === "nobody") return 401;
  if (access === "login") return route.endsWith("/currentUser/password") && actor.kind !== "user" ? 403 : "yes";
  if (access === "bootstrap") return actor.kind === "bootstrap" ? "yes" : 403;
  if (access === "device") return actor.kind === "device" ? "yes" : 403;
  if (actor.kind === "device") return access.endsWith("+device") ? "yes" : 403;
  const either = access.replace("+device", "").split("|");
  if (!either.some((role) => holds(actor, role))) return 403;
  // "Change" needs both (protocol.md 6).
  const isEndpointChange = /^(POST|PUT|DELETE) \/service\/remoteaccess\/(devices|keypair)/.test(route);
  return isEndpointChange && !holds(actor, "ROLE_DEVICE_CONTROL_ADMIN") ? 403 : "yes";
}

test.each(routeTable.split("\n"))("%s", async (line) => {
  const [route = "", access = ""] = line.split(" | ");
  const [method = "", pattern = ""] = route.split(" ");
  const path = pattern.replaceAll(/:[A-Za-z]+/g, (name) => parameters[name] ?? name);
  const found: string[] = [];
  const wanted: string[] = [];
  for (const actor of actors) {
    const about = route === "POST /event/events" ? { source: { id: deviceId } } : {};
    const body = method === "POST" || method === "PUT" ? about : undefined;
    const { status, json } = await bench.ask({ method, path, headers: actor.headers, body });
    expect(status, `${route} as ${actor.name}`).toBeLessThan(500);
    if (status >= 400) expect(Object.keys(json).sort(), route).toEqual(["error", "info", "message"]);
    found.push(`${actor.name}: ${status === 401 || status === 403 ? status : "yes"}`);
    wanted.push(`${actor.name}: ${expected(actor, route, access)}`);
  }
  expect(found).toEqual(wanted);
});

test.each([
  [
    "client",
    clientPath("99999", "1"),
    (actor: Actor) => actor.kind === "user" && holds(actor, "ROLE_REMOTE_ACCESS_READ"),
  ],
  ["device", devicePath("a-key-that-nobody-has"), (actor: Actor) => actor.kind === "device"],
])("the %s websocket", async (_what, path, mayOpen) => {
  const found: string[] = [];
  const wanted: string[] = [];
  for (const actor of actors) {
    const status = await openWebSocket(bench, path, actor.headers).status;
    found.push(`${actor.name}: ${status}`);
    // What is behind it does not exist: whoever is let in is told so.
    wanted.push(`${actor.name}: ${actor.kind === "nobody" ? 401 : mayOpen(actor) ? 404 : 403}`);
  }
  expect(found).toEqual(wanted);
});

test("the matrix has every role, group and kind of account, and nothing changed while it was walked", async () => {
  expect(actors.map(({ name }) => name)).toEqual([
    "nobody",
    ...roles,
    "no-role",
    "admins",
    "readers",
    "technicians",
    "a device",
    "bootstrap",
  ]);
  expect(
    (await bench.admin("GET", "/user/t1000/users?pageSize=1&withTotalElements=true")).json.statistics,
  ).toMatchObject({
    totalElements: 1 + roles.length + 1 + 3,
  });
});
