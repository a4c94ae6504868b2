// The boards as data: which one a device tree is, and what the drivers of Linux then take and leave alone.
import { afterEach, describe, expect, it, test } from "vitest";
import { boardParts, chooseBoard } from "#firmware/board/board-parts.ts";
import { ConfigError } from "#firmware/errors.ts";
import { boardNames, boards, detectBoard, findBoard } from "#hardware/boards/boards.ts";
import { readDeviceTree } from "#hardware/linux/identity.ts";
import { openLinuxHardware } from "#hardware/linux/linux-hardware.ts";
import { BoardFolder, keyReport } from "./board-folder.ts";

const folders: BoardFolder[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) folder.close();
});

/** A machine whose device tree says so; undefined: it has none. */
function machine(tree?: { readonly compatible: readonly string[]; readonly model: string }): BoardFolder {
  const folder = new BoardFolder();
  folders.push(folder);
  if (tree !== undefined) {
    folder.write("proc/device-tree/compatible", tree.compatible.map((text) => `${text}\0`).join(""));
    folder.write("proc/device-tree/model", `${tree.model}\0`);
  }
  return folder;
}

const trees = [
  {
    model: "Raspberry Pi 3 Model B Rev 1.2",
    compatible: ["raspberrypi,3-model-b", "brcm,bcm2837"],
    board: "raspberry-pi-3",
  },
  {
    model: "Raspberry Pi 3 Model B Plus Rev 1.3",
    compatible: ["raspberrypi,3-model-b-plus", "brcm,bcm2837"],
    board: "raspberry-pi-3",
  },
  {
    model: "Raspberry Pi 3 Model A Plus Rev 1.0",
    compatible: ["raspberrypi,3-model-a-plus", "brcm,bcm2837"],
    board: "raspberry-pi-3",
  },
  {
    model: "Raspberry Pi 4 Model B Rev 1.4",
    compatible: ["raspberrypi,4-model-b", "brcm,bcm2711"],
    board: "raspberry-pi-4",
  },
  { model: "Raspberry Pi 400 Rev 1.0", compatible: ["raspberrypi,400", "brcm,bcm2711"], board: "raspberry-pi-4" },
  {
    model: "Raspberry Pi 5 Model B Rev 1.0",
    compatible: ["raspberrypi,5-model-b", "brcm,bcm2712"],
    board: "raspberry-pi-5",
  },
  { model: "Raspberry Pi 500 Rev 1.0", compatible: ["raspberrypi,500", "brcm,bcm2712"], board: "raspberry-pi-5" },
  {
    model: "Raspberry Pi Compute Module 3 Plus Rev 1.0",
    compatible: ["raspberrypi,3-compute-module-plus", "brcm,bcm2837"],
    board: "compute-module-3",
  },
  {
    model: "Raspberry Pi Compute Module 4 Rev 1.1",
    compatible: ["raspberrypi,4-compute-module", "brcm,bcm2711"],
    board: "compute-module-4",
  },
  {
    model: "Raspberry Pi Compute Module 4S Rev 1.0",
    compatible: ["raspberrypi,4-compute-module-s", "brcm,bcm2711"],
    board: "compute-module-4",
  },
  {
    model: "Raspberry Pi Compute Module 5 Rev 1.0",
    compatible: ["raspberrypi,5-compute-module", "brcm,bcm2712"],
    board: "compute-module-5",
  },
  // A string of a later model, with a model text that tells.
  {
    model: "Raspberry Pi 5 Model C Rev 1.0",
    compatible: ["raspberrypi,5-model-c", "brcm,bcm2712"],
    board: "raspberry-pi-5",
  },
  {
    model: "Raspberry Pi Zero 2 W Rev 1.0",
    compatible: ["raspberrypi,model-zero-2-w", "brcm,bcm2837"],
    board: "generic",
  },
  { model: "Radxa ROCK 5B", compatible: ["radxa,rock-5b", "rockchip,rk3588"], board: "generic" },
  { model: "", compatible: [], board: "generic" },
];

describe("detection", () => {
  test.each(trees)("a device tree of $model is $board", async ({ board, ...tree }) => {
    const folder = machine(tree.model === "" ? undefined : tree);
    const read = await readDeviceTree(folder.root);
    expect(read).toEqual(tree);
    expect(detectBoard(read.compatible, read.model).name).toBe(board);
    expect(chooseBoard({ model: "auto" }, read).name).toBe(board);
  });

  it("takes no damaged tree for anything", async () => {
    const folder = machine();
    folder.write("proc/device-tree/compatible", "\0\0\u0001raspberrypi,4-model-b x\0\0");
    expect(await readDeviceTree(folder.root)).toEqual({ compatible: [], model: "" });
  });

  it("goes by the configuration where that names a board, whatever the tree says", () => {
    const tree = { compatible: ["raspberrypi,4-model-b"], model: "Raspberry Pi 4 Model B" };
    for (const name of boardNames) expect(chooseBoard({ model: name }, tree).name).toBe(name);
  });

  it("says which boards there are for a name that is none", () => {
    const choose = () => chooseBoard({ model: "raspbery-pi-4" }, { compatible: [], model: "" });
    expect(choose).toThrow(ConfigError);
    expect(choose).toThrow(/\[board\] model: must be one of auto, raspberry-pi-3, .*, found "raspbery-pi-4"/);
  });
});

describe("the data", () => {
  test.each(boards.map((board) => [board.name, board] as const))("of %s hold together", (name, board) => {
    expect(findBoard(name)).toBe(board);
    expect(name).toMatch(/^[a-z0-9-]+$/);
    expect(board.watchdog === undefined || board.watchdog.timeoutMsMax >= 1_000).toBe(true);
    for (const { path } of board.serialPorts) expect(path).toMatch(/^\/dev\//);
    if (board.button === undefined) return;
    const { line, deviceName, overlay, keyCode } = board.button;
    expect(deviceName).toBe(`button@${line.offset.toString(16)}`);
    expect(overlay).toContain(`gpio=${line.offset},active_low=${line.isActiveLow ? 1 : 0},`);
    expect(overlay).toContain(`keycode=${keyCode}`);
    expect(line.bias).toBe("pull-up");
  });

  it("give no compatible string to two boards", () => {
    const all = boards.flatMap(({ compatible }) => compatible);
    expect(new Set(all).size).toBe(all.length);
  });

  it("know which processors have AES", () => {
    const withAes = boards.filter(({ hasAes }) => hasAes === true).map(({ name }) => name);
    expect(withAes).toEqual(["raspberry-pi-5", "compute-module-5"]);
    expect(findBoard("generic")?.hasAes).toBeUndefined();
  });
});

/** What the hardware of a machine has of the parts that a board's file decides about. */
async function opened(
  folder: BoardFolder,
  settings: { readonly model?: string; readonly watchdog?: boolean | "auto" } = {},
) {
  const { model = "auto", watchdog = "auto" } = settings;
  const board = chooseBoard({ model }, await readDeviceTree(folder.root));
  const options = { stateDir: `${folder.root}/state`, root: folder.root, ...boardParts(board, { watchdog }) };
  return openLinuxHardware(options);
}

/** A machine with LEDs, keys and a watchdog as a Raspberry Pi, or a laptop, shows them. */
function furnished(
  tree: { readonly compatible: readonly string[]; readonly model: string } | undefined,
  ledName: string,
) {
  const folder = machine(tree);
  folder.addLed(ledName);
  folder.addLed("PWR");
  folder.addLed("input3::capslock");
  folder.addButton("event0", "Power Button");
  folder.addWatchdog();
  folder.addThermalZone(0, { type: "gpu-thermal", milli: "41000" });
  folder.addThermalZone(1, { type: "cpu-thermal", milli: "52000" });
  return folder;
}

describe("what is opened", () => {
  const pi4 = trees[3];
  const pi5 = trees[5];

  test.each(["ACT", "led0"])("on a Raspberry Pi whose kernel calls the LED %s", async (ledName) => {
    const hardware = await opened(furnished(pi4, ledName));
    expect(hardware.leds?.names).toEqual(["status"]);
    expect(hardware.watchdog).toBeDefined();
    // Its power button belongs to the system; ours is there once the overlay is.
    expect(hardware.button).toBeUndefined();
    expect(await hardware.thermal?.celsius()).toBe(52);
  });

  it("is the button of the overlay, and no other key", async () => {
    const folder = furnished(pi5, "ACT");
    const keys = folder.addButton("event4", "button@15");
    const hardware = await opened(folder);
    const seen: boolean[] = [];
    const unwatch = hardware.button?.watch((isPressed) => seen.push(isPressed));
    keys.send(keyReport(1));
    await expect.poll(() => seen, { timeout: 5_000, interval: 5 }).toEqual([true]);
    unwatch?.();
  });

  it("is neither LED nor button nor watchdog of a machine that nobody knows", async () => {
    const hardware = await opened(furnished(undefined, "ACT"));
    expect([hardware.leds, hardware.button, hardware.watchdog]).toEqual([undefined, undefined, undefined]);
    expect(await hardware.thermal?.celsius()).toBe(52);
  });

  it("is a watchdog where the configuration asks for it, and none where it does not want it", async () => {
    expect((await opened(furnished(undefined, "ACT"), { watchdog: true })).watchdog).toBeDefined();
    expect((await opened(furnished(pi4, "ACT"), { watchdog: false })).watchdog).toBeUndefined();
  });

  it("is what the configuration says the board is", async () => {
    const hardware = await opened(furnished(undefined, "ACT"), { model: "compute-module-4" });
    expect(hardware.leds?.names).toEqual(["status"]);
    expect(hardware.watchdog).toBeDefined();
  });
});
