// The cloud's process is killed and started again: nobody had time to say anything.
import { cloudRestart } from "../faults/cloud-restart.ts";
import { vncPanel } from "../panels/vnc-panel.ts";
import { expectSame, expectTrue } from "../scenario/expectations.ts";
import { auditedReasons, countOf } from "../scenario/sightings.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "cloud-killed-in-mid-session",
  title: "The cloud is killed in mid-session",
  summary:
    "The session breaks off without a word; when the cloud is back its audit trail says cloud.lost, and a new session works.",
  faults: ["cloud-restart"],
  profiles: [],
  modes: ["memory", "loopback"],
  panels: { press4: vncPanel() },
  story: async (site) => {
    const { operator, panels } = site;
    const vnc = await operator.opensVnc("press4");
    await vnc.shows(panels.press4.screen);
    site.says("the cloud is killed");
    await site.during(cloudRestart({ hard: true }), async () => {
      const ending = await vnc.ends();
      expectTrue("nobody says anything", ending.said === undefined && ending.code === 1006);
    });
    site.says("the cloud is back");
    const hasNoticed = () => countOf(site.gatewayLog, "connectivity.offline") > 0;
    await site.until(hasNoticed, { what: "the gateway to notice that the cloud was gone", limitMs: 120_000 });
    await site.gatewayIsOnline(180_000);
    const again = await operator.opensVnc("press4");
    await again.shows(panels.press4.screen);
    await again.disconnects();
    expectSame("the audit trail", await auditedReasons(operator), ["cloud.lost", "client.closed"]);
  },
});
