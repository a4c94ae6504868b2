// Four products from four makers on one LAN.
import { latency } from "../faults/latency.ts";
import { vncPanelLike } from "../scenario/panel-like.ts";
import { worksAtPanel } from "../scenario/vnc-visit.ts";
import { defineScenario } from "../scenario.ts";

const password = "hydraulics-4711";

export const scenario = defineScenario({
  name: "vnc-four-products",
  title: "RealVNC, TightVNC, TigerVNC and EfonVNC side by side",
  summary:
    "Each is opened with the password from the vault over a link of 80 ms, an order is typed, and the picture is the panel's own to the pixel.",
  faults: ["latency"],
  profiles: ["realvnc-connect-6.0.2", "tightvnc-1.3.9", "tigervnc-1.7.0", "efonvnc-4.2"],
  modes: ["memory", "loopback"],
  panels: {
    realvnc: vncPanelLike("realvnc-connect-6.0.2", { password, machine: "press" }),
    tightvnc: vncPanelLike("tightvnc-1.3.9", { password, machine: "mixer" }),
    tigervnc: vncPanelLike("tigervnc-1.7.0", { password }),
    efonvnc: vncPanelLike("efonvnc-4.2", { password }),
  },
  story: async (site) => {
    site.between("operator", "cloud").apply(latency(80));
    for (const name of ["realvnc", "tightvnc", "tigervnc", "efonvnc"] as const) {
      const vnc = await worksAtPanel(site, name, site.panels[name]);
      await vnc.disconnects();
    }
  },
});
