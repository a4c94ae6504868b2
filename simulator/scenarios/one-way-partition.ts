// What the gateway sends is lost on its way to the cloud, while what the cloud sends arrives.
import { oneWayPartition } from "../faults/one-way-partition.ts";
import { echoPanel } from "../panels/byte-panels.ts";
import { expectBetween, expectSame } from "../scenario/expectations.ts";
import { auditedReasons, lastMoment, reasonsIn } from "../scenario/sightings.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "one-way-partition",
  title: "Only one direction of the uplink works",
  summary:
    "The cloud hears nothing any more and says gateway.lost within 30 s, which the gateway still hears; it is back once both directions work.",
  faults: ["one-way-partition"],
  profiles: [],
  modes: ["memory"],
  panels: { plc: echoPanel() },
  story: async (site) => {
    const { operator } = site;
    const session = await operator.opensPassthrough("plc");
    session.says(Buffer.from("hello"));
    await session.receives(5);
    site.says("from now on nothing of the gateway's reaches the cloud");
    const cutAtMs = lastMoment(site);
    await site
      .from("gateway")
      .to("cloud")
      .during(oneWayPartition(), async () => {
        session.says(Buffer.from("anybody?"));
        expectSame("the operator is told why", (await session.ends()).reason, "gateway.lost");
        expectBetween("ms until it is noticed", lastMoment(site) - cutAtMs, 15_000, 30_000);
        await site.until(() => site.gateway.status().tunnels.length === 0, {
          what: "the gateway to give up its tunnel",
        });
        expectSame("the gateway was told", reasonsIn(site.gatewayLog, "tunnel.closed"), ["gateway.lost"]);
      });
    await site.gatewayIsOnline(300_000);
    expectSame("the audit trail", await auditedReasons(operator), ["gateway.lost"]);
  },
});
