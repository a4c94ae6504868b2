// The uplink is a line of 9600 bit/s.
import { throttle } from "../faults/throttle.ts";
import { echoPanel, patternBytes } from "../panels/byte-panels.ts";
import { expectBetween, expectTrue } from "../scenario/expectations.ts";
import { lastMoment } from "../scenario/sightings.ts";
import { defineScenario } from "../scenario.ts";

const lineBytesPerSecond = 9600 / 10;

export const scenario = defineScenario({
  name: "thin-line-9600",
  title: "The uplink is a line of 9600 bit/s",
  summary:
    "A session opens in spite of it, 8 kB there and back take as long as they must, and nothing is taken for lost.",
  faults: ["throttle"],
  profiles: [],
  modes: ["memory", "loopback"],
  panels: { plc: echoPanel() },
  story: async (site) => {
    const { operator } = site;
    site.between("gateway", "cloud").apply(throttle(lineBytesPerSecond));
    const session = await operator.opensPassthrough("plc");
    const sent = patternBytes(0, 8000);
    const sentAtMs = lastMoment(site);
    site.says("8 kB are sent");
    session.says(sent);
    await session.receives(sent.length, 60_000);
    expectTrue("what comes back is what was sent", session.received.equals(sent));
    expectBetween("ms for 8 kB there and back", lastMoment(site) - sentAtMs, 8000, 30_000);
    await session.disconnects();
  },
});
