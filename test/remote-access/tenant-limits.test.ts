// What a tenant's options make of the limits of a session.
import { describe, expect, it } from "vitest";
import { defaultSessionLimits } from "#cloud-stub/remote-access/limits.ts";
import { tenantLimits, whyOptionRefused } from "#cloud-stub/remote-access/tenant-limits.ts";
import { until } from "./manual-clock.ts";
import { World } from "./world.ts";

const limits = (options: Record<string, string>) =>
  tenantLimits(defaultSessionLimits, { get: async (category, key) => options[`${category}/${key}`] });

describe("the limits of a tenant's sessions", () => {
  it("are the defaults where nothing is set", async () => {
    expect(await limits({})).toEqual(defaultSessionLimits);
    expect(await tenantLimits(defaultSessionLimits, undefined)).toEqual(defaultSessionLimits);
  });

  // Keys of protocol.md 5.7; the last two are Postern's own.
  it.each([
    ["remoteaccess/remoteaccess.operation.timeout", "45", { gatewayWaitMs: 45_000 }],
    ["remoteaccess/remoteaccess.ws.idle.timeout", "60000", { idleMs: 60_000 }],
    ["remoteaccess/postern.session.total.timeout", "600000", { totalMs: 600_000 }],
    ["remoteaccess/postern.session.device.max", "3", { sessionsPerDeviceMax: 3 }],
    ["remoteaccess/postern.session.device.max", "500", { sessionsPerDeviceMax: 500 }],
  ])("%s = %s", async (key, value, expected) => {
    expect(await limits({ [key]: value })).toEqual({ ...defaultSessionLimits, ...expected });
  });

  it.each(["", "0", "-5", "1e9", "soon", "999", "99999999999"])(
    "an idle limit of %j changes nothing",
    async (value) => {
      expect(await limits({ "remoteaccess/remoteaccess.ws.idle.timeout": value })).toEqual(defaultSessionLimits);
    },
  );
});

describe("the number of sessions that a device may have", () => {
  const key = "postern.session.device.max";

  it.each(["", "0", "-1", "501", "1e2", "2.5", "all", "99999999999"])("of %j changes nothing", async (value) => {
    expect(await limits({ [`remoteaccess/${key}`]: value })).toEqual(defaultSessionLimits);
    expect(whyOptionRefused("remoteaccess", key, value)).toBe("must be a whole number from 1 to 500");
  });

  it.each(["1", "16", "500"])("of %j is taken", (value) => {
    expect(whyOptionRefused("remoteaccess", key, value)).toBeUndefined();
  });

  it("holds for the next session, and leaves those alone that are there", async () => {
    const world = await World.start();
    const endpoint = await world.addsEndpoint();
    await world.client(endpoint).opened;
    const second = world.client(endpoint);
    await second.opened;
    world.tenantOptions.set(`remoteaccess/${key}`, "1");
    const refusal = await world.client(endpoint).refused;
    expect(refusal).toMatchObject({ status: 429, body: { error: "remoteaccess/tooManySessions" } });
    expect(world.remoteAccess.sessions()).toBe(2);
    world.tenantOptions.set(`remoteaccess/${key}`, "3");
    await world.client(endpoint).opened;
    expect(world.remoteAccess.sessions()).toBe(3);
    second.websocket.close(1000);
    await until("one has ended", () => world.remoteAccess.sessions() === 2);
    await world.client(endpoint).opened;
    expect((await world.client(endpoint).refused).status).toBe(429);
    await world.stop();
  });
});
