// The simulated form of the board's parts, held to the same contracts as the Linux one.
import { describe, expect, it } from "vitest";

import { Board, type BoardOptions } from "#simulator/gateway/board.ts";
import { deadSensor } from "#simulator/gateway/board-faults.ts";
import { SimulatedNetwork } from "#simulator/network/network.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { SimulatedClock } from "#simulator/simulated-clock.ts";
import { describeButtonContract } from "./button.contract.ts";
import { describeLedsContract } from "./leds.contract.ts";
import { describeSerialPortsContract } from "./serial-ports.contract.ts";
import { describeThermalContract } from "./thermal.contract.ts";
import { describeTimeServiceContract } from "./time-service.contract.ts";
import { describeUplinksContract } from "./uplinks.contract.ts";
import { describeWatchdogContract, type WatchdogUnderTest } from "./watchdog.contract.ts";

function switchedOn(options: Partial<BoardOptions> = {}) {
  const clock = SimulatedClock.start();
  const random = new SeededRandom(7);
  const network = new SimulatedNetwork({ clock, random });
  const attached = (name: string, address: string, hasDefaultRoute: boolean) => ({
    name,
    hasDefaultRoute,
    addresses: [{ address, family: 4 as const, prefixLength: 24 }],
  });
  const interfaces = [attached("eth0", "10.20.0.2", true), attached("eth1", "192.168.10.1", false)];
  const host = network.addHost("gateway", { interfaces });
  const board = new Board({ clock, random, ...options });
  const hardware = board.boot(host);
  return {
    clock,
    board,
    hardware,
    until: async (fact: () => unknown, what: string) => void (await clock.until(fact, { what })),
    close: () => clock.stop(),
  };
}

describeLedsContract("simulated", () => {
  const { board, hardware, close } = switchedOn();
  hardware.leds!.set("status", true);
  return { leds: hardware.leds!, isLit: (name) => board.leds.isLit(name), close };
});

describeButtonContract("simulated", () => {
  const { board, hardware, clock, until, close } = switchedOn();
  return {
    button: hardware.button!,
    press: () => board.button.press(),
    release: () => board.button.release(),
    until,
    passes: () => clock.advance(1_000),
    close,
  };
});

function watchdogUnderTest(isForever: boolean): WatchdogUnderTest {
  const { board, hardware, clock, close } = switchedOn({ watchdog: { isForever } });
  return {
    watchdog: hardware.watchdog!,
    passes: (ms) => clock.advance(ms),
    hasRebooted: () => board.watchdog.bitten > 0,
    close,
  };
}

describeWatchdogContract("simulated", {
  usual: () => watchdogUnderTest(false),
  forever: () => watchdogUnderTest(true),
});

describeThermalContract("simulated", () => {
  const { board, hardware, close } = switchedOn();
  return {
    thermal: hardware.thermal!,
    becomes: (celsius) => board.thermal.follows([{ afterMs: 0, celsius }]),
    breaks: () => void board.lay(deadSensor()),
    close,
  };
});

describeUplinksContract("simulated", () => {
  const { board, hardware, clock, until, close } = switchedOn({
    uplinks: [
      { name: "wwan0", kind: "cellular", addresses: [{ address: "10.64.7.2", family: 4, prefixLength: 30 }] },
      { name: "wlan0", kind: "wifi", addresses: [{ address: "10.21.0.2", family: 4, prefixLength: 24 }] },
    ],
  });
  return {
    uplinks: hardware.uplinks!,
    goesDown: (name) => board.uplinks.goesDown(name),
    comesUp: (name) => board.uplinks.comesUp(name),
    until,
    passes: () => clock.advance(60_000),
    close,
  };
});

describeSerialPortsContract("simulated", () => {
  const { board, hardware, clock, until, close } = switchedOn();
  const path = "/dev/serial/by-id/usb-drive-if00";
  return {
    serialPorts: hardware.serialPorts!,
    path,
    emptyPath: "/dev/ttyS9",
    plugIn: async (device) => void board.serialPorts.plug(path, device),
    pullOut: async () => board.serialPorts.unplug(path),
    settles: (promise) => clock.until(promise, { what: "a promise of the port" }),
    until,
    close: async () => close(),
  };
});

describeTimeServiceContract("simulated", () => {
  const { board, hardware, clock, until, close } = switchedOn({ timeServer: { answersAfterMs: 3_600_000 } });
  return {
    timeService: hardware.timeService!,
    answers: () => board.timeService.answers(),
    jumps: (byMs) => board.clock.jump(byMs),
    until,
    passes: () => clock.advance(60_000),
    close,
  };
});

describe("the simulated time service", () => {
  it("sets the clock of a board without a battery when the time server answers, after each boot", async () => {
    const { board, clock, close } = switchedOn({ hasClockBattery: false, timeServer: { answersAfterMs: 30_000 } });
    await clock.advance(29_000);
    expect(board.clock.nowMs()).toBe(29_000);
    await clock.advance(1_000);
    expect(board.clock.nowMs()).toBe(clock.nowMs());
    expect(board.timeService.isSynchronised).toBe(true);
    close();
  });

  it("is synchronised from the start with a battery, and not before somebody sets the clock without one", () => {
    const good = switchedOn();
    expect(good.board.timeService.isSynchronised).toBe(true);
    good.close();
    const without = switchedOn({ hasClockBattery: false });
    expect(without.board.timeService.isSynchronised).toBe(false);
    without.board.clockIsSet();
    expect(without.board.timeService.isSynchronised).toBe(true);
    without.close();
  });
});
