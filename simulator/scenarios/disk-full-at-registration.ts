// The card is full when the gateway wants to store what it was given.
import { diskFull } from "../faults/disk-full.ts";
import { expectSame, expectTrue } from "../scenario/expectations.ts";
import { countOf } from "../scenario/sightings.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "disk-full-at-registration",
  title: "The card is full when the gateway registers",
  summary:
    "It does not go online with credentials that it would forget, says what is wrong, and gets through once there is room.",
  faults: ["disk-full"],
  profiles: [],
  modes: ["memory"],
  site: { registered: false },
  story: async (site) => {
    const { operator } = site;
    await operator.expectsDevice(site.deviceId);
    await site.during(diskFull(), async () => {
      site.powerOn();
      await operator.acceptsDevice(site.deviceId);
      await site.passes(60_000);
      expectSame("registrations", countOf(site.gatewayLog, "registration.completed"), 0);
      expectTrue("the log says why", JSON.stringify(site.gatewayLog).includes("ENOSPC"));
      site.says("somebody makes room");
    });
    await site.gatewayIsOnline(300_000);
    expectSame("registrations", countOf(site.gatewayLog, "registration.completed"), 1);
  },
});
