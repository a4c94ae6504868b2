// Names do not resolve, first with an answer that says no, then with none.
import { dnsFailure } from "../faults/dns-failure.ts";
import { reset } from "../faults/reset.ts";
import { expectSame } from "../scenario/expectations.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "dns-says-no",
  title: "The name server says no, then nothing",
  summary:
    "A gateway that must connect again and cannot resolve the cloud's name tries on, and is online soon after the names are back.",
  faults: ["dns-failure", "reset"],
  profiles: [],
  modes: ["memory"],
  story: async (site) => {
    for (const how of ["unknown", "silent"] as const) {
      site.says(how === "unknown" ? "the name server says that there is no such name" : "the name server is silent");
      await site
        .from("gateway")
        .to("cloud")
        .during(dnsFailure({ how }), async () => {
          await site.between("gateway", "cloud").during(reset({ spareNew: true }), () => site.passes(60_000));
          expectSame("the gateway is online", site.gateway.status().connectivity === "online", false);
        });
      site.says("names resolve again");
      await site.gatewayIsOnline(180_000);
    }
  },
});
