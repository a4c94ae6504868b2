// Something on the way resets every connection between gateway and cloud, again and again.
import { reset } from "../faults/reset.ts";
import { vncPanel } from "../panels/vnc-panel.ts";
import { expectBetween, expectSame, expectTrue } from "../scenario/expectations.ts";
import { countOf } from "../scenario/sightings.ts";
import { defineScenario } from "../scenario.ts";
import { layFault } from "../triggers/lay-fault.ts";

export const scenario = defineScenario({
  name: "reset-storm",
  title: "A storm of resets between gateway and cloud",
  summary:
    "Every 5 s for two minutes everything is reset. The session ends at once, the gateway backs off, and all is well afterwards.",
  faults: ["reset"],
  profiles: [],
  modes: ["memory"],
  panels: { press4: vncPanel() },
  story: async (site) => {
    const { operator, panels } = site;
    const vnc = await operator.opensVnc("press4");
    await vnc.shows(panels.press4.screen);
    site.says("the storm begins");
    const storm = await layFault(site, reset(), {
      between: ["gateway", "cloud"],
      forMs: 1000,
      everyMs: 5000,
      times: 24,
    });
    const ending = await vnc.ends();
    expectTrue("the operator is told that the gateway's side is gone", /^gateway\.(lost|reset)$/.test(ending.reason));
    await site.passes(120_000);
    await storm.lift();
    site.says("the storm is over");
    expectBetween("times that the gateway came online in it", countOf(site.gatewayLog, "connectivity.online"), 1, 25);
    await site.gatewayIsOnline(300_000);
    const again = await operator.opensVnc("press4");
    await again.shows(panels.press4.screen);
    expectSame("tunnels", site.gateway.status().tunnels.length, 1);
    await again.disconnects();
  },
});
