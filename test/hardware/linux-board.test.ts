// The Linux form of the board's parts, on a folder laid out as Linux does it, and what only a real machine can show.
import { readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { KeyEventParser, openLinuxButton } from "#hardware/linux/button.ts";
import { openLinuxLeds } from "#hardware/linux/leds.ts";
import { openLinuxHardware } from "#hardware/linux/linux-hardware.ts";
import { openLinuxSerialPorts } from "#hardware/linux/serial-ports.ts";
import { openLinuxThermal } from "#hardware/linux/thermal.ts";
import { openLinuxTimeService } from "#hardware/linux/time-service.ts";
import { openLinuxUplinks } from "#hardware/linux/uplinks.ts";
import { defaultRoutes4, defaultRoutes6 } from "#hardware/linux/uplinks-routes.ts";
import { openLinuxWatchdog } from "#hardware/linux/watchdog.ts";
import { BoardFolder, buttonKey, inputEvent, keyReport } from "./board-folder.ts";
import { describeButtonContract } from "./button.contract.ts";
import { describeLedsContract } from "./leds.contract.ts";
import { ManualClock } from "./manual-clock.ts";
import { describeThermalContract } from "./thermal.contract.ts";
import { describeTimeServiceContract } from "./time-service.contract.ts";
import { describeUplinksContract } from "./uplinks.contract.ts";
import { describeWatchdogContract, type WatchdogUnderTest } from "./watchdog.contract.ts";

const boards: BoardFolder[] = [];

function newBoard(): BoardFolder {
  const board = new BoardFolder();
  boards.push(board);
  return board;
}

afterEach(() => {
  for (const board of boards.splice(0)) board.close();
});

function must<T>(part: T | undefined): T {
  if (part === undefined) throw new Error("The board has not got it");
  return part;
}

describeLedsContract("Linux", () => {
  const board = newBoard();
  board.addLed("status", { brightness: 255, trigger: "none [heartbeat] mmc0" });
  board.addLed("tunnel");
  return {
    leds: must(openLinuxLeds({ root: board.root })),
    isLit: (name) => Number(board.firstLine(`sys/class/leds/${name}/brightness`)) > 0,
  };
});

describe("LEDs of a real machine", () => {
  it("are taken from their trigger, or it would go on blinking", () => {
    const board = newBoard();
    board.addLed("ACT", { trigger: "none [mmc0] timer" });
    const leds = must(openLinuxLeds({ root: board.root }));
    expect(board.read("sys/class/leds/ACT/trigger")).toContain("[mmc0]");
    leds.set("ACT", true);
    expect(board.firstLine("sys/class/leds/ACT/trigger")).toBe("none");
  });

  it("are as bright as they can be", () => {
    const board = newBoard();
    board.addLed("ACT", { max: 1 });
    must(openLinuxLeds({ root: board.root })).set("ACT", true);
    expect(board.firstLine("sys/class/leds/ACT/brightness")).toBe("1");
  });

  it("go by the names that the board's file gives them, those that are there", () => {
    const board = newBoard();
    board.addLed("ACT");
    board.addLed("PWR");
    const leds = must(openLinuxLeds({ root: board.root, names: { status: "ACT", tunnel: "led9" } }));
    expect(leds.names).toEqual(["status"]);
    leds.set("status", true);
    expect(board.firstLine("sys/class/leds/ACT/brightness")).toBe("255");
    expect(() => leds.set("PWR", true)).toThrow(/no LED/);
  });

  it("are no reason to stop when one is gone", () => {
    const board = newBoard();
    board.addLed("ACT");
    const leds = must(openLinuxLeds({ root: board.root }));
    board.remove("sys/class/leds/ACT");
    leds.set("ACT", true);
    expect(openLinuxLeds({ root: board.root })).toBeUndefined();
  });
});

describeButtonContract("Linux", () => {
  const board = newBoard();
  const keys = board.addButton();
  const clock = new ManualClock();
  return {
    button: must(openLinuxButton({ clock, root: board.root })),
    press: () => keys.send(keyReport(1)),
    release: () => keys.send(keyReport(0)),
    until: (fact, what) => clock.until(fact, what),
    passes: async () => clock.advance(1_000),
  };
});

describe("the button of a real machine", () => {
  const watched = (options: { readonly keyCode?: number; readonly deviceName?: string } = {}) => {
    const board = newBoard();
    board.addButton("event0", "HDMI");
    const keys = board.addButton("event11", "gpio_keys");
    const clock = new ManualClock();
    const seen: boolean[] = [];
    const unwatch = must(openLinuxButton({ clock, root: board.root, ...options })).watch((down) => seen.push(down));
    return { board, keys, clock, seen, unwatch };
  };

  it("is the first input device that is called like one, and any key of it", () => {
    const { keys, clock, seen, unwatch } = watched();
    keys.send(keyReport(1, 30));
    clock.advance(100);
    expect(seen).toEqual([true]);
    unwatch();
    expect(clock.pendingCount).toBe(0);
  });

  it("is the key that was asked for, and no other", () => {
    const { keys, clock, seen, unwatch } = watched({ keyCode: buttonKey });
    for (const bytes of [keyReport(1, 30), keyReport(0, 30), keyReport(1), keyReport(0)]) keys.send(bytes);
    clock.advance(100);
    expect(seen).toEqual([true, false]);
    unwatch();
  });

  it("tells of no repeats and of no change twice, and of bounces as they come", () => {
    const { keys, clock, seen, unwatch } = watched();
    for (const value of [1, 2, 2, 1, 0, 1, 0, 0] as const) keys.send(keyReport(value));
    clock.advance(100);
    expect(seen).toEqual([true, false, true, false]);
    unwatch();
  });

  it.each([
    [1, 60],
    [7, 60],
    [60, 60],
    [44, 44],
  ])("waits for the rest of a record that came in pieces of %i bytes, %i in all", (size, partBytes) => {
    const { keys, clock, seen, unwatch } = watched();
    const bytes = Buffer.concat([keyReport(1), keyReport(0)]);
    for (let at = 0; at < partBytes; at += size) {
      keys.send(bytes.subarray(at, Math.min(at + size, partBytes)));
      clock.advance(40);
    }
    expect(seen).toEqual([true]);
    const wholeBytes = Math.max(partBytes, 48);
    keys.send(bytes.subarray(partBytes, wholeBytes));
    clock.advance(40);
    expect(seen).toEqual([true]);
    keys.send(bytes.subarray(wholeBytes));
    clock.advance(40);
    expect(seen).toEqual([true, false]);
    unwatch();
  });

  it("is found again when its device was gone and is back", () => {
    const board = newBoard();
    board.addButton("event0");
    const clock = new ManualClock();
    const button = must(openLinuxButton({ clock, root: board.root }));
    board.remove("dev/input/event0");
    const seen: boolean[] = [];
    const unwatch = button.watch((down) => seen.push(down));
    clock.advance(5_000);
    const keys = board.addButton("event5");
    board.remove("sys/class/input/event0");
    clock.advance(5_000);
    keys.send(keyReport(1));
    clock.advance(100);
    expect(seen).toEqual([true]);
    unwatch();
  });

  it("tells of letting go what was held down before anybody watched", () => {
    const { keys, clock, seen, unwatch } = watched();
    keys.send(keyReport(0));
    keys.send(keyReport(0));
    clock.advance(100);
    expect(seen).toEqual([false]);
    unwatch();
  });

  it("is taken for let go when the kernel has lost events, until it is seen pressed again", () => {
    const { keys, clock, seen, unwatch } = watched();
    const lost = inputEvent(0, 3, 0);
    const endOfReport = inputEvent(0, 0, 0);
    keys.send(keyReport(1));
    clock.advance(100);
    // What stands between the loss and the end of its report is a part of something (evdev's SYN_DROPPED).
    keys.send(Buffer.concat([lost, inputEvent(1, buttonKey, 1), endOfReport]));
    clock.advance(100);
    expect(seen).toEqual([true, false]);
    keys.send(lost);
    clock.advance(100);
    keys.send(Buffer.concat([inputEvent(1, buttonKey, 1), endOfReport, keyReport(1), keyReport(0)]));
    clock.advance(100);
    expect(seen).toEqual([true, false, true, false]);
    unwatch();
  });

  it("reads the kernel's records: time, type, code and value, little-endian", () => {
    // EV_KEY (1), KEY_RESTART (0x198), pressed, as `xxd /dev/input/event0` shows it on a 64-bit Raspberry Pi OS.
    const pressed = Buffer.from("40b2246900000000" + "90d0030000000000" + "0100" + "9801" + "01000000", "hex");
    const parser = new KeyEventParser();
    expect(parser.parse(pressed)).toEqual({ keys: [{ code: 0x198, isPressed: true }], usedBytes: 24 });
    const other = Buffer.concat([inputEvent(0, 0, 0), inputEvent(4, 4, 458_792), inputEvent(1, 28, 2)]);
    expect(parser.parse(other)).toEqual({ keys: [], usedBytes: 72 });
    expect(parser.parse(pressed.subarray(0, 23))).toEqual({ keys: [], usedBytes: 0 });
  });
});

function watchdogUnderTest(isForever: boolean): WatchdogUnderTest {
  const board = newBoard();
  const kernel = board.addWatchdog({ isForever });
  return {
    watchdog: must(openLinuxWatchdog({ root: board.root })),
    passes: (ms) => kernel.passes(ms),
    hasRebooted: () => kernel.hasRebooted(),
  };
}

describeWatchdogContract("Linux", {
  usual: () => watchdogUnderTest(false),
  forever: () => watchdogUnderTest(true),
});

describe("the watchdog of a real machine", () => {
  it("has the time-out that its driver says, whatever was asked for: Node cannot set it", () => {
    const board = newBoard();
    board.addWatchdog({ timeoutSeconds: 42 });
    const watchdog = must(openLinuxWatchdog({ root: board.root }));
    expect(watchdog.arm(5_000)).toBe(42_000);
    watchdog.disarm();
  });

  it("is written a zero for each pet and a V at the end, and nothing before it is armed", () => {
    const board = newBoard();
    const kernel = board.addWatchdog();
    const watchdog = must(openLinuxWatchdog({ root: board.root }));
    kernel.passes(0);
    expect(kernel.written).toEqual([]);
    watchdog.arm(15_000);
    watchdog.pet();
    watchdog.disarm();
    kernel.passes(0);
    expect(kernel.written.join("")).toBe("\0\0V");
  });

  it("says that it is not disarmed when the device takes no V any more, and does not keep it open", () => {
    const board = newBoard();
    const kernel = board.addWatchdog();
    const watchdog = must(openLinuxWatchdog({ root: board.root }));
    watchdog.arm(15_000);
    kernel.breaks();
    const openBefore = readdirSync("/proc/self/fd").length;
    expect(watchdog.disarm()).toBe(false);
    expect(readdirSync("/proc/self/fd")).toHaveLength(openBefore - 1);
    expect(watchdog.disarm()).toBe(true);
  });

  it("throws when it cannot be opened, and makes no file that looks like one", () => {
    const board = newBoard();
    board.addWatchdog();
    board.remove("dev/watchdog0");
    const watchdog = must(openLinuxWatchdog({ root: board.root }));
    expect(() => watchdog.arm(15_000)).toThrow(expect.objectContaining({ code: "ENOENT" }));
    expect(() => board.read("dev/watchdog0")).toThrow(expect.objectContaining({ code: "ENOENT" }));
  });
});

describeThermalContract("Linux", () => {
  const board = newBoard();
  board.addThermalZone(0, { type: "cpu-thermal", milli: "40000" });
  return {
    thermal: must(openLinuxThermal({ root: board.root })),
    becomes: (celsius) => board.addThermalZone(0, { type: "cpu-thermal", milli: String(Math.round(celsius * 1000)) }),
    breaks: () => board.remove("sys/class/thermal/thermal_zone0/temp"),
  };
});

describe("the thermometer of a real machine", () => {
  it("is the CPU's among several", async () => {
    const board = newBoard();
    board.addThermalZone(0, { type: "acpitz", milli: "27800" });
    board.addThermalZone(1, { type: "iwlwifi_1", milli: "35000" });
    board.addThermalZone(10, { type: "x86_pkg_temp", milli: "61000" });
    expect(await must(openLinuxThermal({ root: board.root })).celsius()).toBe(61);
  });

  it.each(["", "-274000", "999999999", "forty", "0x1f"])("has no answer where the kernel shows %j", async (milli) => {
    const board = newBoard();
    board.addThermalZone(0, { type: "cpu-thermal", milli });
    expect(await must(openLinuxThermal({ root: board.root })).celsius()).toBeUndefined();
  });
});

describeUplinksContract("Linux", () => {
  const board = newBoard();
  const metrics: Record<string, number> = { eth0: 100, wlan0: 600, wwan0: 700 };
  const routes = { ...metrics };
  board.addInterface("lo", { type: "772" }, []);
  board.addInterface("eth0", {});
  board.addInterface("eth1", {});
  board.addInterface("wlan0", { operstate: "up" }, ["device", "wireless"]);
  board.addInterface("wwan0", { operstate: "unknown", type: "65534", uevent: "DEVTYPE=wwan\nINTERFACE=wwan0" });
  board.setDefaultRoutes(routes);
  const clock = new ManualClock();
  const uplinks = must(openLinuxUplinks({ clock, root: board.root }));
  let watching = 0;
  return {
    uplinks: {
      ...uplinks,
      watch: (changed) => {
        watching += 1;
        return uplinks.watch(changed);
      },
    },
    goesDown: (name) => {
      board.write(`sys/class/net/${name}/operstate`, "down\n");
      delete routes[name];
      board.setDefaultRoutes(routes);
    },
    comesUp: (name) => {
      board.write(`sys/class/net/${name}/operstate`, "up\n");
      routes[name] = metrics[name] ?? 0;
      board.setDefaultRoutes(routes);
    },
    until: (fact, what) => clock.until(fact, what),
    passes: async () => {
      const endMs = clock.monotonicMs() + 60_000;
      // Between two looks each watcher has a timer: then all have seen how it is now.
      await clock.until(() => clock.monotonicMs() >= endMs && clock.pendingCount >= watching, "a minute to pass");
    },
  };
});

describe("the uplinks of a real machine", () => {
  const listed = async (board: BoardFolder) =>
    (await must(openLinuxUplinks({ clock: new ManualClock(), root: board.root })).list()).map(
      ({ name, kind, isUp }) => `${name} ${kind} ${isUp ? "up" : "down"}`,
    );

  it("are those with hardware behind them and those that a default route goes through, not bridges and the like", async () => {
    const board = newBoard();
    board.addInterface("lo", { type: "772" }, []);
    board.addInterface("docker0", { operstate: "down" }, []);
    board.addInterface("eth0", { operstate: "down", carrier: "" });
    board.addInterface("ppp0", { operstate: "unknown", type: "512" }, []);
    board.addInterface("wg0", { operstate: "unknown", type: "65534" }, []);
    board.setDefaultRoutes({ ppp0: 0, wg0: 50 });
    expect(await listed(board)).toEqual(["ppp0 cellular up", "wg0 other up", "eth0 ethernet down"]);
  });

  it("are not up without a default route, nor with one and no carrier", async () => {
    const board = newBoard();
    board.addInterface("eth0", {});
    board.addInterface("wlan0", { operstate: "dormant" }, ["device", "phy80211"]);
    board.addInterface("wwan0", { operstate: "unknown", carrier: "0", uevent: "DEVTYPE=wwan" });
    board.setDefaultRoutes({ wlan0: 600, wwan0: 700 });
    expect(await listed(board)).toEqual(["eth0 ethernet down", "wlan0 wifi down", "wwan0 cellular down"]);
  });

  it("are ordered by the lowest metric of either protocol", () => {
    const route = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n";
    const table4 = `${route}eth0\t00000000\t0100140A\t0003\t0\t0\t202\t00000000\t0\t0\t0\neth9\t00000000\t0\t0200\t0\t0\t1\t00000000\t0\t0\t0\n`;
    expect(defaultRoutes4(table4)).toEqual([{ name: "eth0", metric: 202, gateway: "10.20.0.1" }]);
    const zero = "00000000000000000000000000000000";
    const gateway = "fe800000000000000000000000000001";
    const table6 = [
      `${zero} 00 ${zero} 00 ${gateway} 00000258 00000001 00000000 00000003    wlan0`,
      `${zero} 00 ${zero} 00 ${zero} ffffffff 00000001 00000000 00200200       lo`,
    ].join("\n");
    expect(defaultRoutes6(table6)).toEqual([{ name: "wlan0", metric: 600, gateway: "fe80::1" }]);
  });

  it("are found among more interfaces of containers than are looked at", async () => {
    const board = newBoard();
    for (let index = 0; index < 100; index += 1) board.addInterface(`veth${index}`, {}, []);
    board.addInterface("wlan0", { operstate: "down" }, ["device", "wireless"]);
    board.addInterface("eth0", {});
    board.addInterface("wg0", { operstate: "unknown", type: "65534" }, []);
    board.setDefaultRoutes({ eth0: 100, wg0: 200 });
    expect(await listed(board)).toEqual(["eth0 ethernet up", "wg0 other up", "wlan0 wifi down"]);
  });

  it("are none that a route which rejects everything goes through", () => {
    const head = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n";
    // `ip route add unreachable default`, and one that is not up.
    const rejects = "*\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0\n";
    const isDown = "eth1\t00000000\t0100140A\t0002\t0\t0\t0\t00000000\t0\t0\t0\n";
    expect(defaultRoutes4(head + rejects + isDown)).toEqual([]);
    const zero = "0".repeat(32);
    expect(defaultRoutes6(`${zero} 00 ${zero} 00 ${zero} 00000400 00000001 00000000 00200201     eth0\n`)).toEqual([]);
  });

  it("have no timer left when nobody watches any more", async () => {
    const board = newBoard();
    board.addInterface("eth0", {});
    const clock = new ManualClock();
    const unwatch = must(openLinuxUplinks({ clock, root: board.root })).watch(() => undefined);
    await clock.until(() => clock.pendingCount === 1, "the first look to be over");
    unwatch();
    expect(clock.pendingCount).toBe(0);
  });

  it("have none left either when nobody watches any more before the first look is over", async () => {
    const board = newBoard();
    board.addInterface("eth0", {});
    const clock = new ManualClock();
    const uplinks = must(openLinuxUplinks({ clock, root: board.root }));
    uplinks.watch(() => undefined)();
    // By then a look that began before them is over.
    for (let look = 0; look < 20; look += 1) await uplinks.list();
    expect(clock.pendingCount).toBe(0);
  });
});

describe("the serial ports of a real machine", () => {
  it("are those with a device behind them, without the 32 that a PC's driver makes up", async () => {
    const board = newBoard();
    board.write("sys/class/tty/ttyS0/device/driver", "");
    board.write("sys/class/tty/ttyS0/type", "4\n");
    board.write("sys/class/tty/ttyS1/device/driver", "");
    board.write("sys/class/tty/ttyS1/type", "0\n");
    board.write("sys/class/tty/ttyAMA0/device/driver", "");
    board.write("sys/class/tty/tty1/active", "");
    const ports = openLinuxSerialPorts({ root: board.root });
    expect(await ports.list()).toEqual([join(board.root, "dev/ttyAMA0"), join(board.root, "dev/ttyS0")]);
  });

  it.each(["dev/watchdog0", "dev/null", "dev/input/event3"])(
    "do not open a device that is no serial port, which for a watchdog alone would reboot the board: %s",
    async (device) => {
      const board = newBoard();
      board.addWatchdog();
      board.addButton("event3");
      board.write("dev/null", "");
      board.write("sys/class/tty/ttyS0/type", "4\n");
      const settings = { baudRate: 9600, dataBits: 8, parity: "none", stopBits: 1, flowControl: "none" } as const;
      const outcome = await openLinuxSerialPorts({ root: board.root }).open(join(board.root, device), settings);
      expect(outcome).toMatchObject({
        ok: false,
        reason: "failed",
        detail: expect.stringContaining("no serial port"),
      });
    },
  );

  it("are none where there is no such folder", async () => {
    expect(await openLinuxSerialPorts({ root: newBoard().root }).list()).toEqual([]);
  });
});

describe("a real machine without the parts", () => {
  it("leaves them out of its hardware", async () => {
    const stateDir = await mkdtemp(join(tmpdir(), "postern-bare-"));
    const hardware = await openLinuxHardware({ stateDir, root: newBoard().root });
    for (const part of ["leds", "button", "watchdog", "thermal", "uplinks"]) expect(hardware).not.toHaveProperty(part);
    expect(await hardware.serialPorts?.list()).toEqual([]);
    await rm(stateDir, { recursive: true });
  });
});

describe("a real machine whose board is known", () => {
  it("has its parts where the board has them", async () => {
    const board = newBoard();
    board.addLed("PWR");
    board.addLed("ACT");
    board.addButton("event0", "gpio_keys");
    board.addWatchdog({ timeoutSeconds: 20 });
    const stateDir = await mkdtemp(join(tmpdir(), "postern-known-"));
    const known = { leds: { names: { status: "ACT" } }, watchdog: { name: "watchdog0" } };
    const open = (deviceName: string) =>
      openLinuxHardware({ stateDir, root: board.root, ...known, button: { deviceName } });
    const hardware = await open("gpio_keys");
    expect(hardware.leds?.names).toEqual(["status"]);
    expect(hardware.watchdog?.arm(5_000)).toBe(20_000);
    expect(hardware.watchdog?.disarm()).toBe(true);
    expect(hardware.button).toBeDefined();
    expect((await open("another")).button).toBeUndefined();
    await rm(stateDir, { recursive: true });
  });
});

describeTimeServiceContract("Linux", () => {
  const board = newBoard();
  board.write("run/systemd/timesync/.keep", "");
  const clock = new ManualClock();
  let offsetMs = 0;
  const wall = { ...bound(clock), nowMs: () => clock.nowMs() + offsetMs };
  return {
    timeService: openLinuxTimeService({ clock: wall, root: board.root }),
    answers: () => board.write("run/systemd/timesync/synchronized", ""),
    jumps: (byMs) => {
      offsetMs += byMs;
    },
    until: (fact, what) => clock.until(fact, what),
    passes: async () => clock.advance(60_000),
  };
});

describe("the time service of a real machine", () => {
  it("cannot tell whether the clock is right where systemd does not set it, and sees it jump all the same", async () => {
    const clock = new ManualClock();
    let offsetMs = 0;
    const wall = { ...bound(clock), nowMs: () => clock.nowMs() + offsetMs };
    const timeService = openLinuxTimeService({ clock: wall, root: newBoard().root });
    expect(await timeService.isSynchronised()).toBe(undefined);
    let told = 0;
    const unwatch = timeService.watch(() => (told += 1));
    offsetMs = 86_400_000;
    clock.advance(2_000);
    expect(told).toBe(1);
    unwatch();
    expect(clock.pendingCount).toBe(0);
  });

  it("takes slow corrections for no jump", () => {
    const clock = new ManualClock();
    let offsetMs = 0;
    const wall = { ...bound(clock), nowMs: () => clock.nowMs() + offsetMs };
    let told = 0;
    openLinuxTimeService({ clock: wall, root: newBoard().root }).watch(() => (told += 1));
    for (let step = 0; step < 100; step += 1) {
      offsetMs += 400;
      clock.advance(2_000);
    }
    expect(told).toBe(0);
  });
});

function bound(clock: ManualClock) {
  return {
    monotonicMs: () => clock.monotonicMs(),
    setTimeout: clock.setTimeout.bind(clock),
    clearTimeout: clock.clearTimeout.bind(clock),
  };
}
