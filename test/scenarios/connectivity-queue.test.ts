// What the gateway has to tell while the cloud is out of reach: told afterwards, once, in order, power cuts included.
import { expect, test } from "vitest";
import { echoPanel } from "#simulator/panels/byte-panels.ts";
import type { Site } from "#simulator/site.ts";
import { startSite } from "./start-site.ts";
import { tunnelWorks } from "./tunnel-works.ts";

const panels = { plc: echoPanel(), one: echoPanel(), two: echoPanel() };

/** How tunnels ended, as the cloud's events say, oldest first. */
async function closings(site: Site<typeof panels>): Promise<readonly string[]> {
  const events = (await site.operator.events()).filter(({ type }) => type === "c8y_RemoteAccessClosed");
  return events.map(({ text }) => String(text)).toReversed();
}

test("tunnels that end while MQTT is out are told of afterwards, over a power cut too, each once", async () => {
  await using site = await startSite({ panels, gateway: { cloud: { mqttOver: "tls" } } });
  const first = await site.operator.opensPassthrough("one");
  const second = await site.operator.opensPassthrough("two");
  await site.passes(5_000);
  const opens = site.network.firewall.add({ from: "gateway", to: "cloud", port: 8883, action: "drop" });
  site.network.resetConnections(({ server }) => server.port === 8883);
  await site.until(() => site.gateway.status().connectivity !== "online", { what: "the outage" });
  // A tunnel has its own websocket: it lives on, and ends as the person likes.
  first.says(Buffer.from("x"));
  await first.receives(1);
  await first.disconnects();
  second.says(Buffer.from("four"));
  await second.receives(4);
  await second.disconnects();
  await site.passes(60_000);
  expect(await closings(site)).toEqual([]);
  site.powerCut();
  await site.passes(30_000);
  site.powerOn();
  await site.passes(30_000);
  opens();
  await site.gatewayIsOnline(60_000);
  await site.until(async () => (await closings(site)).length >= 2, { what: "the two events" });
  expect(await closings(site)).toEqual([expect.stringMatching(/1 bytes up/), expect.stringMatching(/4 bytes up/)]);
  const files = [...site.board.disk.files.keys()].filter((name) => /^queue-\d/.test(name));
  await site.until(() => files.every((name) => !site.board.disk.files.has(name)), { what: "the disk to be empty" });
  await tunnelWorks(site);
});
