// The modem of a site's gateway: what the cloud is told of it, and that it comes back from all that happens to it.
import { describe, expect, it } from "vitest";
import { modemAnswers } from "#simulator/gateway/board-faults.ts";
import { Site } from "#simulator/site.ts";

const port = "/dev/serial/by-id/usb-modem-if02";
const modem = { port, baudRate: 115_200, resetAfterFailures: 3 };

const lookMs = 5_000;

type ModemOptions = NonNullable<NonNullable<Parameters<typeof Site.start>[0]>["board"]>["modem"];

const starts = (more: Partial<NonNullable<ModemOptions>> = {}, registered = true) =>
  Site.start({ registered, gateway: { modem }, board: { modem: { path: port, uplink: "wwan0", ...more } } });

const device = (site: Site) => site.operator.gets(`/inventory/managedObjects/${site.operator.deviceId}`);

async function alarms(site: Site, status: string): Promise<readonly string[]> {
  const list = await site.operator.gets(`/alarm/alarms?source=${site.operator.deviceId}&status=${status}&pageSize=100`);
  return (list["alarms"] as { type: string }[]).map(({ type }) => type).toSorted();
}

/** Looks every few seconds: the cloud need not be asked at each step of time. */
async function holds(site: Site, fact: () => Promise<boolean>, what: string, limitMs: number): Promise<void> {
  for (let passedMs = 0; !(await fact()); passedMs += lookMs) {
    if (passedMs >= limitMs) throw new Error(`${what}: not within ${limitMs} ms\n${site.describe()}`);
    await site.passes(lookMs);
  }
}

const raised = (site: Site, type: string, limitMs: number) =>
  holds(site, async () => (await alarms(site, "ACTIVE")).includes(type), `the alarm ${type}`, limitMs);

const noneLeft = (site: Site, limitMs: number) =>
  holds(site, async () => (await alarms(site, "ACTIVE")).length === 0, "no alarm", limitMs);

const signals = async (site: Site) => {
  const list = await site.operator.gets(
    `/measurement/measurements?source=${site.operator.deviceId}&valueFragmentType=c8y_SignalStrength&pageSize=2000`,
  );
  return (list["measurements"] as { c8y_SignalStrength?: { rssi: { value: number } } }[]).flatMap(
    ({ c8y_SignalStrength: signal }) => (signal === undefined ? [] : [signal.rssi.value]),
  );
};

const logged = (site: Site, event: string) => site.gatewayLog.filter((line) => line.event === event);

describe("a modem", () => {
  it("is told of once, with its SIM and its cell, and its signal is measured each minute", async () => {
    await using site = await starts();
    site.board.modem!.signalIs(20);
    await site.passes(600_000);
    expect(await device(site)).toMatchObject({
      c8y_Mobile: {
        imei: "490154203237518",
        iccid: "8949000000000000018",
        imsi: "262010000000001",
        mcc: "262",
        mnc: "01",
        lac: String(0x1a2b),
        cellId: String(0x01c3d4e5),
      },
    });
    const measured = await signals(site);
    expect(measured.length).toBeGreaterThanOrEqual(9);
    expect(measured.length).toBeLessThanOrEqual(12);
    // The first was before the signal was held.
    expect(new Set(measured.slice(0, -1)).size).toBeLessThanOrEqual(2);
    expect(measured).toContain(-113 + 2 * 20);
    expect(await alarms(site, "ACTIVE")).toEqual([]);
    expect(logged(site, "modem.registered")).toMatchObject([{ operator: "Demo Mobil", registration: "home" }]);
  });

  it("that hangs is found out and restarted again and again, and goes on by itself once it comes round", async () => {
    await using site = await starts();
    await site.passes(120_000);
    const release = site.board.modem!.hangs();
    await raised(site, "postern_ModemSilent", 600_000);
    await site.passes(1_800_000);
    expect(logged(site, "modem.restarted").length).toBeGreaterThanOrEqual(2);
    const before = (await signals(site)).length;
    release();
    await noneLeft(site, 300_000);
    await site.passes(180_000);
    expect((await signals(site)).length).toBeGreaterThan(before);
    expect(site.gateway.status().connectivity).toBe("online");
  });

  it.each([
    ["absent", "postern_SimMissing"],
    ["pin-required", "postern_SimLocked"],
    ["puk-required", "postern_SimBlocked"],
  ] as const)(
    "whose SIM is %s raises the alarm %s at once, in words, and clears it when it is ready",
    async (sim, type) => {
      await using site = await starts();
      await site.passes(120_000);
      site.board.modem!.simIs(sim);
      await raised(site, type, 30_000);
      expect(await alarms(site, "ACTIVE")).toEqual([type]);
      site.board.modem!.simIs("ready");
      await noneLeft(site, 120_000);
      expect(await alarms(site, "CLEARED")).toContain(type);
    },
  );

  it("that is turned away by its network raises an alarm, and says so when it is let in again", async () => {
    await using site = await starts();
    await site.passes(120_000);
    site.board.modem!.networkIs("denied");
    await raised(site, "postern_RegistrationDenied", 120_000);
    site.board.modem!.networkIs("roaming");
    await noneLeft(site, 120_000);
    expect(logged(site, "modem.registered").at(-1)).toMatchObject({ registration: "roaming" });
  });

  it("without a network raises an alarm, and is restarted after a while", async () => {
    await using site = await starts();
    await site.passes(120_000);
    site.board.modem!.networkIs("none");
    await raised(site, "postern_NoMobileNetwork", 600_000);
    await site.until(() => logged(site, "modem.restarted").length > 0, { what: "a restart", limitMs: 2_400_000 });
    site.board.modem!.networkIs("home");
    await noneLeft(site, 300_000);
  });

  it("that is pulled out raises an alarm, and goes on when it is plugged in again", async () => {
    await using site = await starts();
    await site.passes(120_000);
    const { serialPorts } = site.board;
    serialPorts.unplug(port);
    await raised(site, "postern_ModemMissing", 120_000);
    expect(logged(site, "modem.troubled").at(-1)).toMatchObject({ trouble: "missing" });
    await site.passes(3_600_000);
    // One line for all that time.
    expect(logged(site, "modem.troubled")).toHaveLength(1);
    serialPorts.plug(port, site.board.modem!);
    await noneLeft(site, 120_000);
  });

  it("that talks in between, refuses what it does not know and says nothing of its IMEI is read all the same", async () => {
    await using site = await starts();
    site.board.lay(modemAnswers("+CGSN", [], "ERROR"));
    site.board.lay(modemAnswers("+CIMI", ["RING", "+CREG: 2", "262010000000009"]));
    site.board.lay(modemAnswers("+CCID", [], "+CME ERROR: 100"));
    site.board.lay(modemAnswers("+CSQ", ["+CSQ: 99,99"]));
    site.board.lay(modemAnswers("+CESQ", ["+CESQ: 99,99,255,255,20,51"]));
    await site.passes(600_000);
    expect((await signals(site)).at(-1)).toBe(-141 + 51);
    expect(await alarms(site, "ACTIVE")).toEqual([]);
  });

  it("that is not there from the beginning keeps nobody from going online", async () => {
    await using site = await starts({}, false);
    site.board.serialPorts.unplug(port);
    await site.gatewayRegisters();
    await raised(site, "postern_ModemMissing", 120_000);
  });
});
