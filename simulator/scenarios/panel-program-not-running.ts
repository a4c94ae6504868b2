// The panel is there and its server program is not.
import { refuse } from "../faults/refuse.ts";
import { vncPanel } from "../panels/vnc-panel.ts";
import { expectBetween, expectSame } from "../scenario/expectations.ts";
import { lastMoment, newestOperation } from "../scenario/sightings.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "panel-program-not-running",
  title: "Nothing listens on the panel",
  summary:
    "The operator is told within a second that the panel refuses; as soon as its program runs the same endpoint opens.",
  faults: ["refuse"],
  profiles: [],
  modes: ["memory", "loopback"],
  panels: { press4: vncPanel() },
  story: async (site) => {
    const { operator, panels } = site;
    await site.between("gateway", "press4").during(refuse(), async () => {
      const asked = lastMoment(site);
      const vnc = await operator.opensVnc("press4");
      const ending = await vnc.ends();
      expectSame("the operator is told why", ending.said?.reason, "panel.refused");
      expectBetween("ms until the operator knows", lastMoment(site) - asked, 0, 3000);
      expectSame("the operation", await newestOperation(operator), "FAILED panel.refused");
    });
    site.says("somebody starts the panel's program");
    const vnc = await operator.opensVnc("press4");
    await vnc.shows(panels.press4.screen);
    await vnc.disconnects();
    expectSame("the operation", await newestOperation(operator), "SUCCESSFUL");
  },
});
