// Admission at bad moments: what changes, or goes away, while an upgrade is still being judged.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { settle, until } from "./manual-clock.ts";
import { makeWire } from "./wire.ts";
import { World } from "./world.ts";

let world: World;

beforeEach(async () => {
  world = await World.start();
});

afterEach(async () => {
  await world.stop();
});

/** Holds the judgement of the next client back after its endpoint was read. */
function holdsJudgement(): { readonly reached: Promise<void>; readonly goOn: () => void } {
  const { endpoints } = world.remoteAccess;
  const reached = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const get = endpoints.get.bind(endpoints);
  endpoints.get = async (deviceId, endpointId) => {
    const endpoint = await get(deviceId, endpointId);
    reached.resolve();
    await released.promise;
    return endpoint;
  };
  return {
    reached: reached.promise,
    goOn: () => {
      endpoints.get = get;
      released.resolve();
    },
  };
}

describe("a client's upgrade", () => {
  it("is refused when its endpoint was removed while it was being judged", async () => {
    const endpoint = await world.addsEndpoint();
    const judgement = holdsJudgement();
    const client = world.client(endpoint);
    await judgement.reached;
    await world.remoteAccess.endpoints.remove(world.deviceId, endpoint.id);
    world.remoteAccess.endSessions({ deviceId: world.deviceId, endpointId: endpoint.id }, "endpoint.removed");
    judgement.goOn();
    expect(await client.refused).toMatchObject({ status: 404 });
    expect((await world.operations.list({ skip: 0, take: 9 })).total).toBe(0);
  });

  it("opens the endpoint as it was changed to while it was being judged", async () => {
    const endpoint = await world.addsEndpoint({ hostname: "192.168.10.11" });
    const judgement = holdsJudgement();
    const client = world.client(endpoint);
    await judgement.reached;
    await world.remoteAccess.endpoints.update(world.deviceId, endpoint.id, { ...endpoint, hostname: "192.168.10.99" });
    world.remoteAccess.endSessions({ deviceId: world.deviceId, endpointId: endpoint.id }, "endpoint.removed");
    judgement.goOn();
    await client.opened;
    expect((await world.operation()).fragments).toMatchObject({
      c8y_RemoteAccessConnect: { hostname: "192.168.10.99" },
    });
  });

  it("makes no operation when the client was gone before it was judged", async () => {
    const endpoint = await world.addsEndpoint();
    const judgement = holdsJudgement();
    const wire = makeWire();
    world.client(endpoint, { wire });
    await judgement.reached;
    wire.near.destroy();
    await until("the connection gone", () => wire.far.destroyed);
    await settle();
    judgement.goOn();
    await settle();
    expect(world.remoteAccess.sessions()).toBe(0);
    expect((await world.operations.list({ skip: 0, take: 9 })).total).toBe(0);
  });

  it("is judged although many refused connections have not been closed by their peers", async () => {
    const endpoint = await world.addsEndpoint();
    for (let index = 0; index < 210; index++) {
      const wire = makeWire();
      world.client(endpoint, { login: "", wire });
      await until("a refusal", () => world.events("http.refused").length > index);
      wire.near.pause();
    }
    const client = world.client(endpoint);
    await client.opened;
  });
});

describe("a device's protocols", () => {
  it.each([
    ["in lower case", ["vnc", "passthrough"]],
    ["with no value that is known", ["x-other"]],
  ])("listed %s let a client in", async (_name, protocols) => {
    await world.devices.update(world.deviceId, { fragments: { c8y_RemoteAccessSupportedProtocols: protocols } });
    const client = world.client(await world.addsEndpoint());
    await client.opened;
  });

  it("without the endpoint's one refuse it", async () => {
    await world.devices.update(world.deviceId, { fragments: { c8y_RemoteAccessSupportedProtocols: ["ssh"] } });
    const client = world.client(await world.addsEndpoint());
    expect(await client.refused).toMatchObject({ status: 422 });
  });
});
