// The cable of the uplink is pulled in mid-session, and the board goes on over Wi-Fi.
import { uplinkSwap } from "../faults/uplink-swap.ts";
import { echoPanel } from "../panels/byte-panels.ts";
import { expectBetween, expectSame } from "../scenario/expectations.ts";
import { auditedReasons, lastMoment } from "../scenario/sightings.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "uplink-swap-in-mid-session",
  title: "The uplink changes in mid-session",
  summary:
    "The cable is pulled and Wi-Fi takes over with another address: the session ends with gateway.lost, and a minute or two later the next one runs over Wi-Fi.",
  faults: ["uplink-swap"],
  profiles: [],
  modes: ["memory"],
  panels: { plc: echoPanel() },
  story: async (site) => {
    const { operator, board } = site;
    const session = await operator.opensPassthrough("plc");
    expectSame("the uplink", board.uplinks.current, "eth0");
    site.says("the cable is pulled");
    const pulledAtMs = lastMoment(site);
    await site.during(uplinkSwap(), async () => {
      expectSame("the uplink", board.uplinks.current, "wlan0");
      const ending = await session.ends();
      expectSame("the operator is told why", ending.reason, "gateway.lost");
      expectBetween("ms until the operator knows", lastMoment(site) - pulledAtMs, 10_000, 30_000);
      await site.until(() => site.gateway.status().tunnels.length === 0, {
        what: "the gateway to notice",
        limitMs: 120_000,
      });
      await site.gatewayIsOnline(180_000);
      site.says("the gateway is online over Wi-Fi");
      const again = await operator.opensPassthrough("plc");
      again.says(Buffer.from("hello"));
      await again.receives(5);
      await again.disconnects();
    });
    await site.passes(10_000);
    expectSame("the uplink with the cable back", board.uplinks.current, "eth0");
    await site.gatewayIsOnline(300_000);
    expectSame("the audit trail", await auditedReasons(operator), ["gateway.lost", "client.closed"]);
  },
});
