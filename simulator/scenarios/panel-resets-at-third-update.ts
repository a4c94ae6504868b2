// The panel's server crashes at an exact place: as the third update of its picture begins.
import { reset } from "../faults/reset.ts";
import { vncPanel } from "../panels/vnc-panel.ts";
import { expectSame, expectTrue } from "../scenario/expectations.ts";
import { defineScenario } from "../scenario.ts";
import { rfbFramebufferUpdate } from "../triggers/events.ts";

export const scenario = defineScenario({
  name: "panel-resets-at-third-update",
  title: "The panel's server crashes at its third picture",
  summary:
    "A fault that waits for a protocol event: at the third framebuffer update everything to the panel is reset, and the operator is told.",
  faults: ["reset"],
  profiles: [],
  modes: ["memory", "loopback"],
  panels: { press4: vncPanel() },
  story: async (site) => {
    const { operator } = site;
    const third = rfbFramebufferUpdate({ nth: 3, between: ["gateway", "press4"] });
    const crash = site.when(third).apply(reset({ spareNew: true }), { between: ["gateway", "press4"], forMs: 1000 });
    const vnc = await operator.opensVnc("press4");
    await vnc.showsPicture();
    const ending = await vnc.ends();
    expectSame("the operator is told why", ending.said?.reason, "panel.reset");
    expectTrue("it was not before the second picture", vnc.client.updates >= 2);
    await crash.lift();
  },
});
