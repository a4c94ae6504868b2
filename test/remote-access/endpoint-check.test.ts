// The check of an endpoint before it is saved: it says what saving would say, and leaves no trace.
import Fastify, { type FastifyInstance } from "fastify";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { registerAccess } from "#cloud-stub/api/access.ts";
import { readError, sendError } from "#cloud-stub/api/api-error.ts";
import { registerRemoteAccessRoutes } from "#cloud-stub/api/remote-access.ts";
import { createCloudLog } from "#cloud-stub/log.ts";
import { endpointsPerDeviceMax } from "#cloud-stub/remote-access/endpoints.ts";
import { adminLogin, startHttpBench } from "../cloud/http-bench.ts";
import { ed25519Pair } from "../support/ed25519-pair.ts";
import { settle } from "./manual-clock.ts";
import { World } from "./world.ts";

const vnc = {
  name: "HMI",
  hostname: "192.168.10.11",
  port: "5900",
  protocol: "VNC",
  credentialsType: "PASS_ONLY",
  password: "pass1234",
};
const passthrough = { name: "HMI", hostname: "hmi", port: "22", protocol: "PASSTHROUGH", credentialsType: "NONE" };
const ssh = { name: "PLC", hostname: "plc", port: 22, protocol: "SSH", credentialsType: "USER_PASS", username: "root" };

let world: World;
let app: FastifyInstance;
let base: string;

beforeEach(async () => {
  world = await World.start();
  app = Fastify();
  registerAccess(app, {
    authentication: world.authentication,
    log: createCloudLog(world.clock, (line) => world.logLines.push(line)),
    peerOf: () => ({ address: "192.0.2.7", port: 1, localPort: 8443, isEncrypted: true }),
  });
  app.setErrorHandler((thrown, _request, reply) => {
    const { status, error, message } = readError(thrown);
    return sendError(reply, status, error, message);
  });
  registerRemoteAccessRoutes(app, world);
  base = `/service/remoteaccess/devices/${world.deviceId}/configurations`;
});

afterEach(async () => {
  await app.close();
  await world.stop();
});

async function call(method: "POST" | "PUT", url: string, body: unknown, login = "admin") {
  const answer = await app.inject({
    method,
    url,
    headers: { authorization: login, host: "cloud.example:8443", "content-type": "application/json" },
    payload: JSON.stringify(body),
  });
  return { status: answer.statusCode, body: answer.body };
}

/** All that the cloud has about endpoints and what was done to them. */
async function traces() {
  return {
    endpoints: await world.store.db.selectFrom("endpoints").selectAll().execute(),
    devices: await world.store.db.selectFrom("devices").selectAll().execute(),
    audit: await world.audit.list({ skip: 0, take: 100 }),
    log: [...world.logLines],
  };
}

describe("the check of a new endpoint", () => {
  it("takes what could be created, and stores, counts, records and logs nothing", async () => {
    const before = await traces();
    expect(await call("POST", `${base}/check`, vnc)).toEqual({ status: 204, body: "" });
    expect(await traces()).toEqual(before);
    expect((await call("POST", base, vnc)).body).toContain('"id":"1"');
  });

  it.each<[string, unknown]>([
    ["a port out of range", { ...vnc, port: "70000" }],
    ["a URL for an address", { ...vnc, hostname: "http://hmi" }],
    ["nothing at all", {}],
    ["no object", ["name"]],
    ["SSH without user and password", { ...ssh, username: null }],
    ["a key that is none", { ...ssh, credentialsType: "KEY_PAIR", privateKey: "hello" }],
    ["everything wrong at once", { name: "", hostname: "h mi", port: 0, protocol: "RDP", credentialsType: "MAGIC" }],
  ])("refuses %s in the very words of creating it", async (_what, body) => {
    const before = await traces();
    const checked = await call("POST", `${base}/check`, body);
    expect(await traces()).toEqual(before);
    expect(checked.status).toBe(422);
    expect(checked).toEqual(await call("POST", base, body));
  });

  it("refuses one more than a device may have, as creating it does", async () => {
    const { endpoints } = world.remoteAccess;
    for (let count = 0; count < endpointsPerDeviceMax; count++) await endpoints.create(world.deviceId, passthrough);
    const checked = await call("POST", `${base}/check`, passthrough);
    expect(checked.status).toBe(422);
    expect(checked.body).toContain(`at most ${endpointsPerDeviceMax} are allowed`);
    expect(checked).toEqual(await call("POST", base, passthrough));
    expect((await call("POST", `${base}/1/check`, passthrough)).status).toBe(204);
  });

  it("is 404 for a device that is not there", async () => {
    const url = "/service/remoteaccess/devices/999/configurations/check";
    expect((await call("POST", url, vnc)).status).toBe(404);
  });

  it("never says a secret again that is wrong", async () => {
    const answer = await call("POST", `${base}/check`, { ...vnc, password: "secret\u0007" });
    expect(answer.status).toBe(422);
    expect(JSON.stringify([answer, world.logLines])).not.toContain("secret");
  });
});

describe("the check of an endpoint that is there", () => {
  it("counts what is stored, as saving does, and changes nothing of it", async () => {
    await call("POST", base, vnc);
    const before = await traces();
    for (const password of ["***", "", null, "other"]) {
      expect(await call("POST", `${base}/1/check`, { ...vnc, name: "HMI 2", password })).toMatchObject({ status: 204 });
    }
    expect(await traces()).toEqual(before);
    expect(await world.remoteAccess.endpoints.password(world.deviceId, "1")).toBe("pass1234");
    // For a new one nothing is stored.
    expect((await call("POST", `${base}/check`, { ...vnc, password: "***" })).status).toBe(422);
  });

  it("refuses in the very words of saving it", async () => {
    const { private: privateKey } = ed25519Pair();
    await call("POST", base, { ...ssh, credentialsType: "KEY_PAIR", privateKey });
    const bodies = [
      { ...ssh, credentialsType: "USER_PASS" },
      { ...ssh, credentialsType: "KEY_PAIR", publicKey: "ssh-ed25519 nonsense" },
      { ...ssh, credentialsType: "CERTIFICATE", port: "x" },
    ];
    for (const body of bodies) {
      const checked = await call("POST", `${base}/1/check`, body);
      expect(checked.status).toBe(422);
      expect(checked).toEqual(await call("PUT", `${base}/1`, body));
    }
  });

  it("ends no session", async () => {
    const { client, gateway } = await world.opensPassthrough();
    expect((await call("POST", `${base}/1/check`, { ...passthrough, port: "23" })).status).toBe(204);
    expect((await call("POST", `${base}/1/check`, { ...passthrough, port: "0" })).status).toBe(422);
    await settle();
    expect([client.isClosed, gateway.isClosed, world.remoteAccess.sessions()]).toEqual([false, false, 1]);
  });

  it.each(["9", "check", "__proto__"])("is 404 for the endpoint %s that is not there", async (id) => {
    expect((await call("POST", `${base}/${id}/check`, vnc)).status).toBe(404);
  });
});

describe("who may check", () => {
  it.each([
    ["", 401],
    ["operator", 403],
    ["admin", 204],
    ["remote-access-admin", 403],
    ["device-admin", 403],
    ["bootstrap", 403],
    ["device 1001", 403],
  ] as const)("login %j: %i, exactly who may save", async (login, status) => {
    await call("POST", base, passthrough);
    expect((await call("POST", `${base}/check`, passthrough, login)).status).toBe(status);
    expect((await call("POST", `${base}/1/check`, passthrough, login)).status).toBe(status);
  });
});

it("takes a body as large as creating does and no larger, and its log has nothing of what was sent", async () => {
  await using bench = await startHttpBench();
  const { id } = await bench.registers("gw-check");
  const configurations = `/service/remoteaccess/devices/${id}/configurations`;
  const huge = { ...vnc, password: "canary-of-the-check", attrs: { filler: "x".repeat(2 * 1024 * 1024) } };
  const ask = (path: string) => bench.ask({ method: "POST", path, headers: adminLogin, body: huge });
  const [created, checked] = [await ask(configurations), await ask(`${configurations}/check`)];
  expect(created.status).toBe(413);
  expect(checked).toMatchObject({ status: created.status, json: created.json });
  const wrong = { ...vnc, password: "canary-of-the-check\u0007" };
  expect((await bench.admin("POST", `${configurations}/check`, wrong)).status).toBe(422);
  expect(
    (await bench.admin("POST", `${configurations}/check`, { ...vnc, password: "canary-of-the-check" })).status,
  ).toBe(204);
  expect((await bench.admin("GET", configurations)).json).toEqual([]);
  const lines = bench.logLines.map((line) => JSON.stringify(line));
  expect(lines.join()).not.toContain("canary-of-the-check");
  // Too large is refused; not finished yet is an answer.
  expect(lines.filter((line) => line.includes("http.refused") && line.includes("/check"))).toEqual([
    expect.stringContaining("413"),
  ]);
});
