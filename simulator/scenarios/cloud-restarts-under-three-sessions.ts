// The cloud is restarted while three people work.
import { cloudRestart } from "../faults/cloud-restart.ts";
import { echoPanel } from "../panels/byte-panels.ts";
import { vncPanel } from "../panels/vnc-panel.ts";
import { expectSame } from "../scenario/expectations.ts";
import { auditedReasons } from "../scenario/sightings.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "cloud-restarts-under-three-sessions",
  title: "The cloud restarts while three sessions run",
  summary: "All three are told that the cloud is stopping; afterwards gateway and endpoints are there as before.",
  faults: ["cloud-restart"],
  profiles: [],
  modes: ["memory", "loopback"],
  panels: { press4: vncPanel(), mixer2: vncPanel({ machine: "mixer", password: "secret12" }), plc: echoPanel() },
  story: async (site) => {
    const { operator, panels } = site;
    const press = await operator.opensVnc("press4");
    const mixer = await operator.opensVnc("mixer2");
    const plc = await operator.opensPassthrough("plc");
    await press.shows(panels.press4.screen);
    await mixer.shows(panels.mixer2.screen);
    site.says("three sessions stand; the cloud restarts");
    await site.during(cloudRestart(), async () => {
      const endings = [await press.ends(), await mixer.ends(), await plc.ends()];
      expectSame(
        "what the three are told",
        endings.map(({ reason }) => reason),
        Array(3).fill("cloud.stopping"),
      );
      await site.passes(2000);
    });
    site.says("the cloud is back");
    await site.gatewayIsOnline(120_000);
    const again = await operator.opensVnc("press4");
    await again.shows(panels.press4.screen);
    await again.disconnects();
    const reasons = await auditedReasons(operator);
    expectSame("the audit trail", reasons, ["cloud.stopping", "cloud.stopping", "cloud.stopping", "client.closed"]);
  },
});
