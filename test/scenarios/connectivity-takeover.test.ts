// Another device has the gateway's client id: no fight, an alarm, and back online for good once the other is gone.
import { expect, test } from "vitest";
import { duplicateClientId } from "#simulator/faults/duplicate-client-id.ts";
import { startSite } from "./start-site.ts";
import { lines, plc, reasons, tunnelWorks } from "./tunnel-works.ts";

const alarmType = "postern_DuplicateClientId";

test("two devices of one id do not put each other out for ever", async () => {
  await using site = await startSite({ panels: plc });
  const alarms = async () =>
    (
      (await site.operator.gets(`/alarm/alarms?source=${site.operator.deviceId}&pageSize=100`))["alarms"] as object[]
    ).filter((alarm) => (alarm as { type: string }).type === alarmType);
  await site.during(duplicateClientId(5_000), async () => {
    await site.until(() => reasons(site).includes("mqtt.taken-over"), { what: "the takeover", limitMs: 300_000 });
    const known = lines(site, "connectivity.offline").length;
    expect(lines(site, "connectivity.offline").at(-1)).toMatchObject({
      reason: "mqtt.taken-over",
      advice: expect.stringContaining("client id"),
    });
    // An hour of it: a try now and then and no more.
    await site.passes(3_600_000);
    const more = lines(site, "connectivity.offline").length - known;
    expect(more).toBeGreaterThan(5);
    expect(more).toBeLessThanOrEqual(3_600_000 / 240_000 + 2);
  });
  await site.gatewayIsOnline(600_000);
  await site.until(async () => (await alarms()).length > 0, { what: "the alarm" });
  const offline = lines(site, "connectivity.offline").length;
  await site.passes(120_000);
  expect(lines(site, "connectivity.offline")).toHaveLength(offline);
  expect(await alarms()).toMatchObject([{ status: "CLEARED", severity: "MAJOR" }]);
  await tunnelWorks(site);
}, 60_000);

test("a tunnel outlives the other device's coming", async () => {
  await using site = await startSite({ panels: plc });
  const session = await site.operator.opensPassthrough("plc");
  await site.during(duplicateClientId(20_000), () => site.passes(300_000));
  session.says(Buffer.from("still here"));
  await session.receives(10);
  await session.disconnects();
  await site.gatewayIsOnline(600_000);
  await tunnelWorks(site);
});
