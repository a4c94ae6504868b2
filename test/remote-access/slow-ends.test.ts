// The end of a session whose other side is slow: it gets every byte as long as it takes some, and no longer than that.
import { afterEach, beforeEach, expect, it } from "vitest";
import { settle } from "./manual-clock.ts";
import { makeWire, type WireEnd } from "./wire.ts";
import { World } from "./world.ts";

let world: World;

beforeEach(async () => {
  world = await World.start();
});

afterEach(async () => {
  await world.stop();
});

/** Lets bytes through for a few turns of each second. */
async function trickles(end: WireEnd, isDone: () => boolean): Promise<number> {
  for (let second = 1; second <= 120; second++) {
    end.isStalled = false;
    end.goOn();
    await settle(4);
    end.isStalled = true;
    await world.clock.advance(1_000);
    if (isDone()) return second;
  }
  throw new Error("not done within two minutes");
}

const length = 200 * 1024;

it("a client that takes little at a time still gets all that the panel sent before its end", async () => {
  // A few pieces of 2 KiB in each second: a slow mobile network.
  const clientWire = makeWire(2 * 1024);
  const { client, gateway } = await world.opensPassthrough({ clientWire });
  clientWire.far.isStalled = true;
  gateway.send(Buffer.alloc(length, 7));
  await settle();
  gateway.websocket.close(1000, "panel.closed");
  const seconds = await trickles(clientWire.far, () => client.receivedBytes === length || client.isClosed);
  expect(client.receivedBytes).toBe(length);
  // Or the test shows nothing.
  expect(seconds).toBeGreaterThan(15);
  clientWire.far.isStalled = false;
  clientWire.far.goOn();
  expect(await client.closed).toEqual({ code: 1000, reason: "panel.closed" });
  await world.nothingIsLeft();
});

it("a gateway that takes little at a time still gets all that the client sent before its end", async () => {
  const gatewayWire = makeWire(2 * 1024);
  const { client, gateway } = await world.opensPassthrough({ gatewayWire });
  gatewayWire.far.isStalled = true;
  client.send(Buffer.alloc(length, 7));
  await settle();
  client.websocket.close(1000);
  const seconds = await trickles(gatewayWire.far, () => gateway.receivedBytes === length || gateway.isClosed);
  expect(gateway.receivedBytes).toBe(length);
  expect(seconds).toBeGreaterThan(15);
  gatewayWire.far.isStalled = false;
  gatewayWire.far.goOn();
  expect(await gateway.closed).toEqual({ code: 1000, reason: "client.closed" });
  await world.nothingIsLeft();
});

it("a session ends at once when all was taken, though a pong was the last of it", async () => {
  const clientWire = makeWire();
  const { client, gateway } = await world.opensPassthrough({ clientWire });
  clientWire.far.isStalled = true;
  gateway.send(Buffer.alloc(8 * 1024, 7));
  await settle();
  client.websocket.ping("alive?");
  await settle();
  gateway.websocket.close(1000, "panel.closed");
  await settle();
  clientWire.far.isStalled = false;
  clientWire.far.goOn();
  await world.clock.advance(1_000);
  expect(client.receivedBytes).toBe(8 * 1024);
  expect(client.isClosed).toBe(true);
  await world.nothingIsLeft();
});
