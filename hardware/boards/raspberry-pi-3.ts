// Raspberry Pi 3, Models A+, B and B+ (BCM2837).
import type { BoardDescription } from "./board.ts";
import { activityLed, headerButton, headerUart, powerManagementWatchdog } from "./raspberry-pi-parts.ts";

export const raspberryPi3: BoardDescription = {
  name: "raspberry-pi-3",
  title: "Raspberry Pi 3",
  compatible: ["raspberrypi,3-model-b", "raspberrypi,3-model-b-plus", "raspberrypi,3-model-a-plus"],
  models: /^Raspberry Pi 3\b/,
  leds: { status: activityLed },
  button: headerButton("pinctrl-bcm2835"),
  watchdog: powerManagementWatchdog,
  serialPorts: [headerUart],
  thermalZone: "cpu-thermal",
  // Its Cortex-A53 was licensed without the cryptography extension.
  hasAes: false,
};
