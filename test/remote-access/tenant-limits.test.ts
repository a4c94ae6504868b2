// What a tenant's options make of the limits of a session.
import { describe, expect, it } from "vitest";
import { defaultSessionLimits } from "#cloud-stub/remote-access/limits.ts";
import { tenantLimits } from "#cloud-stub/remote-access/tenant-limits.ts";

const limits = (options: Record<string, string>) =>
  tenantLimits(defaultSessionLimits, { get: async (category, key) => options[`${category}/${key}`] });

describe("the limits of a tenant's sessions", () => {
  it("are the defaults where nothing is set", async () => {
    expect(await limits({})).toEqual(defaultSessionLimits);
    expect(await tenantLimits(defaultSessionLimits, undefined)).toEqual(defaultSessionLimits);
  });

  // Keys of protocol.md 5.7; the last one is Postern's own.
  it.each([
    ["remoteaccess/remoteaccess.operation.timeout", "45", { gatewayWaitMs: 45_000 }],
    ["remoteaccess/remoteaccess.ws.idle.timeout", "60000", { idleMs: 60_000 }],
    ["remoteaccess/postern.session.total.timeout", "600000", { totalMs: 600_000 }],
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
