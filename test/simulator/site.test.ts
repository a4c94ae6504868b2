// The site itself: that its end finds what was left behind, that its seed decides, and that it can be started again and again.
import { readdir } from "node:fs/promises";
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { blackHole } from "#simulator/faults/black-hole.ts";
import { cloudRestart } from "#simulator/faults/cloud-restart.ts";
import { echoPanel } from "#simulator/panels/byte-panels.ts";
import { vncPanel } from "#simulator/panels/vnc-panel.ts";
import { Site } from "#simulator/site.ts";

async function endOf(site: Site): Promise<string> {
  return site[Symbol.asyncDispose]().then(
    () => "nothing",
    (error: Error) => error.message,
  );
}

describe("the end of a site", () => {
  it("finds a timer that was left, and names its place and the seed", async () => {
    const site = await Site.start({ seed: 42, registered: false });
    setTimeout(() => undefined, 3_600_000);
    const found = await endOf(site);
    expect(found).toContain("seed 42");
    expect(found).toMatch(/timer of \S*test\/simulator\/site\.test\.ts:\d+/);
  });

  it("finds a connection that was left", async () => {
    const site = await Site.start({ panels: { plc: echoPanel() } });
    const { network } = site.network.host("gateway");
    const dialled = network.dial({ address: "192.168.10.11", port: 7 }, { timeoutMs: 1000 });
    await site.clock.until(dialled, { what: "a connection that the gateway knows nothing of" });
    expect(await endOf(site)).toMatch(/gateway:\d+ > plc:7/);
  });

  it("finds a tunnel that does not end", async () => {
    const site = await Site.start({ panels: { plc: echoPanel() } });
    const { gateway } = site;
    const status = gateway.status.bind(gateway);
    const counts = { bytesUp: 0, bytesDown: 0, heldBytes: 0 };
    const target = { host: "192.168.10.11", port: 5900, isOpen: true, requestedAtMs: 0 };
    gateway.status = () => ({ ...status(), tunnels: [{ operation: "77", state: "stuck", ...counts, ...target }] });
    expect(await endOf(site)).toContain("tunnel 77 (stuck)");
  });

  it("finds nothing after a session that nobody ended, and lifts faults that nobody lifted", async () => {
    const site = await Site.start({ panels: { press4: vncPanel() } });
    const vnc = await site.operator.opensVnc("press4");
    await vnc.showsPicture();
    site.between("gateway", "press4").apply(blackHole());
    expect(site.describe()).toContain("Faults in force: black hole between gateway and press4");
    expect(await endOf(site)).toBe("nothing");
  });

  it("gives the real clock back and takes its database away", async () => {
    const before = globalThis.setTimeout;
    const site = await Site.start();
    const files = async () =>
      (await readdir(dirname(site.databaseFile))).filter((name) => name.includes(`-${process.pid}-`));
    expect(await files()).not.toEqual([]);
    expect(await endOf(site)).toBe("nothing");
    expect(globalThis.setTimeout).toBe(before);
    expect(await files()).toEqual([]);
  });
});

describe("a site", () => {
  it("tells the same story twice from one seed, to the millisecond", async () => {
    const story = async (seed: number) => {
      await using site = await Site.start({ seed, panels: { press4: vncPanel({ password: "secret12" }) } });
      const vnc = await site.operator.opensVnc("press4");
      await vnc.shows(site.panels.press4.screen);
      vnc.types("C-9\n");
      await site.clock.advance(5000);
      const lines = [...site.gatewayLog, ...site.cloudLog].map(({ time, event }) => `${time} ${event}`);
      return [...lines, `${vnc.session.bytesReceived} bytes`, vnc.session.digest];
    };
    const first = await story(7);
    expect(await story(7)).toEqual(first);
    expect((await story(8)).at(-1)).not.toEqual(first.at(-1));
  });

  it("survives a power cut at each write of the credentials, whichever way the disk decides", async () => {
    const outcomes = new Set<boolean>();
    for (let seed = 1; seed <= 6; seed += 1) {
      await using site = await Site.start({ seed, registered: false });
      await site.operator.expectsDevice(site.deviceId);
      site.powerCut({ at: ({ name }) => name === "credentials.json" });
      site.powerOn();
      await site.operator.acceptsDevice(site.deviceId);
      await site.clock.until(() => !site.isGatewayOn, { what: "the power to fail" });
      outcomes.add(site.board.disk.files.has("credentials.json"));
      await site.clock.advance(5000);
      site.powerOn();
      await site.gatewayIsOnline(120_000);
    }
    expect([...outcomes].sort()).toEqual([false, true]);
  });

  it("refuses a fault at the wrong place and a host that is not there", async () => {
    await using site = await Site.start({ registered: false });
    expect(() => site.between("gateway", "nowhere")).toThrow('no host named "nowhere"');
    expect(() => site.between("gateway", "cloud").apply(cloudRestart())).toThrow("site.during");
    await expect(site.during(blackHole(), () => undefined)).rejects.toThrow("site.between");
  });

  it("keeps what the cloud stored over restarts, in order and hard", async () => {
    await using site = await Site.start({ panels: { plc: echoPanel() } });
    const before = await site.operator.endpoints();
    for (const hard of [false, true]) {
      await site.cloudRestarts({ hard });
      expect(await site.operator.endpoints()).toEqual(before);
    }
    await site.gatewayIsOnline(180_000);
  });
});
