// The power fails at each change that the gateway makes to its disk while it registers.
import { powerCut } from "../faults/power-cut.ts";
import { vncPanel } from "../panels/vnc-panel.ts";
import { expectBetween, expectSame } from "../scenario/expectations.ts";
import { defineScenario } from "../scenario.ts";
import type { Site, SitePanels } from "../site.ts";

/** Each cut leaves its change made or not made, by luck: so many in a row have both. */
const startsMax = 12;

export const scenario = defineScenario({
  name: "power-cut-at-each-disk-change",
  title: "Power cut at each disk change of the registration",
  summary:
    "While the gateway registers, its power fails whenever its disk is about to change, until it is through. It ends up registered once and online.",
  faults: ["power-cut"],
  profiles: [],
  modes: ["memory"],
  panels: { press4: vncPanel() },
  site: { registered: false },
  story: async (site) => {
    const { operator, panels } = site;
    await operator.expectsDevice(site.deviceId);
    let cuts = 0;
    for (let start = 1; start <= startsMax; start += 1) {
      site.powerCut({
        at: ({ kind, name }) => {
          cuts += 1;
          site.says(`cut ${cuts}: the disk was about to ${kind} ${name}`);
          return true;
        },
      });
      site.powerOn();
      if ((await isCutOrThrough(site)) === "through") break;
      await site.passes(5000);
    }
    site.board.disk.changing = undefined;
    expectBetween("cuts", cuts, 1, startsMax - 1);
    site.says("it is through; one more cut, with nothing under way");
    await site.during(powerCut(), () => site.passes(30_000));
    await site.gatewayIsOnline(180_000);
    await site.addsEndpoints();
    const vnc = await operator.opensVnc("press4");
    await vnc.shows(panels.press4.screen);
    await vnc.disconnects();
    expectSame("devices that wait to be let in", (await operator.expectedDevices()).length, 0);
  },
});

/** Lets the gateway in each time that it asks. */
function isCutOrThrough<P extends SitePanels>(site: Site<P>): Promise<"cut" | "through"> {
  const { operator, deviceId } = site;
  return site.until(
    async () => {
      if (!site.isGatewayOn) return "cut";
      if (site.gateway.status().connectivity === "online") return "through";
      const expected = await operator.expectedDevices();
      if (expected.some(({ status }) => status === "PENDING_ACCEPTANCE")) await operator.acceptsDevice(deviceId);
      return undefined;
    },
    { what: "the gateway to be cut off or to be online", limitMs: 300_000 },
  ) as Promise<"cut" | "through">;
}
