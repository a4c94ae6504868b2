// An administrator removes an endpoint while somebody copies a file from it.
import { throttle } from "../faults/throttle.ts";
import { sourcePanel } from "../panels/byte-panels.ts";
import { expectSame, expectTrue } from "../scenario/expectations.ts";
import { auditedReasons } from "../scenario/sightings.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "endpoint-removed-under-load",
  title: "An endpoint is removed while a file is copied from it",
  summary:
    "The session ends at once with endpoint.changed, the panel is let go, and the endpoint cannot be opened any more.",
  faults: ["throttle"],
  profiles: [],
  modes: ["memory", "loopback"],
  panels: { dump: sourcePanel({ bytes: 5_000_000 }) },
  story: async (site) => {
    const { operator, panels } = site;
    site.between("gateway", "dump").apply(throttle(200_000));
    const session = await operator.opensPassthrough("dump");
    await session.receives(100_000);
    site.says("the endpoint is removed");
    await operator.removesEndpoint("dump");
    const ending = await session.ends();
    site.says(`the operator is told: ${ending.said?.text}`);
    expectTrue(`the word is about the endpoint, was ${ending.reason}`, ending.reason.startsWith("endpoint."));
    await site.until(() => panels.dump.connections === 0, { what: "the panel to be let go" });
    expectSame("the audit trail", await auditedReasons(operator), [ending.reason]);
    expectSame("endpoints that are left", (await operator.endpoints()).length, 0);
  },
});
