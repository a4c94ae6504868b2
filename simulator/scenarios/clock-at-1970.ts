// A board without a battery starts in 1970.
import { clockJump } from "../faults/clock-jump.ts";
import { expectSame, expectTrue } from "../scenario/expectations.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "clock-at-1970",
  title: "The board's clock starts in 1970",
  summary:
    "No certificate is valid yet by such a clock: the gateway says so and waits; once the time is right it registers.",
  faults: ["clock-jump"],
  profiles: [],
  modes: ["memory"],
  site: { registered: false },
  story: async (site) => {
    const { operator } = site;
    await operator.expectsDevice(site.deviceId);
    await site.during(clockJump({ byMs: -site.clock.nowMs() }), async () => {
      expectTrue("the board believes that it is 1970", site.board.clock.nowMs() < 86_400_000);
      site.powerOn();
      await site.passes(60_000);
      expectTrue("its log says why", JSON.stringify(site.gatewayLog).includes("clock.wrong"));
      expectSame("its registration", site.gateway.status().registration, "registering");
      site.says("a time server is found");
    });
    await operator.acceptsDevice(site.deviceId);
    await site.gatewayIsOnline(180_000);
  },
});
