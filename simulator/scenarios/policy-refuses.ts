// The cloud asks for targets that the gateway's own policy does not allow.
import { latency } from "../faults/latency.ts";
import { expectContains, expectSame } from "../scenario/expectations.ts";
import { newestOperation } from "../scenario/sightings.ts";
import { defineScenario } from "../scenario.ts";

const targets = [
  { name: "metadata", hostname: "169.254.169.254", port: 80 },
  { name: "internet", hostname: "198.51.100.20", port: 8443 },
  { name: "unspecified", hostname: "0.0.0.0", port: 5900 },
  { name: "multicast", hostname: "224.0.0.251", port: 5353 },
  { name: "own-web", hostname: "127.0.0.1", port: 8080 },
] as const;

export const scenario = defineScenario({
  name: "policy-refuses",
  title: "The gateway refuses what its policy does not allow",
  summary:
    "Metadata services, the internet, multicast and the board's own ports are refused before any socket is opened, also where the uplink is slow.",
  faults: ["latency"],
  profiles: [],
  modes: ["memory"],
  story: async (site) => {
    const { operator } = site;
    site.between("gateway", "cloud").apply(latency(400));
    for (const target of targets) {
      site.says(`somebody wants ${target.hostname}:${target.port}`);
      const dials = dialsOfGateway(site);
      const endpoint = await operator.addsEndpoint({ ...target, protocol: "PASSTHROUGH" });
      const session = await operator.opens(endpoint);
      const ending = await session.ends();
      expectSame("the operator is told why", ending.reason, "policy.refused");
      expectContains("the operation", await newestOperation(operator), "FAILED policy.refused");
      expectSame("connections to anybody but the cloud's websocket port", dialsOfGateway(site), dials);
    }
  },
});

/** Connection attempts that left the gateway for anywhere but the cloud. */
function dialsOfGateway(site: { readonly record: { readonly entries: readonly object[] } }): number {
  return site.record.entries.filter(
    (entry) =>
      "delivery" in entry &&
      entry.delivery === "open" &&
      "connection" in entry &&
      String(entry.connection).startsWith("gateway:") &&
      !String(entry.connection).includes(">cloud:"),
  ).length;
}
