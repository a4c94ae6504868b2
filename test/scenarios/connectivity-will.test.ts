// The gateway's last will: the cloud says for it that it vanished, and says nothing when it left in order.
import { expect, test } from "vitest";
import { connectionLostEventType } from "#firmware/connectivity/last-will.ts";
import type { Site } from "#simulator/site.ts";
import { startSite } from "./start-site.ts";
import { plc, tunnelWorks } from "./tunnel-works.ts";

async function losses(site: Site<typeof plc>): Promise<number> {
  return (await site.operator.events()).filter(({ type }) => type === connectionLostEventType).length;
}

test("a power cut leaves an event of the lost connection, once the cloud has noticed", async () => {
  await using site = await startSite({ panels: plc });
  expect(await losses(site)).toBe(0);
  site.powerCut();
  await site.until(async () => (await losses(site)) === 1, { what: "the last will", limitMs: 60_000 });
  site.powerOn();
  await site.gatewayIsOnline();
  await tunnelWorks(site);
  expect(await losses(site)).toBe(1);
});

test("an orderly stop leaves none, and neither does a registration", async () => {
  await using site = await startSite({ panels: plc });
  await site.gatewayStops();
  await site.passes(120_000);
  expect(await losses(site)).toBe(0);
  site.powerOn();
  await site.gatewayIsOnline();
  await tunnelWorks(site);
  expect(await losses(site)).toBe(0);
});
