// The gateway has nothing but its modem, and the modem hangs.
import { modemHang } from "../faults/modem-hang.ts";
import { echoPanel } from "../panels/byte-panels.ts";
import { expectSame } from "../scenario/expectations.ts";
import { auditedReasons } from "../scenario/sightings.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "modem-hangs",
  title: "The modem hangs, and it was the only way out",
  summary:
    "Cable and Wi-Fi are gone, then the modem answers nothing for two minutes: the session is lost, and the gateway is back by itself when the modem is.",
  faults: ["modem-hang"],
  profiles: [],
  modes: ["memory"],
  panels: { plc: echoPanel() },
  story: async (site) => {
    const { operator, board } = site;
    site.says("cable and Wi-Fi go");
    board.uplinks.goesDown("eth0");
    board.uplinks.goesDown("wlan0");
    await site.until(() => site.gateway.status().connectivity !== "online", {
      what: "the gateway to notice",
      limitMs: 120_000,
    });
    await site.gatewayIsOnline(300_000);
    expectSame("the uplink", board.uplinks.current, "wwan0");
    const session = await operator.opensPassthrough("plc");
    session.says(Buffer.from("hello"));
    await session.receives(5);
    site.says("the modem hangs");
    await site.during(modemHang(), async () => {
      const ending = await session.ends();
      expectSame("the operator is told why", ending.reason, "gateway.lost");
      await site.passes(100_000);
      expectSame("the gateway is online", site.gateway.status().connectivity === "online", false);
    });
    site.says("the modem is back");
    await site.gatewayIsOnline(300_000);
    const again = await operator.opensPassthrough("plc");
    again.says(Buffer.from("hello"));
    await again.receives(5);
    await again.disconnects();
    expectSame("the audit trail", await auditedReasons(operator), ["gateway.lost", "client.closed"]);
  },
});
