// The board is looked after: measurements in the cloud, and alarms raised once and cleared once, over restarts and outages.
import { describe, expect, it } from "vitest";
import { vncPanel } from "#simulator/panels/vnc-panel.ts";
import type { Site, SitePanels } from "#simulator/site.ts";
import { startSite } from "./start-site.ts";

type Document = Readonly<Record<string, unknown>>;

async function measurements(site: Site<SitePanels>, type: string): Promise<readonly Document[]> {
  const list = await site.operator.gets(
    `/measurement/measurements?source=${site.operator.deviceId}&type=${type}&pageSize=200&revert=true`,
  );
  return list["measurements"] as Document[];
}

/** Type, status and how often it was raised, of all alarms. */
async function alarms(site: Site<SitePanels>): Promise<readonly string[]> {
  const list = await site.operator.gets(`/alarm/alarms?source=${site.operator.deviceId}&pageSize=200`);
  return (list["alarms"] as Document[]).map(({ type, status, count }) => `${type} ${status} ${count ?? 1}`).toSorted();
}

const hot = (site: Site<SitePanels>, celsius: number) => site.board.thermal.follows([{ afterMs: 0, celsius }]);

describe("measurements", () => {
  it("come at the interval, with what the board has", async () => {
    await using site = await startSite();
    await site.passes(5 * 60_000);
    const temperatures = await measurements(site, "c8y_TemperatureMeasurement");
    expect(temperatures.length).toBeGreaterThanOrEqual(5);
    expect(temperatures.length).toBeLessThanOrEqual(7);
    const [health] = await measurements(site, "postern_Health");
    expect(health).toMatchObject({
      postern_Load: { load1: { value: 0.1 } },
      postern_Memory: { used: { value: expect.closeTo(20, 1), unit: "%" } },
      postern_Disk: { used: { value: expect.closeTo(30, 1), unit: "%" } },
      postern_Uplink: { eth0: { value: 1 }, wlan0: { value: 0 } },
    });
    expect(Date.parse(String(health?.["time"]))).toBeGreaterThan(site.clock.nowMs() - 120_000);
  });

  it("of a time without the cloud come later, with their own times", async () => {
    await using site = await startSite();
    const startMs = site.clock.nowMs();
    await site.cloudRestarts({ downMs: 10 * 60_000 });
    await site.gatewayIsOnline(180_000);
    await site.passes(30_000);
    const times = (await measurements(site, "c8y_TemperatureMeasurement")).map(({ time }) => Date.parse(String(time)));
    const during = times.filter((atMs) => atMs > startMs + 60_000 && atMs < startMs + 9 * 60_000);
    expect(during.length).toBeGreaterThanOrEqual(7);
  });
});

describe("alarms", () => {
  it.each([
    { before: 45, during: 85, status: "ACTIVE" },
    { before: 85, during: 45, status: "CLEARED" },
  ])(
    "are $status in the end also when the queue was too short for the outage",
    async ({ before, during, status }) => {
      const health = { intervalMs: 10_000, diskFullPercent: 90, memoryFullPercent: 90 };
      await using site = await startSite({ gateway: { health } });
      hot(site, before);
      await site.passes(2 * 60_000);
      site.board.thermal.follows([{ afterMs: 5 * 60_000, celsius: during }]);
      // Two messages in 10 s: a thousand of them come in 84 minutes.
      await site.cloudRestarts({ downMs: 110 * 60_000 });
      await site.gatewayIsOnline(180_000);
      await site.passes(5 * 60_000);
      expect(site.gatewayLog.some(({ event }) => event === "connectivity.message-dropped")).toBe(true);
      expect(await alarms(site)).toContainEqual(expect.stringMatching(`^postern_Hot ${status} `));
    },
    120_000,
  );

  it("are raised once and cleared once, and no tunnel opens while it is hot", async () => {
    await using site = await startSite({ panels: { press4: vncPanel() } });
    hot(site, 85);
    await site.passes(5 * 60_000);
    expect(await alarms(site)).toEqual(["postern_Hot ACTIVE 1"]);
    const session = await site.operator.opens("press4");
    await site.until(() => session.ending, { what: "the session to end" });
    expect((await site.operator.operations())[0]).toMatchObject({
      status: "FAILED",
      failureReason: expect.stringMatching(/^gateway\.hot: /),
    });
    hot(site, 60);
    await site.passes(2 * 60_000);
    expect(await alarms(site)).toEqual(["postern_Hot CLEARED 1"]);
    const vnc = await site.operator.opensVnc("press4");
    await vnc.disconnects();
  });

  it("tell of a full disk and of memory that is low", async () => {
    await using site = await startSite();
    site.board.system.diskUsedIs(0.95);
    site.board.system.memoryUsedIs(0.99);
    await site.passes(3 * 60_000);
    expect(await alarms(site)).toEqual(["postern_DiskFull ACTIVE 1", "postern_MemoryLow ACTIVE 1"]);
    site.board.system.diskUsedIs(0.87);
    site.board.system.memoryUsedIs(0.5);
    await site.passes(3 * 60_000);
    expect(await alarms(site)).toEqual(["postern_DiskFull ACTIVE 1", "postern_MemoryLow CLEARED 1"]);
  });

  it("are not raised anew after a power cut while the reason lasts, and are cleared after it when it is gone", async () => {
    await using site = await startSite();
    hot(site, 85);
    site.board.system.diskUsedIs(0.95);
    await site.passes(3 * 60_000);
    expect(await alarms(site)).toEqual(["postern_DiskFull ACTIVE 1", "postern_Hot ACTIVE 1"]);
    site.powerCut();
    site.board.system.diskUsedIs(0.2);
    await site.passes(60_000);
    site.powerOn();
    await site.gatewayIsOnline(120_000);
    await site.passes(3 * 60_000);
    expect(await alarms(site)).toEqual(["postern_DiskFull CLEARED 1", "postern_Hot ACTIVE 1"]);
  });

  it("of a part that has nothing to say any more after a restart are cleared in time", async () => {
    await using site = await startSite();
    await site.passes(60_000);
    await site.gatewayStops();
    const stored = [{ alarmType: "c8y_SomethingOld", severity: "MAJOR", text: "it was so" }];
    site.board.disk.files.set("alarms.json", Buffer.from(JSON.stringify(stored)));
    site.powerOn();
    await site.gatewayIsOnline();
    await site.passes(20 * 60_000);
    expect(site.gatewayLog.filter(({ event }) => event === "alarm.cleared")).toMatchObject([
      { alarmType: "c8y_SomethingOld" },
    ]);
  });

  it("are raised anew where what was remembered of them is damaged", async () => {
    await using site = await startSite();
    hot(site, 85);
    await site.passes(2 * 60_000);
    await site.gatewayStops();
    site.board.disk.files.set("alarms.json", Buffer.from("[{"));
    site.powerOn();
    await site.gatewayIsOnline();
    await site.passes(2 * 60_000);
    expect(await alarms(site)).toEqual(["postern_Hot ACTIVE 2"]);
  });

  it("tell of a disk that takes nothing any more, and that it does again", async () => {
    await using site = await startSite();
    site.board.disk.failure = "EROFS";
    await site.passes(65 * 60_000);
    expect((await alarms(site)).filter((each) => each.startsWith("postern_StorageFailing"))).toEqual([
      "postern_StorageFailing ACTIVE 1",
    ]);
    site.board.disk.failure = undefined;
    await site.passes(3 * 60_000);
    expect((await alarms(site)).filter((each) => each.startsWith("postern_StorageFailing"))).toEqual([
      "postern_StorageFailing CLEARED 1",
    ]);
  });
});
