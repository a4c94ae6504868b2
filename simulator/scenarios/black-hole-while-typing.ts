// The panel vanishes without a word in the middle of a session, while somebody types.
import { blackHole } from "../faults/black-hole.ts";
import { vncPanel } from "../panels/vnc-panel.ts";
import { expectBetween, expectSame } from "../scenario/expectations.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "black-hole-while-typing",
  title: "The panel goes dark while somebody types",
  summary:
    "Somebody pulls the panel's cable in mid-session while Anna types. Within 20 to 30 s she is told that the panel was lost.",
  faults: ["black-hole"],
  profiles: [],
  modes: ["memory"],
  panels: { press4: vncPanel() },
  story: async (site) => {
    const { operator, panels } = site;
    site.says("Anna opens press 4 and sees its picture");
    const vnc = await operator.opensVnc("press4");
    await vnc.shows(panels.press4.screen);
    site.says("the panel's cable is pulled, and Anna goes on typing");
    await site.between("gateway", "press4").during(blackHole(), async () => {
      const darkAtMs = site.clock.monotonicMs();
      vnc.types("C-9");
      const ending = await vnc.ends();
      site.says(`Anna is told: ${ending.said?.text}`);
      expectSame("the operator is told why", ending.said?.reason, "panel.lost");
      expectBetween("ms until it is noticed", site.clock.monotonicMs() - darkAtMs, 20_000, 30_000);
    });
  },
});
