// Servers that greet or begin in odd ways.
import { slice } from "../faults/slice.ts";
import { expectTrue } from "../scenario/expectations.ts";
import { vncPanelLike } from "../scenario/panel-like.ts";
import { worksAtPanel } from "../scenario/vnc-visit.ts";
import { defineScenario } from "../scenario.ts";

const password = "secret12";

export const scenario = defineScenario({
  name: "vnc-odd-greetings",
  title: "Odd greetings, names and beginnings",
  summary:
    "Versions 005.000, 003.889 and 3.3, Tight alone, a name in Latin-1, empty rectangles and a handshake byte by byte: all are opened and typed into.",
  faults: ["slice"],
  profiles: [
    "version-005-000",
    "version-003-889",
    "rfb-3.3-only",
    "tight-only",
    "latin-1-name",
    "empty-rectangles",
    "byte-at-a-time",
  ],
  modes: ["memory", "loopback"],
  panels: {
    five: vncPanelLike("version-005-000", { password }),
    apple: vncPanelLike("version-003-889", { password }),
    old: vncPanelLike("rfb-3.3-only", { password }),
    tight: vncPanelLike("tight-only", { password }),
    latin: vncPanelLike("latin-1-name", { password }),
    empty: vncPanelLike("empty-rectangles", { password }),
    slow: vncPanelLike("byte-at-a-time", { password }),
  },
  story: async (site) => {
    site.between("gateway", "apple").apply(slice(5));
    for (const name of ["five", "apple", "old", "tight", "latin", "empty", "slow"] as const) {
      const vnc = await worksAtPanel(site, name, site.panels[name]);
      expectTrue(`${name} let one viewer in`, site.panels[name].viewersAccepted === 1);
      await vnc.disconnects();
    }
  },
});
