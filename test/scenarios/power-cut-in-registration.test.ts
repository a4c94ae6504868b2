// The gateway's power fails at each moment of its registration: it ends up registered once, online, with credentials that work.
import { describe, expect, it } from "vitest";
import { vncPanel } from "#simulator/panels/vnc-panel.ts";
import type { Site } from "#simulator/site.ts";
import { startSite } from "./start-site.ts";

const moments: readonly { readonly what: string; readonly happens: (site: Site) => Promise<void> }[] = [
  {
    what: "before it has asked for the first time",
    happens: async (site) => {
      await site.clock.advance(50);
      site.powerCut();
    },
  },
  {
    what: "while it waits to be let in",
    happens: async (site) => {
      await site.clock.until(
        async () => (await site.operator.expectedDevices())[0]?.["status"] === "PENDING_ACCEPTANCE",
        { what: "the gateway to ask" },
      );
      site.powerCut();
    },
  },
  {
    what: "just as it writes the credentials it was given",
    happens: async (site) => {
      const cut = Promise.withResolvers<void>();
      site.powerCut({
        at: ({ name }) => {
          if (name !== "credentials.json") return false;
          cut.resolve();
          return true;
        },
      });
      await site.operator.acceptsDevice(site.deviceId);
      await site.clock.until(cut.promise, { what: "the credentials to be written" });
    },
  },
  {
    what: "as soon as it has them",
    happens: async (site) => {
      await site.operator.acceptsDevice(site.deviceId);
      await site.clock.until(() => site.gatewayLog.some(({ event }) => event === "registration.completed"), {
        what: "the gateway to be registered",
      });
      site.powerCut();
    },
  },
];

describe("a power cut in the middle of the registration", () => {
  it.each(moments)("$what", async ({ happens }) => {
    await using site = await startSite({ registered: false, panels: { press4: vncPanel() } });
    await site.operator.expectsDevice(site.deviceId);
    site.powerOn();
    await happens(site);
    expect(site.isGatewayOn).toBe(false);
    await site.clock.advance(30_000);
    site.powerOn();
    if ((await site.operator.expectedDevices()).some(({ status }) => status !== "ACCEPTED")) {
      await site.operator.acceptsDevice(site.deviceId);
    }
    await site.gatewayIsOnline(180_000);
    expect(site.gatewayLog.filter(({ event }) => event === "registration.completed").length).toBeLessThanOrEqual(2);
    expect(await site.operator.expectedDevices()).toEqual([]);
    await site.addsEndpoints();
    const vnc = await site.operator.opensVnc("press4");
    await vnc.shows(site.panels.press4.screen);
    await vnc.disconnects();
    expect(await site.operator.operations()).toMatchObject([{ status: "SUCCESSFUL" }]);
  });
});
