// The operator sits on a slow and uneven line.
import { jitter } from "../faults/jitter.ts";
import { latency } from "../faults/latency.ts";
import { vncPanel } from "../panels/vnc-panel.ts";
import { expectBetween, expectTrue } from "../scenario/expectations.ts";
import { lastMoment } from "../scenario/sightings.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "operator-on-a-bad-line",
  title: "The operator has 300 ms of latency and a second of jitter",
  summary: "The picture comes late and whole, a typed order is stored, and nobody is taken for lost.",
  faults: ["latency", "jitter"],
  profiles: [],
  modes: ["memory", "loopback"],
  panels: { press4: vncPanel({ password: "secret12" }) },
  story: async (site) => {
    const { operator, panels } = site;
    const wire = site.between("operator", "cloud");
    await wire.during(latency(300), () =>
      wire.during(jitter(1000), async () => {
        const vnc = await operator.opensVnc("press4");
        await vnc.shows(panels.press4.screen);
        const typedAtMs = lastMoment(site);
        site.says("an order is typed");
        vnc.types("C-9\n");
        await vnc.session.sees(() => panels.press4.screen.order === "C-9", "the order to be stored");
        expectBetween("ms until the order is stored", lastMoment(site) - typedAtMs, 300, 10_000);
        await site.passes(60_000);
        expectTrue("the session stands after a minute of nothing", vnc.session.ending === undefined);
        await vnc.shows(panels.press4.screen);
        await vnc.disconnects();
      }),
    );
  },
});
