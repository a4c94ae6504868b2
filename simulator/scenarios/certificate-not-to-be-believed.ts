// The cloud shows certificates that are not to be believed, one flaw after the other.
import { certificate, certificateFlaws } from "../faults/certificate.ts";
import { reset } from "../faults/reset.ts";
import { expectSame } from "../scenario/expectations.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "certificate-not-to-be-believed",
  title: "The cloud's certificate is expired, for another name, by a stranger",
  summary:
    "With each flaw the gateway stays away and its log names the flaw; it is back by itself once the certificate is right.",
  faults: ["certificate", "reset"],
  profiles: [],
  modes: ["memory"],
  story: async (site) => {
    for (const flaw of certificateFlaws) {
      site.says(`the cloud's certificate is ${flaw}, and the gateway must connect again`);
      const before = site.gatewayLog.length;
      await site.between("gateway", "cloud").during(certificate(flaw), async () => {
        await site.between("gateway", "cloud").during(reset({ spareNew: true }), () => site.passes(1000));
        const isTold = () => JSON.stringify(site.gatewayLog.slice(before)).includes(`tls.${flaw}`);
        await site.until(isTold, { what: `the gateway's log to say tls.${flaw}`, limitMs: 300_000 });
        await site.passes(40_000);
        expectSame("the gateway is online", site.gateway.status().connectivity === "online", false);
      });
      await site.gatewayIsOnline(300_000);
    }
  },
});
