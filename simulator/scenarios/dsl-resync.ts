// A DSL line that synchronises anew every few minutes.
import { echoPanel } from "../panels/byte-panels.ts";
import { expectSame } from "../scenario/expectations.ts";
import { layNetwork } from "../scenario/networks.ts";
import { auditedReasons } from "../scenario/sightings.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "dsl-resync",
  title: "A flaky DSL line synchronises anew in mid-session",
  summary:
    "The resync of 25 s ends the session with gateway.lost; the gateway is back by itself and the next session works.",
  faults: ["throttle", "latency", "black-hole", "reset"],
  profiles: ["flaky-dsl"],
  modes: ["memory"],
  panels: { plc: echoPanel() },
  story: async (site) => {
    const { operator } = site;
    const network = await layNetwork(site, "flaky-dsl");
    const session = await operator.opensPassthrough("plc");
    session.says(Buffer.from("hello"));
    await session.receives(5);
    const ending = await session.ends(180_000);
    site.says(`the operator is told: ${ending.said?.text}`);
    expectSame("the operator is told why", ending.reason, "gateway.lost");
    await site.passes(10_000);
    await site.gatewayIsOnline(180_000);
    const again = await operator.opensPassthrough("plc");
    again.says(Buffer.from("hello"));
    await again.receives(5);
    await again.disconnects();
    await network.lift();
    expectSame("the audit trail", await auditedReasons(operator), ["gateway.lost", "client.closed"]);
  },
});
