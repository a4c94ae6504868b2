// The broker ends the gateway's MQTT connection five times within a minute while somebody works.
import { brokerKick } from "../faults/broker-kick.ts";
import { vncPanel } from "../panels/vnc-panel.ts";
import { expectBetween, expectSame, expectTrue } from "../scenario/expectations.ts";
import { auditedReasons, countOf } from "../scenario/sightings.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "broker-kicks-five-times",
  title: "The broker kicks the gateway five times in a minute",
  summary:
    "The session has a websocket of its own and lives on; the gateway comes back each time and does not hammer the broker.",
  faults: ["broker-kick"],
  profiles: [],
  modes: ["memory", "loopback"],
  panels: { press4: vncPanel() },
  story: async (site) => {
    const { operator, panels } = site;
    const vnc = await operator.opensVnc("press4");
    await vnc.shows(panels.press4.screen);
    for (let kick = 1; kick <= 5; kick += 1) {
      site.says(`kick ${kick}`);
      await site.during(brokerKick(), () => site.passes(12_000));
    }
    vnc.types("C-9\n");
    await vnc.session.sees(() => panels.press4.screen.order === "C-9", "the order to be stored");
    await vnc.shows(panels.press4.screen);
    expectTrue("the session stands", vnc.session.ending === undefined);
    await site.gatewayIsOnline(180_000);
    expectBetween("connections that ended", countOf(site.gatewayLog, "connectivity.offline"), 1, 5);
    expectBetween("connections that stood", countOf(site.gatewayLog, "connectivity.online"), 2, 8);
    await vnc.disconnects();
    expectSame("the audit trail", await auditedReasons(operator), ["client.closed"]);
  },
});
