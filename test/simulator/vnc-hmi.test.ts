// The panel's pages: what a finger and a keyboard do there, and that Modbus' registers say what the screen shows.
import { describe, expect, it } from "vitest";
import {
  keypadKeys,
  layout,
  pageButtons,
  pages,
  screenHeight,
  screenWidth,
  settingRows,
} from "#simulator/panels/hmi-layout.ts";
import { HmiScreen } from "#simulator/panels/hmi-screen.ts";
import { machines, ProcessModel, sharedProcess } from "#simulator/panels/process-model.ts";
import { AlarmList, alarmsMax } from "#simulator/panels/process-model-alarms.ts";
import { ProcessRegisters } from "#simulator/panels/process-model-registers.ts";

/** A clock that stands until it is moved. */
class Stopped {
  #nowMs = Date.UTC(2026, 10, 24, 9, 0, 0);
  nowMs = () => this.#nowMs;
  monotonicMs = () => this.#nowMs;
  setTimeout = () => ({ timer: undefined });
  clearTimeout = () => undefined;
  passes(ms: number): void {
    this.#nowMs += ms;
  }
}

function place(options: Partial<ConstructorParameters<typeof HmiScreen>[0]> = {}) {
  const clock = new Stopped();
  return { clock, screen: new HmiScreen({ title: "PRESS 4", seed: 7, clock, ...options }) };
}

interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function touches(screen: HmiScreen, area: Area | undefined): void {
  if (area === undefined) throw new Error("nothing is there");
  const [x, y] = [area.x + area.width / 2, area.y + area.height / 2];
  screen.pointer(x, y, 1);
  screen.pointer(x, y, 0);
}

function types(screen: HmiScreen, text: string): void {
  for (const letter of text) screen.key(letter === "\n" ? 0xff0d : letter.charCodeAt(0), true);
}

describe("the pages", () => {
  it("are reached by their buttons and by F1 to F5, and each looks different", () => {
    const { screen } = place();
    const seen = new Set<string>();
    for (const [index, page] of pages.entries()) {
      touches(screen, pageButtons[index]);
      expect(screen.page).toBe(page);
      seen.add(Buffer.from(Uint32Array.from(screen.render().pixels).buffer).toString("base64"));
      screen.key(0xffbe + ((index + 2) % 5), true);
      expect(screen.page).toBe(pages[(index + 2) % 5]);
    }
    expect(seen.size).toBe(5);
  });

  it.each(["press", "mixer", "packer"] as const)("of a %s live: a tick changes each of them", (machine) => {
    const { clock, screen } = place({ machine });
    for (const page of pages) {
      screen.shows(page);
      const before = Uint32Array.from(screen.render().pixels);
      clock.passes(1000);
      expect(screen.render().pixels).not.toEqual(before);
    }
  });

  it("keep what is being typed to themselves: letters go to the order, digits to an open keypad", () => {
    const { screen } = place();
    types(screen, "AB");
    screen.shows("settings");
    touches(screen, settingRows[0]);
    types(screen, "120");
    expect(screen.entry).toBe("AB");
    expect(screen.keypad).toBe("pressure");
    types(screen, "\n");
    expect(screen.keypad).toBeUndefined();
    expect(screen.process.setPoints[0]?.value).toBe(120);
  });

  it("draw nothing outside of the picture at any size", () => {
    const { screen } = place();
    for (const [width, height] of [
      [320, 192],
      [1920, 1200],
      [1000, 480],
      [800, 700],
    ] as const) {
      expect(screen.resizes(width, height)).toBe(true);
      for (const page of pages) {
        screen.shows(page);
        expect(screen.render().pixels.every((pixel) => pixel <= 0xffffff)).toBe(true);
      }
      expect(screen.frame.pixels).toHaveLength(width * height);
    }
    expect(screen.resizes(319, 480)).toBe(false);
    expect(screen.resizes(800, 1201)).toBe(false);
    expect(screen.frame.width).toBe(800);
  });

  it("look the same again at the size for which they are drawn", () => {
    const { screen } = place();
    const before = Uint32Array.from(screen.render().pixels);
    screen.resizes(1200, 720);
    screen.render();
    screen.resizes(screenWidth, screenHeight);
    expect(screen.render().pixels).toEqual(before);
  });
});

describe("the keypad", () => {
  const keys = (screen: HmiScreen, faces: readonly string[]): void => {
    for (const face of faces) touches(screen, keypadKeys.find((key) => key.face === face)?.area);
  };

  it("takes a new set point by touch, and the machine follows it", () => {
    const { clock, screen } = place();
    screen.shows("settings");
    touches(screen, settingRows[2]);
    keys(screen, ["1", "C", "1", "5", "9", "<", "OK"]);
    expect(screen.keypad).toBeUndefined();
    expect(screen.process.setPoints[2]).toMatchObject({ name: "strokes", value: 15 });
    clock.passes(60_000);
    screen.render();
    expect(screen.process.signals[2]?.value).toBeGreaterThan(9);
    expect(screen.process.signals[2]?.value).toBeLessThan(21);
  });

  it("refuses what the machine does not take, and stays open", () => {
    const { screen } = place();
    screen.shows("settings");
    touches(screen, settingRows[0]);
    keys(screen, ["9", "9", "9", "OK"]);
    expect(screen.keypad).toBe("pressure");
    keys(screen, ["C", "OK"]);
    expect(screen.keypad).toBe("pressure");
    keys(screen, ["+/-", "5", "OK"]);
    expect(screen.keypad).toBe("pressure");
    keys(screen, ["Esc"]);
    expect(screen.keypad).toBeUndefined();
    expect(screen.process.setPoints[0]?.value).toBe(165);
  });

  it("takes a point only where the value has decimals, and at most seven digits", () => {
    const { screen } = place();
    screen.shows("settings");
    touches(screen, settingRows[0]);
    types(screen, "1.8.0\n");
    expect(screen.process.setPoints[0]?.value).toBe(180);
    touches(screen, settingRows[1]);
    types(screen, "50.5000000000\n");
    expect(screen.process.setPoints[1]?.value).toBe(50.5);
  });

  it("covers what is behind it", () => {
    const { screen } = place();
    screen.shows("settings");
    touches(screen, settingRows[0]);
    touches(screen, pageButtons[0]);
    touches(screen, settingRows[3]);
    expect([screen.page, screen.keypad]).toEqual(["settings", "pressure"]);
  });
});

describe("the alarms", () => {
  it("come, go, and are acknowledged by touch", () => {
    const { clock, screen } = place();
    const { process } = screen;
    process.alarms.acknowledge();
    let beeps = 0;
    screen.beeped = () => {
      beeps += 1;
    };
    process.setsPoint("oil-cooling", 70);
    clock.passes(120_000);
    screen.render();
    expect(beeps).toBe(1);
    expect(process.alarms.active).toHaveLength(1);
    screen.shows("alarms");
    touches(screen, layout.acknowledge);
    expect(process.alarms.unseen).toEqual([]);
    expect(process.alarms.active[0]).toMatchObject({ signal: "oil-temperature", isAcknowledged: true });
    process.setsPoint("oil-cooling", 45);
    clock.passes(120_000);
    screen.render();
    expect(process.alarms.active).toEqual([]);
    expect(process.alarms.entries[0]).toMatchObject({
      text: "Oil temperature above 62 °C",
      goneMs: expect.any(Number),
    });
  });

  it("are a list that can be scrolled and never grows beyond its limit", () => {
    const { screen } = place();
    const { alarms } = screen.process;
    for (let at = 0; at < 150; at += 1) alarms.tells(at, `Event ${at}`);
    expect(alarms.entries).toHaveLength(alarmsMax);
    screen.shows("alarms");
    const top = Uint32Array.from(screen.render().pixels);
    screen.pointer(400, 200, 16);
    const second = Uint32Array.from(screen.render().pixels);
    expect(second).not.toEqual(top);
    screen.pointer(400, 200, 8);
    expect(screen.render().pixels).toEqual(top);
    screen.key(0xff55, true);
    expect(screen.render().pixels).toEqual(top);
  });

  it("tremble at their limit without filling the list", () => {
    const list = new AlarmList();
    const signal = (value: number) => [{ name: "a", label: "A", unit: "bar", min: 0, max: 100, value, alarmAbove: 50 }];
    for (let at = 0; at < 20; at += 1) list.watch(at, signal(at % 2 === 0 ? 50.5 : 49.5));
    expect(list.entries).toHaveLength(1);
    list.watch(20, signal(47.9));
    expect(list.active).toEqual([]);
  });

  it("never lose one that is still there to newer ones", () => {
    const list = new AlarmList();
    list.watch(0, [{ name: "a", label: "A", unit: "bar", min: 0, max: 100, value: 60, alarmAbove: 50 }]);
    for (let at = 1; at < 300; at += 1) list.tells(at, "event");
    expect(list.active).toHaveLength(1);
  });
});

describe("the machine's registers", () => {
  function registers() {
    const clock = new Stopped();
    const source = sharedProcess(machines.press);
    const process = source.of({ clock, seed: 7 });
    return { clock, source, process, screen: new HmiScreen({ title: "P", seed: 1, clock, process: source }) };
  }

  it("say what the screen shows, from one machine", () => {
    const { clock, process, screen } = registers();
    const map = new ProcessRegisters(process, clock);
    expect(screen.process).toBe(process);
    clock.passes(30_000);
    expect(map.read("input", 1)).toBe(Math.round((process.signals[1]?.value ?? 0) * 10));
    expect(map.read("input", 0)).toBe(Math.round(process.signals[0]?.value ?? 0));
    expect(map.read("holding", 1)).toBe(560);
    expect((map.read("input", 4) ?? 0) * 0x10000 + (map.read("input", 5) ?? 0)).toBe(process.produced);
    expect(map.read("coil", 0)).toBe(1);
    expect(map.read("input", 99)).toBeUndefined();
    expect(map.read("discrete", 1)).toBe(0);
  });

  it("take set points, start and stop, and acknowledge; what cannot be is refused", () => {
    const { clock, process, screen } = registers();
    const map = new ProcessRegisters(process, clock);
    const before = Uint32Array.from(screen.render().pixels);
    expect(map.write("holding", 1, 615)).toBe("written");
    expect(process.setPoints[1]?.value).toBe(61.5);
    expect(map.write("holding", 1, 9999)).toBe("out-of-range");
    expect(map.write("holding", 77, 1)).toBe("no-such-address");
    expect(map.write("input", 0, 1)).toBe("no-such-address");
    expect(map.write("coil", 0, 0)).toBe("written");
    expect(screen.isRunning).toBe(false);
    expect(screen.render().pixels).not.toEqual(before);
    process.alarms.watch(0, [{ name: "a", label: "A", unit: "", min: 0, max: 1, value: 2, alarmAbove: 1 }]);
    expect(map.read("coil", 1)).toBe(0);
    expect(map.write("coil", 1, 1)).toBe("written");
    expect(map.read("coil", 1)).toBe(1);
  });

  it.each(["press", "mixer", "packer"] as const)("of a %s have an address of their own each", (machine) => {
    const clock = new Stopped();
    const process = new ProcessModel(machines[machine], 7, clock.nowMs());
    const { map } = new ProcessRegisters(process, clock);
    const places = map.map(({ table, address }) => `${table} ${address}`);
    expect(new Set(places).size).toBe(places.length);
    expect(map.filter(({ table }) => table === "holding")).toHaveLength(4);
    for (const point of process.setPoints) expect(process.signals.map(({ name }) => name)).toContain(point.drives);
  });
});
