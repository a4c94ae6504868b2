// Endpoints over HTTP: shapes, roles, every wrong field by name, and secrets that never come back.
import Fastify, { type FastifyInstance } from "fastify";
import ssh2 from "ssh2";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { registerAccess } from "#cloud-stub/api/access.ts";
import { readError, sendError } from "#cloud-stub/api/api-error.ts";
import { registerRemoteAccessRoutes } from "#cloud-stub/api/remote-access.ts";
import { createCloudLog } from "#cloud-stub/log.ts";
import { ed25519Pair } from "../support/ed25519-pair.ts";
import { settle } from "./manual-clock.ts";
import { World } from "./world.ts";

const { utils } = ssh2;

let world: World;
let app: FastifyInstance;
let base: string;

beforeEach(async () => {
  world = await World.start();
  app = Fastify();
  registerAccess(app, {
    authentication: world.authentication,
    log: createCloudLog(world.clock, () => {}),
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

async function call(
  method: "GET" | "POST" | "PUT" | "DELETE" | "HEAD",
  url: string,
  body?: unknown,
  login = "admin",
): Promise<{ status: number; body: Record<string, unknown> & unknown[]; headers: Record<string, unknown> }> {
  const answer = await app.inject({
    method,
    url,
    headers: { authorization: login, host: "cloud.example:8443" },
    ...(body === undefined ? {} : { payload: body as object }),
  });
  return {
    status: answer.statusCode,
    body: answer.body === "" ? ({} as never) : (JSON.parse(answer.body) as never),
    headers: answer.headers,
  };
}

const vnc = {
  name: "HMI",
  hostname: "192.168.10.11",
  port: 5900,
  protocol: "VNC",
  credentialsType: "PASS_ONLY",
  password: "pass1234",
};
const passthrough = { name: "SSH", hostname: "hmi", port: "22", protocol: "PASSTHROUGH", credentialsType: "NONE" };

describe("endpoints over HTTP", () => {
  it("creates with 201, Location and the nested object, secrets masked", async () => {
    const answer = await call("POST", base, vnc);
    expect(answer.status).toBe(201);
    expect(answer.headers["location"]).toBe(`https://cloud.example:8443${base}/1`);
    // Field names of protocol.md 5.6.
    expect(answer.body).toEqual({
      id: "1",
      name: "HMI",
      hostname: "192.168.10.11",
      port: 5900,
      protocol: "VNC",
      credentials: {
        type: "PASS_ONLY",
        username: null,
        password: "***",
        publicKey: null,
        privateKey: null,
        certificate: null,
        hostKey: null,
      },
    });
  });

  it("takes a port as a numeric text and keeps attrs", async () => {
    const answer = await call("POST", base, { ...passthrough, attrs: { deviceId: "7" } });
    expect(answer.body).toMatchObject({
      port: 22,
      attrs: { deviceId: "7" },
      credentials: { type: "NONE", password: null },
    });
  });

  it("lists a plain array in the order of making, and gives one", async () => {
    for (let count = 0; count < 11; count++) await call("POST", base, { ...passthrough, name: `p${count}` });
    const list = await call("GET", `${base}?pageSize=5`);
    expect(list.body.map((endpoint) => (endpoint as { id: string }).id)).toEqual(
      Array.from({ length: 11 }, (_, index) => String(index + 1)),
    );
    expect((await call("GET", `${base}/11`)).body).toMatchObject({ id: "11", name: "p10" });
  });

  it("never uses an id again", async () => {
    await call("POST", base, passthrough);
    await call("POST", base, passthrough);
    expect((await call("DELETE", `${base}/2`)).status).toBe(204);
    expect((await call("POST", base, passthrough)).body["id"]).toBe("3");
  });

  it("counts ids per device", async () => {
    await call("POST", base, passthrough);
    const other = `/service/remoteaccess/devices/${world.otherDeviceId}/configurations`;
    expect((await call("POST", other, passthrough)).body["id"]).toBe("1");
  });

  it.each(["***", "", null, undefined])("keeps the stored password for %j in a PUT", async (password) => {
    await call("POST", base, vnc);
    const answer = await call("PUT", `${base}/1`, { ...vnc, name: "HMI 2", password });
    expect(answer).toMatchObject({ status: 200, body: { id: "1", name: "HMI 2", credentials: { password: "***" } } });
    expect(await world.remoteAccess.endpoints.password(world.deviceId, "1")).toBe("pass1234");
  });

  it("takes an answer back as it gave it", async () => {
    const { body } = await call("POST", base, vnc);
    expect((await call("PUT", `${base}/1`, { ...body, hostname: "10.0.0.2" })).status).toBe(200);
    expect(await world.remoteAccess.endpoints.password(world.deviceId, "1")).toBe("pass1234");
  });

  it("replaces the password, and forgets it when none is needed any more", async () => {
    await call("POST", base, vnc);
    await call("PUT", `${base}/1`, { ...vnc, password: "other" });
    expect(await world.remoteAccess.endpoints.password(world.deviceId, "1")).toBe("other");
    const answer = await call("PUT", `${base}/1`, { ...vnc, credentialsType: "NONE", password: "***" });
    expect(answer.body["credentials"]).toMatchObject({ type: "NONE", password: null });
    expect(await world.remoteAccess.endpoints.password(world.deviceId, "1")).toBeUndefined();
    expect((await call("PUT", `${base}/1`, { ...vnc, password: "***" })).status).toBe(422);
  });

  it("does not open a password that was copied to another endpoint", async () => {
    await call("POST", base, vnc);
    await call("POST", base, vnc);
    const [first] = await world.store.db.selectFrom("endpoints").selectAll().where("id", "=", "1").execute();
    await world.store.db
      .updateTable("endpoints")
      .set({ sealed_password: first?.sealed_password ?? "" })
      .where("id", "=", "2")
      .execute();
    await expect(world.remoteAccess.endpoints.password(world.deviceId, "2")).rejects.toMatchObject({
      code: "vault.damaged",
    });
  });

  it("shows no secret anywhere", async () => {
    await call("POST", base, vnc);
    const list = await call("GET", base);
    const fragment = await world.remoteAccess.endpointsFragment(world.deviceId);
    const { records } = await world.audit.list({ skip: 0, take: 100 });
    const rows = await world.store.db.selectFrom("endpoints").selectAll().execute();
    expect(JSON.stringify([list, fragment, records, rows, world.logLines])).not.toContain("pass1234");
    expect(fragment).toEqual(list.body);
  });

  it("writes who made, changed and removed an endpoint into the audit trail", async () => {
    await call("POST", base, vnc);
    await call("PUT", `${base}/1`, { ...vnc, port: 5901 });
    await call("DELETE", `${base}/1`);
    const { records } = await world.audit.list({ skip: 0, take: 100 });
    expect(records.map((record) => [record.activity, record.userName, record.text])).toEqual([
      ["Remote access endpoint created", "admin", "Remote access endpoint created: 'HMI' (VNC, 192.168.10.11:5900)."],
      ["Remote access endpoint changed", "admin", "Remote access endpoint changed: 'HMI' (VNC, 192.168.10.11:5901)."],
      ["Remote access endpoint removed", "admin", "Remote access endpoint removed: 'HMI' (VNC, 192.168.10.11:5901)."],
    ]);
  });

  it.each([
    ["GET", "/9"],
    ["PUT", "/9"],
    ["DELETE", "/9"],
    ["GET", "/__proto__"],
  ] as const)("%s of an unknown endpoint is 404", async (method, path) => {
    const answer = await call(method, `${base}${path}`, method === "PUT" ? vnc : undefined);
    expect(answer).toMatchObject({ status: 404, body: { error: "remoteaccess/Not Found" } });
  });

  it.each(["GET", "POST"] as const)("%s of an unknown device is 404", async (method) => {
    const url = "/service/remoteaccess/devices/999/configurations";
    expect((await call(method, url, method === "POST" ? vnc : undefined)).status).toBe(404);
  });

  it("answers the health probe without a login", async () => {
    expect((await call("HEAD", "/service/remoteaccess/health", undefined, "")).status).toBe(200);
  });

  it.each([
    ["PUT", { ...passthrough, name: "renamed" }],
    ["DELETE", undefined],
  ] as const)("%s ends the live sessions of the endpoint", async (method, body) => {
    const { client, gateway } = await world.opensPassthrough();
    await call(method, `${base}/1`, body);
    expect(await client.closed).toEqual({ code: 4043, reason: "endpoint.removed" });
    expect(await gateway.closed).toEqual({ code: 4043, reason: "endpoint.removed" });
    await settle();
    expect(world.remoteAccess.sessions()).toBe(0);
  });

  it("an invalid PUT changes nothing and ends no session", async () => {
    const { client } = await world.opensPassthrough();
    expect((await call("PUT", `${base}/1`, { ...passthrough, port: 0 })).status).toBe(422);
    await settle();
    expect(client.isClosed).toBe(false);
    expect((await call("GET", `${base}/1`)).body["name"]).toBe("HMI");
  });
});

describe("roles at the endpoints", () => {
  const reads = [200, 200, 403, 403, 403];
  const all = [200, 200, 201, 200, 204];
  const nothing = [403, 403, 403, 403, 403];
  it.each([
    ["", [401, 401, 401, 401, 401]],
    ["nobody", [401, 401, 401, 401, 401]],
    ["operator", reads],
    ["admin", all],
    ["remote-access-admin", reads],
    ["device-admin", nothing],
    ["bootstrap", nothing],
    ["device 1001", nothing],
  ] as const)("login %j: list, read, create, change, remove", async (login, expected) => {
    await call("POST", base, passthrough);
    const statuses = [
      (await call("GET", base, undefined, login)).status,
      (await call("GET", `${base}/1`, undefined, login)).status,
      (await call("POST", base, passthrough, login)).status,
      (await call("PUT", `${base}/1`, passthrough, login)).status,
      (await call("DELETE", `${base}/1`, undefined, login)).status,
    ];
    expect(statuses).toEqual(expected);
  });
});

describe("what an endpoint must be", () => {
  it.each<[string, Record<string, unknown>, readonly string[]]>([
    ["no name", { name: undefined }, ["name must be provided"]],
    ["an empty name", { name: "" }, ["name must be provided"]],
    ["a blank name", { name: "  " }, ["name must have 1 to 120 characters"]],
    ["a name that is no text", { name: 7 }, ["name must be a text"]],
    ["a name with a line end", { name: "a\nb" }, ["name must not contain control characters"]],
    ["a name that is too long", { name: "n".repeat(121) }, ["name must have 1 to 120 characters"]],
    ["no hostname", { hostname: null }, ["hostname must be provided"]],
    [
      "a URL",
      { hostname: "http://hmi" },
      ["hostname must be a host name or an address alone, without scheme, user or path"],
    ],
    ["brackets", { hostname: "[::1]" }, ["hostname must be an address without brackets"]],
    ["a port in it", { hostname: "hmi:5900" }, ["hostname must not contain the port; port is a field of its own"]],
    ["a space", { hostname: "h mi" }, ["hostname must not contain spaces, quotes, commas or control characters"]],
    ["a quote", { hostname: 'h"mi' }, ["hostname must not contain spaces, quotes, commas or control characters"]],
    ["too long", { hostname: "h".repeat(254) }, ["hostname must have 1 to 253 characters"]],
    ["no port", { port: "" }, ["port must be provided"]],
    ["port 0", { port: 0 }, ["port must be a whole number from 1 to 65535"]],
    ["port 65536", { port: 65536 }, ["port must be a whole number from 1 to 65535"]],
    ["port 22.5", { port: 22.5 }, ["port must be a whole number from 1 to 65535"]],
    ["port many", { port: "many" }, ["port must be a whole number from 1 to 65535"]],
    ["port 1e3 as text", { port: "1e3" }, ["port must be a whole number from 1 to 65535"]],
    ["no protocol", { protocol: undefined }, ["protocol must be provided"]],
    ["an unknown protocol", { protocol: "RDP" }, ["protocol must be one of VNC, SSH, TELNET, PASSTHROUGH"]],
    ["SSH without a user", { protocol: "SSH" }, ["credentialsType PASS_ONLY is not supported for protocol SSH"]],
    [
      "SSH without anything",
      { protocol: "SSH", credentialsType: "NONE" },
      ["credentialsType NONE is not supported for protocol SSH"],
    ],
    [
      "Telnet with a password",
      { protocol: "TELNET" },
      ["credentialsType PASS_ONLY is not supported for protocol TELNET"],
    ],
    [
      "VNC with a user",
      { credentialsType: "USER_PASS" },
      ["credentialsType USER_PASS is not supported for protocol VNC"],
    ],
    [
      "an unknown type",
      { credentialsType: "MAGIC" },
      ["credentialsType must be one of NONE, PASS_ONLY, USER_PASS, KEY_PAIR, CERTIFICATE"],
    ],
    [
      "passthrough with a password",
      { protocol: "PASSTHROUGH" },
      ["credentialsType PASS_ONLY is not supported for protocol PASSTHROUGH"],
    ],
    [
      "passthrough without a type",
      { protocol: "PASSTHROUGH", credentialsType: undefined },
      ["credentialsType must be provided"],
    ],
    ["no password", { password: undefined }, ["password must be provided in PASS_ONLY credentials"]],
    ["a mask on creation", { password: "***" }, ["password must be provided in PASS_ONLY credentials"]],
    ["a password that is no text", { password: 1234 }, ["password must be a text"]],
    ["a password that is too long", { password: "p".repeat(256) }, ["password must have at most 255 characters"]],
    [
      "a password VNC cannot say",
      { password: "пароль" },
      ["password must contain only characters that VNC knows (Latin-1)"],
    ],
    ["attrs that are no object", { attrs: [1] }, ["attrs must be an object"]],
    [
      "attrs that are too large",
      { attrs: { a: "x".repeat(4096) } },
      ["attrs must have at most 4096 characters as JSON"],
    ],
    [
      "everything wrong at once",
      { name: "", hostname: "", port: "x", protocol: "RDP", credentialsType: "MAGIC", password: 5 },
      [
        "name must be provided",
        "hostname must be provided",
        "port must be a whole number from 1 to 65535",
        "protocol must be one of VNC, SSH, TELNET, PASSTHROUGH",
        "password must be a text",
        "credentialsType must be one of NONE, PASS_ONLY, USER_PASS, KEY_PAIR, CERTIFICATE",
      ],
    ],
  ])("refuses %s", async (_what, change, messages) => {
    const answer = await call("POST", base, { ...vnc, ...change });
    expect(answer).toMatchObject({ status: 422, body: { error: "remoteaccess/unprocessableEntity" } });
    expect(answer.body["message"]).toBe(`${messages.join("; ")}.`);
    expect((await call("GET", base)).body).toEqual([]);
  });

  it.each([[[]], ["text"], [null]])("refuses a body that is no object: %j", async (body) => {
    const answer = await app.inject({
      method: "POST",
      url: base,
      headers: { authorization: "admin", "content-type": "application/json", host: "cloud.example:8443" },
      payload: JSON.stringify(body),
    });
    expect(answer.statusCode).toBe(422);
    expect(answer.body).toContain("body must be a JSON object");
  });

  it.each([
    ["VNC without a type and with a password", { credentialsType: undefined }, "PASS_ONLY"],
    ["VNC without type and password", { credentialsType: undefined, password: undefined }, "NONE"],
    ["an IPv6 address", { hostname: "fd00::11" }, "PASS_ONLY"],
    ["a name with a trailing dot", { hostname: "hmi.example." }, "PASS_ONLY"],
    ["an odd spelling, which is the gateway's to judge", { hostname: "0x7f.1" }, "PASS_ONLY"],
    ["port 1 and 65535", { port: "65535" }, "PASS_ONLY"],
    ["an id that it ignores", { id: "77" }, "PASS_ONLY"],
  ])("takes %s", async (_what, change, type) => {
    const answer = await call("POST", base, { ...vnc, ...change });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ id: "1", credentials: { type } });
  });

  it("does not quote a password that is wrong", async () => {
    const answer = await call("POST", base, { ...vnc, password: "secret\u0007" });
    expect(answer.status).toBe(422);
    expect(JSON.stringify(answer.body)).not.toContain("secret");
  });
});

const keyPair = ed25519Pair({ comment: "plc" });
const lockedPair = ed25519Pair({
  passphrase: "open sesame",
  cipher: "aes256-ctr",
  rounds: 16,
});
const otherPair = ed25519Pair();
const ssh = { name: "PLC", hostname: "plc", port: 22, protocol: "SSH", credentialsType: "USER_PASS", username: "root" };
const withKey = { ...ssh, credentialsType: "KEY_PAIR", privateKey: keyPair.private };

describe("SSH endpoints over HTTP", () => {
  it("are stored with user name and password, the password masked", async () => {
    const answer = await call("POST", base, { ...ssh, password: "pässword-漢" });
    expect(answer.body["credentials"]).toEqual({
      type: "USER_PASS",
      username: "root",
      password: "***",
      publicKey: null,
      privateKey: null,
      certificate: null,
      hostKey: null,
    });
    expect(await world.remoteAccess.endpoints.password(world.deviceId, "1")).toBe("pässword-漢");
  });

  it("are stored with a key, whose public half is told and whose private half is masked, sealed and kept", async () => {
    const created = await call("POST", base, withKey);
    expect(created.body["credentials"]).toMatchObject({
      privateKey: "***",
      publicKey: expect.stringMatching(/^ssh-ed25519 AAAA/),
    });
    expect((await call("PUT", `${base}/1`, { ...created.body, name: "PLC 2" })).status).toBe(200);
    const secrets = await world.remoteAccess.endpoints.secrets(world.deviceId, "1");
    const key = utils.parseKey(secrets.privateKey ?? "");
    expect(key instanceof Error).toBe(false);
    const everything = [await world.store.db.selectFrom("endpoints").selectAll().execute(), created, world.logLines];
    expect(JSON.stringify(everything)).not.toContain("BEGIN OPENSSH");
  });

  it("open a key with its passphrase at once and forget the passphrase", async () => {
    const fields = { ...ssh, credentialsType: "KEY_PAIR", privateKey: lockedPair.private };
    const without = await call("POST", base, fields);
    expect(without).toMatchObject({ status: 422, body: { message: expect.stringMatching(/^passphrase is needed/) } });
    expect((await call("POST", base, { ...fields, passphrase: "wrong" })).status).toBe(422);
    expect((await call("POST", base, { ...fields, passphrase: "open sesame" })).status).toBe(201);
    const { privateKey } = await world.remoteAccess.endpoints.secrets(world.deviceId, "1");
    expect(utils.parseKey(privateKey ?? "") instanceof Error).toBe(false);
    const rows = await world.store.db.selectFrom("endpoints").selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain("sesame");
  });

  it("forget the password when a key takes its place, and the key when a password does", async () => {
    await call("POST", base, { ...ssh, password: "pw" });
    await call("PUT", `${base}/1`, withKey);
    expect(await world.remoteAccess.endpoints.secrets(world.deviceId, "1")).toMatchObject({ password: undefined });
    const back = await call("PUT", `${base}/1`, { ...ssh, password: "pw" });
    expect(back.body["credentials"]).toMatchObject({ privateKey: null, publicKey: null });
  });

  it("keep host keys in one form, whichever they came in, and forget them when told to", async () => {
    const line = keyPair.public.split(" ").slice(0, 2).join(" ");
    const created = await call("POST", base, { ...ssh, password: "pw", hostKey: `plc,10.0.0.2 ${line} plc\r\n` });
    expect(created.body["credentials"]).toMatchObject({ hostKey: line });
    const kept = await call("PUT", `${base}/1`, { ...ssh, password: "***" });
    expect(kept.body["credentials"]).toMatchObject({ hostKey: line });
    const forgotten = await call("PUT", `${base}/1`, { ...ssh, password: "***", hostKey: "" });
    expect(forgotten.body["credentials"]).toMatchObject({ hostKey: null });
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ["no user name", { username: "", password: "x" }, /^username must be provided in USER_PASS credentials/],
    ["no password", {}, /^password must be provided in USER_PASS credentials\.$/],
    ["a user name with a line end", { username: "a\nb", password: "x" }, /^username must not contain control/],
    ["no key", { credentialsType: "KEY_PAIR" }, /^privateKey must be provided in KEY_PAIR credentials\.$/],
    ["a mask for a key", { credentialsType: "KEY_PAIR", privateKey: "***" }, /^privateKey must be provided/],
    ["a key that is none", { credentialsType: "KEY_PAIR", privateKey: "hello" }, /^privateKey cannot be used: /],
    [
      "a public key for a private one",
      { credentialsType: "KEY_PAIR", privateKey: keyPair.public },
      /^privateKey cannot be used: .*public/,
    ],
    [
      "a public key of another pair",
      { credentialsType: "KEY_PAIR", privateKey: keyPair.private, publicKey: otherPair.public },
      /^publicKey does not belong to the private key/,
    ],
    [
      "no certificate",
      { credentialsType: "CERTIFICATE", privateKey: keyPair.private },
      /^certificate must be provided in CERTIFICATE credentials\.$/,
    ],
    [
      "a key for a certificate",
      { credentialsType: "CERTIFICATE", privateKey: keyPair.private, certificate: keyPair.public },
      /^certificate cannot be used: /,
    ],
    ["a host key that is none", { password: "x", hostKey: "nonsense" }, /^hostKey cannot be used: /],
    ["a key of 70 kB", { credentialsType: "KEY_PAIR", privateKey: "x".repeat(70_000) }, /^privateKey cannot be used: /],
    [
      "old algorithms that are no yes or no",
      { password: "x", attrs: { legacyAlgorithms: "yes" } },
      /^attrs legacyAlgorithms must be true or false/,
    ],
  ])("refuse %s", async (_what, change, message) => {
    const answer = await call("POST", base, { ...ssh, ...change });
    expect(answer.status).toBe(422);
    expect(answer.body["message"]).toMatch(message);
  });

  it("generate a pair for whoever may configure", async () => {
    const url = "/service/remoteaccess/keypair/generate";
    for (const body of [{ hostname: "plc" }, { algorithm: "ECDSA" }, undefined]) {
      const answer = await call("POST", url, body);
      expect(answer.status).toBe(200);
      const { publicKey, privateKey } = answer.body as unknown as { publicKey: string; privateKey: string };
      const fields = { ...ssh, credentialsType: "KEY_PAIR", publicKey, privateKey };
      expect((await call("POST", base, fields)).status).toBe(201);
    }
    expect((await call("POST", url, { algorithm: "DSA" })).status).toBe(422);
    expect((await call("POST", url, {}, "operator")).status).toBe(403);
  });

  it.each([
    ["a fingerprint", `SHA256:${"A".repeat(43)}`, `SHA256:${"A".repeat(43)}`],
    ["hexadecimal digits", `SHA256:${"00:".repeat(31)}00`, `SHA256:${"A".repeat(43)}`],
  ])("and VNC ones take %s of a certificate", async (_what, hostKey, stored) => {
    const answer = await call("POST", base, { ...vnc, hostKey });
    expect(answer.body["credentials"]).toMatchObject({ hostKey: stored });
    expect((await call("POST", base, { ...vnc, hostKey: "nonsense" })).status).toBe(422);
  });
});

describe("live sessions over HTTP", () => {
  it("are listed for administrators and can be ended by them", async () => {
    const { client, gateway } = await world.opensPassthrough();
    client.send("12345");
    await gateway.receives("12345");
    const list = await call("GET", "/service/remoteaccess/sessions");
    expect(list.body["sessions" as never]).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        deviceId: world.deviceId,
        endpointId: "1",
        endpointName: "HMI",
        protocol: "PASSTHROUGH",
        userName: "eve",
        clientAddress: "192.0.2.7",
        state: "open",
        requestedTime: "2026-01-31T10:15:30.000Z",
        bytesUp: 5,
        bytesDown: 0,
      },
    ]);
    const [{ id }] = list.body["sessions" as never] as [{ id: string }];
    expect((await call("DELETE", `/service/remoteaccess/sessions/${id}`, undefined, "operator")).status).toBe(403);
    expect((await call("DELETE", `/service/remoteaccess/sessions/${id}`)).status).toBe(204);
    expect(await client.closed).toEqual({ code: 4042, reason: "session.ended-by-admin" });
    expect(await gateway.closed).toEqual({ code: 4042, reason: "session.ended-by-admin" });
    await world.nothingIsLeft();
    expect((await call("DELETE", `/service/remoteaccess/sessions/${id}`)).status).toBe(404);
    const { records } = await world.audit.list({ skip: 0, take: 100 });
    const record = records.find(({ activity }) => activity === "Remote access session ended by an administrator");
    expect(record).toMatchObject({ userName: "admin", text: expect.stringContaining("eve") });
  });

  it("are not told to others", async () => {
    expect((await call("GET", "/service/remoteaccess/sessions", undefined, "operator")).status).toBe(403);
    expect((await call("GET", "/service/remoteaccess/sessions", undefined, "")).status).toBe(401);
  });
});
