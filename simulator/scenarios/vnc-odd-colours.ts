// A server that sends blue for red.
import { loss } from "../faults/loss.ts";
import { samePicture } from "../operator/vnc-client.ts";
import { expectTrue } from "../scenario/expectations.ts";
import { vncPanelLike } from "../scenario/panel-like.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "vnc-odd-colours",
  title: "A panel that sends blue for red",
  summary:
    "The relay passes the picture on as it is, over a link that loses 5 % of its segments: each pixel has its colours exchanged, and typing works.",
  faults: ["loss"],
  profiles: ["red-and-blue-swapped"],
  modes: ["memory", "loopback"],
  panels: { press4: vncPanelLike("red-and-blue-swapped", { password: "secret12" }) },
  story: async (site) => {
    const { operator, panels } = site;
    const { screen } = panels.press4;
    site.between("gateway", "cloud").apply(loss(0.05));
    const vnc = await operator.opensVnc("press4");
    const isExchanged = (): boolean =>
      vnc.client.hasPicture &&
      samePicture(vnc.picture, { ...screen.frame, pixels: screen.frame.pixels.map(exchanged) });
    await vnc.session.sees(isExchanged, "the panel's picture with red and blue exchanged");
    vnc.types("C-9\n");
    await vnc.session.sees(() => screen.order === "C-9", "the order to be stored");
    await vnc.session.sees(isExchanged, "the new picture with red and blue exchanged");
    expectTrue("the picture is not the panel's own", !samePicture(vnc.picture, screen.frame));
    await vnc.disconnects();
  },
});

function exchanged(pixel: number): number {
  return ((pixel & 0xff) << 16) | (pixel & 0xff00) | ((pixel >> 16) & 0xff);
}
