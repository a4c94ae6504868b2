// Raspberry Pi Compute Modules: what they have whatever board they are plugged into, which nobody can know beforehand.
import type { BoardDescription } from "./board.ts";
import { activityLed, headerUart, powerManagementWatchdog } from "./raspberry-pi-parts.ts";

/** The button and more LEDs are the carrier board's: `[board]` and device tree overlays say where they are. */
const onEveryCarrier = {
  leds: { status: activityLed },
  watchdog: powerManagementWatchdog,
  thermalZone: "cpu-thermal",
} as const;

/** BCM2837; 3 and 3+, with and without flash memory. */
export const computeModule3: BoardDescription = {
  ...onEveryCarrier,
  name: "compute-module-3",
  title: "Raspberry Pi Compute Module 3",
  compatible: [
    "raspberrypi,3-compute-module",
    "raspberrypi,3-compute-module-plus",
    "raspberrypi,3-compute-module-lite",
    "raspberrypi,3-plus-compute-module",
  ],
  models: /^Raspberry Pi Compute Module 3\b/,
  serialPorts: [{ ...headerUart, where: "GPIO 14 and 15" }],
  hasAes: false,
};

/** BCM2711; 4 and 4S. */
export const computeModule4: BoardDescription = {
  ...onEveryCarrier,
  name: "compute-module-4",
  title: "Raspberry Pi Compute Module 4",
  compatible: ["raspberrypi,4-compute-module", "raspberrypi,4-compute-module-s"],
  models: /^Raspberry Pi Compute Module 4S?\b/,
  serialPorts: [{ ...headerUart, where: "GPIO 14 and 15" }],
  hasAes: false,
};

/** BCM2712 with the RP1 beside it. */
export const computeModule5: BoardDescription = {
  ...onEveryCarrier,
  name: "compute-module-5",
  title: "Raspberry Pi Compute Module 5",
  compatible: ["raspberrypi,5-compute-module", "raspberrypi,5-compute-module-lite"],
  models: /^Raspberry Pi Compute Module 5\b/,
  serialPorts: [{ path: "/dev/ttyAMA0", where: "GPIO 14 and 15" }],
  hasAes: true,
};
