// The mobile uplink freezes for 25 seconds in mid-session and comes back.
import { stall } from "../faults/stall.ts";
import { echoPanel } from "../panels/byte-panels.ts";
import { expectBetween, expectSame } from "../scenario/expectations.ts";
import { auditedReasons, lastMoment } from "../scenario/sightings.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "lte-stalls-and-returns",
  title: "LTE stalls for 25 s and comes back",
  summary:
    "A stall of 10 s is lived through. One of 25 s ends the session with gateway.lost after 20 s, and the gateway is online again by itself.",
  faults: ["stall"],
  profiles: [],
  modes: ["memory", "loopback"],
  panels: { plc: echoPanel() },
  story: async (site) => {
    const { operator } = site;
    const session = await operator.opensPassthrough("plc");
    site.says("the uplink stalls for 10 s");
    await site.between("gateway", "cloud").during(stall(), async () => {
      session.says(Buffer.from("still there?"));
      await site.passes(10_000);
    });
    await session.receives(12);
    site.says("what was typed has come through; now the uplink stalls for 25 s");
    const stalledAtMs = lastMoment(site);
    await site.between("gateway", "cloud").during(stall(), async () => {
      session.says(Buffer.from("x"));
      const ending = await session.ends();
      expectSame("the operator is told why", ending.reason, "gateway.lost");
      expectBetween("ms until it is noticed", lastMoment(site) - stalledAtMs, 19_000, 25_000);
      await site.passes(Math.max(0, 25_000 - (lastMoment(site) - stalledAtMs)));
    });
    site.says("the uplink is back");
    await site.gatewayIsOnline(180_000);
    const again = await operator.opensPassthrough("plc");
    again.says(Buffer.from("hello"));
    await again.receives(5);
    await again.disconnects();
    expectSame("the audit trail", await auditedReasons(operator), ["gateway.lost", "client.closed"]);
  },
});
