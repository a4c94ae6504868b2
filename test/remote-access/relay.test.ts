// An open session: every byte arrives, little is held, each end of it has its word, and nothing is left afterwards.
import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { settle, until } from "./manual-clock.ts";
import { makeWire } from "./wire.ts";
import { type Peer, World } from "./world.ts";

let world: World;

beforeEach(async () => {
  world = await World.start();
});

afterEach(async () => {
  await world.stop();
});

const channel = ["postern.session.v1"];
const mebibyte = 1024 * 1024;

/** Bytes that repeat only after a long time, so that lost or doubled pieces change the hash. */
function pattern(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let index = 0; index + 4 <= length; index += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes.writeUInt32LE(state, index);
  }
  return bytes;
}

function hash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Sends in pieces, waiting for each to be taken, as a program that respects its socket does. */
async function sendAll(peer: Peer, bytes: Buffer, pieceBytes: number): Promise<void> {
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    const piece = bytes.subarray(start, start + pieceBytes);
    await new Promise<void>((resolve) => peer.websocket.send(piece, () => resolve()));
  }
}

describe("relay, bytes", () => {
  it.each([
    ["small pieces", 999],
    ["pieces of a frame's size", 64 * 1024],
    ["the largest message", mebibyte],
  ])("carries 8 MiB each way at once, equal to the bit, in frames of at most 64 KiB: %s", async (_what, pieceBytes) => {
    const { client, gateway } = await world.opensPassthrough();
    const up = pattern(pieceBytes < 1000 ? mebibyte : 8 * mebibyte, 1);
    const down = pattern(up.length, 2);
    const sent = Promise.all([sendAll(client, up, pieceBytes), sendAll(gateway, down, pieceBytes)]);
    await sent;
    await until("all up", () => gateway.receivedBytes === up.length);
    await until("all down", () => client.receivedBytes === down.length);
    expect(hash(gateway.received)).toBe(hash(up));
    expect(hash(client.received)).toBe(hash(down));
    expect(Math.max(...gateway.frameSizes, ...client.frameSizes)).toBeLessThanOrEqual(64 * 1024);
    client.websocket.close(1000);
    await world.nothingIsLeft();
    expect(world.events("session.closed")).toMatchObject([{ bytesUp: up.length, bytesDown: down.length }]);
  });

  it.each([
    ["client", "gateway", 64 * 1024],
    ["gateway", "client", 64 * 1024],
    ["client", "gateway", mebibyte],
    ["gateway", "client", mebibyte],
  ] as const)(
    "holds less than 1 MiB while the %s sends and the %s reads nothing, in messages of %i",
    async (from, to, pieceBytes) => {
      const peers = await world.opensPassthrough();
      const bytes = pattern(8 * mebibyte, 3);
      peers[to].websocket.pause();
      let isSent = false;
      void sendAll(peers[from], bytes, pieceBytes).then(() => {
        isSent = true;
      });
      let heldMax = 0;
      for (let turn = 0; turn < 500; turn++) {
        await settle(2);
        heldMax = Math.max(heldMax, ...world.remoteAccess.heldBytes());
      }
      expect(isSent).toBe(false);
      expect(heldMax).toBeGreaterThan(64 * 1024);
      expect(heldMax).toBeLessThan(mebibyte);
      peers[to].websocket.resume();
      await until("all of it", () => peers[to].receivedBytes === bytes.length);
      expect(hash(peers[to].received)).toBe(hash(bytes));
      expect(world.remoteAccess.heldBytes()).toEqual([0]);
    },
  );

  it("holds less than 1 MiB while both send and neither reads, and keeps every byte", async () => {
    const peers = await world.opensPassthrough();
    const bytes = pattern(4 * mebibyte, 13);
    for (const peer of [peers.client, peers.gateway]) {
      peer.websocket.pause();
      void sendAll(peer, bytes, mebibyte);
    }
    let heldMax = 0;
    for (let turn = 0; turn < 500; turn++) {
      await settle(2);
      heldMax = Math.max(heldMax, ...world.remoteAccess.heldBytes());
    }
    expect(heldMax).toBeGreaterThan(256 * 1024);
    expect(heldMax).toBeLessThan(mebibyte);
    for (const peer of [peers.client, peers.gateway]) peer.websocket.resume();
    for (const peer of [peers.client, peers.gateway]) {
      await until("all of it", () => peer.receivedBytes === bytes.length);
      expect(hash(peer.received)).toBe(hash(bytes));
    }
  });

  it("does not let a reader that stopped hold up the other direction", async () => {
    const { client, gateway } = await world.opensPassthrough();
    client.websocket.pause();
    void sendAll(gateway, pattern(2 * mebibyte, 4), 64 * 1024);
    await settle(200);
    client.send("typed");
    await gateway.receives("typed");
    client.websocket.resume();
  });

  it("passes single bytes on without waiting for more", async () => {
    const { client, gateway } = await world.opensPassthrough();
    for (const letter of "abc") {
      client.send(letter);
      await settle();
    }
    expect(gateway.frameSizes).toEqual([1, 1, 1]);
  });
});

describe("relay, the end of one side", () => {
  it("delivers everything the panel sent before the client's close frame", async () => {
    const { client, gateway } = await world.opensPassthrough();
    const bytes = pattern(2 * mebibyte, 5);
    void sendAll(gateway, bytes, 64 * 1024).then(() => gateway.websocket.close(1000, "panel.closed"));
    expect(await client.closed).toEqual({ code: 1000, reason: "panel.closed" });
    expect(client.receivedBytes).toBe(bytes.length);
    expect(hash(client.received)).toBe(hash(bytes));
    await world.nothingIsLeft();
  });

  it("delivers what the client sent until it heard of the panel's end", async () => {
    // A slow wire: what the client says is still under way when the panel has ended.
    const { client, gateway } = await world.opensPassthrough({ clientWire: makeWire(512) });
    client.send("on its way");
    gateway.websocket.close(1000, "panel.closed");
    client.send(", and this too");
    expect(await client.closed).toEqual({ code: 1000, reason: "panel.closed" });
    expect(await gateway.closed).toEqual({ code: 1000, reason: "panel.closed" });
    expect(gateway.received.toString()).toBe("on its way, and this too");
    await world.nothingIsLeft();
  });

  it("delivers everything the client sent before the gateway's close frame", async () => {
    const { client, gateway } = await world.opensPassthrough();
    const bytes = pattern(2 * mebibyte, 6);
    await sendAll(client, bytes, 64 * 1024);
    client.websocket.close(1000);
    expect(await gateway.closed).toEqual({ code: 1000, reason: "client.closed" });
    expect(gateway.receivedBytes).toBe(bytes.length);
    expect(hash(gateway.received)).toBe(hash(bytes));
    await world.nothingIsLeft();
  });

  it("breaks off after 5 s when what is left is not taken", async () => {
    const { client, gateway } = await world.opensPassthrough();
    client.websocket.pause();
    // More than the client's connection takes, less than holds the gateway back.
    await sendAll(gateway, pattern(120 * 1024, 7), 32 * 1024);
    gateway.websocket.close(1000, "panel.closed");
    await world.clock.advance(16_000);
    await world.nothingIsLeft();
    client.websocket.resume();
    expect((await client.closed).code).toBe(1006);
    expect(world.events("session.closed")).toMatchObject([{ reason: "panel.closed" }]);
  });

  type EndOf = (peers: { client: Peer; gateway: Peer }) => void;
  it.each<
    [string, EndOf, { code: number; reason: string } | undefined, { code: number; reason: string } | undefined, string]
  >([
    [
      "the client closes (1000)",
      ({ client }) => client.websocket.close(1000),
      { code: 1000, reason: "client.closed" },
      { code: 1000, reason: "client.closed" },
      "client.closed",
    ],
    [
      "the client goes away (1001)",
      ({ client }) => client.websocket.close(1001),
      undefined,
      { code: 1000, reason: "client.closed" },
      "client.closed",
    ],
    [
      "the client closes without a code",
      ({ client }) => client.websocket.close(),
      undefined,
      { code: 1000, reason: "client.closed" },
      "client.closed",
    ],
    [
      "the client closes with a code of a page and a word of ours",
      ({ client }) => client.websocket.close(4044, "permission.revoked"),
      undefined,
      { code: 1000, reason: "client.closed" },
      "client.closed",
    ],
    [
      "the client reports a fault (1011)",
      ({ client }) => client.websocket.close(1011),
      undefined,
      { code: 4001, reason: "client.lost" },
      "client.lost",
    ],
    [
      "the client breaks off",
      ({ client }) => client.websocket.terminate(),
      undefined,
      { code: 4001, reason: "client.lost" },
      "client.lost",
    ],
    [
      "the gateway says that the panel closed",
      ({ gateway }) => gateway.websocket.close(1000, "panel.closed"),
      { code: 1000, reason: "panel.closed" },
      undefined,
      "panel.closed",
    ],
    [
      "the gateway closes without a word (1000)",
      ({ gateway }) => gateway.websocket.close(1000),
      { code: 1000, reason: "panel.closed" },
      undefined,
      "panel.closed",
    ],
    [
      "the gateway closes without a code",
      ({ gateway }) => gateway.websocket.close(),
      { code: 1000, reason: "panel.closed" },
      undefined,
      "panel.closed",
    ],
    [
      "the gateway says panel.reset",
      ({ gateway }) => gateway.websocket.close(4013, "panel.reset"),
      { code: 4013, reason: "panel.reset" },
      undefined,
      "panel.reset",
    ],
    [
      "the gateway stops",
      ({ gateway }) => gateway.websocket.close(4023, "gateway.stopping"),
      { code: 4023, reason: "gateway.stopping" },
      undefined,
      "gateway.stopping",
    ],
    [
      "the gateway reports a fault without a word (1011)",
      ({ gateway }) => gateway.websocket.close(1011),
      { code: 4032, reason: "gateway.lost" },
      undefined,
      "gateway.lost",
    ],
    [
      "the gateway breaks off",
      ({ gateway }) => gateway.websocket.terminate(),
      { code: 4032, reason: "gateway.lost" },
      undefined,
      "gateway.lost",
    ],
  ])("%s", async (_name, ends, atClient, atGateway, word) => {
    const peers = await world.opensPassthrough();
    ends(peers);
    if (atClient !== undefined) expect(await peers.client.closed).toEqual(atClient);
    if (atGateway !== undefined) expect(await peers.gateway.closed).toEqual(atGateway);
    await world.nothingIsLeft();
    expect(world.events("session.closed").map((event) => event["reason"])).toEqual([word]);
    // What succeeded stays so, whatever happened later.
    expect((await world.operation()).status).toBe("SUCCESSFUL");
  });

  it("tells our own client in a text frame before the close frame", async () => {
    const { client, gateway } = await world.opensPassthrough({ subprotocols: channel });
    gateway.websocket.close(4013, "panel.reset");
    await client.closed;
    expect(client.texts.at(-1)).toBe(
      '{"type":"closed","reason":"panel.reset","text":"The panel broke off the connection."}',
    );
  });
});

describe("relay, lost and stalled ends", () => {
  it("pings both ends every 5 s and keeps an idle session whose ends answer", async () => {
    const { client, gateway } = await world.opensPassthrough();
    const pings = { client: 0, gateway: 0 };
    client.websocket.on("ping", () => pings.client++);
    gateway.websocket.on("ping", () => pings.gateway++);
    await world.clock.advance(60_000);
    expect(world.remoteAccess.sessions()).toBe(1);
    expect(pings.client).toBeGreaterThanOrEqual(11);
    expect(pings.gateway).toBeGreaterThanOrEqual(11);
  });

  it.each([
    ["client", "gateway", "client.lost", 4001],
    ["gateway", "client", "gateway.lost", 4032],
  ] as const)("%s silent while idle: lost after 20 s, not before", async (silent, other, reason, code) => {
    const peers = await world.opensPassthrough();
    peers[silent].wire.near.isSilenced = true;
    await world.clock.advance(19_000);
    expect(peers[other].isClosed).toBe(false);
    await world.clock.advance(2_500);
    expect(await peers[other].closed).toEqual({ code, reason });
    await world.clock.advance(11_000);
    await world.nothingIsLeft();
    expect(world.events("session.closed").map((event) => event["reason"])).toEqual([reason]);
  });

  it("gateway silent while somebody types: lost after 20 s", async () => {
    const { client, gateway } = await world.opensPassthrough();
    gateway.wire.near.isSilenced = true;
    for (let second = 0; second < 22; second++) {
      client.send("key");
      await world.clock.advance(1_000);
    }
    expect(await client.closed).toEqual({ code: 4032, reason: "gateway.lost" });
    await world.clock.advance(11_000);
  });

  it("a client that takes nothing for 30 s is stalled, though its silence began before 20 s", async () => {
    const { client, gateway } = await world.opensPassthrough();
    client.websocket.pause();
    void sendAll(gateway, pattern(4 * mebibyte, 8), 64 * 1024);
    await world.clock.advance(29_000);
    expect(gateway.isClosed).toBe(false);
    await world.clock.advance(3_000);
    // The gateway is told at once; the client gets the drain limit.
    await world.clock.advance(11_000);
    expect(await gateway.closed).toEqual({ code: 4002, reason: "client.stalled" });
    await world.nothingIsLeft();
    expect(world.events("session.closed").map((event) => event["reason"])).toEqual(["client.stalled"]);
  });

  it("leaves it to the gateway to say that its panel is stalled", async () => {
    const { client, gateway } = await world.opensPassthrough();
    gateway.websocket.pause();
    void sendAll(client, pattern(4 * mebibyte, 9), 64 * 1024);
    await world.clock.advance(32_000);
    expect(client.isClosed).toBe(false);
    gateway.websocket.close(4015, "panel.stalled");
    await world.clock.advance(1_000);
    expect(await client.closed).toEqual({ code: 4015, reason: "panel.stalled" });
    gateway.websocket.resume();
    await world.clock.advance(11_000);
    await world.nothingIsLeft();
  });

  it("a gateway that takes nothing and says nothing is lost", async () => {
    const { client, gateway } = await world.opensPassthrough();
    gateway.websocket.pause();
    void sendAll(client, pattern(4 * mebibyte, 10), 64 * 1024);
    await world.clock.advance(37_000);
    expect(await client.closed).toEqual({ code: 4032, reason: "gateway.lost" });
    await world.clock.advance(11_000);
    await world.nothingIsLeft();
  });

  it("a client that is slow but takes some is neither", async () => {
    const { client, gateway } = await world.opensPassthrough();
    const bytes = pattern(4 * mebibyte, 11);
    void sendAll(gateway, bytes, 64 * 1024);
    client.websocket.pause();
    for (let second = 0; second < 90; second++) {
      await world.clock.advance(1_000);
      if (second % 8 !== 7) continue;
      // Lets a little through.
      const before = client.receivedBytes;
      client.websocket.resume();
      await until("some", () => client.receivedBytes > before);
      client.websocket.pause();
    }
    expect(world.remoteAccess.sessions()).toBe(1);
    client.websocket.resume();
    await until("all", () => client.receivedBytes === bytes.length);
    expect(hash(client.received)).toBe(hash(bytes));
  });
});

describe("relay, the gateway's other connection", () => {
  it("lives on when the gateway's MQTT connection is cut", async () => {
    const { client, gateway } = await world.opensPassthrough();
    world.deviceGoesOffline();
    await world.clock.advance(120_000);
    client.send("still here");
    await gateway.receives("still here");
    expect(client.isClosed).toBe(false);
  });

  it("finishes the operation for a gateway that cannot report, because the panel's bytes prove the tunnel", async () => {
    const client = world.client(await world.addsEndpoint());
    await client.opened;
    const gateway = world.gateway(await world.connectionKey());
    await gateway.opened;
    gateway.send("from the panel");
    await client.receives("from the panel");
    await world.clock.advance(29_000);
    expect((await world.operation()).status).toBe("PENDING");
    await world.clock.advance(1_000);
    expect((await world.operation()).status).toBe("SUCCESSFUL");
    expect(client.isClosed).toBe(false);
  });
});

describe("relay, limits and rules", () => {
  it("session.idle after an hour without a byte, pings notwithstanding", async () => {
    await world.stop();
    world = await World.start({ idleMs: 60_000 });
    const { client, gateway } = await world.opensPassthrough();
    await world.clock.advance(50_000);
    client.send("x");
    await gateway.receives("x");
    await world.clock.advance(50_000);
    expect(client.isClosed).toBe(false);
    await world.clock.advance(11_000);
    expect(await client.closed).toEqual({ code: 4040, reason: "session.idle" });
    expect(await gateway.closed).toEqual({ code: 4040, reason: "session.idle" });
    await world.nothingIsLeft();
  });

  it("session.expired at the longest life", async () => {
    await world.stop();
    world = await World.start({ totalMs: 60_000 });
    const { client, gateway } = await world.opensPassthrough();
    await world.clock.advance(61_000);
    expect(await client.closed).toEqual({ code: 4041, reason: "session.expired" });
    expect(await gateway.closed).toEqual({ code: 4041, reason: "session.expired" });
    await world.nothingIsLeft();
  });

  it.each([
    ["client", "gateway"],
    ["gateway", "client"],
  ] as const)("protocol.malformed for a text frame of the %s on binary", async (from, _to) => {
    const { client, gateway } = await world.opensPassthrough();
    ({ client, gateway })[from].websocket.send("text");
    expect(await client.closed).toEqual({ code: 4051, reason: "protocol.malformed" });
    expect(await gateway.closed).toEqual({ code: 4051, reason: "protocol.malformed" });
    await world.nothingIsLeft();
  });

  it("takes messages of the session channel and refuses what is none", async () => {
    const { client } = await world.opensPassthrough({ subprotocols: channel });
    client.websocket.send('{"type":"resize","columns":80,"rows":24}');
    client.websocket.send('{"type":"break"}');
    await settle();
    expect(client.isClosed).toBe(false);
    client.websocket.send('{"type":"shutdown"}');
    expect(await client.closed).toEqual({ code: 4051, reason: "protocol.malformed" });
    await world.nothingIsLeft();
  });

  it.each(["client", "gateway"] as const)("protocol.too-large for a message of the %s above 1 MiB", async (from) => {
    const peers = await world.opensPassthrough();
    peers[from].send(Buffer.alloc(mebibyte + 1));
    expect(await peers.client.closed).toEqual({ code: 4052, reason: "protocol.too-large" });
    expect(await peers.gateway.closed).toEqual({ code: 4052, reason: "protocol.too-large" });
    await world.nothingIsLeft();
  });

  it.each([
    ["an unmasked frame", Buffer.from([0x82, 0x01, 0x41])],
    ["a reserved bit", Buffer.from([0xf2, 0x81, 0, 0, 0, 0, 0x41])],
    ["an unknown opcode", Buffer.from([0x83, 0x81, 0, 0, 0, 0, 0x41])],
  ])("protocol.malformed for %s (RFC 6455 section 5)", async (_what, bytes) => {
    const { client, gateway } = await world.opensPassthrough();
    client.wire.near.write(bytes);
    expect(await client.closed).toEqual({ code: 4051, reason: "protocol.malformed" });
    expect(await gateway.closed).toEqual({ code: 4051, reason: "protocol.malformed" });
    await world.clock.advance(6_000);
    await world.nothingIsLeft();
  });

  it.each([
    ["endpoint", "endpoint.removed", 4043],
    ["user", "permission.revoked", 4044],
    ["device", "device.removed", 4045],
  ] as const)("ends at once when its %s is gone, and leaves other sessions alone", async (what, reason, code) => {
    const { client, gateway } = await world.opensPassthrough();
    const deviceId = what === "device" ? await world.addDevice("gw-3") : world.deviceId;
    const outcome = await world.remoteAccess.endpoints.create(deviceId, {
      name: "other",
      hostname: "10.0.0.1",
      port: 22,
      protocol: "PASSTHROUGH",
      credentialsType: "NONE",
    });
    if (outcome.kind !== "saved") throw new Error("not saved");
    const bystander = world.client(outcome.endpoint, { login: "admin" });
    await bystander.opened;
    if (what === "endpoint") world.remoteAccess.endSessions({ deviceId: world.deviceId, endpointId: "1" }, reason);
    if (what === "user") world.remoteAccess.endSessions({ userName: "eve" }, reason);
    if (what === "device") await world.devices.remove(world.deviceId);
    expect(await client.closed).toEqual({ code, reason });
    expect(await gateway.closed).toEqual({ code, reason });
    expect(bystander.isClosed).toBe(false);
  });
});

describe("the cloud's end", () => {
  it("stop() ends every session with cloud.stopping, whatever it is at, and takes no more", async () => {
    const { client, gateway } = await world.opensPassthrough();
    const endpoint = await world.addsEndpoint();
    const waiting = world.client(endpoint, { subprotocols: channel });
    await waiting.opened;
    const stopped = world.remoteAccess.stop();
    expect(await client.closed).toEqual({ code: 4034, reason: "cloud.stopping" });
    expect(await gateway.closed).toEqual({ code: 4034, reason: "cloud.stopping" });
    expect(await waiting.closed).toEqual({ code: 4034, reason: "cloud.stopping" });
    await stopped;
    expect(world.clock.pending).toBe(0);
    expect((await world.operation()).failureReason).toBe("cloud.stopping: The cloud is shutting down.");
    expect((await world.client(endpoint).refused).status).toBe(503);
  });

  it("stop() does not wait longer than 5 s for ends that say nothing", async () => {
    const { client, gateway } = await world.opensPassthrough();
    client.wire.near.isSilenced = true;
    gateway.wire.near.isSilenced = true;
    let isStopped = false;
    void world.remoteAccess.stop().then(() => {
      isStopped = true;
    });
    await world.clock.advance(4_900);
    expect(isStopped).toBe(true);
    expect(world.clock.pending).toBe(0);
  });

  it("stop() does not wait for the longer limits of a session that is ending already", async () => {
    const { client, gateway } = await world.opensPassthrough();
    client.websocket.pause();
    await sendAll(gateway, pattern(120 * 1024, 12), 32 * 1024);
    gateway.websocket.close(4013, "panel.reset");
    await settle();
    let isStopped = false;
    void world.remoteAccess.stop().then(() => {
      isStopped = true;
    });
    await world.clock.advance(4_100);
    expect(isStopped).toBe(true);
    expect(world.clock.pending).toBe(0);
    expect(await world.auditOfSessions()).toMatchObject([{}, { reason: "panel.reset" }]);
  });

  it("kill() says nothing, writes nothing, and leaves no timer or socket", async () => {
    const { client, gateway } = await world.opensPassthrough();
    const waiting = world.client(await world.addsEndpoint());
    await waiting.opened;
    await settle();
    const lines = world.logLines.length;
    const { total } = await world.audit.list({ skip: 0, take: 1 });
    world.remoteAccess.kill();
    for (const peer of [client, gateway, waiting]) expect((await peer.closed).code).toBe(1006);
    await settle();
    expect(world.clock.pending).toBe(0);
    expect(world.remoteAccess.sessions()).toBe(0);
    expect(world.logLines.length).toBe(lines);
    expect((await world.audit.list({ skip: 0, take: 1 })).total).toBe(total);
    for (const peer of [client, gateway, waiting]) expect(peer.wire.far.destroyed).toBe(true);
  });

  it("the next start closes the records that a crash left open", async () => {
    await world.opensPassthrough();
    world.remoteAccess.kill();
    await world.remoteAccess.start();
    const records = await world.auditOfSessions();
    expect(records.at(-1)).toMatchObject({
      activity: "Remote access session ended",
      reason: "cloud.lost",
      user: "eve",
    });
    const rows = await world.store.db.selectFrom("sessions").selectAll().execute();
    expect(rows).toMatchObject([{ reason: "cloud.lost" }]);
    await world.remoteAccess.start();
    expect(await world.auditOfSessions()).toHaveLength(records.length);
  });
});

describe("records of a session", () => {
  it("leaves two audit records, three log lines and one row", async () => {
    const { client, gateway } = await world.opensPassthrough();
    client.send("12345");
    gateway.send("123");
    await client.receives("123");
    await gateway.receives("12345");
    await world.clock.advance(2_000);
    client.websocket.close(1000);
    await world.nothingIsLeft();
    const operation = await world.operation();
    const common = {
      user: "eve",
      operation: operation.id,
      endpoint: "1",
      endpointName: "HMI",
      protocol: "PASSTHROUGH",
      clientAddress: "192.0.2.7",
    };
    expect(await world.auditOfSessions()).toMatchObject([
      { activity: "Remote access session started", ...common },
      {
        activity: "Remote access session ended",
        ...common,
        reason: "client.closed",
        bytesUp: 5,
        bytesDown: 3,
        durationMs: 2_000,
      },
    ]);
    const fields = { operation: operation.id, device: world.deviceId, endpoint: "1", user: "eve" };
    expect(world.events("session.requested")).toMatchObject([fields]);
    expect(world.events("session.opened")).toMatchObject([fields]);
    expect(world.events("session.closed")).toMatchObject([{ ...fields, reason: "client.closed", bytesUp: 5 }]);
    const rows = await world.store.db.selectFrom("sessions").selectAll().execute();
    expect(rows).toMatchObject([{ reason: "client.closed", bytes_up: 5, bytes_down: 3, user_name: "eve" }]);
    expect(rows[0]?.closed_at_ms).toBeGreaterThan(rows[0]?.opened_at_ms ?? Number.NaN);
  });

  it("are written before the close frames, so that who sees the end can read them", async () => {
    const { client, gateway } = await world.opensPassthrough();
    gateway.websocket.close(4013, "panel.reset");
    await client.closed;
    expect(await world.auditOfSessions()).toHaveLength(2);
  });

  it("do not stop a session when they cannot be written", async () => {
    const { client, gateway } = await world.opensPassthrough();
    world.audit.record = () => Promise.reject(new Error("disk full"));
    gateway.websocket.close(4013, "panel.reset");
    expect(await client.closed).toEqual({ code: 4013, reason: "panel.reset" });
    await world.nothingIsLeft();
    expect(world.events("session.failed")).toMatchObject([{ what: "session row and audit record", why: "disk full" }]);
  });

  it("a hundred sessions one after another leave nothing", async () => {
    const endpoint = await world.addsEndpoint();
    for (let count = 0; count < 100; count++) {
      const client = world.client(endpoint);
      await client.opened;
      const gateway = world.gateway(await world.connectionKey());
      await gateway.opened;
      gateway.send("hello");
      await client.receives("hello");
      client.websocket.close(1000);
      await gateway.closed;
    }
    await world.nothingIsLeft();
    expect(world.events("session.closed")).toHaveLength(100);
    const { operations } = await world.operations.list({ skip: 0, take: 1000 });
    // Nobody reported, but the panel's bytes came: the tunnels stood.
    expect(new Set(operations.map((operation) => operation.status))).toEqual(new Set(["SUCCESSFUL"]));
  });
});
