// Several uplinks in a site: which one the gateway uses, and that a tunnel works after each change.
import { describe, expect, it } from "vitest";
import { echoPanel } from "#simulator/panels/byte-panels.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { Site, type SiteOptions } from "#simulator/site.ts";

const prefer = ["eth0", "wlan0", "wwan0"];
const settings = { prefer, failOverAfterMs: 60_000, failBackAfterMs: 300_000 };
const panels = { plc: echoPanel() };

const starts = (options: Partial<SiteOptions<typeof panels>> = {}) =>
  Site.start({ panels, gateway: { uplinks: settings }, ...options });

type Plant = Awaited<ReturnType<typeof starts>>;

const uplinkOf: Readonly<Record<string, string>> = { "10.20.0.2": "eth0", "10.21.0.2": "wlan0", "10.64.7.2": "wwan0" };

/** Through which uplink the gateway is online; undefined while it is not. Of its connections MQTT is older than any probe. */
function used(site: Plant): string | undefined {
  if (site.gateway.status().connectivity !== "online") return undefined;
  const gateway = site.network.host("gateway");
  const [alive] = site.network.conversations().filter(({ client, server, name }) => {
    const isOurs = client.host === "gateway" && server.host === "cloud" && !name.includes("(only cloud");
    return isOurs && gateway.carries(client.address);
  });
  return uplinkOf[alive?.client.address ?? ""];
}

const becomes = (site: Plant, name: string, limitMs: number) =>
  site.until(() => used(site) === name, { what: `a connection by ${name}`, limitMs });

async function worksThrough(site: Plant, name: string): Promise<void> {
  await site.gatewayIsOnline();
  expect(used(site)).toBe(name);
  const session = await site.operator.opensPassthrough("plc");
  session.sends(Buffer.from("hello"));
  await site.until(() => session.bytesReceived === 5, { what: "the echo" });
  await session.disconnects();
}

const switches = (site: Plant) =>
  site.gatewayLog
    .filter(({ event }) => event === "uplinks.switched")
    .map(({ from, to, cause }) => `${String(from)} to ${String(to)}: ${String(cause)}`);

describe("several uplinks", () => {
  it("begin with the best, which the system has too, so that nothing is switched", async () => {
    await using site = await starts();
    await worksThrough(site, "eth0");
    await site.passes(600_000);
    expect(switches(site)).toEqual([]);
    await worksThrough(site, "eth0");
  });

  it("fail over at once from one that goes down, and go back once it has been up and works", async () => {
    await using site = await starts();
    site.board.uplinks.goesDown("eth0");
    await becomes(site, "wlan0", 10_000);
    await worksThrough(site, "wlan0");
    site.board.uplinks.comesUp("eth0");
    await site.passes(250_000);
    expect(used(site)).toBe("wlan0");
    await becomes(site, "eth0", 120_000);
    expect(switches(site)).toEqual(["eth0 to wlan0: gone", "wlan0 to eth0: better"]);
    await worksThrough(site, "eth0");
    const { operator } = site;
    const told = async (path: string, list: string) =>
      (await operator.gets(`${path}?source=${operator.deviceId}&pageSize=100`))[list] as Record<string, unknown>[];
    const events = (await told("/event/events", "events")).filter(({ type }) => type === "postern_UplinkSwitched");
    expect(events.map(({ text }) => text).toSorted()).toEqual([
      "The gateway leaves through eth0, before that through wlan0: the cloud has answered over eth0 again",
      "The gateway leaves through wlan0, before that through eth0: eth0 is down",
    ]);
    const alarms = (await told("/alarm/alarms", "alarms")).filter(({ type }) => type === "postern_UplinkLost");
    expect(alarms).toMatchObject([
      { status: "CLEARED", severity: "MINOR", text: expect.stringContaining("uplink wlan0") },
    ]);
  });

  it("fail over from one that looks healthy and lets nothing pass, within a minute and a little", async () => {
    await using site = await starts();
    const heal = site.board.uplinks.mute("eth0");
    await becomes(site, "wlan0", 120_000);
    expect(switches(site)).toEqual(["eth0 to wlan0: unreachable"]);
    await worksThrough(site, "wlan0");
    // As long as nothing passes there it stays.
    await site.passes(1_200_000);
    expect(used(site)).toBe("wlan0");
    heal();
    await becomes(site, "eth0", 900_000);
    await worksThrough(site, "eth0");
  });

  it("leave an open session alone when they go back: it runs on over the one that it was opened over", async () => {
    await using site = await starts();
    site.board.uplinks.goesDown("eth0");
    await becomes(site, "wlan0", 10_000);
    await site.gatewayIsOnline();
    const session = await site.operator.opensPassthrough("plc");
    session.sends(Buffer.from("before"));
    await site.until(() => session.bytesReceived === 6, { what: "the first echo" });
    site.board.uplinks.comesUp("eth0");
    await site.until(() => switches(site).length === 2, { what: "the return", limitMs: 400_000 });
    await site.gatewayIsOnline();
    session.sends(Buffer.from("and after"));
    await site.until(() => session.bytesReceived === 15, { what: "the second echo" });
    await session.disconnects();
    await site.until(() => used(site) === "eth0", { what: "MQTT to be by eth0" });
  });

  it("that are all gone leave the choice to the system, and the first that is back is taken at once", async () => {
    await using site = await starts();
    const { uplinks } = site.board;
    for (const name of prefer) uplinks.goesDown(name);
    await site.until(() => switches(site).at(-1)?.endsWith("dark") === true, { what: "the dark", limitMs: 10_000 });
    await site.passes(1_800_000);
    uplinks.comesUp("wwan0");
    await becomes(site, "wwan0", 60_000);
    await worksThrough(site, "wwan0");
    uplinks.comesUp("wlan0");
    uplinks.comesUp("eth0");
    await becomes(site, "eth0", 700_000);
    await worksThrough(site, "eth0");
  });

  it("are tried in turn, without end, while the cloud itself is away, and one of them is online a minute after its return", async () => {
    await using site = await starts();
    await site.cloudRestarts({ hard: true, downMs: 1_800_000 });
    await site.gatewayIsOnline(60_000);
    const causes = new Set(switches(site).map((line) => line.split(": ")[1]));
    expect([...causes]).toEqual(["unreachable"]);
    expect(switches(site).length).toBeGreaterThan(15);
    await site.until(() => used(site) === "eth0", { what: "the best one again", limitMs: 700_000 });
    await worksThrough(site, "eth0");
  });

  it("are left alone while the cloud answers and refuses: no uplink is to blame for a login", async () => {
    await using site = await starts();
    const removed = await site.operator.asks("DELETE", `/inventory/managedObjects/${site.operator.deviceId}`);
    expect(removed.status).toBe(204);
    await site.until(() => site.gateway.status().connectivity !== "online", { what: "the refusal", limitMs: 300_000 });
    await site.passes(240_000);
    expect(switches(site)).toEqual([]);
  });

  it("let the gateway register through the next one where the best is dead from the beginning", async () => {
    await using site = await starts({ registered: false });
    site.board.uplinks.mute("eth0");
    await site.operator.expectsDevice(site.deviceId);
    site.powerOn();
    await site.until(() => switches(site).length > 0, { what: "another uplink", limitMs: 120_000 });
    await site.operator.acceptsDevice(site.deviceId);
    await site.gatewayIsOnline(120_000);
    await site.addsEndpoints();
    await worksThrough(site, "wlan0");
  });

  it("stay as they are while the gateway waits for hours to be accepted", async () => {
    await using site = await starts({ registered: false });
    await site.operator.expectsDevice(site.deviceId);
    site.powerOn();
    await site.passes(2 * 3_600_000);
    expect(switches(site)).toEqual([]);
    await site.operator.acceptsDevice(site.deviceId);
    await site.gatewayIsOnline(60_000);
  });

  it("cannot be chosen without the right to: said once, with an alarm, and the system's choice works on", async () => {
    await using site = await starts({ registered: false });
    site.board.uplinks.prevented = "Operation not permitted";
    await site.gatewayRegisters();
    await site.addsEndpoints();
    await site.passes(600_000);
    const said = site.gatewayLog.filter(({ event }) => event === "uplinks.not-steered");
    expect(said).toMatchObject([{ wanted: "eth0", why: "Operation not permitted" }]);
    const { operator } = site;
    const { alarms } = await operator.gets(`/alarm/alarms?source=${operator.deviceId}&status=ACTIVE`);
    expect(alarms).toMatchObject([{ type: "postern_UplinkNotChosen", severity: "MINOR" }]);
    site.board.uplinks.goesDown("eth0");
    await site.until(() => used(site) === "wlan0", { what: "the system's next one", limitMs: 120_000 });
    await worksThrough(site, "wlan0");
  });

  it("are given back to the system when the gateway stops in order", async () => {
    await using site = await starts();
    const heal = site.board.uplinks.mute("eth0");
    await becomes(site, "wlan0", 120_000);
    heal();
    expect(site.board.uplinks.current).toBe("wlan0");
    await site.gatewayStops();
    expect(site.board.uplinks.current).toBe("eth0");
    site.powerOn();
    await worksThrough(site, "eth0");
  });

  it("are not touched where none is configured", async () => {
    await using site = await starts({ gateway: {} });
    site.board.uplinks.goesDown("eth0");
    await becomes(site, "wlan0", 120_000);
    await worksThrough(site, "wlan0");
    expect(switches(site)).toEqual([]);
  });

  it.each([1, 2, 3])(
    "that flap for an hour, each in its own time, end online with a tunnel that works (seed %i)",
    async (seed) => {
      await using site = await starts({ seed });
      const { uplinks } = site.board;
      const random = new SeededRandom(seed);
      const mutes = new Map<string, () => void>();
      for (let step = 0; step < 120; step += 1) {
        await site.passes(1_000 + random.fraction() * 60_000);
        const name = prefer[Math.floor(random.fraction() * 2)]!;
        const kind = Math.floor(random.fraction() * 4);
        if (kind === 0) uplinks.goesDown(name);
        else if (kind === 1) uplinks.comesUp(name);
        else if (kind === 2 && !mutes.has(name)) mutes.set(name, uplinks.mute(name));
        else {
          mutes.get(name)?.();
          mutes.delete(name);
        }
      }
      for (const heal of mutes.values()) heal();
      for (const name of prefer) uplinks.comesUp(name);
      await site.gatewayIsOnline(60_000);
      await site.until(() => used(site) === "eth0", { what: "the best one again", limitMs: 700_000 });
      await worksThrough(site, "eth0");
    },
  );
});
