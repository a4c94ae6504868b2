// The card has worn out and takes nothing more: what is on it can still be read.
import { diskReadOnly } from "../faults/disk-read-only.ts";
import { powerCut } from "../faults/power-cut.ts";
import { vncPanel } from "../panels/vnc-panel.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "card-turned-read-only",
  title: "A worn card takes nothing more",
  summary: "A registered gateway starts from a read-only card, is online and serves sessions.",
  faults: ["disk-read-only", "power-cut"],
  profiles: [],
  modes: ["memory"],
  panels: { press4: vncPanel() },
  story: async (site) => {
    const { operator, panels } = site;
    await site.during(diskReadOnly(), async () => {
      await site.during(powerCut(), () => site.passes(10_000));
      await site.gatewayIsOnline(180_000);
      const vnc = await operator.opensVnc("press4");
      await vnc.shows(panels.press4.screen);
      vnc.types("C-9\n");
      await vnc.session.sees(() => panels.press4.screen.order === "C-9", "the order to be stored");
      await vnc.disconnects();
    });
  },
});
