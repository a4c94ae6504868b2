// Everything arrives in small pieces, as serial bridges and old modems deliver it.
import { slice } from "../faults/slice.ts";
import { echoPanel, patternBytes } from "../panels/byte-panels.ts";
import { vncPanel } from "../panels/vnc-panel.ts";
import { expectTrue } from "../scenario/expectations.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "bytes-in-small-pieces",
  title: "Bytes arrive in pieces of three",
  summary:
    "From the panel in pieces of 3 bytes, from the gateway in pieces of 700: every byte and every pixel is right.",
  faults: ["slice"],
  profiles: [],
  modes: ["memory", "loopback"],
  panels: { plc: echoPanel(), press4: vncPanel({ password: "secret12" }) },
  story: async (site) => {
    const { operator, panels } = site;
    site.between("gateway", "plc").apply(slice(3));
    site.between("gateway", "press4").apply(slice(64));
    site.between("gateway", "cloud").apply(slice(700));
    const echo = await operator.opensPassthrough("plc");
    const sent = patternBytes(0, 12_000);
    await echo.sends(sent);
    await echo.receives(sent.length);
    expectTrue("what comes back is what was sent", echo.received.equals(sent));
    const vnc = await operator.opensVnc("press4");
    await vnc.shows(panels.press4.screen);
    await vnc.disconnects();
    await echo.disconnects();
  },
});
