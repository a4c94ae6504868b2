// A shift at the edge of an LTE cell.
import { vncPanel } from "../panels/vnc-panel.ts";
import { expectSame, expectTrue } from "../scenario/expectations.ts";
import { layNetwork } from "../scenario/networks.ts";
import { auditedReasons } from "../scenario/sightings.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "lte-at-the-edge",
  title: "Three minutes at the edge of an LTE cell",
  summary:
    "128 kbit/s up, 3 % loss, and dark for 8 s now and then: the session lives through it, and the picture is right in the end.",
  faults: ["throttle", "latency", "jitter", "loss", "black-hole"],
  profiles: ["lte-bad"],
  modes: ["memory"],
  panels: { press4: vncPanel({ password: "secret12" }) },
  story: async (site) => {
    const { operator, panels } = site;
    const network = await layNetwork(site, "lte-bad");
    const vnc = await operator.opensVnc("press4");
    await vnc.showsPicture(120_000);
    for (let order = 1; order <= 6; order += 1) {
      vnc.types(`C-${order}\n`);
      const isStored = () => panels.press4.screen.order === `C-${order}`;
      await vnc.session.sees(isStored, `order C-${order} to be stored`, 60_000);
      await site.passes(25_000);
    }
    expectTrue("the session stands", vnc.session.ending === undefined);
    await network.lift();
    await vnc.shows(panels.press4.screen);
    await vnc.disconnects();
    expectSame("the audit trail", await auditedReasons(operator), ["client.closed"]);
  },
});
