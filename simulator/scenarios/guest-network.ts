// A registered gateway is moved to a guest network: the link profile "captive-portal".

import { reset } from "../faults/reset.ts";
import { expectSame } from "../scenario/expectations.ts";
import { layNetwork } from "../scenario/networks.ts";
import { countOf } from "../scenario/sightings.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "guest-network",
  title: "A working gateway is moved to a guest network",
  summary:
    "While the portal stands in the way the gateway stays offline and keeps its identity; afterwards it is back with it.",
  faults: ["captive-portal", "latency", "reset"],
  profiles: ["captive-portal"],
  modes: ["memory"],
  story: async (site) => {
    const network = await layNetwork(site, "captive-portal");
    site.says("its connection is reset, as by a change of network");
    await site.between("gateway", "cloud").during(reset({ spareNew: true }), () => site.passes(90_000));
    expectSame("the gateway behind the portal", site.gateway.status().registration, "registered");
    expectSame("it is online", site.gateway.status().connectivity === "online", false);
    site.says("somebody clicks through the portal");
    await network.lift();
    await site.gatewayIsOnline(180_000);
    expectSame("registrations", countOf(site.gatewayLog, "registration.completed"), 1);
  },
});
