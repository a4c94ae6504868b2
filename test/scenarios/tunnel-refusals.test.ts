// Tunnels that the gateway refuses for its own sake, and what the cloud's event list tells of those that stood.
import { expect, test } from "vitest";
import { stall } from "#simulator/faults/stall.ts";
import { echoPanel } from "#simulator/panels/byte-panels.ts";
import type { Site } from "#simulator/site.ts";
import { startSite } from "./start-site.ts";

async function tunnelEvents(site: Site): Promise<readonly string[]> {
  const events = await site.operator.events();
  return events
    .map(({ type, text }) => `${type} ${text}`)
    .filter((each) => each.startsWith("c8y_RemoteAccess"))
    .map((each) => each.replaceAll(/\d+ (s|bytes)/g, "N $1").replace(/operation \d+/, "operation N"));
}

test("opens no tunnel while it is too hot, keeps those that are open, and opens them again once it has cooled", async () => {
  await using site = await startSite({ panels: { plc: echoPanel() } });
  const open = await site.operator.opensPassthrough("plc");
  site.board.thermal.ambientIs(95);
  await site.passes(180_000);
  const refused = await site.operator.opens("plc");
  expect(await refused.ends()).toMatchObject({ code: 4022, reason: "gateway.hot" });
  expect(site.board.leds.pattern("status").kind).toBe("blinking");
  open.says(Buffer.from("still here"));
  await open.receives(10);
  site.board.thermal.ambientIs(20);
  await site.passes(300_000);
  const again = await site.operator.opensPassthrough("plc");
  again.says(Buffer.from("hello"));
  await again.receives(5);
  await again.disconnects();
  await open.disconnects();
});

test("tells the cloud by events of each tunnel that stood and how it ended, and of none that did not", async () => {
  await using site = await startSite({ panels: { plc: echoPanel() }, tunnels: { max: 1 } });
  const session = await site.operator.opensPassthrough("plc");
  session.says(Buffer.alloc(1_000));
  await session.receives(1_000);
  const second = await site.operator.opens("plc");
  expect((await second.ends()).reason).toBe("gateway.busy");
  await session.disconnects();
  await site.passes(5_000);
  const where = "192.168.10.11:";
  expect(await tunnelEvents(site)).toEqual(
    expect.arrayContaining([
      expect.stringContaining(`c8y_RemoteAccessOpened ${where}`),
      expect.stringMatching(
        /^c8y_RemoteAccessClosed client\.closed \(N bytes up, N bytes down, N s, 192\.168\.10\.11:/,
      ),
    ]),
  );
  expect(await tunnelEvents(site)).toHaveLength(2);
});

test("the event of a tunnel's end waits for the cloud, over a power cut too", async () => {
  await using site = await startSite({ panels: { plc: echoPanel() } });
  const session = await site.operator.opensPassthrough("plc");
  const lift = site.between("gateway", "cloud").apply(stall());
  await site.until(() => site.gatewayLog.some(({ event }) => event === "tunnel.closed"), {
    what: "the gateway to give the tunnel up",
    limitMs: 180_000,
  });
  await site.passes(10_000);
  site.powerCut();
  await session.ends();
  lift();
  site.powerOn();
  await site.gatewayIsOnline(180_000);
  await site.passes(10_000);
  const closed = (await tunnelEvents(site)).filter((each) => each.includes("Closed"));
  // Once, or after a cut between sending and its answer twice.
  expect(closed.length).toBeGreaterThanOrEqual(1);
  expect(closed.length).toBeLessThanOrEqual(2);
  expect(closed[0]).toContain("c8y_RemoteAccessClosed cloud.lost");
});
