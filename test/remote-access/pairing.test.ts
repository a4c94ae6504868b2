// Pairing: which websocket may open, which finds its session, in every order, and with which word a session ends before it is open.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { devicePath } from "#protocol/remote-access.ts";
import { settle, until } from "./manual-clock.ts";
import { makeWire } from "./wire.ts";
import { host, World } from "./world.ts";

let world: World;

beforeEach(async () => {
  world = await World.start();
});

afterEach(async () => {
  await world.stop();
});

const channel = ["postern.session.v1"];

async function operationNow() {
  const { status, failureReason } = await world.operation();
  return { status, failureReason };
}

describe("pairing", () => {
  it("opens the client's websocket at once and creates the operation in the name of the user", async () => {
    const endpoint = await world.addsEndpoint({ name: "Press 4", port: 5901 });
    const client = world.client(endpoint);
    await client.opened;
    const operation = await world.operation();
    expect(operation).toMatchObject({
      status: "PENDING",
      userName: "eve",
      description: "Opening remote access tunnel to 'Press 4'",
      fragments: { c8y_RemoteAccessConnect: { hostname: "192.168.10.11", port: 5901 } },
    });
    // RFC 9562 section 5.4: version 4, variant 10.
    expect(await world.connectionKey()).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });

  type Step = "executing" | "websocket" | "successful";
  it.each<[string, readonly Step[]]>([
    ["websocket after SUCCESSFUL", ["executing", "successful", "websocket"]],
    ["websocket before SUCCESSFUL", ["executing", "websocket", "successful"]],
    ["websocket before EXECUTING", ["websocket", "executing", "successful"]],
    ["no EXECUTING at all", ["websocket", "successful"]],
    ["SUCCESSFUL first, without EXECUTING", ["successful", "websocket"]],
  ])("carries bytes both ways: %s", async (_name, steps) => {
    const endpoint = await world.addsEndpoint();
    const client = world.client(endpoint, { subprotocols: channel });
    await client.opened;
    const key = await world.connectionKey();
    let gateway = undefined as ReturnType<World["gateway"]> | undefined;
    for (const step of steps) {
      if (step === "executing") await world.reports("EXECUTING");
      if (step === "successful") await world.reports("SUCCESSFUL");
      if (step === "websocket") {
        gateway = world.gateway(key);
        await gateway.opened;
      }
    }
    client.send("up");
    gateway?.send("down");
    await gateway?.receives("up");
    await client.receives("down");
    const said = client.texts.map((text) => (JSON.parse(text) as { step?: string }).step);
    expect(said[0]).toBe("waiting-for-gateway");
    expect(said.at(-1)).toBe("open");
    expect((await operationNow()).status).toBe("SUCCESSFUL");
  });

  it("says each step to our own clients and none to others", async () => {
    const { client } = await world.opensPassthrough({ subprotocols: channel });
    expect(client.texts).toEqual([
      '{"type":"step","step":"waiting-for-gateway"}',
      '{"type":"step","step":"opening-tunnel"}',
      '{"type":"step","step":"open"}',
    ]);
    const other = await world.opensPassthrough();
    expect(other.client.texts).toEqual([]);
  });

  it("keeps what client and panel say early", async () => {
    const endpoint = await world.addsEndpoint();
    const client = world.client(endpoint);
    await client.opened;
    client.send("early client");
    const gateway = world.gateway(await world.connectionKey());
    await gateway.opened;
    await settle();
    expect(gateway.received.length).toBe(0);
    gateway.send("early panel");
    await gateway.receives("early client");
    await client.receives("early panel");
  });

  it("holds back a client that sends too much before the tunnel stands", async () => {
    const endpoint = await world.addsEndpoint();
    const client = world.client(endpoint);
    await client.opened;
    const chunk = Buffer.alloc(32 * 1024, 1);
    for (let count = 0; count < 64; count++) client.send(chunk);
    await settle(200);
    expect(Math.max(...world.remoteAccess.heldBytes())).toBeLessThan(256 * 1024);
    const gateway = world.gateway(await world.connectionKey());
    await gateway.opened;
    await world.reports("SUCCESSFUL");
    await until("all of it", () => gateway.receivedBytes === 64 * chunk.length);
  });

  it.each([
    ["binary", ["binary"], "binary"],
    ["our own of both", ["binary", "postern.session.v1"], "postern.session.v1"],
    ["none", [], ""],
  ])("answers the client's subprotocol: %s", async (_name, offered, answered) => {
    const client = world.client(await world.addsEndpoint(), { subprotocols: offered });
    await client.opened;
    expect(client.websocket.protocol).toBe(answered);
  });

  it.each([
    ["binary", ["binary"], "binary"],
    ["none", [], ""],
  ])("answers the gateway's subprotocol: %s", async (_name, offered, answered) => {
    await world.client(await world.addsEndpoint()).opened;
    const gateway = world.gateway(await world.connectionKey(), { subprotocols: offered });
    await gateway.opened;
    expect(gateway.websocket.protocol).toBe(answered);
  });
});

describe("connection key", () => {
  it("works once", async () => {
    await world.client(await world.addsEndpoint()).opened;
    const key = await world.connectionKey();
    await world.gateway(key).opened;
    const second = world.gateway(key);
    expect(await second.refused).toMatchObject({ status: 404, body: { error: "remoteaccess/Not Found" } });
  });

  it("does not work for another device, and still works for its own", async () => {
    await world.client(await world.addsEndpoint()).opened;
    const key = await world.connectionKey();
    const foreign = world.gateway(key, { login: `device ${world.otherDeviceId}` });
    expect((await foreign.refused).status).toBe(404);
    await world.gateway(key).opened;
  });

  it.each([
    ["unknown", "00000000-0000-4000-8000-000000000000"],
    ["malformed", "not-a-key"],
    ["empty", ""],
    ["a broken escape", "%zz"],
    ["much too long", "a".repeat(5_000)],
  ])("is refused when it is %s", async (_what, key) => {
    await world.client(await world.addsEndpoint()).opened;
    await settle();
    const gateway = key === "%zz" ? world.gateway("x") : world.gateway(key);
    expect((await gateway.refused).status).toBe(404);
  });

  it.each([
    ["no login", "", 401],
    ["a wrong login", "nobody", 401],
    ["a person's login", "admin", 403],
    ["the bootstrap account", "bootstrap", 403],
  ])("needs the device's login: %s", async (_what, login, status) => {
    await world.client(await world.addsEndpoint()).opened;
    const key = await world.connectionKey();
    expect((await world.gateway(key, { login }).refused).status).toBe(status);
    await world.gateway(key).opened;
  });

  it("dies with the operation", async () => {
    const client = world.client(await world.addsEndpoint());
    await client.opened;
    const key = await world.connectionKey();
    await world.reports("FAILED", "panel.refused: no (192.168.10.11:5900)");
    await client.closed;
    expect((await world.gateway(key).refused).status).toBe(404);
  });

  it("expires with the wait", async () => {
    const client = world.client(await world.addsEndpoint());
    await client.opened;
    const key = await world.connectionKey();
    await world.clock.advance(30_000);
    await client.closed;
    expect((await world.gateway(key).refused).status).toBe(404);
  });

  it("is not used up by a request that is no websocket", async () => {
    await world.client(await world.addsEndpoint()).opened;
    const key = await world.connectionKey();
    const wire = makeWire();
    world.server.emit("connection", wire.far);
    wire.near.write(
      `GET ${devicePath(key)} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Authorization: device ${world.deviceId}\r\n\r\n`,
    );
    const answer: Buffer[] = [];
    wire.near.on("data", (chunk: Buffer) => answer.push(chunk));
    await until("an answer", () => Buffer.concat(answer).toString().startsWith("HTTP/1.1 400 "));
    await world.gateway(key).opened;
  });

  it("occurs in no log line and no audit record", async () => {
    const { client, gateway } = await world.opensPassthrough();
    // The session has used it up, so it is taken from the gateway's own request.
    const key = gateway.websocket.url.split("/").at(-1) ?? "";
    expect((await world.gateway(key).refused).status).toBe(404);
    client.websocket.close(1000);
    await world.nothingIsLeft();
    const { records } = await world.audit.list({ skip: 0, take: 1000 });
    expect(key).toHaveLength(36);
    expect(JSON.stringify([world.logLines, records])).not.toContain(key);
    expect(JSON.stringify([client.texts, client.received.toString("latin1")])).not.toContain(key);
  });
});

describe("client upgrade", () => {
  it.each([
    ["no login", { login: "" }, 401, "security/Unauthorized"],
    ["a wrong login", { login: "nobody" }, 401, "security/Unauthorized"],
    ["a login without the role", { login: "device-admin" }, 403, "security/Forbidden"],
    ["a foreign Origin", { headers: { origin: "https://evil.example" } }, 403, "security/Forbidden"],
    ["a foreign Host", { headers: { host: "evil.example" } }, 403, "security/Forbidden"],
  ])("refuses %s", async (_what, options, status, error) => {
    const client = world.client(await world.addsEndpoint(), options);
    expect(await client.refused).toMatchObject({ status, body: { error } });
    expect((await world.operations.list({ skip: 0, take: 1 })).total).toBe(0);
  });

  it("takes its own Origin", async () => {
    await world.client(await world.addsEndpoint(), { headers: { origin: "https://cloud.example:8443" } }).opened;
  });

  it("lets an administrator connect: ADMIN implies READ", async () => {
    await world.client(await world.addsEndpoint(), { login: "remote-access-admin" }).opened;
  });

  it("refuses a device that connects as a client", async () => {
    const client = world.client(await world.addsEndpoint(), { login: `device ${world.deviceId}` });
    expect((await client.refused).status).toBe(403);
  });

  it("refuses an unknown device and an unknown endpoint", async () => {
    const endpoint = await world.addsEndpoint();
    expect((await world.client({ ...endpoint, deviceId: "999" }).refused).status).toBe(404);
    expect((await world.client({ ...endpoint, id: "999" }).refused).status).toBe(404);
    expect((await world.client({ ...endpoint, deviceId: world.otherDeviceId }).refused).status).toBe(404);
  });

  it("refuses a device that does not support remote access, or not this protocol", async () => {
    const endpoint = await world.addsEndpoint();
    await world.devices.update(world.deviceId, { fragments: { c8y_RemoteAccessSupportedProtocols: ["SSH"] } });
    const first = await world.client(endpoint).refused;
    expect(first.status).toBe(422);
    expect(first.body["message"]).toMatch(/does not support PASSTHROUGH; it supports SSH/);
    await world.devices.update(world.deviceId, { fragments: { c8y_SupportedOperations: ["c8y_Restart"] } });
    expect((await world.client(endpoint).refused).status).toBe(422);
  });

  it("says in words why it refuses", async () => {
    const client = world.client({ id: "9", deviceId: world.deviceId });
    const { body } = await client.refused;
    expect(body["message"]).toBe("There is no such endpoint on this device; it may have been removed.");
  });

  it("leaves no socket of a refused peer that never closes its end", async () => {
    const client = world.client({ id: "9", deviceId: world.deviceId });
    client.websocket.removeAllListeners("unexpected-response");
    client.websocket.on("unexpected-response", () => {});
    await settle();
    await world.clock.advance(2_000);
    await until("destroyed", () => client.wire.far.destroyed);
    expect(world.clock.pending).toBe(0);
  });
});

describe("limits of sessions", () => {
  it("refuses one session more than a device may have, and takes it when one has ended", async () => {
    await world.stop();
    world = await World.start({ sessionsPerDeviceMax: 2 });
    const endpoint = await world.addsEndpoint();
    const first = world.client(endpoint);
    await first.opened;
    await world.client(endpoint).opened;
    const third = world.client(endpoint);
    expect((await third.refused).status).toBe(429);
    first.websocket.close(1000);
    await first.closed;
    await until("one session left", () => world.remoteAccess.sessions() === 1);
    await world.client(endpoint).opened;
  });

  it("refuses one session more than the cloud may have", async () => {
    await world.stop();
    world = await World.start({ sessionsMax: 1 });
    const endpoint = await world.addsEndpoint();
    await world.client(endpoint).opened;
    expect((await world.client(endpoint).refused).status).toBe(429);
  });
});

describe("endings before the session is open", () => {
  it("gateway.offline: the gateway did not come online in 30 s", async () => {
    world.deviceGoesOffline();
    const client = world.client(await world.addsEndpoint(), { subprotocols: channel });
    await client.opened;
    await world.clock.advance(29_999);
    expect(client.isClosed).toBe(false);
    await world.clock.advance(1);
    expect(await client.closed).toEqual({ code: 4030, reason: "gateway.offline" });
    expect(JSON.parse(client.texts.at(-1) ?? "")).toEqual({
      type: "closed",
      reason: "gateway.offline",
      text: "The gateway is offline and did not come online in time.",
    });
    expect(await operationNow()).toEqual({
      status: "FAILED",
      failureReason: "gateway.offline: The gateway is offline and did not come online in time.",
    });
    await world.nothingIsLeft();
  });

  it("gateway.timeout: it was online at first, or came online, but made no tunnel", async () => {
    const endpoint = await world.addsEndpoint();
    const first = world.client(endpoint);
    await first.opened;
    world.deviceGoesOffline();
    await world.clock.advance(30_000);
    expect(await first.closed).toEqual({ code: 4031, reason: "gateway.timeout" });
    const second = world.client(endpoint);
    await second.opened;
    await world.clock.advance(10_000);
    world.deviceComesOnline();
    world.deviceGoesOffline();
    await world.clock.advance(20_000);
    expect(await second.closed).toEqual({ code: 4031, reason: "gateway.timeout" });
    expect((await operationNow()).failureReason).toMatch(/^gateway\.timeout: /);
    await world.nothingIsLeft();
  });

  it("the word of the operation that the gateway failed, with its text", async () => {
    const client = world.client(await world.addsEndpoint(), { subprotocols: channel });
    await client.opened;
    await world.reports("EXECUTING");
    await world.reports("FAILED", "panel.refused: The panel refused the connection. (192.168.10.11:5900)");
    expect(await client.closed).toEqual({ code: 4010, reason: "panel.refused" });
    expect(client.texts.at(-1)).toBe(
      '{"type":"closed","reason":"panel.refused","text":"The panel refused the connection. (192.168.10.11:5900)"}',
    );
    await world.nothingIsLeft();
  });

  it("panel.unreachable with an agent's own text where it knows no words of ours", async () => {
    const client = world.client(await world.addsEndpoint(), { subprotocols: channel });
    await client.opened;
    await world.reports("FAILED", "Connection refused (os error 111)");
    expect(await client.closed).toEqual({ code: 4011, reason: "panel.unreachable" });
    expect(client.texts.at(-1)).toContain("Connection refused (os error 111)");
  });

  it.each([
    ["FAILED first", true],
    ["the websocket's close first", false],
  ])("one word when FAILED and the device websocket's close race: %s", async (_name, isFailedFirst) => {
    const client = world.client(await world.addsEndpoint());
    await client.opened;
    const gateway = world.gateway(await world.connectionKey());
    await gateway.opened;
    await world.reports("EXECUTING");
    const fail = () => world.reports("FAILED", "panel.refused: The panel refused the connection. (192.168.10.11:5900)");
    if (isFailedFirst) await fail();
    gateway.websocket.close(4010, "panel.refused");
    if (!isFailedFirst) await fail();
    expect(await client.closed).toEqual({ code: 4010, reason: "panel.refused" });
    expect(await operationNow()).toEqual({
      status: "FAILED",
      failureReason: "panel.refused: The panel refused the connection. (192.168.10.11:5900)",
    });
    await world.nothingIsLeft();
    expect(world.events("session.closed").map((event) => event["reason"])).toEqual(["panel.refused"]);
  });

  it("the operation's word wins over a device websocket that broke off before", async () => {
    const client = world.client(await world.addsEndpoint());
    await client.opened;
    const gateway = world.gateway(await world.connectionKey());
    await gateway.opened;
    gateway.websocket.terminate();
    await settle();
    await world.reports("FAILED", "panel.name-unknown: no such name (hmi.example)");
    expect(await client.closed).toEqual({ code: 4016, reason: "panel.name-unknown" });
  });

  it("gateway.lost when the device websocket broke off and no verdict came", async () => {
    const client = world.client(await world.addsEndpoint());
    await client.opened;
    const gateway = world.gateway(await world.connectionKey());
    await gateway.opened;
    gateway.websocket.terminate();
    await world.clock.advance(2_000);
    expect(await client.closed).toEqual({ code: 4032, reason: "gateway.lost" });
    expect((await operationNow()).failureReason).toMatch(/^gateway\.lost: /);
    await world.nothingIsLeft();
  });

  it.each([
    ["in order", false, "client.closed"],
    ["without a word", true, "client.lost"],
  ])("the client's own leaving while it waits, %s", async (_name, isAbrupt, word) => {
    const client = world.client(await world.addsEndpoint());
    await client.opened;
    await world.operation();
    if (isAbrupt) client.websocket.terminate();
    else client.websocket.close(1000);
    await client.closed;
    await world.clock.advance(5_000);
    await world.nothingIsLeft();
    expect((await operationNow()).status).toBe("FAILED");
    expect((await operationNow()).failureReason).toMatch(new RegExp(`^${word.replace(".", "\\.")}: `));
    expect(world.events("session.closed")).toMatchObject([{ reason: word }]);
  });

  it("a client that leaves at once leaves an operation that has ended", async () => {
    const client = world.client(await world.addsEndpoint());
    await client.opened;
    client.websocket.close(1000);
    await client.closed;
    await world.nothingIsLeft();
    expect((await operationNow()).status).toBe("FAILED");
  });
});
