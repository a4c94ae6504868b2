// A middlebox dials everything twice.
import { duplicate } from "../faults/duplicate.ts";
import { vncPanel } from "../panels/vnc-panel.ts";
import { expectSame } from "../scenario/expectations.ts";
import { auditedReasons } from "../scenario/sightings.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "double-dial",
  title: "Each connection attempt arrives twice",
  summary:
    "Panel and cloud get two connections for each dial, the second with nobody behind it; one session stands, and only one.",
  faults: ["duplicate"],
  profiles: [],
  modes: ["memory", "loopback"],
  panels: { press4: vncPanel({ password: "secret12" }) },
  story: async (site) => {
    const { operator, panels } = site;
    site.between("gateway", "press4").apply(duplicate());
    site.between("gateway", "cloud").apply(duplicate());
    const vnc = await operator.opensVnc("press4");
    await vnc.shows(panels.press4.screen);
    await site.passes(5000);
    expectSame("connections that the panel has", panels.press4.connections, 1);
    expectSame("viewers that it let in", panels.press4.viewersAccepted, 1);
    await vnc.disconnects();
    expectSame("the audit trail", await auditedReasons(operator), ["client.closed"]);
  },
});
