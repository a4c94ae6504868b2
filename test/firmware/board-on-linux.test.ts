// A gateway on the Linux drivers of a Raspberry Pi, whose device tree, LED, button and watchdog are files and FIFOs of a folder.
import { afterEach, expect, test } from "vitest";
import { boardParts, chooseBoard } from "#firmware/board/board-parts.ts";
import { completeConfig } from "#firmware/config/defaults.ts";
import { type Gateway, startGateway } from "#firmware/gateway.ts";
import { createLog } from "#firmware/log.ts";
import { readDeviceTree } from "#hardware/linux/identity.ts";
import { openLinuxHardware } from "#hardware/linux/linux-hardware.ts";
import { BoardFolder, keyReport } from "../hardware/board-folder.ts";

const folders: BoardFolder[] = [];
const gateways: Gateway[] = [];

afterEach(async () => {
  for (const gateway of gateways.splice(0)) await gateway.stop();
  for (const folder of folders.splice(0)) folder.close();
});

/** A Raspberry Pi 4 whose watchdog bites after a second, and a cloud that is not there. */
async function startOnPi() {
  const folder = new BoardFolder();
  folders.push(folder);
  folder.write("proc/device-tree/compatible", "raspberrypi,4-model-b\0brcm,bcm2711\0");
  folder.write("proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.4\0");
  folder.write("proc/device-tree/serial-number", "10000000c0ffee02\0");
  folder.addLed("ACT", { trigger: "none [mmc0] timer" });
  const keys = folder.addButton("event2", "button@15");
  const kernel = folder.addWatchdog({ timeoutSeconds: 1 });
  const config = completeConfig({
    cloud: { host: "127.0.0.1", httpsPort: 1, mqttHost: "127.0.0.1", mqttPort: 1, url: "https://127.0.0.1:1" },
    registration: { method: "bootstrap", user: "management/devicebootstrap", password: "p" },
    stateDir: `${folder.root}/state`,
  });
  const board = chooseBoard(config.board, await readDeviceTree(folder.root));
  const parts = boardParts(board, config.board);
  const hardware = await openLinuxHardware({ stateDir: config.stateDir, root: folder.root, ...parts });
  const lines: string[] = [];
  const gateway = startGateway({ hardware, config, log: createLog(hardware.clock, (line) => lines.push(line)) });
  gateways.push(gateway);
  return { folder, keys, kernel, gateway, lines };
}

const waits = { timeout: 10_000, interval: 5 };

test("lights the LED, pets the watchdog, hears the button, and disarms with the magic close when it stops", async () => {
  const { folder, keys, kernel, gateway, lines } = await startOnPi();
  const led = () => Number(folder.firstLine("sys/class/leds/ACT/brightness"));
  await expect.poll(led, waits).toBeGreaterThan(0);
  await expect.poll(led, waits).toBe(0);
  expect(folder.firstLine("sys/class/leds/ACT/trigger")).toBe("none");
  const pets = () => {
    kernel.passes(0);
    return kernel.written.join("").length;
  };
  await expect.poll(pets, waits).toBeGreaterThanOrEqual(4);
  expect(gateway.progress()).toBe(true);
  keys.send(keyReport(1));
  // A pet comes each third of a second: longer than contacts need to settle, shorter than a hold.
  const before = pets();
  await expect.poll(pets, waits).toBeGreaterThan(before + 1);
  keys.send(keyReport(0));
  await expect.poll(() => lines.some((line) => line.includes('"button.pressed"')), waits).toBe(true);
  await gateway.stop();
  kernel.passes(0);
  expect(kernel.written.join("")).toMatch(/^\0+V$/);
  expect(led()).toBe(0);
  kernel.passes(60_000);
  expect(kernel.hasRebooted()).toBe(false);
});

test("leaves the watchdog armed when it is broken off, so that the board restarts", async () => {
  const { kernel, gateway } = await startOnPi();
  kernel.passes(0);
  gateway.kill();
  kernel.passes(0);
  expect(kernel.written.join("")).not.toContain("V");
  kernel.passes(1_000);
  expect(kernel.hasRebooted()).toBe(true);
});
