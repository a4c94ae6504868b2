// A clock that is wrong, and certificates that are: told apart, and each cured in its own way, with verification never off.
import { describe, expect, test } from "vitest";
import { newestTimeFile } from "#firmware/connectivity/time-floor.ts";
import { clockJump } from "#simulator/faults/clock-jump.ts";
import { startSite } from "./start-site.ts";
import { lines, plc, reasons, tunnelWorks } from "./tunnel-works.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

describe("a clock that starts in 1970", () => {
  test("is said to be wrong, and the gateway is online as soon as the time server answers", async () => {
    const board = { hasClockBattery: false, timeServer: { answersAfterMs: 40_000 } };
    await using site = await startSite({ panels: plc, board });
    site.powerCut();
    site.powerOn();
    const bootedAtMs = site.clock.monotonicMs();
    const before = lines(site, "connectivity.offline").length;
    await site.passes(39_000);
    expect(site.board.clock.nowMs()).toBeLessThan(dayMs);
    const offline = lines(site, "connectivity.offline").slice(before);
    expect(offline.length).toBeGreaterThan(1);
    expect(new Set(offline.map(({ reason }) => reason))).toEqual(new Set(["clock.wrong"]));
    expect(offline[0]).toMatchObject({ advice: expect.stringContaining("clock is wrong") });
    await site.until(() => site.gateway.status().connectivity === "online", { what: "the cure", limitMs: 10_000 });
    // Not at the next try of the back-off, which may be half a minute away: the clock is watched.
    expect(site.clock.monotonicMs() - bootedAtMs).toBeLessThan(44_000);
    await site.gatewayIsOnline();
    await tunnelWorks(site);
  });

  test("that no time server ever sets keeps the gateway offline, until somebody sets it", async () => {
    await using site = await startSite({ panels: plc });
    site.powerCut();
    const lift = await site.apply(clockJump({ byMs: -site.clock.nowMs() }));
    site.powerOn();
    await site.passes(3_600_000);
    expect(site.gateway.status().connectivity).not.toBe("online");
    expect(new Set(reasons(site))).toEqual(new Set(["clock.wrong"]));
    await lift();
    await site.until(() => site.gateway.status().connectivity === "online", { what: "the cure", limitMs: 5_000 });
    await site.gatewayIsOnline();
    await tunnelWorks(site);
  });
});

test("the clock of a board that was once online is known to be wrong although it is past the firmware's build", async () => {
  await using site = await startSite({ panels: plc });
  await site.until(() => site.board.disk.files.has(newestTimeFile), {
    what: "the time to be stored",
    limitMs: 300_000,
  });
  await site.passes(1_000);
  // A certificate that was issued an hour ago, by the time of the first connection.
  const nowMs = site.clock.nowMs();
  site.cloudServer.certificate = { ...site.cloudServer.certificate, notBeforeMs: nowMs - hourMs };
  await site.during(clockJump({ byMs: -3 * hourMs }), async () => {
    site.powerCut();
    site.powerOn();
    await site.until(() => reasons(site).includes("clock.wrong"), { what: "the reason" });
  });
  await site.gatewayIsOnline(5_000);
  await tunnelWorks(site);
});

describe("a certificate that is not to be believed", () => {
  test.each([
    ["is not valid yet", { notBeforeMs: dayMs, notAfterMs: 9 * dayMs }, "tls.not-yet-valid"],
    ["has expired", { notBeforeMs: -9 * dayMs, notAfterMs: -dayMs }, "tls.expired"],
  ] as const)(
    "because it %s by a clock that is right is not called a wrong clock, and is cured by a good one",
    async (_what, life, reason) => {
      await using site = await startSite({ panels: plc });
      const good = site.cloudServer.certificate;
      const nowMs = site.clock.nowMs();
      site.cloudServer.certificate = {
        ...good,
        notBeforeMs: nowMs + life.notBeforeMs,
        notAfterMs: nowMs + life.notAfterMs,
      };
      site.network.resetConnections(({ server }) => server.port === 8883);
      await site.passes(120_000);
      expect(reasons(site)).toEqual(["reset", ...Array(reasons(site).length - 1).fill(reason)]);
      expect(reasons(site).length).toBeGreaterThan(3);
      site.cloudServer.certificate = good;
      await site.gatewayIsOnline(60_000);
      await tunnelWorks(site);
    },
  );

  test.each([
    ["another authority", { authority: "Somebody" }, "tls.unknown-authority"],
    ["another name", { names: ["other.example"] }, "tls.wrong-name"],
  ] as const)("because it is from or for %s is cured by a good one", async (_what, flaw, reason) => {
    await using site = await startSite({ panels: plc });
    const good = site.cloudServer.certificate;
    site.cloudServer.certificate = { ...good, ...flaw };
    site.network.resetConnections(({ server }) => server.port === 8883);
    await site.passes(120_000);
    expect(site.gateway.status().connectivity).not.toBe("online");
    expect(reasons(site)).toContain(reason);
    site.cloudServer.certificate = good;
    await site.gatewayIsOnline(60_000);
    await tunnelWorks(site);
  });
});
