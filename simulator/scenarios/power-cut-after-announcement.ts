// The power fails at an exact place: as the broker has taken the gateway's list of operations.
import { powerCut } from "../faults/power-cut.ts";
import { vncPanel } from "../panels/vnc-panel.ts";
import { expectSame, expectTrue } from "../scenario/expectations.ts";
import { defineScenario } from "../scenario.ts";
import { mqttPuback } from "../triggers/events.ts";

export const scenario = defineScenario({
  name: "power-cut-after-announcement",
  title: "Power cut right after the broker has taken message 114",
  summary:
    "A fault that waits for a protocol event: at the PUBACK of the supported operations the power fails. The board comes back and says it again.",
  faults: ["power-cut"],
  profiles: [],
  modes: ["memory"],
  panels: { press4: vncPanel() },
  story: async (site) => {
    const { operator, panels } = site;
    const cut = site.when(mqttPuback({ of: "114" })).apply(powerCut(), { forMs: 20_000, times: 1 });
    site.says("the gateway is restarted, so that it announces itself again");
    await site.gatewayStops();
    site.powerOn();
    await site.until(() => !site.isGatewayOn, { what: "the power to fail" });
    expectTrue("the fault is there", cut.isLaid);
    await site.until(() => site.isGatewayOn, { what: "the power to be back" });
    await site.gatewayIsOnline(180_000);
    expectSame("registrations", site.gatewayLog.filter(({ event }) => event === "registration.completed").length, 1);
    const vnc = await operator.opensVnc("press4");
    await vnc.shows(panels.press4.screen);
    await vnc.disconnects();
    await cut.lift();
  },
});
