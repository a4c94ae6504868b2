// The card lies: the power fails as the gateway stores its credentials, and a part of them is there.
import { diskTorn } from "../faults/disk-torn.ts";
import { expectBetween, expectTrue } from "../scenario/expectations.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "torn-credentials",
  title: "The credentials are torn by a power cut",
  summary:
    "The card tells that it has kept what it has not: half of the credentials are found after the cut. The gateway does not stumble over them and gets itself registered.",
  faults: ["disk-torn"],
  profiles: [],
  modes: ["memory"],
  site: { registered: false },
  story: async (site) => {
    const { operator } = site;
    await operator.expectsDevice(site.deviceId);
    await site.during(diskTorn(), async () => {
      site.powerOn();
      const isStored = () => site.gatewayLog.some(({ event }) => event === "registration.completed");
      await operator.acceptsDevice(site.deviceId);
      await site.until(isStored, { what: "the credentials to be stored" });
      site.powerCut();
      const left = site.board.disk.files.get("credentials.json");
      expectTrue("a part of the credentials is there", left !== undefined && left.length > 0 && !isJson(left));
      site.says(`${left?.length} bytes of the credentials are left`);
      await site.passes(5000);
    });
    site.powerOn();
    site.says("the gateway starts again, and somebody lets it in once more if it asks");
    await site.until(
      async () => {
        if (site.gateway.status().connectivity === "online") return true;
        const expected = await operator.expectedDevices();
        if (expected.length === 0) await operator.expectsDevice(site.deviceId);
        if (expected.some(({ status }) => status === "PENDING_ACCEPTANCE")) await operator.acceptsDevice(site.deviceId);
        return false;
      },
      { what: "the gateway to be online again", limitMs: 600_000 },
    );
    await site.gatewayIsOnline();
    const registrations = site.gatewayLog.filter(({ event }) => event === "registration.completed").length;
    expectBetween("registrations", registrations, 2, 2);
  },
});

function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(Buffer.from(bytes).toString());
    return true;
  } catch {
    return false;
  }
}
