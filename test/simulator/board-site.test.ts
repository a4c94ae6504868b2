// The board in a whole site: faults of the world act on it, and the gateway lives through them.
import { describe, expect, it } from "vitest";
import type { Hardware } from "#hardware/ports.ts";
import { diskFull } from "#simulator/faults/disk-full.ts";
import { diskReadOnly } from "#simulator/faults/disk-read-only.ts";
import { diskTorn } from "#simulator/faults/disk-torn.ts";
import { modemHang } from "#simulator/faults/modem-hang.ts";
import { powerCut } from "#simulator/faults/power-cut.ts";
import { uplinkSwap } from "#simulator/faults/uplink-swap.ts";
import { watchdogStarvation } from "#simulator/faults/watchdog-starvation.ts";
import type { Board } from "#simulator/gateway/board.ts";
import { slowFlash } from "#simulator/gateway/board-faults.ts";
import { patternWords } from "#simulator/gateway/led-pattern.ts";
import { scriptedDevice } from "#simulator/gateway/scripted-device.ts";
import { usualSettings } from "#simulator/gateway/serial-device.ts";
import { echoPanel } from "#simulator/panels/byte-panels.ts";
import { Site } from "#simulator/site.ts";

/** What a gateway does for its board in small: pets every 3 s, and blinks while it lives. */
function keeper({ watchdog, leds, clock }: Hardware): () => void {
  let timer: ReturnType<typeof clock.setTimeout> | undefined;
  let isLit = false;
  watchdog?.arm(10_000);
  const turn = (): void => {
    watchdog?.pet();
    isLit = !isLit;
    leds?.set("status", isLit);
    timer = clock.setTimeout(turn, 1_000);
  };
  turn();
  return () => clock.clearTimeout(timer);
}

/** By what the gateway's connection to the broker leaves the board. */
function uplinkInUse(site: Site): string | undefined {
  const addresses: Record<string, string> = { "10.20.0.2": "eth0", "10.21.0.2": "wlan0", "10.64.7.2": "wwan0" };
  const open = site.network.conversations().filter(({ client, server }) => {
    return client.host === "gateway" && server.port === 8883 && site.network.host("gateway").carries(client.address);
  });
  return addresses[open.at(-1)?.client.address ?? ""];
}

/** Whose watchdog is a program's own: the gateway leaves it alone. */
const unwatched = { gateway: { board: { watchdog: false } } } as const;

const causes = (board: Board): string[] => board.boots.map(({ cause }) => cause);

describe("a watchdog in a site", () => {
  it("leaves the board alone while its program pets it, and its LED blinks", async () => {
    await using site = await Site.start(unwatched);
    site.board.runs(keeper);
    await site.passes(600_000);
    expect(causes(site.board)).toEqual(["power"]);
    expect(patternWords(site.board.leds.pattern("status"))).toBe("blinks: 1000 ms on, 1000 ms off");
    expect(site.board.watchdog.closestCall).toBeCloseTo(0.1, 2);
  });

  it("reboots the board when its program hangs, and the gateway is back without anybody's help", async () => {
    await using site = await Site.start(unwatched);
    site.board.runs(keeper);
    await site.passes(5_000);
    const startMs = site.clock.monotonicMs();
    await site.during(watchdogStarvation(), async () => {
      await site.passes(9_000);
      expect([site.isGatewayOn, site.board.watchdog.bitten]).toEqual([true, 0]);
      await site.passes(1_500);
      expect([site.isGatewayOn, site.board.watchdog.bitten]).toEqual([false, 1]);
      expect(site.board.leds.isLit("status")).toBe(false);
      await site.passes(12_000);
      expect(site.isGatewayOn).toBe(true);
      // The program that hung is gone, and with it the fault.
      await site.gatewayIsOnline(180_000);
    });
    expect(causes(site.board)).toEqual(["power", "watchdog"]);
    expect(site.board.boots.at(-1)!.atMs - startMs).toBeLessThan(10_000 + 12_000 + 1_000);
    await site.passes(60_000);
    expect(site.board.watchdog.bitten).toBe(1);
    site.powerCut();
    site.powerOn();
    expect(causes(site.board)).toEqual(["power", "watchdog", "power"]);
    await site.gatewayIsOnline(180_000);
  });

  it("does nothing unless it was armed: the program hangs until the fault ends, and then goes on", async () => {
    await using site = await Site.start(unwatched);
    const linesBefore = site.gatewayLog.length;
    await site.during(watchdogStarvation(), async () => {
      await site.passes(120_000);
      expect(site.gatewayLog.length).toBe(linesBefore);
      expect(site.isGatewayOn).toBe(true);
    });
    await site.gatewayIsOnline(300_000);
    expect(causes(site.board)).toEqual(["power"]);
  });

  it("starves a program that takes no answer of its disk either, until it comes round", async () => {
    await using site = await Site.start();
    const { storage } = site.board.hardware!;
    let isDone = false;
    await site.during(watchdogStarvation(), async () => {
      void storage.write("state", Buffer.from("x")).then(() => (isDone = true));
      await site.passes(10_000);
      expect(isDone).toBe(false);
    });
    await site.until(() => isDone, { what: "the write", limitMs: 100 });
    await site.gatewayIsOnline(300_000);
  });

  it("cannot be starved on a board that has none", async () => {
    await using site = await Site.start({ board: { without: ["watchdog"] } });
    await expect(site.during(watchdogStarvation(), () => undefined)).rejects.toThrow("needs a board with a watchdog");
  });

  it("cannot be starved while the board is off", async () => {
    await using site = await Site.start({ registered: false });
    await expect(site.during(watchdogStarvation(), () => undefined)).rejects.toMatchObject({ code: "fault.not-here" });
  });
});

describe("uplinks in a site", () => {
  it("swap: the gateway finds out by itself, is back over the next one, and stays when the first is back", async () => {
    await using site = await Site.start({ panels: { plc: echoPanel() } });
    expect(uplinkInUse(site)).toBe("eth0");
    await site.during(uplinkSwap(), async () => {
      expect(site.board.uplinks.current).toBe("wlan0");
      await site.until(() => uplinkInUse(site) === "wlan0", { what: "a connection by wlan0", limitMs: 120_000 });
      await site.gatewayIsOnline(120_000);
      const session = await site.operator.opensPassthrough("plc");
      await session.disconnects();
    });
    await site.passes(10_000);
    expect(site.board.uplinks.current).toBe("eth0");
    expect(site.gateway.status().connectivity).toBe("online");
  });

  it("that are all gone leave the gateway offline, and one that is back is enough", async () => {
    await using site = await Site.start({ gateway: { cloud: { mqttOver: "tls" } } });
    const { uplinks } = site.board;
    for (const name of ["eth0", "wlan0", "wwan0"]) uplinks.goesDown(name);
    await site.until(() => site.gateway.status().connectivity !== "online", { what: "it to notice", limitMs: 120_000 });
    await site.passes(60_000);
    uplinks.comesUp("wwan0");
    await site.until(() => uplinkInUse(site) === "wwan0", { what: "a connection by wwan0", limitMs: 300_000 });
    await site.gatewayIsOnline(60_000);
  });

  it("that are gone for a moment do the connection no harm: what was sent meanwhile arrives", async () => {
    await using site = await Site.start({ board: { uplinks: [], modem: undefined }, panels: { plc: echoPanel() } });
    const session = await site.operator.opensPassthrough("plc");
    const before = site.openConnections();
    site.board.uplinks.goesDown("eth0");
    session.sends(Buffer.from("hello"));
    await site.passes(3_000);
    expect(session.bytesReceived).toBe(0);
    site.board.uplinks.comesUp("eth0");
    await site.until(() => session.bytesReceived === 5, { what: "the echo" });
    expect(site.openConnections()).toEqual(before);
  });

  it("are the interfaces that the network port tells of: those that are up, by preference, and those towards panels", async () => {
    await using site = await Site.start();
    const told = async (): Promise<string[]> =>
      (await site.board.hardware!.network.interfaces()).map(
        ({ name, hasDefaultRoute }) => `${name}${hasDefaultRoute ? " leads out" : ""}`,
      );
    expect(await told()).toEqual(["lo", "eth0 leads out", "wlan0 leads out", "wwan0 leads out", "eth1"]);
    site.board.uplinks.goesDown("eth0");
    site.board.uplinks.goesDown("wwan0");
    expect(await told()).toEqual(["lo", "wlan0 leads out", "eth1"]);
    await site.gatewayIsOnline(180_000);
  });

  it("that go again before they are up stay down", async () => {
    await using site = await Site.start({ registered: false });
    const { uplinks } = site.board;
    uplinks.goesDown("wlan0");
    uplinks.comesUp("wlan0");
    await site.passes(3_000);
    uplinks.goesDown("wlan0");
    await site.passes(60_000);
    expect(uplinks.list()).toContainEqual({ name: "wlan0", kind: "wifi", isUp: false });
    expect(() => uplinks.goesDown("eth1")).toThrow('no uplink "eth1"; there are eth0, wlan0, wwan0');
  });

  it("tell no program of an earlier run", async () => {
    await using site = await Site.start();
    let told = 0;
    site.board.hardware!.uplinks!.watch(() => (told += 1));
    site.board.uplinks.goesDown("wlan0");
    await site.gatewayStops();
    site.powerOn();
    site.board.uplinks.comesUp("wlan0");
    await site.passes(5_000);
    expect(told).toBe(1);
    await site.gatewayIsOnline();
  });

  it("cannot be swapped on a board with one", async () => {
    await using site = await Site.start({ board: { uplinks: [], modem: undefined } });
    await expect(site.during(uplinkSwap(), () => undefined)).rejects.toThrow("needs a board with two uplinks");
  });

  it("cannot be swapped while one alone is up", async () => {
    await using site = await Site.start();
    for (const name of ["wlan0", "wwan0"]) site.board.uplinks.goesDown(name);
    await expect(site.during(uplinkSwap(), () => undefined)).rejects.toThrow("this board has eth0");
  });

  it("are watched by the board's program", async () => {
    await using site = await Site.start();
    const seen: (string | undefined)[] = [];
    site.board.runs(({ uplinks }) => uplinks?.watch(() => seen.push(site.board.uplinks.current)));
    await site.during(uplinkSwap(), () => site.passes(5_000));
    await site.passes(5_000);
    expect(seen).toEqual(["wlan0", "eth0"]);
  });
});

describe("a modem in a site", () => {
  it("that hangs takes the connection over it along, though its uplink looks healthy, and gives it back", async () => {
    await using site = await Site.start();
    for (const name of ["eth0", "wlan0"]) site.board.uplinks.goesDown(name);
    await site.until(() => uplinkInUse(site) === "wwan0", { what: "a connection by wwan0", limitMs: 300_000 });
    await site.gatewayIsOnline(60_000);
    await site.during(modemHang(), async () => {
      await site.until(() => site.gateway.status().connectivity !== "online", {
        what: "the gateway to notice",
        limitMs: 60_000,
      });
      expect(site.board.uplinks.current).toBe("wwan0");
      await site.passes(60_000);
      expect(site.gateway.status().connectivity).not.toBe("online");
    });
    await site.gatewayIsOnline(300_000);
  });

  it("that hangs while another uplink is in use harms nobody", async () => {
    await using site = await Site.start();
    const ofGateway = () => site.openConnections().filter((name) => name.startsWith("gateway"));
    const before = ofGateway();
    expect(before).toHaveLength(1);
    await site.during(modemHang(), () => site.passes(120_000));
    expect(ofGateway()).toEqual(before);
  });
});

describe("a disk in a site", () => {
  it.each([
    { fault: diskFull(), code: "ENOSPC" },
    { fault: diskReadOnly(), code: "EROFS" },
  ])("that fails with $code keeps the gateway from registering until it works again", async ({ fault, code }) => {
    await using site = await Site.start({ registered: false });
    await site.operator.expectsDevice(site.deviceId);
    await site.during(fault, async () => {
      site.powerOn();
      await site.operator.acceptsDevice(site.deviceId);
      await site.passes(30_000);
      await expect(site.board.hardware!.storage.write("state", Buffer.from("x"))).rejects.toMatchObject({ code });
      expect([...site.board.disk.files.keys()]).toEqual([]);
    });
    await site.board.hardware!.storage.list();
    expect(site.isGatewayOn).toBe(true);
  });

  it("that tears writes leaves a part of a file at a power cut, under its real name", async () => {
    const lengths = new Set<number>();
    for (let seed = 1; seed <= 8; seed += 1) {
      await using site = await Site.start({ seed, registered: false });
      site.powerOn();
      await site.during(diskTorn(), async () => {
        const { storage } = site.board.hardware!;
        await site.until(storage.write("state", Buffer.alloc(1_000, "x")), { what: "a write" });
        site.powerCut();
        lengths.add(site.board.disk.files.get("state")!.length);
      });
    }
    expect(lengths.size).toBeGreaterThan(4);
    expect(Math.max(...lengths)).toBeLessThan(1_000);
  });

  it("whose power fails at any step of the credentials' write leaves the gateway whole: it is online in the end", async () => {
    for (const step of ["create", "write", "sync", "rename", "sync-folder"] as const) {
      await using site = await Site.start({ registered: false });
      await site.operator.expectsDevice(site.deviceId);
      site.powerCut({ atStep: (ahead) => ahead.name === "credentials.json" && ahead.step === step });
      site.powerOn();
      await site.operator.acceptsDevice(site.deviceId);
      await site.until(() => !site.isGatewayOn, { what: `the power to fail at ${step}` });
      site.powerOn();
      if ((await site.operator.expectedDevices()).some(({ status }) => status !== "ACCEPTED")) {
        await site.operator.acceptsDevice(site.deviceId);
      }
      await site.gatewayIsOnline(180_000);
    }
  });

  it("that is slow makes the registration slow, and no more", async () => {
    await using site = await Site.start({ registered: false });
    site.board.lay(slowFlash(2_000));
    await site.operator.expectsDevice(site.deviceId);
    site.powerOn();
    await site.operator.acceptsDevice(site.deviceId);
    await site.gatewayIsOnline(120_000);
    expect(site.describe()).toContain("Laid over the board: flash that takes 2000 ms for each step");
  });
});

describe("a power cut in a site", () => {
  it("ends everything on the board and leaves what is plugged into it", async () => {
    await using site = await Site.start();
    site.board.runs(keeper);
    const path = "/dev/serial/by-id/usb-drive";
    site.board.serialPorts.plug(path, scriptedDevice({ greeting: "ready", script: [] }));
    await site.during(powerCut(), async () => {
      await site.passes(120_000);
      expect([site.board.hardware, site.board.watchdog.isArmed]).toEqual([undefined, false]);
    });
    await site.gatewayIsOnline(180_000);
    expect(causes(site.board)).toEqual(["power", "power"]);
    expect(await site.board.hardware!.serialPorts!.open(path, usualSettings)).toMatchObject({ ok: true });
  });

  it("while the board boots keeps it off, and power makes it boot at once", async () => {
    await using site = await Site.start(unwatched);
    const stop = site.board.runs(({ watchdog }) => void watchdog?.arm(5_000));
    await site.passes(6_000);
    expect([site.isGatewayOn, site.board.watchdog.bitten]).toEqual([false, 1]);
    stop();
    site.powerCut();
    await site.passes(60_000);
    expect(site.isGatewayOn).toBe(false);
    site.powerOn();
    await site.gatewayIsOnline(180_000);
    expect(causes(site.board)).toEqual(["power", "power"]);
  });

  it("finds every uplink that is there up when the board has booted again", async () => {
    await using site = await Site.start();
    const { uplinks } = site.board;
    for (const name of ["wlan0", "wwan0"]) uplinks.goesDown(name);
    site.powerCut();
    uplinks.comesUp("wlan0");
    site.powerOn();
    expect(uplinks.list().filter(({ isUp }) => isUp)).toHaveLength(2);
    await site.gatewayIsOnline(180_000);
  });
});

describe("the clock of a board in a site", () => {
  it("at 1970 finds no certificate valid, until it is set", async () => {
    await using site = await Site.start({ registered: false, board: { hasClockBattery: false } });
    await site.operator.expectsDevice(site.deviceId);
    site.powerOn();
    await site.passes(30_000);
    expect(site.board.clock.nowMs()).toBe(30_000);
    expect(site.gateway.status().connectivity).not.toBe("online");
    site.board.clockIsSet();
    await site.operator.acceptsDevice(site.deviceId);
    await site.gatewayIsOnline(300_000);
  });
});

describe("the board in a site", () => {
  it("tells the record what happens to it", async () => {
    await using site = await Site.start(unwatched);
    site.board.runs(({ watchdog }) => void watchdog?.arm(5_000));
    await site.during(uplinkSwap(), () => site.passes(4_000));
    site.board.modem!.networkIs("denied");
    await site.passes(15_000);
    const steps = site.record.entries.flatMap((entry) => (entry.kind === "step" ? [entry.text] : []));
    expect(steps.slice(steps.indexOf("the uplink eth0 is down"))).toEqual([
      "the uplink eth0 is down",
      'the modem\'s registration is "searching"',
      "the uplink wwan0 is down",
      "the watchdog resets the board",
      'the modem\'s registration is "denied"',
      "the uplink eth0 is up",
      "the board has booted again",
    ]);
  });

  it("is the same from one seed, to the byte of the record", async () => {
    const story = async (): Promise<string> => {
      await using site = await Site.start({ seed: 11, panels: { plc: echoPanel() } });
      site.board.runs(keeper);
      await site.during(uplinkSwap(), () => site.passes(60_000));
      await site.during(watchdogStarvation(), () => site.passes(60_000));
      await site.gatewayIsOnline(300_000);
      return [site.record.text(), JSON.stringify(site.board.leds.history("status"))].join("\n");
    };
    expect(await story()).toBe(await story());
  });
});
