// Stories of the gateway's board: what its LEDs show, what its button does, and what its watchdog is for.
import { describe, expect, test } from "vitest";
import { watchdogStarvation } from "#simulator/faults/watchdog-starvation.ts";
import { stuckButton } from "#simulator/gateway/board-faults.ts";
import { patternWords } from "#simulator/gateway/led-pattern.ts";
import { echoPanel } from "#simulator/panels/byte-panels.ts";
import type { Site } from "#simulator/site.ts";
import { startSite } from "./start-site.ts";

function shown(site: Site, led: "status" | "tunnel", overMs = 5_000): string {
  return patternWords(site.board.leds.pattern(led, overMs));
}

function types(events: readonly { readonly [key: string]: unknown }[]): readonly unknown[] {
  return events.map(({ type }) => type);
}

describe("the LEDs show", () => {
  test("registering, connecting, online, an open tunnel, and connecting again", async () => {
    await using site = await startSite({ panels: { plc: echoPanel() }, registered: false });
    await site.operator.expectsDevice(site.deviceId);
    site.powerOn();
    await site.passes(10_000);
    expect(shown(site, "status")).toBe("blinks: 100 ms on, 100 ms off, 100 ms on, 700 ms off");
    await site.operator.acceptsDevice(site.deviceId);
    await site.gatewayIsOnline();
    await site.addsEndpoints();
    await site.passes(6_000);
    expect([shown(site, "status"), shown(site, "tunnel")]).toEqual(["on", "off"]);
    const session = await site.operator.opensPassthrough("plc");
    await site.passes(6_000);
    expect([shown(site, "status"), shown(site, "tunnel")]).toEqual(["on", "on"]);
    await session.disconnects();
    await site.passes(6_000);
    expect([shown(site, "status"), shown(site, "tunnel")]).toEqual(["on", "off"]);
    await site.cloudRestarts({ downMs: 20_000 });
    const dark = site.board.leds.history("status").filter(({ lit }) => !lit);
    expect(dark.length).toBeGreaterThan(10);
    await site.gatewayIsOnline();
    await site.gatewayStops();
    expect(site.board.leds.isLit("status")).toBe(false);
  });

  test("an open tunnel on a board with one LED", async () => {
    await using site = await startSite({ panels: { plc: echoPanel() }, board: { leds: ["status"] } });
    const session = await site.operator.opensPassthrough("plc");
    await site.passes(10_000);
    expect(shown(site, "status", 9_000)).toBe("blinks: 900 ms on, 100 ms off");
    await session.disconnects();
    await site.passes(6_000);
    expect(shown(site, "status")).toBe("on");
  });
});

describe("the button", () => {
  test("tells the cloud when it is pressed, once, however its contacts bounce", async () => {
    await using site = await startSite();
    await site.board.button.holdsBouncing(400, 6);
    await site.passes(2_000);
    expect(types(await site.operator.events())).toEqual(["postern_ButtonPressed"]);
    expect(site.gatewayLog.filter(({ event }) => event === "button.pressed")).toHaveLength(1);
  });

  test("resets the gateway when it is held for 10 s, and the LED says when", async () => {
    await using site = await startSite({ panels: { plc: echoPanel() } });
    const session = await site.operator.opensPassthrough("plc");
    site.board.button.press();
    await site.passes(4_900);
    expect(shown(site, "status", 3_000)).toBe("on");
    await site.passes(5_000);
    expect(shown(site, "status", 4_500)).toBe(
      "blinks: 100 ms on, 100 ms off, 100 ms on, 100 ms off, 100 ms on, 500 ms off",
    );
    await site.passes(3_000);
    expect(shown(site, "status", 2_500)).toBe("blinks: 50 ms on, 50 ms off");
    expect([...site.board.disk.files.keys()]).toContain("credentials.json");
    site.board.button.release();
    expect((await session.ends()).reason).toBe("gateway.stopping");
    await site.until(() => site.gatewayLog.some(({ event }) => event === "state.wiped"), { what: "the wipe" });
    expect([...site.board.disk.files.keys()]).toEqual([]);
    expect(types(await site.operator.events())).toContain("postern_FactoryReset");
    await site.passes(10_000);
    expect(shown(site, "status")).toBe("blinks: 100 ms on, 100 ms off, 100 ms on, 700 ms off");
    expect(site.gateway.status().registration).toBe("registering");
    await site.operator.expectsDevice(site.deviceId);
    await site.operator.acceptsDevice(site.deviceId);
    await site.gatewayIsOnline();
    const again = await site.operator.opensPassthrough("plc");
    again.says(Buffer.from("hello"));
    await again.receives(5);
    await again.disconnects();
    expect(site.board.boots).toHaveLength(1);
    expect(site.board.watchdog.bitten).toBe(0);
  });

  test("changes nothing when it is let go before 10 s", async () => {
    await using site = await startSite();
    await site.board.button.holds(9_800);
    await site.passes(6_000);
    expect(shown(site, "status")).toBe("on");
    expect(site.gateway.status().connectivity).toBe("online");
    expect(site.gatewayLog.map(({ event }) => event)).toContain("button.reset-called-off");
  });

  test("that is stuck resets nothing, and nothing either when it comes free or the board boots with it", async () => {
    await using site = await startSite();
    site.board.button.press();
    const comesFree = site.board.lay(stuckButton());
    await site.passes(600_000);
    expect(shown(site, "status")).toBe("on");
    expect(site.gatewayLog.filter(({ event }) => event === "button.stuck")).toHaveLength(1);
    site.powerCut();
    site.powerOn();
    await site.gatewayIsOnline();
    await site.passes(60_000);
    comesFree();
    site.board.button.release();
    await site.passes(60_000);
    expect(site.gateway.status()).toMatchObject({ registration: "registered", connectivity: "online" });
    expect(site.gatewayLog.map(({ event }) => event)).not.toContain("state.wiped");
  });

  test.each([1, 2, 3, 4, 5, 6])(
    "resets wholly or not at all although power fails at change %i of the wipe",
    async (nth) => {
      await using site = await startSite({ seed: nth });
      // Something of every run: what it may have of an earlier one is to go too.
      for (const name of ["queue-0001", "device.key"]) site.board.disk.files.set(name, Buffer.from("x"));
      let changes = 0;
      site.powerCut({ at: ({ name }) => (changes > 0 || name === "factory-reset") && ++changes === nth });
      await site.board.button.holds(11_000);
      await site.passes(5_000);
      expect(site.isGatewayOn).toBe(changes < nth);
      site.powerOn();
      await site.passes(10_000);
      const names = [...site.board.disk.files.keys()].filter((name) => name !== "time-floor.json");
      const hasReset = site.gateway.status().registration !== "registered";
      // The marker itself may not have been written: then the button is pressed again.
      expect(hasReset || nth === 1).toBe(true);
      if (hasReset) expect(names).toEqual([]);
      else expect(names).toContain("credentials.json");
    },
  );
});

describe("the watchdog", () => {
  test("is armed by the gateway, and never near to biting while it works, idles and registers", async () => {
    await using site = await startSite({ panels: { plc: echoPanel() } });
    expect(site.board.watchdog.isArmed).toBe(true);
    const session = await site.operator.opensPassthrough("plc");
    for (let each = 0; each < 20; each++) {
      session.says(Buffer.alloc(30_000));
      await site.passes(1_000);
    }
    await session.disconnects();
    await site.passes(3_600_000);
    expect(site.board.watchdog.closestCall).toBeLessThan(0.4);
    expect(site.board.watchdog.bitten).toBe(0);
  });

  test("is disarmed by a gateway that stops in order: the board stays up", async () => {
    await using site = await startSite();
    await site.gatewayStops();
    expect(site.board.watchdog.isArmed).toBe(false);
    expect(site.gatewayLog.map(({ event }) => event)).toContain("watchdog.disarmed");
    await site.passes(120_000);
    expect(site.board.boots).toHaveLength(1);
  });

  test("bites a program that hangs, and not one that hangs for a moment", async () => {
    await using site = await startSite();
    await site.during(watchdogStarvation(), () => site.passes(8_000));
    await site.passes(30_000);
    expect(site.board.watchdog.bitten).toBe(0);
    await site.during(watchdogStarvation(), () => site.passes(20_000));
    expect(site.board.watchdog.bitten).toBe(1);
    await site.gatewayIsOnline(120_000);
  });

  test.each([
    { what: "the configuration says so", options: { gateway: { board: { watchdog: false } } } },
    { what: "the board has none", options: { board: { without: ["watchdog"] as const } } },
  ])("is left alone where $what", async ({ options }) => {
    await using site = await startSite(options);
    await site.passes(60_000);
    expect(site.board.watchdog.isArmed).toBe(false);
    expect(site.gateway.status().connectivity).toBe("online");
  });

  test("is missed in the log where the configuration wants one and the board has none", async () => {
    await using site = await startSite({
      board: { without: ["watchdog"] },
      gateway: { board: { watchdog: true } },
    });
    const entry = site.gatewayLog.find(({ event }) => event === "watchdog.unusable");
    expect(entry).toMatchObject({ level: "warn", why: "the board has none" });
    expect(site.gateway.status().connectivity).toBe("online");
  });

  test("keeps a driver's word that it cannot be disarmed", async () => {
    await using site = await startSite({ board: { watchdog: { isForever: true } } });
    await site.gatewayStops();
    expect(site.gatewayLog.find(({ event }) => event === "watchdog.kept")).toMatchObject({ level: "warn" });
    await site.passes(60_000);
    expect(site.board.watchdog.bitten).toBe(1);
  });

  test("takes the time-out that the hardware can do", async () => {
    await using site = await startSite({ board: { watchdog: { maxMs: 6_000 } } });
    expect(site.gatewayLog.find(({ event }) => event === "watchdog.armed")).toMatchObject({ timeoutMs: 6_000 });
    await site.passes(600_000);
    expect(site.board.watchdog.bitten).toBe(0);
  });
});

test("a gateway without LEDs, button, watchdog and serial ports works as well", async () => {
  await using site = await startSite({
    panels: { plc: echoPanel() },
    board: { without: ["leds", "button", "watchdog", "serialPorts", "thermal"] },
  });
  const session = await site.operator.opensPassthrough("plc");
  session.says(Buffer.from("hello"));
  await session.receives(5);
  await session.disconnects();
});
