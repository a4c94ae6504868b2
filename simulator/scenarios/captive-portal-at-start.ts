// The gateway is switched on behind a guest network that wants a click first.
import { captivePortal } from "../faults/captive-portal.ts";
import { expectSame, expectTrue } from "../scenario/expectations.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "captive-portal-at-start",
  title: "A captive portal stands before the cloud when the gateway starts",
  summary: "The gateway does not take the portal for the cloud, tries again, and registers once somebody has clicked.",
  faults: ["captive-portal"],
  profiles: [],
  modes: ["memory"],
  site: { registered: false },
  story: async (site) => {
    const { operator } = site;
    await operator.expectsDevice(site.deviceId);
    site.says("the gateway is put on a guest network");
    const clicked = site.between("gateway", "cloud").apply(captivePortal());
    site.powerOn();
    await site.passes(120_000);
    expectSame("the gateway's registration", site.gateway.status().registration, "registering");
    const [device] = await operator.expectedDevices();
    expectSame("what the cloud knows of it", device?.["status"], "WAITING_FOR_CONNECTION");
    site.says("somebody clicks through the portal");
    clicked();
    await operator.acceptsDevice(site.deviceId);
    await site.gatewayIsOnline(180_000);
    expectTrue("the gateway is registered", site.gateway.status().registration === "registered");
  },
});
