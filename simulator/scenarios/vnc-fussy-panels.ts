// Servers that are slow or fussy.

import { encodings } from "#protocol/rfb/messages.ts";
import { jitter } from "../faults/jitter.ts";
import { expectBetween, expectTrue } from "../scenario/expectations.ts";
import { vncPanelLike } from "../scenario/panel-like.ts";
import { lastMoment } from "../scenario/sightings.ts";
import { worksAtPanel } from "../scenario/vnc-visit.ts";
import { defineScenario } from "../scenario.ts";

const password = "secret12";

export const scenario = defineScenario({
  name: "vnc-fussy-panels",
  title: "Panels that are slow or fussy",
  summary:
    "One needs 25 s for its first picture, one keeps its size, one hangs up at encodings that it does not know: the operator waits, works, or is told.",
  faults: ["jitter"],
  profiles: ["slow-first-frame", "no-resize", "drops-unknown-encodings"],
  modes: ["memory"],
  panels: {
    slow: vncPanelLike("slow-first-frame", { password }),
    fixed: vncPanelLike("no-resize", { password }),
    fussy: vncPanelLike("drops-unknown-encodings", { password }),
  },
  story: async (site) => {
    const { operator, panels } = site;
    site.between("gateway", "fixed").apply(jitter(200));
    const openedAtMs = lastMoment(site);
    const slow = await worksAtPanel(site, "slow", panels.slow);
    expectBetween("ms until the slow panel's picture", lastMoment(site) - openedAtMs, 25_000, 40_000);
    await slow.disconnects();
    const fixed = await worksAtPanel(site, "fixed", panels.fixed);
    await fixed.disconnects();
    site.says("the operator's viewer lists an encoding that the fussy panel does not know");
    const refused = await operator.opensVnc("fussy", { encodings: [encodings.zrle, encodings.raw] });
    const ending = await refused.ends();
    expectTrue(
      `the operator is told that the panel hung up, was ${ending.reason}`,
      /^panel\.(closed|reset)$/.test(ending.reason),
    );
    const plain = await worksAtPanel(site, "fussy", panels.fussy, { encodings: [encodings.raw] });
    await plain.disconnects();
  },
});
