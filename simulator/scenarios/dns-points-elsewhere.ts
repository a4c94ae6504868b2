// The cloud's name resolves to an address that nobody has, to the board itself, and into the LAN.
import { dnsWrongAnswer, wrongAddresses } from "../faults/dns-wrong-answer.ts";
import { reset } from "../faults/reset.ts";
import { expectSame } from "../scenario/expectations.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "dns-points-elsewhere",
  title: "The cloud's name points elsewhere",
  summary:
    "Wherever a wrong answer points, the gateway believes nobody but the cloud, and is back once the answer is right.",
  faults: ["dns-wrong-answer", "reset"],
  profiles: [],
  modes: ["memory"],
  story: async (site) => {
    for (const [where, address] of Object.entries(wrongAddresses)) {
      site.says(`the cloud's name points to ${where}: ${address}`);
      await site
        .from("gateway")
        .to("cloud")
        .during(dnsWrongAnswer({ address }), async () => {
          await site.between("gateway", "cloud").during(reset({ spareNew: true }), () => site.passes(45_000));
          expectSame("the gateway is online", site.gateway.status().connectivity === "online", false);
        });
      await site.gatewayIsOnline(300_000);
    }
  },
});
