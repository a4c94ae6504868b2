// How long a revoked session can hold out at either end: a second at most, whatever its client and its panel do or leave undone.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ServerHandshake } from "#protocol/rfb/server-handshake.ts";
import { settle } from "./manual-clock.ts";
import { makeWire, type Wire } from "./wire.ts";
import { type Peer, World } from "./world.ts";

let world: World;

beforeEach(async () => {
  world = await World.start();
});

afterEach(async () => {
  await world.stop();
});

const reasons = ["permission.revoked", "endpoint.removed", "session.ended-by-admin", "device.removed"] as const;
type Reason = (typeof reasons)[number];

const revokes = (reason: Reason) => world.remoteAccess.endSessions({ deviceId: world.deviceId }, reason);

interface Ends {
  readonly client: Peer;
  readonly gateway: Peer;
}

async function opens(
  fields: Record<string, unknown>,
  options: { readonly subprotocols?: string[]; readonly clientWire?: Wire; readonly gatewayWire?: Wire } = {},
): Promise<Ends> {
  const { subprotocols = ["binary"], clientWire = makeWire(), gatewayWire = makeWire() } = options;
  const endpoint = await world.addsEndpoint(fields);
  const client = world.client(endpoint, { subprotocols, wire: clientWire });
  await client.opened;
  const gateway = world.gateway(await world.connectionKey(), { wire: gatewayWire });
  await gateway.opened;
  await world.reports("EXECUTING");
  await world.reports("SUCCESSFUL");
  await settle();
  return { client, gateway };
}

const vnc = { protocol: "VNC", credentialsType: "PASS_ONLY", password: "pass1234" };

/** Both connections are gone at the cloud's end, close frame answered or not. */
async function isOverWithin(ms: number, ends: Ends): Promise<void> {
  await world.clock.advance(ms);
  expect(ends.client.wire.far.destroyed, "the client's connection is gone").toBe(true);
  expect(ends.gateway.wire.far.destroyed, "the gateway's connection is gone").toBe(true);
  await world.nothingIsLeft();
}

describe("a VNC client of others that never answers the greeting", () => {
  it.each(reasons)("is closed within a second after %s, and so is the gateway", async (reason) => {
    const { client, gateway } = await opens(vnc);
    gateway.send("RFB 003.008\n");
    await client.receives("RFB 003.008\n");
    revokes(reason);
    await world.clock.advance(1_000);
    expect(await client.closed).toMatchObject({ reason });
    expect(await gateway.closed).toMatchObject({ reason });
    await world.nothingIsLeft();
  });

  it.each(reasons)("is closed within a second after %s while the tunnel is still awaited", async (reason) => {
    const endpoint = await world.addsEndpoint(vnc);
    const client = world.client(endpoint);
    await client.opened;
    await settle();
    revokes(reason);
    await world.clock.advance(1_000);
    expect(await client.closed).toMatchObject({ reason });
    await world.nothingIsLeft();
  });

  it("one that does answer is still told in its own protocol", async () => {
    const { client, gateway } = await opens(vnc);
    const panel = new ServerHandshake({ security: { type: "none" } });
    gateway.send(panel.start());
    await client.receives("RFB 003.008\n");
    revokes("permission.revoked");
    await settle();
    client.send("RFB 003.008\n");
    expect(await client.closed).toMatchObject({ reason: "permission.revoked" });
    expect(client.received.toString("latin1")).toContain("was taken away");
  });
});

describe("a client that takes nothing", () => {
  it.each(["binary", "postern.session.v1"])("and has bytes waiting (%s)", async (subprotocol) => {
    const clientWire = makeWire();
    const ends = await opens({}, { subprotocols: [subprotocol], clientWire });
    clientWire.far.isStalled = true;
    ends.gateway.send(Buffer.alloc(512 * 1024));
    await settle();
    revokes("permission.revoked");
    await isOverWithin(1_000, ends);
  });

  it("in the middle of being delivered what its panel said before it ended", async () => {
    const clientWire = makeWire();
    const ends = await opens({}, { clientWire });
    clientWire.far.isStalled = true;
    ends.gateway.send(Buffer.alloc(64 * 1024));
    await settle();
    ends.gateway.websocket.close(1000, "panel.closed");
    await settle();
    revokes("permission.revoked");
    await settle();
    // Nothing is waited for any more.
    expect(world.events("session.closed")).toHaveLength(1);
    await isOverWithin(1_000, ends);
  });
});

describe("a gateway that takes nothing", () => {
  it("and has bytes waiting", async () => {
    const gatewayWire = makeWire();
    const ends = await opens({}, { gatewayWire });
    gatewayWire.far.isStalled = true;
    ends.client.send(Buffer.alloc(512 * 1024));
    await settle();
    revokes("permission.revoked");
    await isOverWithin(1_000, ends);
  });

  it("in the middle of being delivered what the client sent before it left", async () => {
    const gatewayWire = makeWire();
    const ends = await opens({}, { gatewayWire });
    gatewayWire.far.isStalled = true;
    ends.client.send(Buffer.alloc(64 * 1024));
    await settle();
    ends.client.websocket.close(1000);
    await settle();
    revokes("permission.revoked");
    await settle();
    // Nothing is waited for any more.
    expect(world.events("session.closed")).toHaveLength(1);
    await isOverWithin(1_000, ends);
    const closed = world.events("session.closed");
    // The first reason stands.
    expect(closed.map(({ reason }) => reason)).toEqual(["client.closed"]);
  });
});

describe("ends that answer no close frame", () => {
  it("are broken off within a second", async () => {
    const ends = await opens({});
    // What they write is lost from here on.
    ends.client.wire.near.isSilenced = true;
    ends.gateway.wire.near.isSilenced = true;
    revokes("permission.revoked");
    await isOverWithin(1_000, ends);
  });
});
