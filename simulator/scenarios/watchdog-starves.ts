// The gateway's program hangs for good: only the watchdog can help.
import { watchdogStarvation } from "../faults/watchdog-starvation.ts";
import { echoPanel } from "../panels/byte-panels.ts";
import { expectBetween, expectSame } from "../scenario/expectations.ts";
import { auditedReasons, lastMoment } from "../scenario/sightings.ts";
import { defineScenario } from "../scenario.ts";

/** What the gateway asks for, and the board's hardware can do. */
const watchdogMs = 15_000;

export const scenario = defineScenario({
  name: "watchdog-starves",
  title: "The gateway's program hangs and the watchdog bites",
  summary:
    "Nobody pets the watchdog any more: the board reboots within 15 s, is online by itself, and the operator was told that the gateway is lost.",
  faults: ["watchdog-starvation"],
  profiles: [],
  modes: ["memory"],
  panels: { plc: echoPanel() },
  story: async (site) => {
    const { operator, board } = site;
    expectSame("the gateway has armed the watchdog", board.watchdog.isArmed, true);
    const session = await operator.opensPassthrough("plc");
    site.says("the gateway's program hangs");
    const hungAtMs = lastMoment(site);
    await site.during(watchdogStarvation(), async () => {
      await site.until(() => board.boots.at(-1)?.cause === "watchdog", { what: "the watchdog to reboot the board" });
    });
    expectBetween(
      "ms until the board boots again",
      lastMoment(site) - hungAtMs,
      1000,
      watchdogMs + board.bootMs + 3000,
    );
    const ending = await session.ends();
    expectSame("the operator is told why", ending.reason, "gateway.lost");
    await site.gatewayIsOnline(180_000);
    const again = await operator.opensPassthrough("plc");
    again.says(Buffer.from("hello"));
    await again.receives(5);
    await again.disconnects();
    expectSame("times that the watchdog bit", board.watchdog.bitten, 1);
    expectSame("the audit trail", await auditedReasons(operator), ["gateway.lost", "client.closed"]);
  },
});
