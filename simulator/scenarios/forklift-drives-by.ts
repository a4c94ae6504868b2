// The gateway's uplink is a factory Wi-Fi with forklifts.
import { echoPanel, patternBytes } from "../panels/byte-panels.ts";
import { expectTrue } from "../scenario/expectations.ts";
import { layNetwork } from "../scenario/networks.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "forklift-drives-by",
  title: "Factory Wi-Fi, and a forklift drives by",
  summary: "Bunched, lossy, and gone for 2.5 s: 400 kB there and back arrive byte for byte in one session.",
  faults: ["jitter", "loss", "black-hole"],
  profiles: ["factory-wifi"],
  modes: ["memory"],
  panels: { plc: echoPanel() },
  story: async (site) => {
    const network = await layNetwork(site, "factory-wifi");
    const session = await site.operator.opensPassthrough("plc");
    const sent = patternBytes(0, 400_000);
    for (let at = 0; at < sent.length; at += 10_000) {
      session.says(sent.subarray(at, at + 10_000));
      await site.passes(2500);
    }
    await session.receives(sent.length, 60_000);
    expectTrue("what came back is what was sent", session.received.equals(sent));
    await network.lift();
    await session.disconnects();
  },
});
