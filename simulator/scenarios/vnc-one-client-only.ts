// A server that takes one viewer only.
import { reset } from "../faults/reset.ts";
import { expectContains, expectSame } from "../scenario/expectations.ts";
import { vncPanelLike } from "../scenario/panel-like.ts";
import { worksAtPanel } from "../scenario/vnc-visit.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "vnc-one-client-only",
  title: "A panel that takes one viewer only",
  summary:
    "The second operator reads in the panel's own words that it is in use; after the first one's connection broke, the second is let in.",
  faults: ["reset"],
  profiles: ["one-client-only"],
  modes: ["memory", "loopback"],
  panels: { press4: vncPanelLike("one-client-only", { password: "secret12" }) },
  story: async (site) => {
    const { operator, panels } = site;
    const first = await worksAtPanel(site, "press4", panels.press4);
    site.says("a second operator comes");
    const second = await operator.opensVnc("press4");
    const refusal = await second.ends();
    expectSame("the second operator is told why", refusal.said?.reason, "auth.failed");
    expectContains("in the panel's words", refusal.said?.text ?? "", "already in use");
    site.says("the first one's connection breaks");
    await site.between("gateway", "press4").during(reset({ spareNew: true }), () => first.ends());
    const again = await worksAtPanel(site, "press4", panels.press4, { order: "C-10" });
    await again.disconnects();
  },
});
