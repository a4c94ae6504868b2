// A board's card was copied: a second device with the same identity puts the gateway out over and over.
import { duplicateClientId } from "../faults/duplicate-client-id.ts";
import { echoPanel } from "../panels/byte-panels.ts";
import { expectBetween, expectSame } from "../scenario/expectations.ts";
import { countOf } from "../scenario/sightings.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "copied-card",
  title: "A second device has the gateway's client id",
  summary: "Both put each other out, an open session lives on, and once the copy is gone the gateway stays online.",
  faults: ["duplicate-client-id"],
  profiles: [],
  modes: ["memory"],
  panels: { plc: echoPanel() },
  story: async (site) => {
    const session = await site.operator.opensPassthrough("plc");
    await site.during(duplicateClientId(20_000), () => site.passes(150_000));
    const offline = countOf(site.gatewayLog, "connectivity.offline");
    expectBetween("times that the gateway was put out", offline, 2, 20);
    site.says("the copy is switched off");
    await site.gatewayIsOnline(600_000);
    await site.passes(120_000);
    expectSame("times that it was put out afterwards", countOf(site.gatewayLog, "connectivity.offline"), offline);
    session.says(Buffer.from("hello"));
    await session.receives(5);
    await session.disconnects();
  },
});
