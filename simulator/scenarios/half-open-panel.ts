// The panel's system restarts and forgets its connections; the gateway still believes in them.
import { halfOpen } from "../faults/half-open.ts";
import { echoPanel } from "../panels/byte-panels.ts";
import { expectBetween, expectTrue } from "../scenario/expectations.ts";
import { auditedReasons, lastMoment } from "../scenario/sightings.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "half-open-panel",
  title: "The panel has forgotten its connection",
  summary:
    "The gateway's end is half-open. The first key that is typed brings the truth: the panel's reset, told to the operator within a second.",
  faults: ["half-open"],
  profiles: [],
  modes: ["memory"],
  panels: { plc: echoPanel() },
  story: async (site) => {
    const { operator } = site;
    const session = await operator.opensPassthrough("plc");
    session.says(Buffer.from("hello"));
    await session.receives(5);
    site.says("the panel's system restarts");
    await site.between("gateway", "plc").during(halfOpen(), async () => {
      await site.passes(5000);
      expectTrue("nobody has noticed", session.ending === undefined);
      site.says("somebody types");
      const typedAtMs = lastMoment(site);
      session.says(Buffer.from("x"));
      const ending = await session.ends();
      expectTrue("the operator is told that the panel broke it off", ending.reason === "panel.reset");
      expectBetween("ms until it is noticed", lastMoment(site) - typedAtMs, 0, 1000);
    });
    const again = await operator.opensPassthrough("plc");
    again.says(Buffer.from("hello"));
    await again.receives(5);
    await again.disconnects();
    expectTrue("the audit trail", (await auditedReasons(operator)).join() === "panel.reset,client.closed");
  },
});
